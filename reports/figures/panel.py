"""One coordinate system of a figure, drawn with matplotlib's lines, polygons and texts.

matplotlib's own Axes spend nine tenths of their time on ticks, and a report has some
five hundred panels: here a panel draws the few ticks it needs itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.figures.style import GRID, INK, MUTED, power, tick

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SIZE", "Panel", "ticks", "write"]

SIZE = 8
"""Of all texts, in points."""


def write(figure: Figure, x: float, y: float, text: str, **looks: Any) -> None:
    """A text at (x, y) in parts of the figure."""
    figure.text(x, y, text, **({"color": MUTED, "fontsize": SIZE, "va": "center"} | looks))


class Panel:
    """Axes from 0 to `right` and from `low` to `high`, with a title, a grid and few ticks.

    Args:
        figure: from `canvas`.
        place: left, bottom, width and height in parts of the figure.
        title: above it.
        right: greatest x, an epoch.
        limits: least and greatest y; of a log axis both are widened to powers of ten.
        log: whether y is logarithmic.
        below: what x is, or "" where another panel below says so.
    """

    def __init__(
        self,
        figure: Figure,
        place: Sequence[float],
        title: str,
        right: float,
        limits: tuple[float, float],
        *,
        log: bool = False,
        below: str = "",
    ) -> None:
        self.figure, self.log, self.right = figure, log, max(right, 1)
        self.left, self.bottom, self.width, self.height = place
        self.low, self.high = (_decades(*limits)) if log else limits
        top = self.bottom + self.height
        write(figure, self.left, top + 12 / self._points(1), title, color=INK)
        if below:
            write(figure, self.left + self.width / 2, self.bottom - 21 / self._points(1), below, ha="center")
        self._ticks()

    def _points(self, axis: int) -> float:
        return float(self.figure.get_size_inches()[axis] * 72)

    def at(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Data to parts of the figure; what is not finite becomes a gap."""
        y = np.asarray(y, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            height = np.log10(y) - math.log10(self.low) if self.log else y - self.low
        span = math.log10(self.high / self.low) if self.log else self.high - self.low
        height = np.where(np.isfinite(height), height, np.nan) / span
        across = self.left + np.asarray(x, dtype=float) / self.right * self.width
        return across, self.bottom + np.clip(height, 0, 1) * self.height

    def line(self, x: Any, y: Any, **looks: Any) -> None:
        """A line through the points."""
        from matplotlib.lines import Line2D

        self.figure.add_artist(Line2D(*self.at(x, y), markersize=3.2, **looks), clip=False)

    def band(self, x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str, alpha: float) -> None:
        """The area between two curves, where both are finite."""
        from matplotlib.patches import Polygon

        known = np.isfinite(low) & np.isfinite(high)
        if known.sum() > 1:
            x, low, high = x[known], low[known], high[known]
            corners = np.column_stack(self.at([*x, *x[::-1]], [*low, *high[::-1]]))
            area = Polygon(corners, facecolor=colour, edgecolor="none", alpha=alpha, linewidth=0, zorder=1.2)
            self.figure.add_artist(area, clip=False)

    def level(self, at: float, text: str, lift: float = 5) -> None:
        """A dashed line across, with a word so many points above it."""
        self.line([0, self.right], [at, at], color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1.5)
        x, y = self.at(self.right, at)
        write(self.figure, float(x), float(y) + lift / self._points(1), text, ha="right")

    def _ticks(self) -> None:
        grid: list[tuple[float, float]] = []
        for value, text in _log_ticks(self.low, self.high) if self.log else ticks(self.low, self.high, 4):
            (x, y) = self.at(0, value)
            grid += [(float(x), float(y)), (self.left + self.width, float(y)), (math.nan, math.nan)]
            write(self.figure, float(x) - 5 / self._points(0), float(y), text, ha="right")
        for value, text in ticks(0, self.right, 5, whole=True):
            x, _ = self.at(value, self.low)
            write(self.figure, float(x), self.bottom - 9 / self._points(1), text, ha="center")
        from matplotlib.lines import Line2D

        self.figure.add_artist(
            Line2D(*zip(*grid, strict=True), color=GRID, linewidth=0.6, zorder=0.5), clip=False
        )
        base = [self.bottom, self.bottom]
        axis = Line2D([self.left, self.left + self.width], base, color=MUTED, linewidth=0.7, zorder=1)
        self.figure.add_artist(axis, clip=False)


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[tuple[float, str]]:
    """At most `most` + 1 round numbers from low to high, with their text."""
    step = 10 ** math.floor(math.log10((high - low) / most))
    step *= next(
        k for k in (1, 2, 2.5, 5, 10) if (high - low) / (k * step) <= most and not (whole and k * step % 1)
    )
    first = math.ceil(low / step - 1e-9)
    return [(k * step, tick(k * step)) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _decades(low: float, high: float) -> tuple[float, float]:
    return 10.0 ** math.floor(math.log10(low) - 0.05), 10.0 ** math.ceil(math.log10(high) + 0.1)


def _log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    first, last = round(math.log10(low)), round(math.log10(high))
    step = max(1, math.ceil((last - first) / 5))
    return [(10.0**k, power(k)) for k in range(first, last + 1) if k % step == 0]
