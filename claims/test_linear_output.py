"""Section 4.1: ReLU networks with a linear output and squared error."""

from __future__ import annotations

from functools import partial

from claims.catalogue.declaration import claim
from claims.catalogue.experiments import LINEAR_10_10, LINEAR_500, LINEAR_500_300
from claims.evidence.trained.equality import equal_loss, sigma_effect
from claims.evidence.trained.labels import fall_then_rise
from claims.evidence.trained.reaching import near_zero, same_behaviour


@claim("E1", LINEAR_500)
def test_one_hidden_layer_reaches_near_zero_training_loss(judge_runs):
    """Figure 1, upper panel."""
    judge_runs(near_zero)


@claim("E1-test", LINEAR_500)
def test_one_hidden_layer_reaches_near_zero_test_loss(judge_runs):
    """Figure 1, lower panel."""
    judge_runs(partial(near_zero, side="test"))


@claim("E2", LINEAR_500, LINEAR_500_300)
def test_models_reach_equal_training_loss(judge_runs):
    """Figures 1 and 3."""
    judge_runs(equal_loss)


@claim("E2-sigma", LINEAR_500, LINEAR_500_300, protocols=("std", "var"))
def test_sigma_does_not_change_the_loss_reached(judge_runs):
    """Figures 1 and 3."""
    judge_runs(sigma_effect)


@claim("E3", LINEAR_500)
def test_models_disagree_first_then_agree(judge_runs):
    """Figure 2."""
    judge_runs(fall_then_rise)


@claim("E4", LINEAR_500_300)
def test_two_hidden_layers_reach_near_zero_training_loss(judge_runs):
    """Figure 3, upper panel."""
    judge_runs(near_zero)


@claim("E4-test", LINEAR_500_300)
def test_two_hidden_layers_reach_near_zero_test_loss(judge_runs):
    """Figure 3, lower panel."""
    judge_runs(partial(near_zero, side="test"))


@claim("E5", (LINEAR_10_10, LINEAR_500))
def test_small_network_behaves_the_same(judge_runs):
    """Figure 4."""
    judge_runs(same_behaviour)


@claim("E5-test", (LINEAR_10_10, LINEAR_500))
def test_small_network_behaves_the_same_on_the_test_set(judge_runs):
    """The figure shows training only; the test loss is what overfitting would show in."""
    judge_runs(partial(same_behaviour, side="test"))
