"""Figures of what recorders declare: one line a population, or a kind of pair, against epochs and steps.

A field of a recorder (`models.recorders.fields`) with the dims (epoch, network) or
(epoch, pair) is drawn by itself, unless a figure of its own shows it already; so is the norm of the gradient,
which descents record. A run that was recorded without a field has no such figure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.recorders.field import Field, fields
from models.runs.run import Run
from models.second_leg.fields import ROWS
from reports.figures import by_network, by_pair, drawing, pair_note, table, traced
from reports.figures.drawing import Drawing, Panel

__all__ = ["DISTANCE", "declared", "draw", "has"]

DISTANCE = ("weight_distance", "weights_differ")
"""Drawn side by side: how far apart two networks' weights are, Euclidean and by the paper's count."""

_TITLES = {
    "weight_distance": "Euclidean distance between all weights",
    "weights_differ": "Weights further apart than 0.1",
    "gradient": "Norm of the full-batch gradient, log axis",
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


def has(run: Run, name: str) -> bool:
    """Whether either leg of the run has this field."""
    return name in run.arrays or (run.second is not None and name in run.second.arrays)


def draw(run: Run, names: Sequence[str], name: str, title: str) -> Drawing:
    """Axes for each of these fields of a run side by side, all [T+1, M] over networks or all [T+1, P] over
    pairs. Name and title are as in `drawing.drawn`."""
    known = declared() | ROWS
    headings = [
        _TITLES.get(field) or ", ".join(filter(None, (known[field].title, known[field].unit)))
        for field in names
    ]
    pairs = names[0] in DISTANCE or "pair" in known[names[0]].dims
    traces = {field: traced(run, field) for field in names}
    figure = drawing.canvas(9.6, 2.6)
    shown = {}
    for column, (field, heading) in enumerate(zip(names, headings, strict=True)):
        of, log = traces[field], field not in DISTANCE and getattr(known[field], "log", False)
        values = np.where(of.values > 0, of.values, np.nan) if log else of.values
        shown[heading] = series = list((by_pair if pairs else by_network)(run, values).values())
        high = drawing.greatest(series) * (1 if log else 1.05)
        limits = (min(float(np.nanmin(one.low, initial=high if log else 0.0)) for one in series), high)
        place = (0.075 + 0.485 * column, 0.21, 0.41 if len(names) > 1 else 0.895, 0.54)
        drawing.lines(figure, place, Panel(heading, series, *of.x, limits, log))
    first = shown[headings[0]]
    note = pair_note(run, len(first)) if pairs else "line: median; band: least to greatest network"
    drawing.legend(figure, [one.name for one in first], note)
    last = of.axis.epochs or -1
    ends = [pick(first, key=lambda one: one.middle[last]) for pick in (max, min)]
    numbers = {"run": run, "shown": shown, "pairs": pairs, "ends": ends, "last": last, "axis": of.axis}
    numbering = np.array(run.spec.numbers)
    who = dict(zip("ij", numbering[run.arrays["pairs"]].T, strict=True)) if pairs else {"network": numbering}
    return drawing.drawn(figure, name, title, "fields.txt", table(who, traces), **numbers)
