"""Labels of pairs, figures 2 and 7: alike and not alike against epochs, and the final agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.runs.run import Run
from reports.figures import Axis, Group, Series, by_pair, drawing, pair_note, traced
from reports.figures.drawing import CELL, SHADES, Drawing, Panel
from reports.files import csv_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw"]

SIDES = ("train", "test")


def draw(run: Run, name: str, title: str) -> Drawing:
    """Training samples of a classification labelled alike and not, by kind of pair, and the final shares.

    The final shares of four populations are a matrix of medians, those of one population a curve from the
    pair that agrees least to the one that agrees most. Name and title are as in `drawing.drawn`.
    """
    figure = drawing.canvas(9.6, 2.75)
    whole = run.samples()
    found = traced(run, "train_agreement")
    alike = list(by_pair(run, found.values).values())
    unlike = [Series(s.name, whole - s.middle, whole - s.high, whole - s.low) for s in alike]
    for column, (word, series) in enumerate((("", alike), ("not ", unlike))):
        panel = Panel(f"Training samples {word}labelled alike", series, *found.x, (0, whole))
        place = (0.062 + 0.285 * column, 0.2, 0.222, 0.56)
        drawing.lines(figure, place, panel)
    final = _ordered if len(run.spec.populations) == 1 else _matrix
    for column, side in enumerate(SIDES):
        final(figure, (0.645 + 0.185 * column, 0.2, 0.155, 0.56), run, side)
    drawing.legend(figure, [series.name for series in alike], pair_note(run, len(alike)))
    middle = np.median(found.values[found.steps == 0], axis=1) / whole
    ends = {side: run.agreement(side)[-1] for side in SIDES}
    models = {side: _medians(run, side) if len(run.spec.populations) > 1 else {} for side in SIDES}
    numbers = {"lowest": (middle.min(), found.epochs[middle.argmin()]), "final": ends, "models": models}
    return drawing.drawn(figure, name, title, "agreement.txt", _table(run), run=run, middle=middle, **numbers)


def _medians(run: Run, side: str) -> dict[Group, float]:
    """The final share of each kind of pair."""
    return {pair: float(s.middle[0]) for pair, s in by_pair(run, run.agreement(side)[-1:]).items()}


_TITLES = {"train": "Training: final share alike", "test": "Test: final share alike"}


def _ordered(figure: Figure, place: Any, run: Run, side: str) -> None:
    """One population: a point a pair, the pairs in order."""
    shares = np.sort(run.agreement(side)[-1])
    panel = Panel(_TITLES[side], (), Axis(len(shares)), shares, (0, 1))
    axes = drawing.add_axes(figure, place, panel, "pair, in order")
    axes.plot(np.arange(1, len(shares) + 1), shares, color=drawing.SERIES[0][0], linewidth=1.4)


def _matrix(figure: Figure, place: Any, run: Run, side: str) -> None:
    """Several populations: the median of each kind of pair; the diagonal is empty, no pair is of one kind."""
    from matplotlib.patches import Rectangle

    models = run.spec.populations
    axes = figure.add_axes(place)
    axes.set_axis_off()
    axes.set(xlim=(0, len(models)), ylim=(len(models), 0))
    drawing.write(axes, (0, 1), (0, 12), _TITLES[side], color=drawing.INK, ha="left")
    for k, model in enumerate(models):
        drawing.write(axes, (k + 0.5, 0), (0, -9), str(model), data="x")
        drawing.write(axes, (0, k + 0.5), (-5, 0), str(model), data="y", ha="right")
    for (i, j), share in _medians(run, side).items():
        shade = min(int(share * len(SHADES)), len(SHADES) - 1)
        colour = CELL["high" if shade > 2 else "low"]
        for a, b in ((models.index(i), models.index(j)), (models.index(j), models.index(i))):
            axes.add_patch(Rectangle((b, a), 0.97, 0.97, facecolor=SHADES[shade], edgecolor="none"))
            axes.text(b + 0.5, a + 0.5, f"{share:.2f}", color=colour, fontsize=8, ha="center", va="center")


def _table(run: Run) -> str:
    """A row a time, side and pair: how many samples the two networks label alike."""
    numbers = np.array(run.spec.numbers)[run.arrays["pairs"]]
    found = {side: traced(run, f"{side}_agreement") for side in SIDES}
    rows = (
        (*place, side, i, j, run.samples(side), count)
        for side, of in found.items()
        for place, alike in zip(of.places, of.values, strict=True)
        for (i, j), count in zip(numbers, alike, strict=True)
    )
    header = ("epoch", "step")[: len(found["test"].places[0])]
    return csv_text((*header, "side", "i", "j", "samples", "alike"), rows, digits=9)
