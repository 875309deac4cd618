"""Section 2.1: the conclusions of the deep linear theorem, by exact and ball arithmetic; nothing trains."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from claims.catalogue.computed import Computed
from claims.catalogue.declaration import claim
from claims.catalogue.exact_sets import exact_sets, of_scale, preparations
from claims.core.claim import Claim
from claims.core.verdict import Evidence
from claims.evidence.computed.linear import concluded, survived
from claims.evidence.linear.convexity import convexity_evidence
from claims.evidence.linear.curvature import curvature_evidence
from claims.evidence.linear.dropped_hypotheses import DROPPED
from claims.evidence.linear.points import on_critical_points, on_points_and_moments
from claims.evidence.linear.preparation import on_moments
from claims.evidence.linear.saddles import saddle_evidence
from claims.evidence.linear.strictness import strictness_evidence

WHERE = {
    f"{name}-{prepared}".removesuffix("-raw"): (
        name,
        prepared,
        f"{name}-independent" if prepared == "raw" and "independent" in preparations(name) else "",
    )
    for name in ("synthetic", *exact_sets())
    for prepared in preparations(name)
}
"""Setting -> data set, preparation, and where the claim is judged if a hypothesis fails there."""

settings = pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            dict(zip(("name", "preparation", "instead"), where, strict=True)),
            id=setting,
            # One worker a setting: T3, T4 and T5 share its critical points.
            marks=[pytest.mark.xdist_group(f"linear-{setting}"), *of_scale(where[0])],
        )
        for setting, where in WHERE.items()
    ],
)


def conclusion(on: Callable[..., Evidence], evidence: Callable[..., Evidence]) -> Callable[..., Computed]:
    """Evidence of what `on` calls it with: moments, critical points."""

    def computed(claim: Claim, setting: str, name: str, preparation: str, instead: str) -> Computed:
        where = {"preparation": preparation, "instead": instead}
        return Computed(concluded, claim, setting, name, {"on": on, "evidence": evidence, **where})

    return computed


def survival(claim: Claim, setting: str, name: str) -> Computed:
    return Computed(survived, claim, setting, name)


@claim("T1", computes=conclusion(on_moments, convexity_evidence))
@settings
def test_loss_is_neither_convex_nor_concave(judge_computed):
    """By three losses on either side, exact on the integer data."""
    judge_computed()


@claim("T3", computes=conclusion(on_critical_points, saddle_evidence))
@settings
def test_critical_points_are_global_or_saddles(judge_computed):
    """At a critical point for every set of eigenvectors, depth and middle rank."""
    judge_computed()


@claim("T4", computes=conclusion(on_critical_points, curvature_evidence))
@settings
def test_full_middle_rank_means_negative_curvature(judge_computed):
    """By the sign of v^T H v at every saddle with rank(W_H ... W_2) = p."""
    judge_computed()


@claim("T5", computes=conclusion(on_points_and_moments, strictness_evidence))
@settings
def test_only_shallow_saddles_are_all_strict(judge_computed):
    """By all saddles of one hidden layer, and by zero weights of two and three."""
    judge_computed()


@claim("T6", computes=survival)
@pytest.mark.parametrize("case", [pytest.param({"name": name}, id=name) for name in DROPPED])
@pytest.mark.xdist_group("linear-synthetic")
def test_conclusions_survive_a_dropped_hypothesis(judge_computed):
    """On planted data that break one hypothesis, T1 to T5 once more and exactly."""
    judge_computed()
