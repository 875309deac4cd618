"""Section 5: what the paper concludes."""

from __future__ import annotations

from claims.catalogue import claim
from claims.empirical import share_at_zero, slowdown
from claims.experiments import (
    BCE_500,
    CE_500,
    LINEAR_10_10,
    LINEAR_500,
    LINEAR_500_300,
    SOFTMAX_500,
    SOFTMAX_500_300,
)
from claims.labels import (
    accuracy_drop,
    accuracy_gap,
    agreement_of_equal_losses,
    generalisation_of_equal_losses,
)
from claims.margins import TENTH_LOSS
from claims.trains import trains


@trains((SOFTMAX_500, LINEAR_500, CE_500, BCE_500))
def test_no_softmax_converges_much_quicker(runs, judge):
    """D1, for squared error and for cross entropy."""
    pairs = [(runs[0], runs[1]), (runs[2], runs[3])]
    names = ["squared error", "cross entropy"]
    assert judge("D1", slowdown(pairs, TENTH_LOSS, claim("D1"), names)).reason


@trains((LINEAR_500, LINEAR_500_300, LINEAR_10_10))
def test_no_softmax_always_converges_to_zero(runs, judge):
    """D2, over the three architectures of section 4.1."""
    assert judge("D2", share_at_zero(runs, claim("D2"))).reason


@trains(LINEAR_500, SOFTMAX_500)
def test_equal_loss_means_equal_labels(run, judge):
    """D3: the paper says yes for MSE without softmax, and not in general."""
    assert judge("D3", agreement_of_equal_losses(run, claim("D3"))).reason


@trains(LINEAR_500, SOFTMAX_500)
def test_equal_loss_means_equal_generalisation(run, judge):
    """D4."""
    assert judge("D4", generalisation_of_equal_losses(run, claim("D4"))).reason


@trains((LINEAR_500, SOFTMAX_500), (LINEAR_500_300, SOFTMAX_500_300))
def test_softmax_reduces_test_accuracy(runs, judge):
    """D5."""
    assert judge("D5", accuracy_drop(runs[0], runs[1], claim("D5"))).reason


@trains((LINEAR_500, BCE_500, CE_500))
def test_loss_changes_the_landscape(runs, judge):
    """D6: squared error, binary cross entropy and cross entropy side by side."""
    assert judge("D6", accuracy_gap(runs, claim("D6"))).reason
