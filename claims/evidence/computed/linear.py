"""Evidence on the deep linear theorem, by claim: where a hypothesis fails, that, and what is known all the
same."""

from __future__ import annotations

from collections.abc import Callable

from claims.catalogue.computed import Found
from claims.core.claim import Claim
from claims.core.verdict import Evidence, Strength
from claims.evidence.cache import EvidenceCache
from claims.evidence.linear import dropped_hypotheses, restarts
from claims.evidence.linear.preparation import on_moments
from claims.evidence.linear.prerequisites import broken_on, judged_on
from claims.evidence.sources import source

__all__ = ["concluded", "proved", "restarted", "survived"]


def proved(
    cache: EvidenceCache,
    *,
    claim: Claim,
    setting: str,
    name: str,
    preparation: str,
    evidence: Callable[..., Evidence],
    instead: str = "",
) -> Found:
    """A hypothesis, by a proof on the prepared moments.

    Args:
        cache: keeps it under the data's digest.
        claim: H1 to H6.
        setting: of the verdict.
        name: of the data set.
        preparation: of its inputs.
        evidence: of the moments.
        instead: the variant of the data that the claim is judged on where a prerequisite fails.
    """
    failed = broken_on(cache, claim.prerequisites, name, preparation, shown=name)
    found = cache.evidence(
        f"{claim.id} {setting}", _depends(name, preparation), on_moments, evidence, name, preparation
    )
    return Found(judged_on(instead, found) if failed else found, failed)


def concluded(
    cache: EvidenceCache,
    *,
    claim: Claim,
    setting: str,
    name: str,
    preparation: str,
    on: Callable[..., Evidence],
    evidence: Callable[..., Evidence],
    instead: str,
) -> Found:
    """A conclusion of the theorem; where a hypothesis fails no evidence is made.

    Args:
        cache: keeps it.
        claim: T1, T3, T4 or T5.
        setting, name, preparation, instead: as for `proved`.
        on: calls `evidence` with what it is about: moments, critical points.
        evidence: of those.
    """
    if failed := broken_on(cache, claim.prerequisites, name, preparation, shown=setting):
        nothing = Evidence(None, None, 0, Strength.PROOF, sampling_unit="points built")
        return Found(judged_on(instead, nothing), failed)
    depends = _depends(name, preparation)
    return Found(cache.evidence(f"{claim.id} {setting}", depends, on, evidence, name, preparation))


def restarted(cache: EvidenceCache, *, claim: Claim, setting: str, name: str, preparation: str) -> Found:
    """T2, by restarts; none where a hypothesis fails."""
    if failed := broken_on(cache, claim.prerequisites, name, preparation, shown=setting):
        return Found(judged_on(f"{name}-independent", Evidence(None, None, 0)), failed)
    depends = _depends(name, preparation) | {"alpha": claim.alpha}
    called = (restarts.restarted, name, preparation, claim.alpha)
    return Found(cache.evidence(f"{claim.id} {setting}", depends, *called))


def survived(cache: EvidenceCache, *, claim: Claim, setting: str, name: str) -> Found:
    """T6, on planted data that break one hypothesis."""
    depends = {"data": source(name).exact_table.digest}
    return Found(cache.evidence(f"{claim.id} {setting}", depends, dropped_hypotheses.survival_on, name))


def _depends(name: str, preparation: str) -> dict[str, object]:
    return {"data": source(name).exact_table.digest, "preparation": preparation}
