"""Section 4.5: binary cross entropy without a softmax output."""

from __future__ import annotations

from claims.catalogue import claim
from claims.empirical import equal_loss, groups_merge, two_groups
from claims.experiments import BCE_500
from claims.trains import trains


@trains(BCE_500)
def test_all_models_reach_the_same_loss(run, judge):
    """E10, caption of figure 9."""
    assert judge("E10", equal_loss(run, claim("E10"))).reason


@trains(BCE_500)
def test_models_form_two_groups(run, judge):
    """E10, the text beside figure 9."""
    assert judge("E10-groups", two_groups(run, claim("E10-groups"))).reason


@trains(BCE_500)
def test_groups_merge_with_more_epochs(run, judge):
    """E10, the text beside figure 9."""
    assert judge("E10-merge", groups_merge(run, claim("E10-merge"))).reason
