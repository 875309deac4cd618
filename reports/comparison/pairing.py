"""Which verdicts of several reports answer one question: one claim, network, output, loss and protocol.

A scale chooses its digits, and their name is part of a setting: `mnist-1k-500-he` of one report and
`mnist-5k-500-he` of another are one question. Verdicts of one claim and setting are paired first, then those
whose settings differ in the digits alone, then those that were judged on the same kinds of training under
another name. Where a report has two that would fit, none is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from claims.catalogue.experiments import BOSTON_50
from claims.catalogue.scales import SCALES
from claims.core.change import key
from reports.records import Report, Row

__all__ = ["Question", "Reason", "digits_of", "paired", "reasons"]

Question = tuple[Row | None, ...]
"""Its verdicts, one for each report, None where that has none."""

Group = list[Row | None]
"""A question while it is put together."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why verdicts have no partner: `name` of the report that lacks them, `why`, and how many by claim."""

    name: str
    why: str
    claims: dict[str, int]

    def __str__(self) -> str:
        each = ", ".join(f"{claim} ({n})" if n > 1 else claim for claim, n in self.claims.items())
        return f"{self.name} {self.why}: {each}"


def digits_of(report: Report) -> set[str]:
    """Data sets that stand in this report where the paper has MNIST."""
    named = {name for name in report.provenance.options.scale_sizes if name != BOSTON_50.data}
    return named | {scale.digits for scale in SCALES.values()}


def paired(reports: Sequence[Report]) -> list[Question]:
    """The verdicts of all reports by question; of a claim and setting that one holds twice, the last."""
    tables = [{key(row): row for row in report.verdicts} for report in reports]
    keys = dict.fromkeys(of for table in tables for of in table)
    groups: list[Group] = [[table.get(of) for table in tables] for of in keys]
    subjects = [_subjects(report) for report in reports]
    digits = [digits_of(report) for report in reports]
    groups = _merged(groups, lambda at, row: _without_digits(row, digits[at]))
    groups = _merged(groups, lambda at, row: _trainings(row, digits[at], subjects[at]))
    return [tuple(group) for group in groups]


def _merged(groups: list[Group], identity: Callable[[int, Row], Hashable | None]) -> list[Group]:
    """Groups that are not in every report, put together where they have one identity and no report twice."""
    alike: dict[Hashable, list[Group]] = {}
    for group in groups:
        if None in group:
            at, row = next((at, row) for at, row in enumerate(group) if row)
            if (of := identity(at, row)) is not None:
                alike.setdefault(of, []).append(group)
    gone = set()
    for first, *others in alike.values():
        if max(sum(group[at] is not None for group in (first, *others)) for at in range(len(first))) > 1:
            continue
        for group in others:
            first[:] = [mine or theirs for mine, theirs in zip(first, group, strict=True)]
            gone.add(id(group))
    return [group for group in groups if id(group) not in gone]


def _role(dataset: str, digits: set[str]) -> str:
    return "digits" if dataset in digits else dataset


def _without_digits(row: Row, digits: set[str]) -> Hashable:
    """Claim, protocol and setting, with a word in place of the digits' name."""
    place = f"-{row.setting}-".replace(f"-{row.dataset}-", "-*-", 1) if row.dataset else row.setting
    return row.claim, row.protocol, _role(row.dataset, digits), place


def _subjects(report: Report) -> dict[str, tuple[str, ...]]:
    """Key of a run -> network, output and loss of what it trains, where its test said so."""
    runs = report.provenance.experiments
    return {run.key: (of.network, of.output, of.loss, of.protocol) for run in runs if (of := run.subject)}


def _trainings(row: Row, digits: set[str], subjects: dict[str, tuple[str, ...]]) -> Hashable | None:
    """Claim, protocol, data and what was trained; None where nothing was, or is not known."""
    trained = tuple(sorted({subjects[run] for run in row.experiments if run in subjects}))
    return (row.claim, row.protocol, _role(row.dataset, digits), trained) if trained else None


# -- what has no partner --------------------------------------------------------------


def reasons(
    questions: Sequence[Question], reports: Sequence[Report], names: Sequence[str]
) -> Iterator[Reason]:
    """Why each verdict that is not in every report is not: a sentence a report and cause."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for verdicts in questions:
        own = next(row for row in verdicts if row)
        for report, name, verdict in zip(reports, names, verdicts, strict=True):
            if verdict is None:
                claims = found.setdefault((name, _why(own, report)), {})
                claims[own.claim] = claims.get(own.claim, 0) + 1
    for (name, why), claims in found.items():
        yield Reason(name, why, claims)


def _why(own: Row, report: Report) -> str:
    """What the report lacks that this verdict could be compared with."""
    there = [row for row in report.verdicts if row.claim == own.claim]
    partial = "" if report.provenance.complete else ", and is partial"
    digits = digits_of(report)
    if not there:
        return f"has no verdict on the claim{partial}"
    if own.protocol not in {row.protocol for row in there}:
        return f"has none of it under {own.protocol or 'no protocol'}{partial}"
    if _role(own.dataset, digits) not in {_role(row.dataset, digits) for row in there}:
        return f"has none of it on {own.dataset or 'no data set'}{partial}"
    return f"has it in other settings{partial}"
