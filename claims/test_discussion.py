"""Section 5: what the paper concludes."""

from __future__ import annotations

from claims.catalogue.declaration import claim
from claims.catalogue.experiments import (
    BCE_500,
    CE_500,
    LINEAR_10_10,
    LINEAR_500,
    LINEAR_500_300,
    SOFTMAX_500,
    SOFTMAX_500_300,
)
from claims.core.margins import TENTH_LOSS
from claims.evidence.trained.comparisons import accuracy_drop, different_ends
from claims.evidence.trained.equal_pairs import equal_generalisation, equal_labels
from claims.evidence.trained.reaching import every_architecture
from claims.evidence.trained.speed import slowdown


@claim("D1", (SOFTMAX_500, LINEAR_500, CE_500, BCE_500))
def test_no_softmax_converges_much_quicker(judge_runs):
    """For squared error and for cross entropy."""

    def both(softmax, linear, cross_entropy, binary, claim):
        pairs = {"squared error": (softmax, linear), "cross entropy": (cross_entropy, binary)}
        return slowdown(pairs, TENTH_LOSS, claim)

    judge_runs(both)


@claim("D2", (LINEAR_500, LINEAR_500_300, LINEAR_10_10))
def test_no_softmax_always_converges_to_zero(judge_runs):
    """Over the three architectures of section 4.1."""
    judge_runs(lambda *runs_and_claim: every_architecture(*_parted(runs_and_claim)))


@claim("D3", LINEAR_500, SOFTMAX_500)
def test_equal_loss_means_equal_labels(judge_runs):
    """The paper says yes for MSE without softmax, and claims nothing with it."""
    judge_runs(equal_labels)


@claim("D4", LINEAR_500, SOFTMAX_500)
def test_equal_loss_means_equal_generalisation(judge_runs):
    """The paper says yes for MSE without softmax, and claims nothing with it."""
    judge_runs(equal_generalisation)


@claim("D5", (LINEAR_500, SOFTMAX_500), (LINEAR_500_300, SOFTMAX_500_300))
def test_softmax_reduces_test_accuracy(judge_runs):
    """With one hidden layer and with two."""
    judge_runs(accuracy_drop)


@claim("D6", (LINEAR_500, BCE_500, CE_500))
def test_loss_changes_the_landscape(judge_runs):
    """Squared error, binary cross entropy and cross entropy side by side."""
    judge_runs(lambda *runs_and_claim: different_ends(*_parted(runs_and_claim)))


def _parted(runs_and_claim):
    """What a comparison of several runs takes: the runs, and the claim."""
    return runs_and_claim[:-1], runs_and_claim[-1]
