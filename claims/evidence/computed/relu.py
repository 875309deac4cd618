"""Evidence on networks with ReLU that trains nothing, by claim."""

from __future__ import annotations

from collections.abc import Callable

from claims.catalogue.computed import Found
from claims.core.claim import Claim
from claims.core.verdict import Evidence
from claims.evidence.cache import EvidenceCache
from claims.evidence.relu import relu_theorem
from claims.evidence.sources import source

__all__ = ["counted", "shown"]


def shown(
    cache: EvidenceCache, *, claim: Claim, setting: str, name: str, construction: str, units: int
) -> Found:
    """N1, by exact local minima on a data set and exact weights with a smaller loss.

    Args:
        cache: keeps it.
        claim: N1.
        setting: of the verdict.
        name: of the data set.
        construction: of the minima.
        units: of the one hidden layer.
    """
    depends = {"data": source(name).exact_table.digest, "units": units}
    return Found(
        cache.evidence(f"{claim.id} {setting}", depends, relu_theorem.on_dataset, name, construction, units)
    )


def counted(
    cache: EvidenceCache,
    *,
    claim: Claim,
    setting: str,
    name: str,
    reading: str,
    evidence: Callable[..., Evidence],
) -> Found:
    """N2, over the paths of a network.

    Args:
        cache: keeps it.
        claim: N2.
        setting: of the verdict.
        name: of the planted set.
        reading: of equation (1).
        evidence: of the reading and the claim.
    """
    depends = {"data": source(name).exact_table.digest, "rule": repr(claim)}
    return Found(cache.evidence(f"{claim.id} {setting}", depends, evidence, reading, claim, name))
