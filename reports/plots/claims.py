"""A claim's plots: the quantity judged, over both legs, and the intervals of all its settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from claims.curves.shown import Shown, shown
from reports.formats import estimate
from reports.plots.fields import Fields, declared, heading
from reports.plots.records import Interval, Judged, Level, Panel, Plot, Pool, View
from reports.plots.series import short
from reports.plots.sources import Source
from reports.plots.values import Asked
from reports.records import Row
from reports.rendering import rendered

__all__ = ["asked_by", "intervals", "over_time"]

Found = Mapping[Asked, Fields | Judged | str]

_SHARES = ("share", "agreement", "accuracy")


def asked_by(row: Row, runs: Sequence[Source]) -> list[Asked]:
    """The values that the plot of a verdict on these runs needs."""
    of = shown(row.claim)
    if not runs or not of.behind:
        return []
    return [*(Asked((run,)) for run in runs), *([Asked(tuple(runs), row.claim)] if of.judged else [])]


def intervals(rows: Sequence[Row]) -> Plot | None:
    """Every setting's estimate and interval against the region of the claim; None where none has a number."""
    found = [_interval(row) for row in rows]
    if not any(row.value is not None or row.low is not None or row.high is not None for row in found):
        return None
    title = _headed(shown(rows[0].claim).name or rows[0].unit)
    panel = Panel(title, rows=found, region=_region(rows[0]), limits=_limits(rows[0].unit))
    return Plot(f"{rows[0].claim}: estimates and intervals", [View("all settings", [panel])])


def over_time(rows: Sequence[tuple[Row, Sequence[Source]]], found: Found, pool: Pool) -> Plot | None:
    """A view a setting, those that are decided first; None where no run is behind the claim."""
    of = shown(rows[0][0].claim)
    ranked = sorted(rows, key=lambda each: (not each[0].decided, each[0].fell))
    common = f"{rows[0][0].dataset}-"
    known = common if all(row.setting.startswith(common) for row, _ in rows) else ""
    views = [
        _view(row, row.setting.removeprefix(known), runs, of, found, pool)
        for row, runs in ranked
        if asked_by(row, runs)
    ]
    if not views:
        return None
    first = rows[0][0]
    caption = rendered("plot.txt", of=of, region=first.region)
    return Plot(f"{first.claim}: {first.statement}", views, " ".join(caption.split()))


def _view(row: Row, label: str, runs: Sequence[Source], of: Shown, found: Found, pool: Pool) -> View:
    values = {run: found[Asked((run,))] for run in runs}
    known = {run: value for run, value in values.items() if isinstance(value, Fields)}
    view = View(label, outcome=row.outcome, text=estimate(row) + "*" * row.fell, early=of.early)
    if len(known) < len(values):
        why = next(value for value in values.values() if isinstance(value, str))
        return replace(view, problem=f"No curves: {why}.")
    judged = found.get(Asked(tuple(runs), row.claim))
    first = (
        _judged(row, of, judged, pool)
        if isinstance(judged, Judged) and any(value is not None for value in judged.series.middle)
        else Panel(
            _headed(of.name or row.unit), rows=[_interval(row)], region=_region(row), limits=_limits(row.unit)
        )
    )
    panels = [_behind(name, of, known, pool, first=k == 0) for k, name in enumerate(of.behind)]
    return replace(view, panels=[first, *filter(None, panels)])


def _headed(text: str) -> str:
    """With a capital, unless it begins with a symbol: d_y stays what it is."""
    return text[:1].upper() + text[1:] if text[1:2].isalpha() else text


def _judged(row: Row, of: Shown, judged: Judged, pool: Pool) -> Panel:
    """The quantity over both legs, and at the judged point its interval."""
    sizes = [abs(value) for value in judged.series.middle if value]
    return Panel(
        _headed(of.name),
        log=bool(sizes) and max(sizes) > 1e3 * min(sizes) and not _limits(row.unit),
        limits=_limits(row.unit),
        lines=[pool.add(judged.axis, judged.series, "the quantity judged")],
        region=_region(row),
        mark=_interval(row),
        highest=of.highest,
    )


def _behind(name: str, of: Shown, runs: Mapping[Source, Fields], pool: Pool, *, first: bool) -> Panel | None:
    """A recorded field of the runs: one line each where they are compared, else one a model i."""
    spreads = {run: fields.spreads[name] for run, fields in runs.items() if name in fields.spreads}
    if not spreads:
        return None
    names = _apart(list(spreads))
    lines = [
        pool.add(spread.axis, series, names[run] if of.overlaid else series.name)
        for run, spread in spreads.items()
        for series in ([spread.all] if of.overlaid else spread.by)
    ]
    levels = [Level(of.level.at, of.level.word)] if of.level and first else []
    log = declared()[name].log
    return Panel(
        heading(name),
        log=log,
        limits=None if log else _limits(heading(name).lower()),
        lines=lines,
        levels=levels,
    )


def _apart(runs: Sequence[Source]) -> dict[Source, str]:
    """What tells each run from the others, in few words."""
    words = {run: _words(run) for run in runs}
    common = set.intersection(*(set(of) for of in words.values()))
    return {run: ", ".join(word for word in of if word not in common) or "all" for run, of in words.items()}


def _words(run: Source) -> list[str]:
    of = run.subject
    _, initial, methods = run.name.partition(" initial ")
    tail = run.name.partition(f" {of.loss}")[2].strip()
    return [
        f"{of.network} units",
        f"{of.output} output",
        {"mse": "squared error", "bce": "binary cross entropy", "ce": "cross entropy"}.get(of.loss, of.loss),
        of.protocol,
        of.dataset,
        *([methods if initial else tail] if methods or tail else []),
    ]


def _interval(row: Row) -> Interval:
    low, high = row.interval or (None, None)
    if row.interval is None:
        low = high = row.estimate
    value, low, high = (
        None if end is None or not math.isfinite(end) else short(end) for end in (row.estimate, low, high)
    )
    return Interval(row.setting, value, low, high, row.outcome, estimate(row, sides=False) + "*" * row.fell)


def _region(row: Row) -> tuple[float | None, float | None]:
    ends = (row.region.low, row.region.high)
    low, high = (end if math.isfinite(end) else None for end in ends)
    return low, high


def _limits(unit: str) -> tuple[float, float] | None:
    """Shares lie between 0 and 1."""
    return (0.0, 1.0) if unit.startswith(_SHARES[:2]) or unit.endswith("accuracy, share") else None
