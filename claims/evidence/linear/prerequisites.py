"""Which hypotheses of a theorem fail on given data, each named with the figure that says so."""

from __future__ import annotations

from collections.abc import Callable

from claims.catalogue import claim
from claims.core.verdict import Evidence
from claims.evidence.linear import hypotheses
from models.exact.moments import Moments

__all__ = ["failed", "failed_on"]

_CHECKS: dict[str, tuple[Callable[[Moments], Evidence], Callable[[Moments], str]]] = {
    "H1": (hypotheses.shape_evidence, lambda of: f"d_y = {of.d_y} > d_x = {of.d_x}"),
    "H2": (hypotheses.gram_rank_evidence, lambda of: f"rank {of.rank} of {of.d_x}"),
    "H3": (hypotheses.cross_rank_evidence, lambda of: f"rank {of.cross_rank} of {min(of.d_x, of.d_y)}"),
    "H4": (hypotheses.eigenvalue_evidence, lambda of: "repeated eigenvalues of Sigma"),
}


def failed_on(claim_id: str, name: str, preparation: str, shown: str, *, instead: str = "") -> list[str]:
    """`failed` on the moments of the set `name` after the steps in `preparation`, called `shown`."""
    return failed(claim_id, hypotheses.prepared(name, preparation), shown, instead=instead)


def failed(claim_id: str, of: Moments, name: str, *, instead: str = "") -> list[str]:
    """One sentence for each prerequisite of the claim that fails on these moments, [] when all hold.

    "H2 failed on mnist (rank 712 of 784)". A hypothesis that itself depends on one
    that failed (H4 on H2: without it Sigma does not exist) is left out.

    Args:
        claim_id: whose prerequisites.
        of: the moments of the data.
        name: the data's name for the reader.
        instead: the variant of the data on which the claim is judged all the same.

    Raises:
        ArithmeticError: a hypothesis could be neither proved nor disproved, so nothing can be said.
    """
    broken: list[str] = []
    sentences = []
    for hypothesis in claim(claim_id).prerequisites:
        if any(needed in broken for needed in claim(hypothesis).prerequisites):
            continue
        evidence, why = _CHECKS[hypothesis]
        proved = evidence(of).proved
        if proved is None:
            raise ArithmeticError(
                f"got neither a proof nor a disproof of {hypothesis} on {name}, wanted one: "
                f"{claim_id} cannot be judged there; use fewer inputs"
            )
        if not proved:
            broken.append(hypothesis)
            sentences.append(f"{hypothesis} failed on {name} ({why(of)})")
    return [*sentences, f"judged on {instead} instead"] if sentences and instead else sentences
