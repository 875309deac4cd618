"""Section 4.2: the same networks with a softmax output."""

from __future__ import annotations

from claims.catalogue.experiments import LINEAR_500, LINEAR_500_300, SOFTMAX_500, SOFTMAX_500_300
from claims.catalogue.trains import trains
from claims.core.margins import HALF_LOSS
from claims.evidence.trained.equality import equal_loss, sigma_effect
from claims.evidence.trained.labels import exactly_one_pair, highest_agreement
from claims.evidence.trained.speed import slowdown


@trains((SOFTMAX_500, LINEAR_500), (SOFTMAX_500_300, LINEAR_500_300))
def test_convergence_is_much_slower(judge_runs):
    """E6, figures 5 and 6 against 1 and 3."""

    def ratio(softmax, linear, claim):
        return slowdown({"squared error": (softmax, linear)}, HALF_LOSS, claim)

    assert judge_runs("E6", ratio).reason


@trains(SOFTMAX_500, SOFTMAX_500_300)
def test_models_do_not_reach_the_same_loss(judge_runs):
    """E7, figures 5 and 6."""
    assert judge_runs("E7", equal_loss).reason


@trains(SOFTMAX_500, SOFTMAX_500_300, protocols=("std", "var"))
def test_sigma_changes_the_loss_reached(judge_runs):
    """E7-sigma, figures 5 and 6."""
    assert judge_runs("E7-sigma", sigma_effect).reason


@trains(SOFTMAX_500_300)
def test_pairs_agree_on_labels(judge_runs):
    """E8, figure 7: the paper says they usually do not."""
    assert judge_runs("E8", highest_agreement).reason


@trains(SOFTMAX_500_300)
def test_exactly_one_pair_agrees(judge_runs):
    """E8-one, caption of figure 7: no model agrees besides models 2 and 3."""
    assert judge_runs("E8-one", exactly_one_pair).reason
