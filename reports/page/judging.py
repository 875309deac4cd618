"""What a report's verdicts say of a figure of the paper: on the claims that it shows, for its own network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from claims.catalogue.figures import PaperFigure
from claims.core.verdict import Outcome
from reports.formats import STYLES
from reports.page.words import PageRow

__all__ = ["FigureClaim", "Judging", "judging"]


@dataclass(frozen=True, slots=True)
class FigureClaim:
    """A claim that a figure shows, with (protocol, outcome) of each of its verdicts."""

    id: str
    statement: str
    outcomes: list[tuple[str, Outcome]]


@dataclass(frozen=True, slots=True)
class Judging:
    """All claims of a figure, and by outcome which of them under which protocols."""

    claims: list[FigureClaim]
    said: dict[Outcome, list[str]]


def judging(figure: PaperFigure, rows: Sequence[PageRow]) -> Judging | None:
    """The verdicts on networks that the figure shows, of claims that name it; None where there are none.

    Which figures show a claim is the claim's own declaration.
    """
    by_claim: dict[str, FigureClaim] = {}
    for row in rows:
        verdict = row.verdict
        if figure.number not in verdict.figures:
            continue
        subjects = [run.subject for run in row.experiments if run.subject]
        if subjects and not any(map(figure.shows, subjects)):
            continue
        found = by_claim.setdefault(verdict.claim, FigureClaim(verdict.claim, verdict.statement, []))
        found.outcomes.append((verdict.protocol, verdict.outcome))
    if not by_claim:
        return None
    said: dict[Outcome, list[str]] = {}
    for outcome in STYLES:
        for claim in by_claim.values():
            where = [protocol for protocol, of in claim.outcomes if of == outcome and protocol]
            if any(of == outcome for _, of in claim.outcomes):
                said.setdefault(outcome, []).append(f"{claim.id} ({', '.join(where)})" if where else claim.id)
    return Judging(list(by_claim.values()), said)
