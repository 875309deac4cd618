"""What drawing a run gives, and what the drawings share."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.estimates import number
from reports.figures.panel import Panel, write
from reports.figures.series import Spread
from reports.figures.style import INK, SERIES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Drawing", "as_csv", "greatest", "legend", "shown", "trace"]

_POINTS = 80
"""More points than this are thinned out in the drawing; the CSV has all of them."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as text.

    Attributes:
        svg: one <svg> element, with a title and a description.
        csv: the numbers behind it.
        caption: what it shows, in a sentence or two computed from the numbers.
    """

    svg: str
    csv: str
    caption: str


def trace(panel: Panel, series: Sequence[Spread], times: np.ndarray) -> None:
    """One line a series at these times [K], with its band, in the order of the colours.

    Many bands are fainter.
    """
    strength = 0.16 if len(series) <= 4 else 0.07
    for k, spread in enumerate(series):
        colour, line, marker = SERIES[k % len(SERIES)]
        x = _thinned(times)
        panel.band(times[x], spread.low[x], spread.high[x], colour, strength)
        panel.line(times[x], spread.middle[x], color=colour, linestyle=line, linewidth=1.4)
        # Markers of the series are shifted, so that lines on top of each other still show as several.
        late = x[times[x] == np.round(times[x])]
        few = late[k * max(1, len(late) // 24) % len(late) :: max(1, len(late) // 6)]
        panel.line(times[few], spread.middle[few], color=colour, linestyle="none", marker=marker)


def greatest(series: Sequence[Spread]) -> float:
    """The greatest finite value of all of them, 1 where there is none above 0."""
    return max((float(s.high[np.isfinite(s.high)].max(initial=0.0)) for s in series), default=0.0) or 1.0


def _thinned(times: np.ndarray) -> np.ndarray:
    """Indices of the times that are drawn: of those at the end of an epoch an even choice, all others."""
    late = np.flatnonzero(times == np.round(times))
    chosen = late[np.unique(np.linspace(0, len(late) - 1, min(len(late), _POINTS)).round().astype(int))]
    early = np.flatnonzero(times != np.round(times))
    return np.union1d(chosen, early)


def legend(figure: Figure, names: Sequence[str], note: str) -> None:
    """The series' names in a row above the panels, and what the bands are."""
    from matplotlib.lines import Line2D

    height = 1 - 9 / (figure.get_size_inches()[1] * 72)
    for k, name in enumerate(names):
        colour, line, marker = SERIES[k % len(SERIES)]
        left = 0.062 + 0.095 * k
        figure.add_artist(
            Line2D([left, left + 0.034], [height] * 2, color=colour, linestyle=line), clip=False
        )
        figure.add_artist(
            Line2D([left + 0.017], [height], color=colour, marker=marker, markersize=3.2), clip=False
        )
        write(figure, left + 0.04, height, name, color=INK)
    write(figure, 0.985, height, note, ha="right")


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Plain CSV; floats with as many digits as they need, empty where there is no number."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_plain(value) for value in row])
    return text.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return repr(float(f"{float(value):.9g}")) if math.isfinite(value) else ""
    return value


def shown(value: float, digits: int = 2) -> str:
    """A number in a sentence."""
    if not math.isfinite(value):
        return "beyond the finite numbers"
    return f"{value:.0f}" if 10 <= abs(value) < 1000 else number(float(value), digits)
