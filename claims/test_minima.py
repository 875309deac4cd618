"""Where training ends: what kind of minimum is that, and what decides which one?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from claims.catalogue.declaration import claim
from claims.catalogue.experiments import (
    BCE_500,
    BOSTON_50,
    CE_500,
    LINEAR_10_10,
    LINEAR_500,
    LINEAR_500_300,
    SOFTMAX_500,
    SOFTMAX_500_300,
    Training,
)
from claims.evidence.minima.kinds import dead_minima, global_minima
from claims.evidence.minima.optimisers import optimisers_agree
from claims.evidence.minima.scales import lazy_training, scale_changes_accuracy
from models.optimisers.decayed_adam import DecayedAdam
from models.optimisers.lbfgs import LBFGS
from models.optimisers.levenberg_marquardt import LevenbergMarquardt


def _led_by_each(of: Training) -> tuple[Training, ...]:
    """The network as the paper trains it and by the other optimisers, from the same initial weights."""
    others = (DecayedAdam(), LBFGS(), LevenbergMarquardt())
    return (of, *(replace(of, optimiser=optimiser) for optimiser in others))


@pytest.fixture
def judge_compared(judge_runs):
    """Judges by a function of all the runs together and the claim."""
    return lambda evidence: judge_runs(
        lambda *runs_and_claim: evidence(runs_and_claim[:-1], runs_and_claim[-1])
    )


@claim("E11", LINEAR_500, LINEAR_500_300, LINEAR_10_10, SOFTMAX_500, SOFTMAX_500_300, BOSTON_50)
def test_every_network_ends_at_a_global_minimum(judge_runs):
    """By width and output, for squared error."""
    judge_runs(global_minima)


@claim("E11", BCE_500, variant="bce")
def test_every_network_ends_at_a_global_minimum_of_binary_cross_entropy(judge_runs):
    """The loss of section 4.5."""
    judge_runs(global_minima)


@claim("E11", CE_500, variant="ce")
def test_every_network_ends_at_a_global_minimum_of_cross_entropy(judge_runs):
    """Which no finite weights attain on data that they separate."""
    judge_runs(global_minima)


@claim("E12", _led_by_each(LINEAR_500), _led_by_each(BOSTON_50))
def test_every_optimiser_ends_at_the_same_loss(judge_compared):
    """Adam as the paper has it and with a decaying step, L-BFGS, Levenberg and Marquardt."""
    judge_compared(optimisers_agree)


@claim("D7", LINEAR_500, LINEAR_500_300, across=True)
def test_initial_scale_changes_accuracy_at_equal_loss(judge_compared):
    """All protocols side by side, and the paper's models i within them."""
    judge_compared(scale_changes_accuracy)


@claim("D7", BCE_500, variant="bce", across=True)
def test_initial_scale_changes_accuracy_at_equal_cross_entropy(judge_compared):
    """The loss of section 4.5."""
    judge_compared(scale_changes_accuracy)


@claim("D8", LINEAR_500, LINEAR_500_300, protocols=("std", "var"))
def test_weights_move_less_the_larger_their_scale(judge_runs):
    """Over the paper's four models."""
    judge_runs(lazy_training)


@claim("D9", LINEAR_10_10, _led_by_each(LINEAR_500_300))
def test_training_can_end_at_a_minimum_with_dead_units(judge_compared):
    """From the paper's own weights, whatever leads away from them."""
    judge_compared(dead_minima)
