"""Which figures the page shows, and where: the paper's nine first, then what else the claims rest on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from msgspec.structs import replace as replaced

from claims.catalogue.experiments import PROTOCOLS
from claims.catalogue.figures import BOSTON, PAPER
from claims.core.origin import Subject, TrainedRun
from reports.figures.cache import Figure, FigureCache, Source, Wanted, titles

__all__ = ["Gallery", "Place", "View", "gallery"]


@dataclass(slots=True)
class View:
    """One protocol's figure, which is there once all are drawn."""

    label: str
    weights: str
    wanted: Wanted
    figure: Figure | None = None


@dataclass(slots=True)
class Place:
    """One figure with a view a protocol, none where no run shows it."""

    anchor: str
    heading: str
    title: str
    views: list[View] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Gallery:
    """The paper's figures, and the others by what they show."""

    paper: list[Place]
    more: list[tuple[str, list[Place]]]


_WEIGHTS = {"std": "standard deviation i + 2", "var": "variance i + 2", "he": "variance 2 / fan-in"}
_OUTPUTS = {"linear": "linear output", "softmax": "softmax output", "relu": "ReLU output"}
_LOSSES = {"mse": "squared error", "bce": "binary cross entropy", "ce": "cross entropy"}
_MORE = {
    "distance": "Distances between weights (section 3.1)",
    "agreement": "Labels of pairs, beyond figures 2 and 7",
    "curves": "Learning curves of the other runs",
    "gradient": "Norm of the full-batch gradient along the descents",
}


def gallery(experiments: Iterable[TrainedRun], cache: FigureCache) -> Gallery:
    """Every figure that these experiments of a report can show.

    Args:
        experiments: as in the report's provenance; one without a subject shows nothing.
        cache: where figures are kept or drawn.
    """
    every = sorted(_sources(experiments), key=lambda source: _order(source.subject))
    sources, descents = [one for one in every if one.parts], [one for one in every if one.second]
    paper = [
        Place(
            f"figure-{figure.number}",
            f"Figure {figure.number}",
            figure.title,
            _views([source for source in sources if figure.shows(source.subject)], figure.kind),
        )
        for figure in PAPER
    ]
    kinds = {kind: descents if kind == "gradient" else sources for kind in _MORE | titles()}
    more = [(_MORE.get(kind) or titles()[kind], _others(of, kind)) for kind, of in kinds.items()]
    places = [*paper, *(place for _, group in more for place in group)]
    drawn = cache.figures(view.wanted for place in places for view in place.views)
    for place in places:
        place.views = [replace(view, figure=of) for view in place.views if (of := drawn[view.wanted])]
    return Gallery(paper, [(title, shown) for title, of in more if (shown := [p for p in of if p.views])])


def _sources(experiments: Iterable[TrainedRun]) -> list[Source]:
    """The runs of one name as one, each training with the descent from where it ended as its second leg;
    without what only a table says of descents, and cannot be hashed."""
    legs: tuple[dict[str, list[TrainedRun]], dict[str, list[TrainedRun]]] = {}, {}
    for run in experiments:
        name = run.name or run.key
        if run.descent and run.descent.start == "trained":
            name = name.removesuffix(f" {'+'.join(run.descent.methods)}")
        legs[run.descent is not None].setdefault(name, []).append(replaced(run, descent=None))
    first, second = legs
    return [
        Source(name, subject, tuple(first.get(name, ())), tuple(second.get(name, ())))
        for name, runs in (second | first).items()
        if (subject := runs[0].subject)
    ]


def _order(of: Subject) -> tuple[object, ...]:
    rank = PROTOCOLS.index(of.protocol) if of.protocol in PROTOCOLS else len(PROTOCOLS)
    return of.network, of.output, of.loss, rank, of.dataset


def _others(sources: Sequence[Source], kind: str) -> list[Place]:
    """The figures of a kind that are not among the paper's, one a network."""
    by_network: dict[str, list[Source]] = {}
    for source in sources:
        of = source.subject
        if not any(figure.kind == kind and figure.shows(of) for figure in PAPER):
            output, loss = _OUTPUTS.get(of.output, of.output), _LOSSES.get(of.loss, of.loss)
            name = f"{of.dataset}, network {of.network}, {output}, {loss}"
            _, initial, methods = source.name.partition(" initial ")
            name += f", {methods} from the initial weights" if initial else ""
            by_network.setdefault(name, []).append(source)
    if kind == "agreement":
        by_network = {name: some for name, some in by_network.items() if some[0].subject.dataset != BOSTON}
    return [
        Place(f"{kind}-{i}", name[:1].upper() + name[1:], "", _views(some, kind))
        for i, (name, some) in enumerate(by_network.items(), start=1)
    ]


def _views(sources: Sequence[Source], kind: str) -> list[View]:
    several = len({source.subject.protocol for source in sources}) < len(sources)
    return [
        View(
            f"{source.subject.dataset} {source.subject.protocol}" if several else source.subject.protocol,
            "" if several else _WEIGHTS.get(source.subject.protocol, ""),
            Wanted(source, kind),
        )
        for source in sources
    ]
