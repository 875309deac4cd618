"""What a second leg says of where networks end, network by network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from claims.catalogue import claim
from claims.core.margins import NEAR_ZERO
from claims.evidence.trained import legs, metrics, reaching
from claims.evidence.trained.reaching import Arrival
from models.descent.certificates.certificate import Kind
from models.penalties.l2 import L2
from models.runs.run import Run
from tests.claims.planted import SAMPLES, altered, by_model, descended, fall, judge, planted, plateau
from tests.helpers.specs import changed

INF = np.inf
KINDS = [
    Kind.GLOBAL,
    Kind.LOCAL_MINIMUM,
    Kind.STATIONARY_KINK,
    Kind.DEAD,
    Kind.FLAT,
    Kind.FALLING,
    Kind.STATIONARY,
]
"""A network each; the eighth is within tau too."""


def run_of(**more: object) -> Run:
    """Eight networks whose training was on its way, and whose descents ended at 0.2, one of each kind."""
    first = planted(fall(np.full(8, 30.0)))
    return descended(first, np.full(8, 0.2), kind=[*KINDS, Kind.GLOBAL], **more)


def test_every_kind_of_certificate_is_planted():
    """A new kind has to be thought of here."""
    assert set(KINDS) == set(Kind)


def test_ends_are_what_certificates_leave():
    """Within tau of the infimum the loss is left, at a minimum nothing; open ends lie anywhere below."""
    end = metrics.ends(run_of())
    assert end.highs == pytest.approx([0.2] * 8)
    assert end.lows == pytest.approx([0.0, 0.2, 0.2, 0.2, 0.0, 0.0, 0.0, 0.0])


def test_a_minimum_may_lie_as_deep_as_its_certificate_says():
    """Below the point that was found, and never below zero."""
    assert metrics.ends(run_of(gap=0.05)).lows == pytest.approx([0.0, 0.15, 0.15, 0.15, 0.0, 0.0, 0.0, 0.0])
    assert metrics.ends(run_of(gap=0.5)).lows == pytest.approx([0.0] * 8)


def test_of_test_losses_and_accuracies_open_ends_say_nothing():
    """They may go either way while the training loss falls."""
    certified = [True, True, True, True, False, False, False, True]
    run = run_of(test_loss=np.full(8, 0.15), test_accuracy=np.full(8, 0.7))
    for end, value in ((metrics.ends(run, "test"), 0.3), (metrics.accuracies(run), 0.7)):
        assert end.lows == pytest.approx(np.where(certified, value, -INF))
        assert end.highs == pytest.approx(np.where(certified, value, INF))
    assert metrics.settled(run).tolist() == legs.conclusive(run).tolist() == certified


def test_the_second_leg_is_what_is_asked():
    """Not the first one's last epoch."""
    run = run_of(train_accuracy=np.full(8, 0.75))
    assert metrics.accuracies(run, "train").lows[0] == 0.75
    assert metrics.accuracies(replace(run, second=None), "train").lows[0] == -INF, "it had not converged"
    assert legs.last(run) is run.second
    assert legs.last(replace(run, second=None)).second is None


@pytest.mark.parametrize("leg", ["first", "second"])
def test_nothing_is_known_of_a_network_that_diverged_on_either_leg(leg):
    """A descent from weights that blew up certifies nothing of the training."""
    run, lost = run_of(), np.array([3, -1, -1, -1, -1, 2, -1, -1])
    assert run.second is not None
    if leg == "first":
        run = altered(run, diverged_at=lost)
    else:
        run = replace(run, second=altered(run.second, diverged_at=lost))
    end = metrics.ends(run)
    assert (end.lows[[0, 5]].tolist(), end.highs[[0, 5]].tolist()) == ([-INF] * 2, [INF] * 2)
    assert np.isfinite(end.lows).sum() == 6
    assert legs.sound(run).tolist() == (lost < 0).tolist()
    assert not legs.conclusive(run)[0]


def test_nothing_is_known_where_there_is_no_loss():
    """Whatever the certificate says."""
    loss = np.full(8, 0.2)
    loss[[1, 2]] = np.nan, INF
    run = descended(planted(fall(np.full(8, 30.0))), loss, kind=Kind.LOCAL_MINIMUM)
    end = metrics.ends(run)
    assert end.lows[[1, 2]].tolist() == [-INF] * 2
    assert end.highs[[1, 2]].tolist() == [INF] * 2
    assert metrics.ends(run, "test").lows[1] == -INF


def test_with_a_penalty_an_open_loss_may_rise():
    """What a descent lowers is the objective; a certified network is where it is."""
    run = run_of()
    run = replace(run, spec=changed(run.spec, penalty=L2(0.1)))
    assert np.isinf(metrics.ends(run).highs).tolist() == [False] * 4 + [True] * 3 + [False]


def test_arrivals_go_by_the_interval():
    """A descent that is low enough has arrived without a certificate; above, only a certified one stays."""
    low, at, high = (
        reaching.arrivals(
            descended(planted(plateau(np.full(8, 0.2))), np.full(8, value), kind=[*KINDS, Kind.GLOBAL])
        ).tolist()
        for value in (0.9 * NEAR_ZERO, NEAR_ZERO, 1.1 * NEAR_ZERO)
    )
    assert low == at == [Arrival.ARRIVED] * 8
    stays, open_ = Arrival.STAYS, Arrival.UNRESOLVED
    assert high == [open_, stays, stays, stays, open_, open_, open_, open_]
    edge = descended(planted(plateau(np.full(8, 0.2))), np.full(8, 2 * NEAR_ZERO), gap=NEAR_ZERO)
    assert reaching.arrivals(edge).tolist() == [open_] * 8, "its minimum may lie at the level"
    test = reaching.arrivals(run_of(test_loss=np.zeros(8)), "test")
    assert test.tolist() == [Arrival.ARRIVED] * 4 + [open_] * 3 + [Arrival.ARRIVED]


def test_what_shows_the_first_leg_shows_all_of_it():
    """Of several runs, in a sequence or one by one; a run without a second leg is judged once."""
    seen: list[list[bool]] = []

    @legs.beside_the_first_leg
    def watched(*args, **options):
        runs = [one for of in args[:-1] for one in (of if isinstance(of, list) else [of])]
        seen.append([run.second is not None for run in runs])
        return reaching.near_zero.__wrapped__(runs[0], args[-1])

    two, one = run_of(), replace(run_of(), second=None)
    for args in ((two,), (two, two), ([two, one],), (one, one), ([one],)):
        watched(*args, claim("E1"))
    assert seen == [
        [True],
        [False],
        [True, True],
        [False, False],
        [True, False],
        [False, False],
        [False] * 2,
        [False],
    ]


def test_labels_at_the_end_are_those_of_the_second_leg():
    """D3 compares what networks say where they ended, and not where training left them."""
    from claims.evidence.trained.equal_pairs import equal_labels

    labels = np.zeros((32, SAMPLES), dtype=np.uint8)
    labels[1::2, :500] = 1
    first = planted(plateau(np.full(32, 0.2)), predictions=labels)
    same = descended(first, np.zeros(32), train_predictions=np.zeros_like(labels))
    assert equal_labels(first, claim("D3")).estimate == 0.0
    assert equal_labels(same, claim("D3")).estimate == 1.0


def test_pairs_of_equal_loss_are_certified():
    """D3 and D4 leave out networks of which no end is known, and say how many."""
    from claims.evidence.trained.equal_pairs import equal_generalisation, equal_pairs

    kinds = [Kind.GLOBAL] * 20 + [Kind.FALLING] * 12
    run = descended(planted(plateau(np.full(32, 0.2))), np.zeros(32), kind=kinds)
    assert sorted(equal_pairs(run).ravel().tolist()) == list(range(20))
    assert "12 of 32 networks are in no such pair" in equal_generalisation(run, claim("D4")).note


def test_of_weights_whose_end_is_open_nothing_is_known():
    """M1 says of how many quadruples: more networks would not decide it, a certificate would."""
    from claims.evidence.trained import distances
    from tests.claims.cases import graded_weights

    (graded,) = graded_weights(32)
    kinds = [Kind.GLOBAL] * 20 + [Kind.FALLING] * 6 + [Kind.GLOBAL] * 6
    run = replace(graded, second=descended(graded, kind=kinds).second)
    evidence, whole = (distances.rank_agreement(one, claim("M1")) for one in (run, descended(graded)))
    assert (evidence.unresolved, whole.unresolved) == (2, 0)
    assert "2 of 8 quadruples had not converged" in judge("M1", evidence).reason


def test_agreement_and_weights_at_the_end_are_those_of_the_second_leg():
    """M2, E8-one and M1 read them there, and the groups of E10 the training loss."""
    from claims.evidence.trained import distances, groups, labels
    from tests.claims.cases import graded_weights, unrelated_weights

    whole = np.full(48, SAMPLES)
    first = planted(plateau(np.full(32, 0.2)), agreement=0.3)
    agreed = descended(first, train_agreement=whole, test_agreement=whole)
    assert labels.same_labels(first, claim("M2")).estimate == 0.0
    assert labels.same_labels(agreed, claim("M2")).estimate == 1.0
    assert labels.exactly_one_pair(first, claim("E8-one")).estimate == 0.0
    assert labels.exactly_one_pair(agreed, claim("E8-one")).estimate == 6.0
    (graded,), (unrelated,) = graded_weights(32), unrelated_weights(32)
    moved = replace(graded, second=descended(unrelated).second)
    for run, like in ((moved, unrelated), (graded, graded)):
        assert distances.rank_agreement(run, claim("M1")).estimate == (
            distances.rank_agreement(like, claim("M1")).estimate
        )
    ends = by_model([0.1, 0.1, 0.3, 0.3], 32)
    apart = descended(planted(plateau(ends)), ends, test_loss=np.full(32, 0.1))
    assert groups.two_groups(apart, claim("E10-groups")).interval[0] > 0
    assert groups.groups_merge(apart, claim("E10-merge")).interval[0] > 0.1
