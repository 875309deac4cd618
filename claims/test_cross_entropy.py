"""Section 4.5: binary cross entropy without a softmax output."""

from __future__ import annotations

from claims.catalogue.experiments import BCE_500
from claims.catalogue.trains import trains
from claims.evidence.trained.equality import equal_loss, sigma_effect
from claims.evidence.trained.groups import groups_merge, two_groups


@trains(BCE_500)
def test_all_models_reach_the_same_loss(judge_runs):
    """E10, caption of figure 9."""
    assert judge_runs("E10", equal_loss).reason


@trains(BCE_500, protocols=("std", "var"))
def test_sigma_does_not_change_the_loss_reached(judge_runs):
    """E10-sigma, caption of figure 9."""
    assert judge_runs("E10-sigma", sigma_effect).reason


@trains(BCE_500)
def test_models_form_two_groups(judge_runs):
    """E10-groups, the text beside figure 9."""
    assert judge_runs("E10-groups", two_groups).reason


@trains(BCE_500)
def test_groups_merge_with_more_epochs(judge_runs):
    """E10-merge, the text beside figure 9."""
    assert judge_runs("E10-merge", groups_merge).reason
