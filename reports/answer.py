"""The answer: are all local minima of a neural network equivalent? By claims, a clause for each topic.

Terminal and page show the same clauses. Which topic a claim belongs to, and whether it is the question
itself, its declaration says (`claims.core.claim`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from claims.catalogue import CATALOGUE, Topic
from claims.catalogue.experiments import PROTOCOLS
from claims.core.verdict import Outcome
from reports.records import Report, Row
from reports.rendering import rendered

__all__ = [
    *("OTHER", "QUESTION", "Answer", "Clause", "Member", "Standing"),
    *("answer", "contradictions", "listed"),
]

OTHER = "other claims"
"""The topic of those that are beside the question."""

QUESTION = "Are all local minima of a neural network equivalent?"


class Standing(StrEnum):
    """What the rows of one claim come to, those that are decided and survive Benjamini and Hochberg's
    correction over the report; a claim that is decided in no row is open, or applies to none."""

    HOLDS = "hold"
    FAILS = "fail"
    DIFFERS = "differ"
    OPEN = "open"
    SILENT = "do not apply"


@dataclass(frozen=True, slots=True)
class Member:
    """One claim: its id, how it stands, and under which protocols of the initial weights that was decided."""

    claim: str
    standing: Standing
    protocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """One topic's part of the answer.

    Attributes:
        topic: what it speaks of.
        lead: the answer itself, "yes, proved by ...", "no, ...", "open"; "" where the counts are the answer.
        members: the claims judged, in the report's order: the evidence.
        protocols: of the initial weights that the topic's claims were judged under.
    """

    topic: str
    lead: str
    members: tuple[Member, ...]
    protocols: tuple[str, ...]

    def naming(self, *named: Standing) -> str:
        """The clause as a sentence, with the ids of the claims that stand like this; others are counted."""
        counts = [
            (standing, len(found), listed(found, self.protocols) if standing in named else "")
            for standing in Standing
            if (found := [member for member in self.members if member.standing is standing])
        ]
        return _line("clause", of=self, counts=counts)


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer: its clauses in the order of the question, and how surely they are known."""

    clauses: tuple[Clause, ...]
    note: str


def answer(report: Report) -> Answer:
    """What the report's verdicts say of the question.

    A row counts as decided where it survives Benjamini and Hochberg's correction, which holds the expected
    share of wrong ones among all that are listed; "yes" and "no" need Holm's, or a proof.
    """
    alpha = report.multiplicity.alpha
    topics: dict[str, list[Row]] = {topic: [] for topic in Topic}
    for row in report.verdicts:
        of = CATALOGUE.get(row.claim)
        topics.setdefault((of and of.topic) or OTHER, []).append(row)
    clauses = tuple(
        Clause(topic, _lead(topic, rows, alpha), tuple(_members(rows)), _protocols(rows))
        for topic, rows in topics.items()
        if rows
    )
    return Answer(clauses, _line("note", multiplicity=report.multiplicity, judged=bool(clauses)))


def listed(members: Iterable[Member], everywhere: Sequence[str] = ()) -> str:
    """`E1, D3; std, var: E2, M1; he: E9`: ids, by the protocols that decided them unless everywhere."""
    groups: dict[tuple[str, ...], list[str]] = {(): []}
    for member in members:
        place = () if member.protocols == tuple(everywhere) else member.protocols
        groups.setdefault(place, []).append(member.claim)
    parts = [f"{', '.join(place)}: " * bool(place) + ", ".join(ids) for place, ids in groups.items() if ids]
    return "; ".join(parts)


def contradictions(rows: Sequence[Row]) -> list[Member]:
    """The claims with decided rows that say otherwise than the paper, and under which protocols they do."""
    against = {Outcome.REFUTED: ("yes", "assumed"), Outcome.SUPPORTED: ("no",)}
    return list(_members([row for row in rows if row.paper in against.get(row.outcome, ()) and not row.fell]))


def _members(rows: Sequence[Row]) -> Iterable[Member]:
    claims: dict[str, list[Row]] = {}
    for row in rows:
        claims.setdefault(row.claim, []).append(row)
    for id, same in claims.items():
        decided = [row for row in same if row.decided and not row.fell]
        yield Member(id, _standing(same, decided), _protocols(decided))


def _protocols(rows: Iterable[Row]) -> tuple[str, ...]:
    found = dict.fromkeys(row.protocol for row in rows if row.protocol)
    return tuple(sorted(found, key=lambda name: (*PROTOCOLS, name).index(name)))


def _standing(rows: Sequence[Row], decided: Sequence[Row]) -> Standing:
    outcomes = {row.outcome for row in decided}
    if len(outcomes) > 1:
        return Standing.DIFFERS
    if outcomes:
        return Standing.HOLDS if Outcome.SUPPORTED in outcomes else Standing.FAILS
    silent = all(row.outcome is Outcome.NOT_APPLICABLE for row in rows)
    return Standing.SILENT if silent else Standing.OPEN


def _lead(topic: str, rows: Sequence[Row], alpha: float) -> str:
    """The verdict on the question itself, where the topic has a claim that asks it."""
    central = [row for row in rows if (of := CATALOGUE.get(row.claim)) and of.central]
    if not any(of.central and of.topic == topic for of in CATALOGUE.values()):
        return ""
    firm = [row for row in central if row.decided and row.stands(alpha)]
    return _line(
        "lead",
        topic=topic,
        no=[row for row in firm if row.outcome is Outcome.REFUTED],
        yes=[row for row in firm if row.outcome is Outcome.SUPPORTED],
        asked=central,
    )


def _line(part: str, **shown: object) -> str:
    return " ".join(rendered("answer.txt", part=part, **shown).split())
