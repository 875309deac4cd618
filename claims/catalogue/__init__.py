"""Every claim as data: what it says, where the paper says it, and the rule that decides it.

A file a section of the paper in `sections/`; the margins are in `claims.core.margins`, the rules that several
claims share in `rules`, the networks they are judged on in `experiments`.
"""

from __future__ import annotations

from claims.catalogue.sections import (
    boston,
    cross_entropy,
    discussion,
    equation_one,
    hypotheses,
    linear_output,
    linear_theorem,
    metrics,
    minima,
    relu_networks,
    softmax,
)
from claims.core.claim import Claim, Kind, Leg, Topic, nearest

__all__ = ["CATALOGUE", "Claim", "Kind", "Leg", "Topic", "claim"]

CATALOGUE: dict[str, Claim] = {
    claim.id: claim
    for section in (
        hypotheses,
        linear_theorem,
        relu_networks,
        linear_output,
        softmax,
        boston,
        cross_entropy,
        minima,
        equation_one,
        metrics,
        discussion,
    )
    for claim in section.CLAIMS
}
"""The paper's claims by id, in the order of the report."""


def claim(id: str) -> Claim:
    """The claim with this id.

    Raises:
        KeyError: naming the nearest ids.
    """
    try:
        return CATALOGUE[id]
    except KeyError:
        near = nearest(id, CATALOGUE)
        raise KeyError(f"got the claim id {id!r}, wanted one of the catalogue's, such as {near}") from None
