"""How every figure looks, drawn with matplotlib and written as SVG that can stand in a page.

Okabe and Ito's colours, with a line style and a marker of its own for each series,
so that no figure needs colour to be read. In the page each colour is a CSS
variable, so that figures follow the light and the dark theme; on its own a file
keeps the colours written here.
"""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import msgspec
import numpy as np

from claims.core.verdict import Outcome
from reports.figures import Axis, Series
from reports.formats import number
from reports.rendering import rendered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    *("CELL", "GRID", "INK", "MUTED", "OUTCOMES", "SERIES", "SHADES", "VARIABLES"),
    *("Drawing", "Panel", "add_axes", "as_svg", "canvas", "drawn", "greatest", "legend", "lines"),
    *("write",),
]

INK, MUTED, GRID = "#1d1c1a", "#63615b", "#dcd9d0"

SERIES: tuple[tuple[str, Any, str], ...] = (
    ("#0072b2", "-", "o"),
    ("#d55e00", (0, (5, 2)), "s"),
    ("#009e73", (0, (5, 1.5, 1, 1.5)), "^"),
    ("#cc79a7", (0, (1.5, 1.5)), "D"),
    ("#56b4e9", (0, (8, 2)), "v"),
    ("#e69f00", (0, (3, 1, 1, 1, 1, 1)), "P"),
)
"""Colour, line style and marker of the first, second, ... series."""

SHADES = ("#eeece4", "#c9dcea", "#8fbcdb", "#2674a6", "#0a6299", "#004166")
"""Low to high, for matrices."""

CELL = {"low": "#111111", "high": "#ffffff"}
"""Of the numbers on the first three shades, and on the others."""

OUTCOMES = dict(zip(Outcome, ("#00684a", "#a03c00", "#665200", "#585858"), strict=True))
"""Of a verdict, as the page's light theme has them."""

VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid"}
VARIABLES |= {colour: f"series-{i}" for i, (colour, _, _) in enumerate(SERIES)}
VARIABLES |= {colour: f"shade-{i}" for i, colour in enumerate(SHADES)}
VARIABLES |= {colour: f"cell-{name}" for name, colour in CELL.items()}
VARIABLES |= {colour: outcome.replace("not applicable", "na") for outcome, colour in OUTCOMES.items()}
"""Colour -> the CSS variable that stands for it in a page."""

_SIZE = 8
"""Of all texts, in points."""
_POINTS = 80
"""More points than this are thinned out in the drawing; the CSV has all of them."""


class Drawing(msgspec.Struct, frozen=True):
    """A figure as text.

    Attributes:
        svg: one <svg> element, with a title and a description.
        csv: the numbers behind it.
        caption: what it shows, in a sentence or two computed from the numbers.
    """

    svg: str
    csv: str
    caption: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes of a figure.

    Attributes:
        title: above it.
        series: a line and a band each, in the order of the colours.
        axis: what x is.
        times: of the series' values [K], on that axis.
        limits: least and greatest y; of a log axis both are widened to powers of ten.
        log: whether y is logarithmic.
        level: where a dashed line goes across, its word, and how many points that stands above it.
    """

    title: str
    series: Sequence[Series]
    axis: Axis
    times: np.ndarray
    limits: tuple[float, float]
    log: bool = False
    level: tuple[float, str, float] | None = None


def canvas(width: float, height: float) -> Figure:
    """An empty figure, in inches; each counts 72 units in the SVG."""
    if "MPLCONFIGDIR" not in os.environ:  # matplotlib keeps a list of fonts: beside our own cache
        import platformdirs

        cache = Path(platformdirs.user_cache_dir("landscape-claims", appauthor=False)) / "matplotlib"
        os.environ["MPLCONFIGDIR"] = str(cache)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=72)
    figure.patch.set_visible(False)
    return figure


def add_axes(figure: Figure, place: Sequence[float], panel: Panel, below: str) -> Axes:
    """The panel's axes, with its title, a grid and few ticks, and nothing drawn on them yet.

    Args:
        figure: from `canvas`.
        place: left, bottom, width and height in parts of the figure.
        panel: what goes there.
        below: what x is before any steps, or "" where other axes below say so.
    """
    from matplotlib.ticker import MaxNLocator

    axes = figure.add_axes(tuple(place))  # type: ignore[arg-type]
    axes.set_axis_off()  # its ticks take most of matplotlib's time; the few wanted stand below
    right, (low, high) = panel.axis.right, panel.limits
    rows = list(MaxNLocator(4).tick_values(low, high))
    if panel.log:
        first, last = math.floor(math.log10(low) - 0.05), math.ceil(math.log10(high) + 0.1)
        step = max(1, math.ceil((last - first) / 5))
        rows = [10.0**k for k in range(first, last + 1) if k % step == 0]
        low, high = 10.0**first, 10.0**last
        axes.set_yscale("log")
    axes.set(xlim=(0, right), ylim=(low, high))
    rows = [row for row in rows if low <= row <= high]
    axes.hlines(rows, 0, right, color=GRID, linewidth=0.6, zorder=0.5)
    axes.hlines([low], 0, right, color=MUTED, linewidth=0.7, zorder=1, clip_on=False)
    write(axes, (0, 1), (0, 15 if panel.axis.steps else 12), panel.title, color=INK, ha="left")
    for row in rows:
        write(axes, (0, row), (-5, 0), number(row), data="y", ha="right")
    epochs, steps = panel.axis.epochs, panel.axis.steps
    for start, count, width, word in ((0, epochs, 1.0, below), (epochs, steps, panel.axis.step, "step")):
        if count or not (start or steps):
            few = MaxNLocator(4 if epochs and steps else 5, integer=True)
            for column in few.tick_values(0, max(count, 1)):
                if bool(start) <= column <= max(count, 1):
                    write(axes, (start + column * width, 0), (0, -9), number(column), data="x")
            write(axes, (start + count * width / 2, 0), (0, -21), word if below else "", data="x")
    if epochs and steps:
        axes.axvline(epochs, color=MUTED, linewidth=0.9, linestyle=(0, (1, 1.5)), zorder=1.5)
        write(axes, (epochs, 1), (2, 6), "full-batch descent", data="x", ha="left", fontsize=7)
    return axes


def write(
    axes: Axes, at: tuple[float, float], offset: tuple[float, float], text: str, data: str = "", **looks: Any
) -> None:
    """A text, centred unless told otherwise.

    Args:
        axes: that it belongs to.
        at: where, in parts of the axes.
        offset: from there, in points.
        text: what.
        data: the coordinate, "x" or "y", that is one of the data instead.
        looks: of matplotlib's Text.
    """
    from matplotlib.transforms import ScaledTranslation

    place = {"": axes.transAxes, "x": axes.get_xaxis_transform(), "y": axes.get_yaxis_transform()}[data]
    shift = ScaledTranslation(offset[0] / 72, offset[1] / 72, axes.figure.dpi_scale_trans)
    look: dict[str, Any] = {"color": MUTED, "fontsize": _SIZE, "va": "center", "ha": "center"} | looks
    axes.text(*at, text, transform=place + shift, **look)


def lines(figure: Figure, place: Sequence[float], panel: Panel, below: str = "epoch") -> None:
    """A panel on axes of its own, its series drawn; many bands are fainter."""
    axes = add_axes(figure, place, panel, below)
    strength = 0.16 if len(panel.series) <= 4 else 0.07
    x = _thinned(panel)
    times = panel.times[x]
    late = np.flatnonzero((times == np.round(times)) | (times > panel.axis.epochs))
    for k, one in enumerate(panel.series):
        colour, line, marker = SERIES[k % len(SERIES)]
        axes.fill_between(times, one.low[x], one.high[x], color=colour, alpha=strength, lw=0, clip_on=False)
        # Markers of the series are shifted, so that lines on top of each other still show as several.
        few = late[k * max(1, len(late) // 24) % len(late) :: max(1, len(late) // 6)]
        axes.plot(
            times, one.middle[x], color=colour, linestyle=line, linewidth=1.4, marker=marker,
            markersize=3.2, markevery=[int(i) for i in few], clip_on=False,
        )  # fmt: skip
    if panel.level:
        at, text, lift = panel.level
        axes.axhline(at, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1.5)
        write(axes, (1, at), (0, lift), text, data="y", ha="right")


def _thinned(panel: Panel) -> np.ndarray:
    """Indices of the times that are drawn: of those at the end of an epoch, and of the steps of a descent, an
    even choice, all others."""
    second = panel.times > panel.axis.epochs
    late = ~second & (panel.times == np.round(panel.times))
    chosen = [np.flatnonzero(~second & ~late)]
    for of in map(np.flatnonzero, (late, second)):
        chosen.append(of[np.unique(np.linspace(0, len(of) - 1, min(len(of), _POINTS)).round().astype(int))])
    return np.sort(np.concatenate(chosen))


def legend(figure: Figure, names: Sequence[str], note: str) -> None:
    """The series' names in a row above the axes, and what the bands are."""
    from matplotlib.lines import Line2D

    height = 1 - 9 / (figure.get_size_inches()[1] * 72)
    for k, name in enumerate(names):
        colour, line, marker = SERIES[k % len(SERIES)]
        left = 0.062 + 0.095 * k
        ends, middle = [left, left + 0.034], [left + 0.017]
        for x, looks in ((ends, {"linestyle": line}), (middle, {"marker": marker, "markersize": 3.2})):
            figure.add_artist(Line2D(x, [height] * len(x), color=colour, **looks), clip=False)
        figure.text(left + 0.04, height, name, color=INK, fontsize=_SIZE, va="center")
    figure.text(0.985, height, note, color=MUTED, fontsize=_SIZE, va="center", ha="right")


def greatest(series: Iterable[Series]) -> float:
    """The greatest finite value of all of them, 1 where there is none above 0."""
    return max((float(s.high[np.isfinite(s.high)].max(initial=0.0)) for s in series), default=0.0) or 1.0


# -- as text --------------------------------------------------------------------------

_SETTINGS: dict[Any, Any] = {"svg.fonttype": "none", "font.family": "sans-serif", "path.simplify": False}


def as_svg(figure: Figure, name: str, title: str, description: str) -> str:
    """The figure as one <svg> element: no date, no random ids, no fonts, no scripts.

    Text stays text, in the page's own font. The ids that are left are matplotlib's digests,
    salted with the name.

    Args:
        figure: drawn on a `canvas`.
        name: unique in the page; letters, digits and hyphens.
        title: its accessible name.
        description: what it shows, for those who do not see it.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    written = io.StringIO()
    with mpl.rc_context(_SETTINGS | {"svg.hashsalt": name}):
        FigureCanvasSVG(figure).print_svg(
            written, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    svg = written.getvalue()
    body = svg[svg.index(">", svg.index("<svg")) + 1 :]
    body = re.sub(r"<(metadata|style).*?</\1>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[a-zA-Z0-9.]+_\d+">', "<g>", body)
    body = re.sub(r'\b(?:d|x|y|width|height|transform)="[^"]*"', lambda m: _rounded(m[0]), body)
    body = re.sub(r"font: ([\d.]+)px[^;\"]*", r"font: \1px system-ui,sans-serif", body)
    for colour, variable in VARIABLES.items():
        body = body.replace(f": {colour}", f": var(--{variable},{colour})")
    body = re.sub(r"\s*\n\s*", "\n", body).replace("xlink:href", "href")
    box = re.search(r'viewBox="[^"]*"', svg)
    assert box is not None, "matplotlib writes one"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box[0]} role="img" aria-labelledby='
    head += quoteattr(f"{name}-title {name}-desc")
    return (
        f'{head}>\n<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>{body.strip()}'
    )


def _rounded(attribute: str) -> str:
    """A tenth of a point is all that can be seen."""
    text = re.sub(r"-?\d+\.\d{2,}", lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), attribute)
    return re.sub(r"\s*\n?([LMz]) ?", r"\1", text)


def drawn(figure: Figure, name: str, title: str, words: str, csv: str, **numbers: Any) -> Drawing:
    """The figure as text.

    Args:
        figure: drawn on a `canvas`.
        name: unique among the page's figures; letters, digits and hyphens.
        title: its accessible name.
        words: the template of its caption and, below a rule, of the description for those who do not see it.
        csv: the numbers behind it.
        numbers: what the template shows.
    """
    caption, description = (" ".join(part.split()) for part in rendered(words, **numbers).split("\n---\n"))
    return Drawing(as_svg(figure, name, title, description), csv, caption)
