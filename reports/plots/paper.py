"""The paper's nine figures redrawn, and after them every field that the report's runs have."""

from __future__ import annotations

from collections.abc import Sequence

from claims.catalogue.experiments import PROTOCOLS
from claims.catalogue.figures import PAPER
from reports.plots.claims import Found
from reports.plots.fields import Fields, Spread, declared, heading
from reports.plots.records import Interval, Level, Panel, Plot, Pool, Series, View
from reports.plots.sources import Source
from reports.plots.values import Asked

__all__ = ["others", "redrawn"]

SIDES = {"train": "Training", "test": "Test"}
_WEIGHTS = {"std": "standard deviation i + 2", "var": "variance i + 2", "he": "variance 2 / fan-in"}
_L0 = Level(1.0, "L = L0")


def redrawn(
    runs: Sequence[Source], found: Found, pool: Pool, csv: dict[Source, list[str]]
) -> dict[str, Plot]:
    """A plot a figure that any of these runs shows, a view each."""
    plots = {}
    for figure in PAPER:
        shown = sorted((run for run in runs if run.parts and figure.shows(run.subject)), key=_rank)
        draw = _labels if figure.kind == "agreement" else _curves
        views = [
            _view(run, _label(run, shown), found[Asked((run,))], draw, figure.kind, pool, csv)
            for run in shown
        ]
        if views:
            plots[f"figure-{figure.number}"] = Plot(f"Figure {figure.number}: {figure.title}", views)
    return plots


def others(runs: Sequence[Source], found: Found, pool: Pool, csv: dict[Source, list[str]]) -> dict[str, Plot]:
    """A plot a field that any run has, by the field's name, a view a run."""
    plots = {}
    for name in declared():
        having = [
            (run, of) for run in runs if isinstance(of := found[Asked((run,))], Fields) and name in of.spreads
        ]
        views = [
            View(
                run.name,
                [_panel(heading(name), of.spreads[name], pool, log=declared()[name].log)],
                csv=csv[run],
            )
            for run, of in having
        ]
        if views:
            plots[f"field-{name}"] = Plot(heading(name), views)
    return plots


def _rank(run: Source) -> tuple[int, str]:
    """He's protocol first, under which networks learn; then the paper's two readings."""
    order = ("he", *(protocol for protocol in PROTOCOLS if protocol != "he"))
    protocol = run.subject.protocol
    return order.index(protocol) if protocol in order else len(order), run.name


def _label(run: Source, beside: Sequence[Source]) -> str:
    of = run.subject
    if len({other.subject.protocol for other in beside}) < len(beside):
        return f"{of.dataset} {of.protocol}"
    return f"{of.protocol}: {_WEIGHTS[of.protocol]}" if of.protocol in _WEIGHTS else of.protocol


def _view(run, label, of, draw, kind, pool, csv) -> View:  # type: ignore[no-untyped-def]
    if isinstance(of, str):
        return View(label, problem=f"No figure: {of}.")
    return View(label, draw(of, pool), caption=of.captions.get(kind, ""), csv=csv[run])


def _curves(of: Fields, pool: Pool) -> list[Panel]:
    """Training, then test: the paper's linear axis, a log axis, and accuracy where there are labels."""
    panels = []
    for side, word in SIDES.items():
        loss = of.spreads[f"{side}_loss"]
        panels.append(_panel(f"{word} loss over L0, linear axis as in the paper", loss, pool))
        panels.append(_panel(f"{word} loss over L0, log axis", loss, pool, log=True, levels=[_L0]))
        if f"{side}_accuracy" in of.spreads:
            panels.append(_panel(f"{word} accuracy", of.spreads[f"{side}_accuracy"], pool, limits=(0, 1)))
    return panels


def _labels(of: Fields, pool: Pool) -> list[Panel]:
    """Training samples labelled alike and not, and the final shares by kind of pair."""
    alike = of.spreads["train_agreement"]
    panels = [
        _panel(f"Share of training samples {word}labelled alike", alike, pool, limits=(0, 1), rest=bool(word))
        for word in ("", "not ")
    ]
    for side, word in SIDES.items():
        found = of.spreads[f"{side}_agreement"]
        end = "step of the descent" if found.axis.most else "epoch"
        rows = [_range(series) for series in found.by]
        panels.append(Panel(f"{word} samples: share alike at the last {end}", rows=rows, limits=(0, 1)))
    return panels


def _range(of: Series) -> Interval:
    """The least, the median and the greatest at the end."""
    label = of.of if of.name == "all" else of.name
    low, high = (ends[-1] if ends else None for ends in (of.low, of.high))
    return Interval(label, of.middle[-1], low, high, range=True)


def _panel(title: str, of: Spread, pool: Pool, **more) -> Panel:  # type: ignore[no-untyped-def]
    return Panel(title, lines=[pool.add(of.axis, series) for series in of.by], **more)
