"""Which hypotheses of a theorem fail on given data, each named with the figure that says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from claims.catalogue import claim
from claims.core.verdict import Evidence, Failed
from claims.evidence.cache import EvidenceCache
from claims.evidence.linear import hypotheses
from claims.evidence.linear.preparation import prepared
from claims.evidence.sources import source
from models.exact.moments import Moments

__all__ = ["broken_on", "failed", "judged_on"]

_CHECKS: dict[str, tuple[Callable[[Moments], Evidence], Callable[[Moments], str]]] = {
    "H1": (hypotheses.shape_evidence, lambda of: f"d_y = {of.d_y} > d_x = {of.d_x}"),
    "H2": (hypotheses.gram_rank_evidence, lambda of: f"rank {of.rank} of {of.d_x}"),
    "H3": (hypotheses.cross_rank_evidence, lambda of: f"rank {of.cross_rank} of {min(of.d_x, of.d_y)}"),
    "H4": (hypotheses.eigenvalue_evidence, lambda of: "repeated eigenvalues of Sigma"),
}


def failed(prerequisites: Sequence[str], of: Moments, name: str) -> tuple[Failed, ...]:
    """The prerequisites that fail on these moments, each with a sentence; () when all hold.

    "H2 failed on mnist (rank 712 of 784)". A hypothesis that itself depends on one
    that failed (H4 on H2: without it Sigma does not exist) is left out.

    Args:
        prerequisites: ids of hypotheses, such as `claim.prerequisites`.
        of: the moments of the data.
        name: the data's name for the reader.

    Raises:
        ArithmeticError: a hypothesis could be neither proved nor disproved, so nothing can be said.
    """
    found: list[Failed] = []
    for hypothesis in prerequisites:
        if any(broken.claim in claim(hypothesis).prerequisites for broken in found):
            continue
        evidence, why = _CHECKS[hypothesis]
        proved = evidence(of).proved
        if proved is None:
            raise ArithmeticError(
                f"got neither a proof nor a disproof of {hypothesis} on {name}, wanted one: "
                "what needs it cannot be judged there; use fewer inputs"
            )
        if not proved:
            found.append(Failed(hypothesis, f"{hypothesis} failed on {name} ({why(of)})"))
    return tuple(found)


def broken_on(
    cache: EvidenceCache, prerequisites: Sequence[str], name: str, preparation: str, *, shown: str
) -> tuple[Failed, ...]:
    """`failed` on the moments of the set `name` after the steps in `preparation`, called `shown`.

    Kept in the evidence cache: claims with the same prerequisites share it.
    """
    if not prerequisites:
        return ()
    depends = {
        "data": source(name).exact_table.digest,
        "preparation": preparation,
        "prerequisites": list(prerequisites),
    }
    kept = cache.value(f"hypotheses {shown}", depends, _failed_on, prerequisites, name, preparation, shown)
    return msgspec.convert(kept, tuple[Failed, ...])


def _failed_on(prerequisites: Sequence[str], name: str, preparation: str, shown: str) -> object:
    return msgspec.to_builtins(failed(prerequisites, prepared(name, preparation), shown))


def judged_on(instead: str, evidence: Evidence) -> Evidence:
    """The evidence on data where a hypothesis failed: says on which variant of the data the claim is judged
    all the same, "" for none."""
    said = [f"judged on {instead} instead"] if instead else []
    return msgspec.structs.replace(evidence, note="; ".join([*said, *filter(None, [evidence.note])]))
