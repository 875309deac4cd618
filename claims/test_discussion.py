"""Section 5: what the paper concludes."""

from __future__ import annotations

from claims.catalogue.experiments import (
    BCE_500,
    CE_500,
    LINEAR_10_10,
    LINEAR_500,
    LINEAR_500_300,
    SOFTMAX_500,
    SOFTMAX_500_300,
)
from claims.catalogue.trains import trains
from claims.core.margins import TENTH_LOSS
from claims.evidence.trained.comparisons import accuracy_drop, different_ends
from claims.evidence.trained.equal_pairs import equal_generalisation, equal_labels
from claims.evidence.trained.reaching import every_architecture
from claims.evidence.trained.speed import slowdown


@trains((SOFTMAX_500, LINEAR_500, CE_500, BCE_500))
def test_no_softmax_converges_much_quicker(judge_runs):
    """D1, for squared error and for cross entropy."""

    def both(softmax, linear, cross_entropy, binary, claim):
        pairs = {"squared error": (softmax, linear), "cross entropy": (cross_entropy, binary)}
        return slowdown(pairs, TENTH_LOSS, claim)

    assert judge_runs("D1", both).reason


@trains((LINEAR_500, LINEAR_500_300, LINEAR_10_10))
def test_no_softmax_always_converges_to_zero(judge_runs):
    """D2, over the three architectures of section 4.1."""
    assert judge_runs("D2", lambda *runs_and_claim: every_architecture(*_parted(runs_and_claim))).reason


@trains(LINEAR_500, SOFTMAX_500)
def test_equal_loss_means_equal_labels(judge_runs):
    """D3: the paper says yes for MSE without softmax, and claims nothing with it."""
    assert judge_runs("D3", equal_labels).reason


@trains(LINEAR_500, SOFTMAX_500)
def test_equal_loss_means_equal_generalisation(judge_runs):
    """D4: as D3."""
    assert judge_runs("D4", equal_generalisation).reason


@trains((LINEAR_500, SOFTMAX_500), (LINEAR_500_300, SOFTMAX_500_300))
def test_softmax_reduces_test_accuracy(judge_runs):
    """D5."""
    assert judge_runs("D5", accuracy_drop).reason


@trains((LINEAR_500, BCE_500, CE_500))
def test_loss_changes_the_landscape(judge_runs):
    """D6: squared error, binary cross entropy and cross entropy side by side."""
    assert judge_runs("D6", lambda *runs_and_claim: different_ends(*_parted(runs_and_claim))).reason


def _parted(runs_and_claim):
    """What a comparison of several runs takes: the runs, and the claim."""
    return runs_and_claim[:-1], runs_and_claim[-1]
