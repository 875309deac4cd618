"""Reports side by side, claim by claim: what differs between them, and what makes them unlike as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from claims.catalogue.order import paper_order
from claims.core.change import Change, change, key
from reports.comparison.pairing import Reason, digits_of, paired, reasons
from reports.earlier import NAME, UNSEALED, read
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

    @property
    def paired(self) -> bool:
        """Whether every report has a verdict."""
        return None not in self.verdicts

    @property
    def data(self) -> tuple[str, ...]:
        """Names of the data sets, each once."""
        return tuple(dict.fromkeys(row.dataset for row in self.verdicts if row))


@dataclass(frozen=True, slots=True)
class Column:
    """One report: the name it goes by, its file, and what its provenance says."""

    name: str
    path: str
    about: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The reports' columns, their rows, sentences on what to mind when reading them, and why rows that are
    not in every report are not."""

    columns: tuple[Column, ...]
    rows: tuple[Difference, ...]
    cautions: tuple[str, ...]
    unpaired: tuple[Reason, ...]


def gather(paths: Sequence[Path]) -> Comparison:
    """Read the reports and compare them.

    Raises:
        pytest.UsageError: one of them is no report.
    """
    reports = [read(path) for path in paths]
    columns = tuple(_columns(paths, reports))
    names = [column.name for column in columns]
    rows = tuple(compare(reports))
    why = tuple(reasons([row.verdicts for row in rows], reports, names))
    return Comparison(columns, rows, tuple(_cautions(names, reports)), why)


# -- verdicts -------------------------------------------------------------------------


def compare(reports: Sequence[Report]) -> list[Difference]:
    """One row for each question that any report answers (`reports.comparison.pairing`).

    Differences beyond the intervals come first, flips before changes, then the others, both in the paper's
    order.
    """
    ranks = [Change.FLIP, Change.CHANGE, Change.NONE, Change.RULE]
    return sorted(
        map(_difference, paired(reports)),
        key=lambda row: (
            (0, ranks.index(row.change)) if row.apart else (1, 0),
            paper_order(row.any),
            row.any.nodeid,
        ),
    )


def _difference(verdicts: tuple[Row | None, ...]) -> Difference:
    texts = {name: tuple(str(getattr(row, name, "")) or "-" for row in verdicts) for name in _ALIKE}
    changed = change(filter(None, verdicts))
    there = [row for row in verdicts if row]
    # What is exact of one data set and of another are two facts, not a fact that changed.
    one_data = len({row.dataset for row in there}) == 1
    if len({row.setting for row in there}) > 1:
        del texts["dataset"]  # it is why they were paired, and said once of all rows
    comparable = [row for row in there if changed is not Change.RULE and (one_data or row.sampled)]
    known = [ends for row in comparable if (ends := interval(row))]
    return Difference(
        verdicts,
        changed,
        max(low for low, _ in known) > min(high for _, high in known) if len(known) > 1 else None,
        {name: found for name, found in texts.items() if len(set(found) - {"-"}) > 1},
    )


def interval(row: Row) -> tuple[float, float] | None:
    """Both ends, infinite where open; a proof's value is an interval of width zero.

    None where a statistical verdict has no interval, or nothing was estimated: then
    nobody knows how far the estimate may be off.
    """
    if row.interval is not None:
        return row.interval
    if row.estimate is None or row.sampled:
        return None
    return row.estimate, row.estimate


def tally(rows: Sequence[Difference]) -> dict[str, int]:
    """How many rules and outcomes changed, intervals are apart and rows one-sided, zeros included."""
    kinds = {"rule": Change.RULE, "flip": Change.FLIP, "change": Change.CHANGE}
    return {word: sum(row.change is kind for row in rows) for word, kind in kinds.items()} | {
        "apart": sum(bool(row.apart) for row in rows),
        "one-sided": sum(not row.paired for row in rows),
        "unlike": sum(bool(row.unlike) for row in rows),
    }


# -- reports as a whole ---------------------------------------------------------------


def _columns(paths: Sequence[Path], reports: Sequence[Report]) -> Iterator[Column]:
    """Each goes by its folder's name where that tells them apart, else time and commit, else a number too."""
    names = [printable(path.resolve().parent.name if path.name == NAME else path.stem) for path in paths]
    stamps = [
        (minute(about.finished), commit(about.commit, about.dirty))
        for about in (report.provenance for report in reports)
    ]
    often = Counter(names)
    names = [
        name if often[name] == 1 else " ".join((name, *stamp))
        for name, stamp in zip(names, stamps, strict=True)
    ]
    often = Counter(names)
    for i, (name, path, report) in enumerate(zip(names, paths, reports, strict=True)):
        about, (finished, made_at) = report.provenance, stamps[i]
        yield Column(
            name if often[name] == 1 else f"{name} ({i + 1})",
            printable(str(path)),
            f"{about.folder}, scale {about.options.scale}, commit {made_at}, finished {finished} UTC",
        )


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
        "digits differ": [_digits(report) for report in reports],
        "samples differ": sized if len(sized) == len(reports) else [],
        "design differs": [design(of) for of in options],
    }.items():
        if len(set(values)) > 1:
            yield f"{what}: {_holders(names, values)}"
    for data in dict.fromkeys(name for about in abouts for name in about.data):
        if len({about.data[data] for about in abouts if data in about.data}) > 1:
            yield f"the bytes of data set {data} differ"
    for name, report in zip(names, reports, strict=True):
        if not report.digest:
            yield f"{name} {UNSEALED}"
        about = report.provenance
        if not about.complete:
            yield f"{name} is partial: {about.interrupted or about.selection or 'it ended early'}"
        for (claim, setting), number in Counter(map(key, report.verdicts)).items():
            if number > 1:
                yield f"{name} holds {claim} [{setting}] {number} times: the last counts"


def _digits(report: Report) -> str:
    """The digits that the report's networks trained on."""
    used = {row.dataset for row in report.verdicts if row.protocol}
    return " and ".join(sorted(used & digits_of(report))) or "none"


def _holders(names: Sequence[str], values: Sequence[str]) -> str:
    """`fp32 in cpu; tf32 in cuda-tf32, old`: each value once."""
    holders = {
        value: [name for name, own in zip(names, values, strict=True) if own == value] for value in values
    }
    return "; ".join(f"{value} in {', '.join(who)}" for value, who in holders.items())
