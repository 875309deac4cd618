"""Every field of a run that can be drawn, whoever records it, and the tables beside the page."""

from __future__ import annotations

import msgspec
import numpy as np

from models.recorders.field import Field
from models.recorders.field import fields as recorded
from models.runs.run import Run
from models.second_leg.fields import ROWS
from reports.files import csv_text
from reports.plots.captions import captions
from reports.plots.records import Axis, Series
from reports.plots.series import has, spread, traced

__all__ = ["Fields", "Spread", "declared", "fields_of", "heading"]

_DIMS: dict[tuple[str, ...], str] = {("epoch", "network"): "networks", ("epoch", "pair"): "pairs"}


class Spread(msgspec.Struct, frozen=True):
    """A field of a run: its axis, a line a population or kind of pair, and one line over all."""

    axis: Axis
    by: list[Series]
    all: Series


class Fields(msgspec.Struct, frozen=True):
    """All that is drawn of one run.

    Attributes:
        spreads: by field.
        captions: by kind of figure, in sentences.
        tables: by what their rows are of, as CSV.
    """

    spreads: dict[str, Spread]
    captions: dict[str, str]
    tables: dict[str, str]


def declared() -> dict[str, Field]:
    """Name -> field that can be drawn against epochs and steps: of networks, or of pairs of them."""
    known = recorded() | {"gradient": ROWS["gradient"]}
    return {name: field for name, field in known.items() if tuple(field.dims) in _DIMS}


def heading(name: str) -> str:
    """What stands above a field's panel."""
    field = declared()[name]
    unit = "" if field.unit in field.title else field.unit
    text = ", ".join(filter(None, (field.title, unit)))
    if name.endswith("_loss"):
        text = f"{field.title}, l = L/L0"
    if name.endswith("_agreement"):
        text = f"share of {field.title.replace('samples that a pair labels alike', 'samples labelled alike')}"
    return text[:1].upper() + text[1:]


def fields_of(run: Run) -> Fields:
    """All fields that the run has."""
    known = {name: field for name, field in declared().items() if has(run, name)}
    spreads = {}
    for name, field in known.items():
        pairs = _DIMS[tuple(field.dims)] == "pairs"
        axis, by = spread(run, name, pairs=pairs, by=True)
        spreads[name] = Spread(axis, by, spread(run, name, pairs=pairs, by=False)[1][0])
    tables = {
        of: _table(run, of, [name for name, field in known.items() if _DIMS[tuple(field.dims)] == of])
        for of in _DIMS.values()
    }
    return Fields(spreads, captions(run), {of: text for of, text in tables.items() if text})


def _table(run: Run, of: str, names: list[str]) -> str:
    """A row a moment and network, or pair, with all fields in the units of the run; empty where unknown."""
    if not names:
        return ""
    numbers = np.array(run.spec.numbers)
    who = (
        dict(zip("ij", numbers[run.arrays["pairs"]].T, strict=True))
        if of == "pairs"
        else {"population": run.groups, "network": numbers}
    )
    traces = {name: traced(run, name, raw=True) for name in names}
    traces |= {f"{name}_over_baseline": traced(run, name) for name in names if name.endswith("_loss")}
    known = {name: dict(zip(trace.places, trace.values, strict=True)) for name, trace in traces.items()}
    places = sorted({place for rows in known.values() for place in rows}, key=lambda place: place[::-1])
    rows = (
        (*place, *each, *(rows[place][k] if place in rows else None for rows in known.values()))
        for place in places
        for k, each in enumerate(zip(*who.values(), strict=True))
    )
    return csv_text(("epoch", "step", *who, *traces), rows, digits=9)
