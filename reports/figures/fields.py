"""Figures of what recorders declare: one line a population, or a kind of pair, against epochs.

A field of a recorder (`models.recorders.fields`) with the dims (epoch, network) or
(epoch, pair) is drawn by itself, unless a figure of its own shows it already. A run that
was recorded without a field has no such figure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.recorders.field import Field, fields
from models.runs.run import Run
from reports.figures import by_network, by_pair, drawing, epochs, pair_note
from reports.figures.drawing import Drawing, Panel
from reports.files import csv_text

__all__ = ["DISTANCE", "declared", "draw"]

DISTANCE = ("weight_distance", "weights_differ")
"""Drawn side by side: how far apart two networks' weights are, Euclidean and by the paper's count."""

_TITLES = {
    "weight_distance": "Euclidean distance between all weights",
    "weights_differ": "Weights further apart than 0.1",
}
_ELSEWHERE = {f"{side}_{what}" for side in ("train", "test") for what in ("loss", "accuracy", "agreement")}
"""Shown by the learning curves and by the labels of pairs."""

_DIMS = (("epoch", "network"), ("epoch", "pair"))


def declared() -> dict[str, Field]:
    """Name -> field of the recorders that has a figure of its own here."""
    return {
        name: field
        for name, field in fields().items()
        if tuple(field.dims) in _DIMS and name not in _ELSEWHERE and name not in DISTANCE
    }


def draw(run: Run, names: Sequence[str], name: str, title: str) -> Drawing:
    """Axes for each of these fields of a run side by side, all over networks or all over pairs.

    Args:
        run: with these arrays, [T+1, M] or [T+1, P].
        names: of the fields.
        name: unique among the page's figures.
        title: its accessible name.
    """
    fields = declared()
    headings = [
        _TITLES.get(field) or ", ".join(filter(None, (fields[field].title, fields[field].unit)))
        for field in names
    ]
    pairs = names[0] in DISTANCE or "pair" in fields[names[0]].dims
    split = by_pair if pairs else by_network
    found = {field: split(run, run.arrays[field].astype(float)) for field in names}
    figure = drawing.canvas(9.6, 2.6)
    shown = {heading: list(found[field].values()) for field, heading in zip(names, headings, strict=True)}
    for column, (field, (heading, series)) in enumerate(zip(names, shown.items(), strict=True)):
        low = min(0.0, *(float(np.nanmin(one.low, initial=0.0)) for one in series))
        limits = (low, 1.05 * drawing.greatest(series))
        place = (0.075 + 0.485 * column, 0.21, 0.41 if len(names) > 1 else 0.895, 0.54)
        panel = Panel(heading, series, epochs(run.arrays[field]).times, limits)
        drawing.lines(figure, place, panel, run.spec.budget.epochs)
    first = shown[headings[0]]
    note = pair_note(run, len(first)) if pairs else "line: median; band: least to greatest network"
    drawing.legend(figure, [one.name for one in first], note)
    ends = [pick(first, key=lambda one: one.middle[-1]) for pick in (max, min)]
    numbers = {"run": run, "shown": shown, "pairs": pairs, "ends": ends}
    return drawing.drawn(figure, name, title, "fields.txt", _table(run, names, pairs), **numbers)


def _table(run: Run, names: Sequence[str], pairs: bool) -> str:
    """A row an epoch and pair or network."""
    numbers = np.array(run.spec.numbers)
    who = numbers[run.arrays["pairs"]] if pairs else numbers[:, None]
    rows = (
        (epoch, *who[k], *(run.arrays[field][epoch, k] for field in names))
        for epoch in range(run.spec.budget.epochs + 1)
        for k in range(len(who))
    )
    return csv_text(("epoch", *(("i", "j") if pairs else ("network",)), *names), rows, digits=9)
