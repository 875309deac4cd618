"""Which figures the page shows, and where: the paper's nine first, then what else the claims rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from reports.figures.paper import PAPER, PaperFigure, Subject, subject
from reports.figures.shelf import Shelf, Shelved

__all__ = ["Gallery", "Plate", "View", "gallery"]

Known = list[tuple[Subject, dict[str, Any]]]
"""What each run is about, beside the run as the report's provenance lists it."""

FigureOf = Callable[[dict[str, Any], str], Shelved]
"""A run's figure of a kind."""


@dataclass(frozen=True, slots=True)
class View:
    """One protocol's figure."""

    label: str
    weights: str
    figure: Shelved


@dataclass(frozen=True, slots=True)
class Plate:
    """One figure with a view a protocol, or the reason why there is none."""

    anchor: str
    heading: str
    title: str
    views: list[View]


@dataclass(frozen=True, slots=True)
class Gallery:
    """The paper's figures, and the others by what they show."""

    paper: list[Plate]
    more: list[tuple[str, list[Plate]]]


_WEIGHTS = {"std": "standard deviation i + 2", "var": "variance i + 2", "he": "variance 2 / fan-in"}
_MORE = {
    "distance": "Distances between weights (section 3.1)",
    "agreement": "Labels of pairs, beyond figures 2 and 7",
    "curves": "Learning curves of the other runs",
}


def gallery(experiments: Iterable[dict[str, Any]], shelf: Shelf) -> Gallery:
    """Every figure that these experiments of a report can show.

    Args:
        experiments: as in the report's provenance.
        shelf: where figures lie or are drawn.
    """
    known = [(of, run) for run in _together(experiments) if (of := subject(run["name"]))]
    known.sort(key=lambda pair: (pair[0].widths, pair[0].output, pair[0].loss, pair[0].rank))
    wanted: list[tuple[dict[str, Any], str]] = []

    def noted(run: dict[str, Any], kind: str) -> Shelved:
        wanted.append((run, kind))
        return Shelved("", "")

    _arranged(known, noted)  # to learn which figures there will be, so that they are drawn together
    shelf.draw(wanted)
    arranged = _arranged(known, shelf.figure)
    shelf.close()
    return arranged


def _together(experiments: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runs of one name as one: the looks of a sequential design, each of which trained other networks."""
    by_name: dict[Any, list[dict[str, Any]]] = {}
    for run in experiments:
        by_name.setdefault(run["name"], []).append(run)
    return [
        parts[0]
        if len(parts) == 1
        else parts[0] | {"sha256": "+".join(str(part["sha256"]) for part in parts), "parts": parts}
        for parts in by_name.values()
    ]


def _arranged(known: Known, figure_of: FigureOf) -> Gallery:
    paper = [_paper(figure, known, figure_of) for figure in PAPER]
    more = []
    for kind, title in _MORE.items():
        plates = []
        for network in dict.fromkeys(of.network for of, _ in known):
            runs = [(of, run) for of, run in known if of.network == network and not _in_paper(kind, of)]
            if kind == "agreement":
                runs = [(of, run) for of, run in runs if of.dataset != "boston"]
            if runs:
                name = f"{kind}-{len(plates) + 1}"
                heading = network[:1].upper() + network[1:]
                plates.append(Plate(name, heading, "", _views(runs, kind, figure_of)))
        if plates:
            more.append((title, plates))
    return Gallery(paper, more)


def _paper(figure: PaperFigure, known: Known, figure_of: FigureOf) -> Plate:
    runs = [(of, run) for of, run in known if figure.shows(of)]
    heading = f"Figure {figure.number}"
    return Plate(f"figure-{figure.number}", heading, figure.title, _views(runs, figure.kind, figure_of))


def _in_paper(kind: str, of: Subject) -> bool:
    return any(figure.kind == kind and figure.shows(of) for figure in PAPER)


def _views(runs: Known, kind: str, figure_of: FigureOf) -> list[View]:
    several = len({of.protocol for of, _ in runs}) < len(runs)
    return [
        View(
            f"{of.dataset} {of.protocol}" if several else of.protocol,
            "" if several else _WEIGHTS[of.protocol],
            figure_of(run, kind),
        )
        for of, run in runs
    ]
