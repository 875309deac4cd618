"""The order and the headings under which verdicts are shown: as the paper has its claims."""

from __future__ import annotations

from typing import Any

from claims.catalogue import CATALOGUE, Kind
from claims.catalogue.experiments import PROTOCOLS
from claims.core.verdict import Verdict

__all__ = ["SECTIONS", "paper_order"]

SECTIONS: dict[str, str] = {
    Kind.HYPOTHESIS: "Section 2: hypotheses",
    Kind.THEOREM: "Section 2: theorems",
    Kind.EMPIRICAL: "Section 4: empirical results",
    Kind.METRIC: "Section 3.1: metrics",
    Kind.DISCUSSION: "Section 5: discussion",
}
"""Kind of a claim -> the part of the paper that has it."""


def paper_order(verdict: Verdict) -> tuple[Any, ...]:
    """Sort key: the catalogue's order, then data set, architecture, protocol; never the order of arrival."""
    known, protocol = list(CATALOGUE), verdict.protocol
    return (
        known.index(verdict.claim) if verdict.claim in known else len(known),
        verdict.claim,
        verdict.dataset,
        verdict.setting.removesuffix(f"-{protocol}") if protocol else verdict.setting,
        PROTOCOLS.index(protocol) if protocol in PROTOCOLS else len(PROTOCOLS),
        verdict.setting,
    )
