"""Section 4.2: the same networks with a softmax output."""

from __future__ import annotations

from claims.catalogue import claim
from claims.empirical import equal_loss, slowdown
from claims.experiments import LINEAR_500, LINEAR_500_300, SOFTMAX_500, SOFTMAX_500_300
from claims.labels import highest_agreement
from claims.margins import HALF_LOSS
from claims.trains import trains


@trains((SOFTMAX_500, LINEAR_500), (SOFTMAX_500_300, LINEAR_500_300))
def test_convergence_is_much_slower(runs, judge):
    """E6, figures 5 and 6 against 1 and 3."""
    assert judge("E6", slowdown([(runs[0], runs[1])], HALF_LOSS, claim("E6"))).reason


@trains(SOFTMAX_500, SOFTMAX_500_300)
def test_models_do_not_reach_the_same_loss(run, judge):
    """E7, figures 5 and 6."""
    assert judge("E7", equal_loss(run, claim("E7"))).reason


@trains(SOFTMAX_500_300)
def test_pairs_agree_on_labels(run, judge):
    """E8, figure 7: the paper says they do not."""
    assert judge("E8", highest_agreement(run, claim("E8"))).reason
