"""How far apart two models' weights are (section 3.1): the paper's count, the Euclidean distance."""

from __future__ import annotations

from models.run import Run
from reports.figures.drawing import Drawing, as_csv, greatest, legend, shown, trace
from reports.figures.panel import Panel
from reports.figures.series import by_pair
from reports.figures.style import canvas
from reports.figures.svg import as_svg

__all__ = ["draw"]

_MEASURES = {
    "weight_distance": "Euclidean distance between all weights",
    "weights_differ": "Weights further apart than 0.1",
}
_COLUMNS = ("mean", "least", "greatest")


def draw(run: Run, name: str, title: str) -> Drawing:
    """Both measures against epochs, by pair of models.

    Args:
        run: with the distances of its pairs.
        name: unique among the page's figures.
        title: its accessible name.
    """
    figure = canvas(9.6, 2.6)
    found = {measure: by_pair(run, run.arrays[measure].astype(float)) for measure in _MEASURES}
    for column, (measure, heading) in enumerate(_MEASURES.items()):
        series = list(found[measure].values())
        place = (0.075 + 0.485 * column, 0.21, 0.41, 0.54)
        limits = (0, 1.05 * greatest(series))
        trace(Panel(figure, place, heading, run.spec.epochs, limits, below="epoch"), series)
    legend(
        figure,
        [f"{i} and {j}" for i, j in found["weight_distance"]],
        "pairs of models; band: least to greatest over replicates",
    )
    return Drawing(as_svg(figure, name, title, _describe(run)), _table(run), _caption(run))


def _caption(run: Run) -> str:
    curves = by_pair(run, run.arrays["weight_distance"].astype(float))
    far = max(curves, key=lambda pair: curves[pair].mean[-1])
    near = min(curves, key=lambda pair: curves[pair].mean[-1])
    return (
        f"Mean distance after {run.spec.epochs} epochs: greatest between models {far[0]} and {far[1]} "
        f"({shown(curves[far].mean[-1])}, {shown(curves[far].mean[0])} before training), least between "
        f"{near[0]} and {near[1]} ({shown(curves[near].mean[-1])}, {shown(curves[near].mean[0])} before)."
    )


def _describe(run: Run) -> str:
    parts = []
    for measure, heading in _MEASURES.items():
        curves = by_pair(run, run.arrays[measure].astype(float))
        said = [f"{i} and {j} {shown(s.mean[0])} to {shown(s.mean[-1])}" for (i, j), s in curves.items()]
        parts.append(f"{heading}, first to last epoch: models {', '.join(said)}.")
    return " ".join(parts)


def _table(run: Run) -> str:
    found = {measure: by_pair(run, run.arrays[measure].astype(float), same=True) for measure in _MEASURES}
    header = [f"{measure}_{column}" for measure in _MEASURES for column in _COLUMNS]
    return as_csv(
        ("epoch", "i", "j", *header),
        (
            (
                epoch, i, j,
                *(end[epoch] for m in _MEASURES for s in [found[m][i, j]] for end in (s.mean, s.low, s.high)),
            )
            for epoch in range(run.spec.epochs + 1)
            for i, j in found["weight_distance"]
        ),
    )  # fmt: skip
