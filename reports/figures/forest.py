"""Forest plots: every setting's estimate and interval against the region of its claim, as coordinates.

There is one for each claim and it changes with every run, so it is laid out here and
drawn by a template rather than by matplotlib.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reports.estimates import estimate, number
from reports.figures.panel import ticks
from reports.figures.style import power
from reports.multiplicity import fell

__all__ = ["Forest", "Mark", "forest"]

LEFT, RIGHT, ROW, TOP = 196.0, 536.0, 24.0, 26.0
"""Where the plot lies between the settings and the numbers, a row's height, and the first row's top."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One row. Coordinates are in units of the drawing, None where there is nothing to draw.

    Attributes:
        setting, outcome, text: what stands beside it.
        y: middle of the row.
        x: the estimate, or None also where it lies beyond the numbers.
        low, high: the interval's ends, at the plot's edge where open.
        open_low, open_high: whether an end has no bound.
    """

    setting: str
    outcome: str
    text: str
    y: float
    x: float | None
    low: float | None
    high: float | None
    open_low: bool
    open_high: bool


@dataclass(frozen=True, slots=True)
class Forest:
    """The whole plot; `region` and `edges` are x coordinates, `ticks` (x, text)."""

    marks: list[Mark]
    ticks: list[tuple[float, str]]
    region: tuple[float, float] | None
    edges: list[float]
    margin: str
    axis: str
    start: float
    height: float
    description: str


def forest(verdicts: Sequence[dict[str, Any]]) -> Forest | None:
    """The forest plot of one claim's verdicts, or None where none has a number."""
    finite = [
        value for v in verdicts for value in (v["estimate"], *(v["interval"] or ())) if value is not None
    ]
    if not finite:
        return None
    region = _region(verdicts[0]["region"])
    edges = [edge for edge in region if math.isfinite(edge)]
    scale, marks, axis = _scale([*finite, *edges], verdicts[0]["unit"])
    rows = [_mark(v, TOP + (k + 0.5) * ROW, scale) for k, v in enumerate(verdicts)]
    low, high = (scale(min(max(end, -1e300), 1e300)) for end in region)
    said = [f"{v['setting']}: {v['outcome']}, {estimate(v)}" for v in verdicts]
    return Forest(
        marks=rows,
        ticks=[(scale(value), text) for value, text in marks],
        region=(min(max(low, LEFT), RIGHT), min(max(high, LEFT), RIGHT)),
        edges=[scale(edge) for edge in edges],
        margin=" and ".join(number(edge) for edge in dict.fromkeys(edges)),
        axis=axis,
        start=round(max(0.0, LEFT - 14 - 7.2 * max(len(row.setting) for row in rows))),
        height=TOP + ROW * len(rows) + 40,
        description=f"Estimate and interval against {verdicts[0]['region']}. {'; '.join(said)}.",
    )


def _region(text: str) -> tuple[float, float]:
    """As `claims.core.verdict.Region` writes itself."""
    try:
        if text.startswith("<="):
            return -math.inf, float(text[2:])
        if text.startswith(">="):
            return float(text[2:]), math.inf
        low, high = (float(end) for end in text.strip("[]").split(","))
    except ValueError:
        return -math.inf, math.inf
    return low, high


def _scale(values: list[float], unit: str) -> tuple[Callable[[float], float], list[tuple[float, str]], str]:
    """Value -> x, the ticks, and a word on the axis: linear, or logarithmic beyond the smallest decade."""
    low, high = min(0.0, *values), max(0.0, *values)
    sizes = [abs(value) for value in values if value]
    if not sizes or max(sizes) / min(sizes) < 40:
        low, high = (low, high) if high > low else (low - 1, high + 1)
        room = 0.06 * (high - low)
        ends = (low - room if low else low - room / 3, high + room)
        return _onto(ends, lambda v: v), ticks(*ends, 5), unit
    decade = math.floor(math.log10(min(sizes)) + 1e-9)
    # Never more than 14 decades: a loss of 1e-30 would take the plot from all others.
    decade = max(decade, math.floor(math.log10(max(sizes))) - 14)
    unit_size = 10.0**decade

    def bend(value: float) -> float:
        return math.copysign(math.log10(1 + 9 * abs(value) / unit_size), value)

    ends = (bend(low) - (0.35 if low < 0 else 0.1), bend(high) + 0.35)
    top = math.ceil(math.log10(max(sizes)))
    step = max(1, math.ceil((top - decade) / 5))
    exponents = range(decade, top + 1, step)
    marks = [(0.0, "0"), *((10.0**k, _named(k)) for k in exponents if bend(10.0**k) <= ends[1])]
    if low < 0:
        marks += [(-(10.0**k), f"−{_named(k)}") for k in exponents if bend(-(10.0**k)) >= ends[0]]
    return _onto(ends, bend), marks, f"{unit}, log scale from {_named(decade)}"


def _named(exponent: int) -> str:
    return f"{10.0**exponent:g}" if -3 <= exponent <= 3 else power(exponent)


def _onto(ends: tuple[float, float], bend: Callable[[float], float]) -> Callable[[float], float]:
    def place(value: float) -> float:
        part = (bend(value) - ends[0]) / (ends[1] - ends[0])
        return round(LEFT + min(max(part, 0.0), 1.0) * (RIGHT - LEFT), 1)

    return place


def _mark(verdict: dict[str, Any], y: float, scale: Callable[[float], float]) -> Mark:
    value, interval = verdict["estimate"], verdict["interval"]
    low, high = interval or (value, value)
    drawn = interval is not None
    return Mark(
        setting=_clipped(verdict["setting"]),
        outcome=verdict["outcome"],
        text=estimate(verdict) + "*" * fell(verdict),
        y=y,
        x=None if value is None else scale(value),
        low=(LEFT if low is None else scale(low)) if drawn else None,
        high=(RIGHT if high is None else scale(high)) if drawn else None,
        open_low=drawn and low is None,
        open_high=drawn and high is None,
    )


def _clipped(setting: str, most: int = 25) -> str:
    half = (most - 1) // 2
    return setting if len(setting) <= most else f"{setting[:half]}…{setting[-half:]}"
