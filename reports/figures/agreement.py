"""Labels of pairs, figures 2 and 7: alike and not alike against epochs, and the final agreement."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from models.run import Run
from reports.figures.drawing import Drawing, as_csv, legend, shown, trace
from reports.figures.panel import Panel, write
from reports.figures.series import Spread, by_pair
from reports.figures.style import CELL, INK, SHADES, canvas
from reports.figures.svg import as_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw"]

SIDES = ("train", "test")


def draw(run: Run, name: str, title: str) -> Drawing:
    """Training samples labelled alike and not, by pair of models, and the final shares as matrices.

    Args:
        run: of a classification, with the agreement of its pairs.
        name: unique among the page's figures.
        title: its accessible name.
    """
    figure = canvas(9.6, 2.75)
    samples = _samples(run, "train")
    alike = by_pair(run, run.arrays["train_agreement"].astype(float))
    panels = {
        "Training samples labelled alike": list(alike.values()),
        "Training samples not labelled alike": [
            Spread(samples - s.mean, samples - s.high, samples - s.low) for s in alike.values()
        ],
    }
    for column, (heading, series) in enumerate(panels.items()):
        place = (0.062 + 0.285 * column, 0.2, 0.222, 0.56)
        trace(Panel(figure, place, heading, run.spec.epochs, (0, samples), below="epoch"), series)
    for column, side in enumerate(SIDES):
        _matrix(figure, (0.645 + 0.185 * column, 0.2, 0.155, 0.56), run, side)
    legend(
        figure, [f"{i} and {j}" for i, j in alike], "pairs of models; band: least to greatest over replicates"
    )
    return Drawing(as_svg(figure, name, title, describe(run)), table(run), caption(run))


def _samples(run: Run, side: str) -> int:
    """Every member agrees with itself on all samples."""
    return int(run.arrays[f"{side}_agreement"][0, 0, 0])


def _shares(run: Run, side: str) -> dict[tuple[int, int], float]:
    """Final share of samples labelled alike, by pair, pairs of two replicates included."""
    final = run.arrays[f"{side}_agreement"][-1:].astype(float) / _samples(run, side)
    return {pair: float(spread.mean[0]) for pair, spread in by_pair(run, final, same=True).items()}


def _matrix(figure: Figure, place: Any, run: Run, side: str) -> None:
    from matplotlib.patches import Rectangle

    models, (left, bottom, width, height) = run.spec.models, place
    x, y = width / len(models), height / len(models)
    title = {"train": "Training: final share alike", "test": "Test: final share alike"}[side]
    write(figure, left, bottom + height + 12 / (figure.get_size_inches()[1] * 72), title, color=INK)
    middle = {i: (left + (k + 0.5) * x, bottom + height - (k + 0.5) * y) for k, i in enumerate(models)}
    for i in models:
        write(figure, middle[i][0], bottom - 0.045, str(i), ha="center")
        write(figure, left - 0.01, middle[i][1], str(i), ha="right")
    for (i, j), share in _shares(run, side).items():
        shade = min(int(share * len(SHADES)), len(SHADES) - 1)
        for a, b in sorted({(i, j), (j, i)}):
            corner = (middle[b][0] - x / 2, middle[a][1] - y / 2)
            cell = Rectangle(corner, x * 0.97, y * 0.97, facecolor=SHADES[shade], edgecolor="none")
            figure.add_artist(cell, clip=False)
            colour = CELL["high" if shade > 2 else "low"]
            write(figure, middle[b][0], middle[a][1], f"{share:.2f}", ha="center", color=colour)


def caption(run: Run) -> str:
    """How the agreement moved, and between which pairs it ends highest and lowest."""
    samples = _samples(run, "train")
    curves = by_pair(run, run.arrays["train_agreement"].astype(float) / samples)
    mean = np.mean([spread.mean for spread in curves.values()], axis=0)
    shares = {pair: share for pair, share in _shares(run, "train").items() if pair[0] != pair[1]}
    most, least = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
    return (
        f"Pairs of different models label {shown(mean[0])} of the {samples} training samples alike before "
        f"training and {shown(mean[-1])} after {run.spec.epochs} epochs (lowest on the way: "
        f"{shown(mean.min())}). Models {most[0]} and {most[1]} end at {shown(shares[most])}, models "
        f"{least[0]} and {least[1]} at {shown(shares[least])}. Squares on the diagonal: two replicates of "
        f"one model."
    )


def describe(run: Run) -> str:
    """The final agreement of every pair in words."""
    parts = []
    for side in SIDES:
        said = [f"{i} and {j} {share:.2f}" for (i, j), share in _shares(run, side).items()]
        parts.append(f"Final share of {side} samples labelled alike by models {', '.join(said)}.")
    return " ".join(parts)


def table(run: Run) -> str:
    """A row an epoch, side and pair: how many samples are labelled alike, over the pairs of replicates."""
    found = {side: by_pair(run, run.arrays[f"{side}_agreement"].astype(float), same=True) for side in SIDES}
    return as_csv(
        ("epoch", "side", "i", "j", "samples", "alike_mean", "alike_least", "alike_greatest"),
        (
            (epoch, side, i, j, _samples(run, side), s.mean[epoch], s.low[epoch], s.high[epoch])
            for epoch, side in product(range(run.spec.epochs + 1), SIDES)
            for (i, j), s in found[side].items()
        ),
    )
