"""Reports side by side, claim by claim: what differs between them, and what makes them unlike as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from claims.core.verdict import Strength
from reports.collector import paper_order
from reports.earlier import NAME, Change, change, key, read
from reports.formats import commit, design, minute, sizes
from reports.layout import printable
from reports.records import Report, Row

__all__ = ["Column", "Comparison", "Difference", "compare", "gather", "interval", "tally"]

_ALIKE = ("statement", "region", "unit", "alpha", "n", "sampling_unit", "strength", "protocol", "dataset")
"""Fields that must agree for two verdicts to answer the same question equally well."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One claim in one setting, across the reports.

    Attributes:
        verdicts: one for each report, None where it has none.
        change: whether the outcomes flip, change otherwise, or agree, or were reached by different rules.
        apart: whether two of the intervals do not overlap; None with fewer than two intervals, and where the
            rule changed, since the intervals may then be of different quantities.
        unlike: field -> its values, a text for each report ("-" for none), where they differ.
    """

    verdicts: tuple[Row | None, ...]
    change: Change
    apart: bool | None
    unlike: Mapping[str, tuple[str, ...]]

    @property
    def any(self) -> Row:
        """The first report's verdict that there is."""
        return next(verdict for verdict in self.verdicts if verdict is not None)


@dataclass(frozen=True, slots=True)
class Column:
    """One report: the name it goes by, its file, and what its provenance says."""

    name: str
    path: str
    about: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The reports' columns, their rows, and sentences on what to mind when reading them."""

    columns: tuple[Column, ...]
    rows: tuple[Difference, ...]
    cautions: tuple[str, ...]


def gather(paths: Sequence[Path]) -> Comparison:
    """Read the reports and compare them.

    Raises:
        pytest.UsageError: one of them is no report.
    """
    reports = [read(path) for path in paths]
    names = _names(paths, reports)
    columns = tuple(
        Column(name, printable(str(path)), _about(report))
        for name, path, report in zip(names, paths, reports, strict=True)
    )
    return Comparison(columns, tuple(compare(reports)), tuple(_cautions(names, reports)))


# -- verdicts -------------------------------------------------------------------------


def compare(reports: Sequence[Report]) -> list[Difference]:
    """One row for each claim and setting that any report has, in the paper's order.

    Where one report holds a claim and setting twice, its last verdict counts, as for a baseline.
    """
    tables = [{key(row): row for row in report.verdicts} for report in reports]
    keys = dict.fromkeys(key for table in tables for key in table)
    rows = [_difference(tuple(table.get(key) for table in tables)) for key in keys]
    return sorted(rows, key=lambda row: paper_order(row.any))


def _difference(verdicts: tuple[Row | None, ...]) -> Difference:
    changed = change(filter(None, verdicts))
    known = [ends for row in verdicts if row and changed is not Change.RULE and (ends := interval(row))]
    return Difference(
        verdicts,
        changed,
        max(low for low, _ in known) > min(high for _, high in known) if len(known) > 1 else None,
        {field: texts for field in _ALIKE if len(set(texts := _texts(verdicts, field)) - {"-"}) > 1},
    )


def _texts(verdicts: tuple[Row | None, ...], field: str) -> tuple[str, ...]:
    return tuple("-" if row is None else str(getattr(row, field)) or "-" for row in verdicts)


def interval(row: Row) -> tuple[float, float] | None:
    """Both ends, infinite where open; a proof's value is an interval of width zero.

    None where a statistical verdict has no interval, or nothing was estimated: then
    nobody knows how far the estimate may be off.
    """
    if row.interval is not None:
        return row.interval
    if row.estimate is None or row.strength is Strength.STATISTICAL:
        return None
    return row.estimate, row.estimate


def tally(rows: Sequence[Difference]) -> dict[str, int]:
    """How many rules and outcomes changed, intervals are apart and rows one-sided, zeros included."""
    return {
        "rule": sum(row.change is Change.RULE for row in rows),
        "flip": sum(row.change is Change.FLIP for row in rows),
        "change": sum(row.change is Change.CHANGE for row in rows),
        "apart": sum(bool(row.apart) for row in rows),
        "one-sided": sum(None in row.verdicts for row in rows),
        "unlike": sum(bool(row.unlike) for row in rows),
    }


# -- reports as a whole ---------------------------------------------------------------


def _stamp(report: Report) -> tuple[str, str]:
    about = report.provenance
    return commit(about.commit, about.dirty), minute(about.finished)


def _about(report: Report) -> str:
    about, (made_at, finished) = report.provenance, _stamp(report)
    return f"{about.folder}, scale {about.options.scale}, commit {made_at}, finished {finished} UTC"


def _names(paths: Sequence[Path], reports: Sequence[Report]) -> list[str]:
    """The folder's name where that tells the columns apart, else time and commit, else a number as well."""
    folders = [printable(path.resolve().parent.name if path.name == NAME else path.stem) for path in paths]
    often = Counter(folders)
    names = [
        name if often[name] == 1 else " ".join((name, *reversed(_stamp(report))))
        for name, report in zip(folders, reports, strict=True)
    ]
    again = Counter(names)
    return [name if again[name] == 1 else f"{name} ({i})" for i, name in enumerate(names, start=1)]


def _cautions(names: Sequence[str], reports: Sequence[Report]) -> Iterator[str]:
    """What differs between the runs as a whole, and reports that are partial or say a thing twice."""
    abouts = [report.provenance for report in reports]
    options = [about.options for about in abouts]
    sized = [sizes(of) for of in options if of.scale_sizes]
    for what, values in {
        "version differs": [f"version {report.version}" for report in reports],
        "scale differs": [of.scale for of in options],
        "precision differs": [about.precision or about.options.precision for about in abouts],
        "protocols differ": [", ".join(of.protocols) for of in options],
        "samples differ": sized if len(sized) == len(reports) else [],
        "design differs": [design(of) for of in options],
    }.items():
        if len(set(values)) > 1:
            yield f"{what}: {_holders(names, values)}"
    for data in dict.fromkeys(name for about in abouts for name in about.data):
        if len({about.data[data] for about in abouts if data in about.data}) > 1:
            yield f"the bytes of data set {data} differ"
    for name, report in zip(names, reports, strict=True):
        if not report.provenance.complete:
            yield f"{name} is partial: {report.provenance.interrupted or 'it ended early'}"
        for (claim, setting), number in Counter(map(key, report.verdicts)).items():
            if number > 1:
                yield f"{name} holds {claim} [{setting}] {number} times: the last counts"


def _holders(names: Sequence[str], values: Sequence[str]) -> str:
    """`fp32 in cpu; tf32 in cuda-tf32, old`: each value once."""
    holders = {
        value: [name for name, own in zip(names, values, strict=True) if own == value] for value in values
    }
    return "; ".join(f"{value} in {', '.join(who)}" for value, who in holders.items())
