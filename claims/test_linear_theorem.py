"""Section 2.1: the conclusions of the deep linear theorem, by exact and ball arithmetic; nothing trains."""

from __future__ import annotations

import pytest

from claims.catalogue.declaration import claim
from claims.catalogue.exact_sets import exact_sets, of_scale, preparations
from claims.core.verdict import Evidence, Strength
from claims.evidence.linear import dropped_hypotheses
from claims.evidence.linear.convexity import convexity_evidence
from claims.evidence.linear.curvature import curvature_evidence
from claims.evidence.linear.points import on_critical_points, on_points_and_moments
from claims.evidence.linear.preparation import on_moments
from claims.evidence.linear.prerequisites import broken_on, judged_on
from claims.evidence.linear.saddles import saddle_evidence
from claims.evidence.linear.strictness import strictness_evidence
from claims.evidence.sources import source

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
    ("name", "preparation", "instead"),
    [
        pytest.param(
            *where,
            id=setting,
            # One worker a setting: T3, T4 and T5 share its critical points.
            marks=[pytest.mark.xdist_group(f"linear-{setting}"), *of_scale(where[0])],
        )
        for setting, where in WHERE.items()
    ],
)


@pytest.fixture
def conclude(judge, claim, evidence_cache, name, preparation, instead):
    """Judges a conclusion of the theorem, or says which hypothesis failed before any evidence is made."""
    variant = f"{name}-{preparation}".removesuffix("-raw")
    depends = {"data": source(name).exact_table.digest, "preparation": preparation}

    def judged(function, evidence):
        failed = broken_on(evidence_cache, claim.prerequisites, name, preparation, shown=variant)
        if failed:
            nothing = Evidence(None, None, 0, Strength.PROOF, sampling_unit="points built")
            judge(judged_on(instead, nothing), dataset=name, failed=failed)
            return
        found = evidence_cache.evidence(
            f"{claim.id} {variant}", depends, function, evidence, name, preparation
        )
        judge(found, dataset=name)

    return judged


@claim("T1")
@settings
def test_loss_is_neither_convex_nor_concave(conclude):
    """By three losses on either side, exact on the integer data."""
    conclude(on_moments, convexity_evidence)


@claim("T3")
@settings
def test_critical_points_are_global_or_saddles(conclude):
    """At a critical point for every set of eigenvectors, depth and middle rank."""
    conclude(on_critical_points, saddle_evidence)


@claim("T4")
@settings
def test_full_middle_rank_means_negative_curvature(conclude):
    """By the sign of v^T H v at every saddle with rank(W_H ... W_2) = p."""
    conclude(on_critical_points, curvature_evidence)


@claim("T5")
@settings
def test_only_shallow_saddles_are_all_strict(conclude):
    """By all saddles of one hidden layer, and by zero weights of two and three."""
    conclude(on_points_and_moments, strictness_evidence)


@claim("T6")
@pytest.mark.parametrize("name", dropped_hypotheses.DROPPED)
@pytest.mark.xdist_group("linear-synthetic")
def test_conclusions_survive_a_dropped_hypothesis(judge, claim, evidence_cache, name):
    """On planted data that break one hypothesis, T1 to T5 once more and exactly."""
    depends = {"data": source(name).exact_table.digest}
    found = evidence_cache.evidence(f"{claim.id} {name}", depends, dropped_hypotheses.survival_on, name)
    judge(found, dataset=name)
