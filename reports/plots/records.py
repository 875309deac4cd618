"""What the page's script draws, as plain data: every text and number is data, never markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import msgspec

__all__ = [
    "Axis",
    "Interval",
    "Judged",
    "Level",
    "Panel",
    "Plot",
    "Plots",
    "Series",
    "View",
    "embedded",
    "ends",
]

Numbers = list[float | None]
"""None where there is no finite number."""


class Axis(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the points of series lie: after so many epochs of training, then after so many steps of descent.

    Attributes:
        epochs: in order; parts of an epoch are minibatches within it.
        steps: in order, 0 not among them.
        last: where the training ends.
        most: steps of the descent.
        minibatches: of an epoch.
    """

    epochs: list[float]
    steps: list[int]
    last: int
    most: int = 0
    minibatches: int = 1


class Series(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line, and the range around it.

    Attributes:
        name: of the line.
        axis: its place among the axes.
        middle: medians, or the quantity itself.
        low, high: the least and the greatest, None of a line without a range.
        of: what these are taken over, "8 networks".
    """

    name: str
    axis: int
    middle: Numbers
    low: Numbers | None = None
    high: Numbers | None = None
    of: str = ""


class Judged(msgspec.Struct, frozen=True):
    """The quantity that a claim's rule judges, along the legs of its runs."""

    axis: Axis
    series: Series


class Level(msgspec.Struct, frozen=True):
    """A dashed line across a panel, and its word."""

    at: float
    word: str


class Interval(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of a panel of rows, or the interval at the judged point of a line.

    Attributes:
        label: which row it is.
        value, low, high: None of an end that is open, or of no estimate.
        outcome: of the verdict; "" of a range.
        text: the numbers as they are written elsewhere.
        range: whether the ends are the least and the greatest of a sample, not bounds.
    """

    label: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    outcome: str = ""
    text: str = ""
    range: bool = False


class Panel(msgspec.Struct, frozen=True, omit_defaults=True):
    """One pair of axes: lines over time, or rows of intervals.

    Attributes:
        title: above it; what the numbers are.
        log: whether their axis begins as a logarithmic one.
        limits: ends of that axis where they are fixed.
        lines: places of its series.
        rest: shows one less the values.
        rows: intervals, one below the other.
        levels: lines across.
        region: where the claim is true, an open end None; (None, None) where there is none.
        mark: the interval at the judged point.
        highest: whether that is where the line is highest in the training, not its end.
    """

    title: str
    log: bool = False
    limits: tuple[float, float] | None = None
    lines: list[int] = []
    rest: bool = False
    rows: list[Interval] = []
    levels: list[Level] = []
    region: tuple[float | None, float | None] = (None, None)
    mark: Interval | None = None
    highest: bool = False


class View(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the choices of a plot.

    Attributes:
        label: of the choice.
        panels: side by side.
        outcome, text: of the verdict that it shows, and its numbers.
        caption: what it shows.
        early: whether the epochs begin on a logarithmic scale.
        csv: paths of its data beside the page.
        problem: why there is nothing to draw, or "".
    """

    label: str
    panels: list[Panel] = []
    outcome: str = ""
    text: str = ""
    caption: str = ""
    early: bool = False
    csv: list[str] = []
    problem: str = ""


class Plot(msgspec.Struct, frozen=True, omit_defaults=True):
    """A figure of the page: a title, views of which the first is shown first, and what all of them show."""

    title: str
    views: list[View]
    caption: str = ""


class Plots(msgspec.Struct, frozen=True):
    """All plots of a page by key, with the series and the axes that they share."""

    axes: list[Axis]
    series: list[Series]
    plots: dict[str, Plot]


class Pool:
    """Series and axes that plots name by their places."""

    def __init__(self) -> None:
        self._axes: dict[bytes, int] = {}
        self._series: dict[bytes, int] = {}
        self.axes: list[Axis] = []
        self.series: list[Series] = []

    def add(self, axis: Axis, series: Series, name: str = "") -> int:
        """The place of a series on this axis, under this name instead of its own where one is given."""
        at = self._axes.setdefault(msgspec.json.encode(axis), len(self.axes))
        if at == len(self.axes):
            self.axes.append(axis)
        placed = msgspec.structs.replace(series, axis=at, name=name or series.name)
        place = self._series.setdefault(msgspec.json.encode(placed), len(self.series))
        if place == len(self.series):
            self.series.append(placed)
        return place


_ACTIVE = re.compile("[<>&]|[^ -~]")
"""What could end a script, begin a comment, or turn the direction of writing."""
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def embedded(plots: Plots) -> str:
    """The plots as JSON for a block of data in a page, in plain ASCII, with nothing that markup acts upon.

    What is not seen, or turns the direction of writing, is written out, as everywhere on the page.
    """
    return _ACTIVE.sub(_inert, msgspec.json.encode(plots).decode())


def _inert(found: re.Match[str]) -> str:
    unseen = unicodedata.category(found[0]) in _UNSEEN
    units = found[0].encode("utf-16-be").hex(" ", 2).split()
    return "".join(("\\\\u" if unseen else "\\u") + unit for unit in units)


def ends(plots: Plots, plot: Plot) -> Iterator[tuple[str, str, str, list[float | None]]]:
    """What a plot says without its script: (view, panel, line, its values at the start, at the end of the
    training, and at the end of the descent where there is one), each line once."""
    for view in plot.views:
        panels = {place: panel.title for panel in reversed(view.panels) for place in panel.lines}
        for place, title in sorted(panels.items()):
            of = plots.series[place]
            places = dict.fromkeys((0, len(plots.axes[of.axis].epochs) - 1, len(of.middle) - 1))
            name = of.of if of.name == "all" else of.name
            # the axis that a panel begins with says nothing of its medians
            yield view.label, title.partition(",")[0], name, [of.middle[k] for k in places]
