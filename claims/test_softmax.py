"""Section 4.2: the same networks with a softmax output."""

from __future__ import annotations

from claims.catalogue.declaration import claim
from claims.catalogue.experiments import LINEAR_500, LINEAR_500_300, SOFTMAX_500, SOFTMAX_500_300
from claims.core.margins import HALF_LOSS
from claims.evidence.trained.equality import equal_loss, sigma_effect
from claims.evidence.trained.labels import exactly_one_pair, highest_agreement
from claims.evidence.trained.speed import slowdown


@claim("E6", (SOFTMAX_500, LINEAR_500), (SOFTMAX_500_300, LINEAR_500_300))
def test_convergence_is_much_slower(judge_runs):
    """Figures 5 and 6 against 1 and 3."""

    def ratio(softmax, linear, claim):
        return slowdown({"squared error": (softmax, linear)}, HALF_LOSS, claim)

    judge_runs(ratio)


@claim("E7", SOFTMAX_500, SOFTMAX_500_300)
def test_models_do_not_reach_the_same_loss(judge_runs):
    """Figures 5 and 6."""
    judge_runs(equal_loss)


@claim("E7-sigma", SOFTMAX_500, SOFTMAX_500_300, protocols=("std", "var"))
def test_sigma_changes_the_loss_reached(judge_runs):
    """Figures 5 and 6."""
    judge_runs(sigma_effect)


@claim("E8", SOFTMAX_500_300)
def test_pairs_agree_on_labels(judge_runs):
    """Figure 7: the paper says they usually do not."""
    judge_runs(highest_agreement)


@claim("E8-one", SOFTMAX_500_300)
def test_exactly_one_pair_agrees(judge_runs):
    """Caption of figure 7: no model agrees besides models 2 and 3."""
    judge_runs(exactly_one_pair)
