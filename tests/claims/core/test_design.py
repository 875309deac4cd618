"""How many networks a claim is judged on, and what each look may spend."""

from __future__ import annotations

import dataclasses
import json

import pytest

from claims.core.design import FIXED, SEQUENTIAL, Design, Look, fixed
from claims.core.margins import ALPHA, LOOK_WEIGHTS, LOOKS, NETWORKS, SHARE
from claims.statistics import Share, Window


def test_a_fixed_design_is_one_look_with_all_of_alpha():
    """It has no name in the report, since there is nothing to tell it from."""
    assert list(fixed(16)) == [Look(1, 16, 1.0, "")]
    assert fixed(16).kind == "fixed"
    assert list(FIXED) == [Look(1, NETWORKS, 1.0, "")]


def test_looks_are_numbered_and_share_alpha():
    """Each look has its own number of networks and its own share; together they are the whole alpha."""
    design = Design((8, 12), (0.25, 0.75))
    assert list(design) == [Look(1, 8, 0.25, "1 of 2"), Look(2, 12, 0.75, "2 of 2")]
    assert design.kind == "looks"
    assert [look.networks for look in SEQUENTIAL] == list(LOOKS) == [12, 24, 48, 96]
    assert [look.weight for look in SEQUENTIAL] == list(LOOK_WEIGHTS) == [0.1, 0.2, 0.3, 0.4]
    assert sum(LOOK_WEIGHTS) == pytest.approx(1.0)
    assert [look.name for look in SEQUENTIAL][-1] == "4 of 4"


@pytest.mark.parametrize("networks", [(), (6,), (0,), (-4,), (8, 8), (12, 8), (8, 12, 12)], ids=str)
def test_networks_come_in_quadruples_and_ascend(networks):
    """A look that adds no network, or half a quadruple, is refused."""
    with pytest.raises(ValueError, match=r"got looks at .* networks, wanted ascending multiples of 4"):
        Design(networks, (1.0 / max(len(networks), 1),) * len(networks))


@pytest.mark.parametrize("weights", [(1.0,), (0.5, 0.51), (0.2, 0.3, 0.5)], ids=str)
def test_no_more_than_alpha_is_spent(weights):
    """One weight a look, which add up to at most one."""
    with pytest.raises(ValueError, match=r"got weights .*, wanted one a look, adding up to at most 1"):
        Design((8, 12), weights)


def test_the_smallest_design_is_one_quadruple():
    """Less than the whole alpha may be spent, and four networks looked at."""
    assert [look.networks for look in Design((4, 8), (0.1, 0.2))] == [4, 8]


def test_a_design_is_frozen():
    """It is chosen before a run."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        FIXED.networks = (8,)
    with pytest.raises(dataclasses.FrozenInstanceError):
        next(iter(FIXED)).weight = 0.5


@pytest.mark.parametrize("design", [FIXED, SEQUENTIAL], ids=lambda d: d.kind)
def test_the_report_says_which(design):
    """Plain JSON with all that a reader needs to repeat it."""
    assert json.loads(json.dumps(design.as_json())) == {
        "kind": design.kind,
        "networks": list(design.networks),
        "weights": list(design.weights),
        "share": SHARE,
        "alpha": ALPHA,
    }


def test_the_fixed_design_can_support_what_it_asks():
    """All of the networks in one window, or at zero, support the share; four fewer could not for a window."""
    assert Share(NETWORKS, 0, NETWORKS).at_least(SHARE) <= ALPHA
    assert Window(NETWORKS, NETWORKS, NETWORKS).at_least(SHARE) <= ALPHA
    assert Window(NETWORKS - 4, NETWORKS - 4, NETWORKS - 4).at_least(SHARE) > ALPHA
