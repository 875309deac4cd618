"""Section 3.1: the paper's own measures of how alike two models are."""

from __future__ import annotations

from claims.catalogue import claim
from claims.experiments import LINEAR_500, SOFTMAX_500_300
from claims.kept import of_run
from claims.labels import label_agreement, rank_agreement
from claims.trains import trains


@trains(LINEAR_500)
def test_weight_count_and_distance_rank_pairs_alike(run, judge, kept):
    """M1: "both approaches will be compared"."""
    found = kept.evidence(
        f"M1 {run.spec.name}", of_run(run, claim("M1")), lambda: rank_agreement(run, claim("M1"))
    )
    assert judge("M1", found).reason


@trains(LINEAR_500, SOFTMAX_500_300)
def test_models_label_examples_identically(run, judge):
    """M2, figures 2 and 7."""
    assert judge("M2", label_agreement(run, claim("M2"))).reason
