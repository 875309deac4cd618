"""How far apart two networks' weights are (section 3.1): the paper's count, the Euclidean distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.runs.run import Run
from reports.figures.drawing import Drawing, as_csv, greatest, legend, shown, trace
from reports.figures.pairing import labels, note
from reports.figures.panel import Panel
from reports.figures.series import Pair, by_pair, epochs
from reports.figures.style import canvas
from reports.figures.svg import as_svg

__all__ = ["draw"]

_MEASURES = {
    "weight_distance": "Euclidean distance between all weights",
    "weights_differ": "Weights further apart than 0.1",
}


def draw(run: Run, name: str, title: str) -> Drawing:
    """Both measures against epochs, by kind of pair.

    Args:
        run: with the distances of its pairs.
        name: unique among the page's figures.
        title: its accessible name.
    """
    figure = canvas(9.6, 2.6)
    for column, (measure, heading) in enumerate(_MEASURES.items()):
        found = epochs(run.arrays[measure])
        series = list(by_pair(run, found.values).values())
        place = (0.075 + 0.485 * column, 0.21, 0.41, 0.54)
        limits = (0, 1.05 * greatest(series))
        trace(Panel(figure, place, heading, run.spec.epochs, limits, below="epoch"), series, found.times)
    legend(figure, labels(run), note(run))
    return Drawing(as_svg(figure, name, title, _describe(run)), _table(run), _caption(run))


def _caption(run: Run) -> str:
    curves = by_pair(run, run.arrays["weight_distance"].astype(float))
    if len(curves) == 1:
        (curve,) = curves.values()
        return (
            f"Distance of two networks: {shown(curve.middle[0])} before training, {shown(curve.middle[-1])} "
            f"after {run.spec.epochs} epochs (medians of {len(run.arrays['pairs'])} pairs, which end between "
            f"{shown(curve.low[-1])} and {shown(curve.high[-1])})."
        )
    far = max(curves, key=lambda pair: curves[pair].middle[-1])
    near = min(curves, key=lambda pair: curves[pair].middle[-1])

    def said(pair: Pair) -> str:
        before, after = (shown(curves[pair].middle[k]) for k in (0, -1))
        return f"{pair[0]} and {pair[1]} ({after}, {before} before training)"

    return (
        f"Median distance after {run.spec.epochs} epochs: greatest between models {said(far)}, least between "
        f"{said(near)}."
    )


def _describe(run: Run) -> str:
    parts = []
    for measure, heading in _MEASURES.items():
        curves = by_pair(run, run.arrays[measure].astype(float)).values()
        said = [
            f"{label} {shown(s.middle[0])} to {shown(s.middle[-1])}"
            for label, s in zip(labels(run), curves, strict=True)
        ]
        parts.append(f"{heading}, medians of pairs of models, first to last epoch: {', '.join(said)}.")
    return " ".join(parts)


def _table(run: Run) -> str:
    """A row an epoch and pair."""
    numbers = np.array(run.spec.numbers)[run.arrays["pairs"]]

    def rows() -> Any:
        for epoch in range(run.spec.epochs + 1):
            values = [run.arrays[measure][epoch] for measure in _MEASURES]
            for p, (i, j) in enumerate(numbers):
                yield (epoch, i, j, *(value[p] for value in values))

    return as_csv(("epoch", "i", "j", *_MEASURES), rows())
