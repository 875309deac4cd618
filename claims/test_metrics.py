"""Section 3.1: the paper's own measures of how alike two models are."""

from __future__ import annotations

from claims.catalogue.experiments import LINEAR_500, SOFTMAX_500_300
from claims.catalogue.trains import trains
from claims.evidence.cache import of_run
from claims.evidence.trained.distances import rank_agreement
from claims.evidence.trained.labels import same_labels


@trains(LINEAR_500)
def test_weight_count_and_distance_rank_pairs_alike(judge_runs, evidence_cache):
    """M1: "both approaches will be compared"."""

    def found(run, claim):
        return evidence_cache.evidence(f"M1 {run.spec.name}", of_run(run, claim), rank_agreement, run, claim)

    assert judge_runs("M1", found).reason


@trains(LINEAR_500, SOFTMAX_500_300)
def test_models_label_examples_identically(judge_runs):
    """M2, figures 2 and 7."""
    assert judge_runs("M2", same_labels).reason
