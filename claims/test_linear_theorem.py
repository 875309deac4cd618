"""Section 2.1: the conclusions of the deep linear theorem, by exact and ball arithmetic; nothing trains."""

from __future__ import annotations

import pytest

from claims.catalogue.exact_sets import exact_sets, of_scale, preparations
from claims.core.verdict import Evidence, Strength
from claims.evidence.linear import dropped_hypotheses, hypotheses, linear_theorem
from claims.evidence.linear.linear_points import on_critical_points, on_points_and_moments
from claims.evidence.linear.prerequisites import failed_on

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
def conclude(judge, evidence_cache, request, name, preparation, instead):
    """Judges a conclusion of the theorem, or says which hypothesis failed before any evidence is made."""
    variant = f"{name}-{preparation}".removesuffix("-raw")
    depends = {
        "data": hypotheses.source(name).exact_table.digest,
        "preparation": preparation,
        "instead": instead,
    }

    def judged(claim_id, function, *arguments):
        # The failed hypotheses, which T1 to T5 have in common.
        broken = evidence_cache.value(
            f"hypotheses {variant}", depends, failed_on, "T3", name, preparation, variant, instead=instead
        )
        return judge(
            claim_id,
            Evidence(None, None, 0, Strength.PROOF, sampling_unit="points built")
            if broken
            else evidence_cache.evidence(f"{claim_id} {variant}", depends, function, *arguments),
            setting=request.node.callspec.id,
            dataset=name,
            failed_prerequisites=broken,
        )

    return judged


@settings
def test_loss_is_neither_convex_nor_concave(conclude, name, preparation):
    """T1 is judged by three losses on either side, exact on the integer data."""
    verdict = conclude("T1", hypotheses.on_moments, linear_theorem.convexity_evidence, name, preparation)
    assert verdict.reason


@settings
def test_critical_points_are_global_or_saddles(conclude, name, preparation):
    """T3 is judged at a critical point for every set of eigenvectors, depth and middle rank."""
    assert conclude("T3", on_critical_points, linear_theorem.saddle_evidence, name, preparation).reason


@settings
def test_full_middle_rank_means_negative_curvature(conclude, name, preparation):
    """T4 is judged by the sign of v^T H v at every saddle with rank(W_H ... W_2) = p."""
    assert conclude("T4", on_critical_points, linear_theorem.rank_evidence, name, preparation).reason


@settings
def test_only_shallow_saddles_are_all_strict(conclude, name, preparation):
    """T5 is judged by all saddles of one hidden layer, and by zero weights of two and three."""
    assert conclude("T5", on_points_and_moments, linear_theorem.strictness_evidence, name, preparation).reason


@pytest.mark.parametrize("name", dropped_hypotheses.DROPPED)
@pytest.mark.xdist_group("linear-synthetic")
def test_conclusions_survive_a_dropped_hypothesis(judge, evidence_cache, name):
    """T6 is judged on planted data that break one hypothesis, T1 to T5 once more and exactly."""
    depends = {"data": hypotheses.source(name).exact_table.digest}
    found = evidence_cache.evidence(f"T6 {name}", depends, dropped_hypotheses.survival_on, name)
    assert judge("T6", found, setting=name, dataset=name).reason
