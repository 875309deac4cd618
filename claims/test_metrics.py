"""Section 3.1: the paper's own measures of how alike two models are."""

from __future__ import annotations

from claims.catalogue.declaration import claim
from claims.catalogue.experiments import LINEAR_500, SOFTMAX_500_300
from claims.evidence.cache import of_run
from claims.evidence.trained.distances import rank_agreement
from claims.evidence.trained.labels import same_labels


@claim("M1", LINEAR_500)
def test_weight_count_and_distance_rank_pairs_alike(judge_runs, evidence_cache):
    """ "both approaches will be compared"."""

    def found(run, claim):
        return evidence_cache.evidence(
            f"{claim.id} {run.spec.name}", of_run(run, claim), rank_agreement, run, claim
        )

    judge_runs(found)


@claim("M2", LINEAR_500, SOFTMAX_500_300)
def test_models_label_examples_identically(judge_runs):
    """Figures 2 and 7."""
    judge_runs(same_labels)
