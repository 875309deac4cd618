"""Section 4.5: binary cross entropy without a softmax output."""

from __future__ import annotations

from claims.catalogue.declaration import claim
from claims.catalogue.experiments import BCE_500
from claims.evidence.trained.equality import equal_loss, sigma_effect
from claims.evidence.trained.groups import groups_merge, two_groups


@claim("E10", BCE_500)
def test_all_models_reach_the_same_loss(judge_runs):
    """Caption of figure 9."""
    judge_runs(equal_loss)


@claim("E10-sigma", BCE_500, protocols=("std", "var"))
def test_sigma_does_not_change_the_loss_reached(judge_runs):
    """Caption of figure 9."""
    judge_runs(sigma_effect)


@claim("E10-groups", BCE_500)
def test_models_form_two_groups(judge_runs):
    """The text beside figure 9."""
    judge_runs(two_groups)


@claim("E10-merge", BCE_500)
def test_groups_merge_with_more_epochs(judge_runs):
    """The text beside figure 9."""
    judge_runs(groups_merge)
