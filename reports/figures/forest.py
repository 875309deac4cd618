"""Forest plots: every setting's estimate and interval against the region of its claim."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from claims.core.verdict import Outcome
from reports.figures.drawing import GRID, INK, MUTED, OUTCOMES, as_svg, canvas, write
from reports.formats import estimate, number
from reports.layout import clip_middle
from reports.records import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["forest", "linear_below"]

_MARKERS = {Outcome.SUPPORTED: "o", Outcome.REFUTED: "^"}
_ROW, _SETTING_MOST = 22, 25
"""A row's height in points, and the longest setting that is not clipped."""


def forest(rows: Sequence[Row], name: str) -> str:
    """The forest plot of one claim's verdicts as SVG, "" where none has a number.

    Args:
        rows: of one claim.
        name: unique among the page's figures.
    """
    finite = [v for row in rows for v in (row.estimate, *(row.interval or ())) if v is not None]
    finite = [value for value in finite if math.isfinite(value)]
    if not finite:
        return ""
    region, unit = rows[0].region, rows[0].unit
    edges = [edge for edge in (region.low, region.high) if math.isfinite(edge)]
    height = _ROW * len(rows) + 62
    figure = canvas(9.2, height / 72)
    axes = figure.add_axes((0.245, 42 / height, 0.42, 1 - 60 / height))
    axes.set_axis_off()
    low, high = _scale(axes, [*finite, *edges], unit + " (shaded: where the claim is true)" * bool(edges))
    axes.set(ylim=(len(rows), 0))
    axes.axvspan(max(region.low, low), min(region.high, high), color=GRID, alpha=0.55, linewidth=0)
    for edge in dict.fromkeys(edges):
        axes.axvline(edge, color=INK, linewidth=1, linestyle=(0, (4, 2)))
    if edges:
        text = f"margin {' and '.join(number(edge) for edge in dict.fromkeys(edges))}"
        write(axes, (edges[0], 1), (0, 8), text, data="x")
    for k, row in enumerate(rows):
        _mark(axes, row, k + 0.5, (low, high))
    said = "; ".join(f"{row.setting}: {row.outcome}, {estimate(row)}" for row in rows)
    return as_svg(
        figure,
        name,
        f"{rows[0].claim}: estimates and intervals against the margin",
        f"Estimate and interval against {region}. {said}.",
    )


def _scale(axes: Axes, values: list[float], label: str) -> tuple[float, float]:
    """The axis, linear, or logarithmic beyond the smallest decade; its ends."""
    from matplotlib.ticker import MaxNLocator

    below = linear_below(values)
    low, high = min(0.0, *values), max(0.0, *values)
    if below is None:
        low, high = (low, high) if high > low else (low - 1, high + 1)
        room = 0.06 * (high - low)
        low, high = low - (room if low else room / 3), high + room
        ticks = list(MaxNLocator(5).tick_values(low, high))
    else:
        axes.set_xscale("symlog", linthresh=below)
        first, last = round(math.log10(below)), math.ceil(math.log10(max(map(abs, values))))
        step = max(1, math.ceil((last - first) / 5))
        ticks = [sign * 10.0**k for k in range(first, last + 1, step) for sign in (1, -1)] + [0.0]
        low, high = low * 2 - below * 0.2, high * 2
        label = f"{label}, log scale from {number(below)}"
    axes.set_xlim(low, high)
    ticks = [tick for tick in ticks if low <= tick <= high]
    axes.vlines(ticks, 0, 1, color=GRID, linewidth=0.6, zorder=0.5, transform=axes.get_xaxis_transform())
    axes.plot([0, 1], [0, 0], color=MUTED, linewidth=0.7, transform=axes.transAxes, clip_on=False)
    for tick in ticks:
        write(axes, (tick, 0), (0, -9), number(tick), data="x")
    write(axes, (0.5, 0), (0, -25), label)
    axes.set_xlim(low, high)
    return low, high


def linear_below(values: Sequence[float]) -> float | None:
    """The decade above which the axis is logarithmic, or None where all fits on a linear one.

    Never more than 14 decades: a loss of 1e-30 would take the plot from all others.
    """
    sizes = [abs(value) for value in values if value]
    if not sizes or max(sizes) / min(sizes) < 40:
        return None
    decade = math.floor(math.log10(min(sizes)) + 1e-9)
    return 10.0 ** max(decade, math.floor(math.log10(max(sizes))) - 14)


def _mark(axes: Axes, row: Row, y: float, ends: tuple[float, float]) -> None:
    """One row: setting, interval with an arrow at an open end, estimate, numbers."""
    colour = OUTCOMES[row.outcome]
    write(axes, (0, y), (-14, 0), clip_middle(row.setting, _SETTING_MOST), data="y", ha="right", color=INK)
    write(axes, (1, y), (14, 0), estimate(row) + "*" * row.fell, data="y", ha="left", color=INK)
    if row.interval is not None:
        low, high = max(row.interval[0], ends[0]), min(row.interval[1], ends[1])
        axes.plot([low, high], [y, y], color=colour, linewidth=1.6)
        for end, open_end, arrow in ((low, row.interval[0], "<"), (high, row.interval[1], ">")):
            shape = arrow if math.isinf(open_end) else "|"
            axes.plot([end], [y], color=colour, marker=shape, markersize=6, clip_on=False)
    if row.estimate is not None:
        marker = _MARKERS.get(row.outcome, "o")
        fill = colour if row.outcome in _MARKERS else "none"
        axes.plot([row.estimate], [y], color=colour, marker=marker, markersize=7, markerfacecolor=fill)
