"""What evidence reads off a run: where networks end, which pairs are independent, notes."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from claims.core.margins import NEAR_ZERO
from claims.evidence.trained import metrics
from claims.evidence.trained.legs import join
from claims.evidence.trained.metrics import Ends
from claims.statistics.convergence import remainder
from tests.claims.planted import SAMPLES, altered, by_model, fall, planted, plateau

INF = np.inf


def flat(networks: int = 8, **more: object):
    return planted(plateau(np.full(networks, 0.2)), **more)


# -- ends -------------------------------------------------------------------------------


def test_the_difference_of_ends_is_as_wide_as_both():
    """The least difference is the lower end less the other's upper one."""
    gap = Ends(np.array([1.0, 5.0]), np.array([2.0, 5.0])) - Ends(np.array([0.5, 1.0]), np.array([0.75, 4.0]))
    assert gap.lows.tolist() == [0.25, 1.0]
    assert gap.highs.tolist() == [1.5, 4.0]


def test_unknown_less_unknown_is_unknown():
    """Infinity less infinity is no number, and no end either."""
    unknown = Ends(np.array([-INF]), np.array([INF]))
    one = Ends(np.array([1.0]), np.array([1.0]))
    for gap in (unknown - unknown, unknown - one, one - unknown):
        assert (gap.lows.tolist(), gap.highs.tolist()) == ([-INF], [INF])
    above = Ends(np.array([INF]), np.array([INF])) - Ends(np.array([INF]), np.array([INF]))
    assert (above.lows.tolist(), above.highs.tolist()) == ([-INF], [INF])


def test_wider_is_more_than_the_width():
    """Exactly as wide is not wider; nothing known is."""
    ends = Ends(np.array([0.0, 0.0, 0.0, -INF]), np.array([0.0, 0.5, 0.75, INF]))
    assert ends.wider(0.5).tolist() == [False, False, True, True]
    assert Ends(np.array([INF]), np.array([INF])).wider(0.5).tolist() == [True]


def test_ends_of_some_units():
    """An index takes both ends along."""
    chosen = Ends(np.arange(4.0), np.arange(4.0) + 1)[np.array([3, 0])]
    assert (chosen.lows.tolist(), chosen.highs.tolist()) == ([3.0, 0.0], [4.0, 1.0])


def test_opened_forgets_where_the_mask_says():
    """The others keep their ends."""
    opened = Ends(np.array([1.0, 2.0]), np.array([1.5, 2.5])).opened(np.array([False, True]))
    assert (opened.lows.tolist(), opened.highs.tolist()) == ([1.0, -INF], [1.5, INF])


def test_a_networks_end_is_where_its_curve_may_go():
    """As far from the last value as the remainder of its law, either way."""
    run = planted(fall(by_model([2, 5, 20, 80], 8, 0.1)))
    curve = run.normalised_loss()
    end, rest = metrics.extrapolated(run, curve), remainder(curve)
    assert (rest > 0).all()
    np.testing.assert_allclose(end.lows, curve[-1] - rest)
    np.testing.assert_allclose(end.highs, curve[-1] + rest)


def test_nothing_is_known_of_a_network_that_diverged():
    """However finite its numbers are, or however still."""
    run = flat()
    marked = altered(run, diverged_at=np.array([-1, 0, 5, -1, -1, -1, -1, -1]))
    end = metrics.ends(marked)
    assert np.isfinite(end.lows).tolist() == [True, False, False, True, True, True, True, True]
    assert end.highs[1:3].tolist() == [INF, INF]
    curve = run.normalised_loss()
    curve[-1, 0], curve[-1, 3] = np.nan, INF
    end = metrics.extrapolated(run, curve)
    assert (end.lows[[0, 3]].tolist(), end.highs[[0, 3]].tolist()) == ([-INF] * 2, [INF] * 2)
    assert np.isfinite(end.lows[1])


def test_nothing_is_known_after_too_few_epochs():
    """Seven epochs tell no law."""
    run = planted(plateau(np.full(8, 0.2), epochs=7))
    end = metrics.ends(run)
    assert np.isinf(end.lows).all()
    assert np.isinf(end.highs).all()


def test_a_loss_has_converged_when_half_of_near_zero_is_left():
    """By the training loss alone, network by network; a diverged one is never at rest."""
    rates = np.linspace(1, 12, 32)
    run = planted(fall(rates), plateau(np.full(32, 0.2)))
    rest = remainder(run.normalised_loss())
    for low, high in ((0, 0.4), (0.4, 0.6), (0.6, 2), (2, 9)):
        assert ((low * NEAR_ZERO <= rest) & (rest <= high * NEAR_ZERO)).any(), "every case is there"
    expected = rest <= NEAR_ZERO / 2
    assert metrics.loss_converged(run).tolist() == expected.tolist()
    for epoch in (0, 3):
        lost = altered(run, diverged_at=np.where(np.arange(32) == 0, epoch, -1))
        assert metrics.loss_converged(lost).tolist() == (expected & (np.arange(32) != 0)).tolist()


def test_labels_count_where_the_training_loss_is_a_number():
    """Of an infinite loss too the labels mean nothing; the first epoch counts as well."""
    run = flat()
    loss = run.arrays["train_loss"].copy()
    loss[3, 1], loss[0, 2] = np.nan, INF
    known = metrics.finite(altered(run, train_loss=loss))
    assert known.shape == loss.shape
    assert np.argwhere(~known).tolist() == [[0, 2], [3, 1]]


# -- populations and pairs --------------------------------------------------------------


def test_populations_are_the_models_i():
    """Under std network k is of model k % 4; under he there is one population."""
    assert {i: found.tolist() for i, found in metrics.by_population(flat()).items()} == {
        0: [0, 4],
        1: [1, 5],
        2: [2, 6],
        3: [3, 7],
    }
    assert {i: found.tolist() for i, found in metrics.by_population(flat(protocol="he")).items()} == {
        0: list(range(8))
    }


def test_populations_go_by_number_and_not_by_place():
    """The networks 8 to 15 of an experiment are its models 0 to 3 again."""
    later = metrics.by_population(planted(plateau(np.full(8, 0.2)), first=8))
    assert {i: found.tolist() for i, found in later.items()} == {i: [i, i + 4] for i in range(4)}


@pytest.mark.parametrize("networks", [4, 12, 24, 32, 96])
def test_disjoint_pairs_use_every_network_once(networks):
    """So many networks give half as many independent pairs, each within a quadruple."""
    run = flat(networks)
    pairs = metrics.disjoint_pairs(run)
    assert sorted(pairs.ravel().tolist()) == list(range(networks))
    assert (pairs[:, 0] // 4 == pairs[:, 1] // 4).all()
    assert len(pairs) == networks // 2


def test_every_two_models_meet_equally_often():
    """Over three quadruples each of the six pairs of models i, j is there once."""
    pairs = metrics.disjoint_pairs(flat(24)) % 4
    counts = Counter(map(tuple, pairs.tolist()))
    assert counts == dict.fromkeys(combinations(range(4), 2), 2)


def test_rotating_points_into_the_runs_pairs():
    """The recorded agreement of those places is that of those networks."""
    run = flat(12)
    assert np.array_equal(run.arrays["pairs"][metrics.rotating(run)], metrics.disjoint_pairs(run))
    assert metrics.disjoint_pairs(run).tolist() == [[0, 1], [2, 3], [4, 6], [5, 7], [8, 11], [9, 10]]


def test_agreement_of_any_two_networks():
    """Pairs that no quadruple holds are compared by their labels, on either side."""
    labels = np.zeros((8, SAMPLES), dtype=np.uint8)
    labels[1, :250] = 1
    labels[6, :] = 2
    run = flat(predictions=labels)
    pairs = np.array([[0, 1], [1, 6], [0, 7]])
    for side in ("train", "test"):
        found = metrics.agreement_between(run, pairs, side)
        assert found.shape == (21, 3)
        assert (found == [0.75, 0.0, 1.0]).all()
    test = run.arrays["test_predictions"].copy()
    test[:, 7] = 3
    moved = altered(run, test_predictions=test)
    assert metrics.agreement_between(moved, pairs)[-1].tolist() == [0.75, 0.0, 1.0]
    assert metrics.agreement_between(moved, pairs, "test")[-1].tolist() == [0.75, 0.0, 0.0]


def test_labels_of_a_network_without_a_loss_agree_with_nobodys():
    """From either side of the pair, and at that epoch only."""
    run = flat()
    loss = run.arrays["train_loss"].copy()
    loss[5, 1] = np.nan
    broken = altered(run, train_loss=loss)
    found = metrics.agreement_between(broken, np.array([[0, 1], [1, 2], [0, 2]]))
    assert np.isnan(found[5]).tolist() == [True, True, False]
    assert np.isfinite(np.delete(found, 5, axis=0)).all()


# -- notes ------------------------------------------------------------------------------


def test_accuracies_are_told_beside_the_epochs():
    """The mean over networks whose loss is a number, at the last epoch."""
    run = flat(accuracy=by_model([0.8, 0.9, 0.9, 1.0], 8))
    assert metrics.accuracy_note(run) == "20 epochs, mean accuracy 0.90 train, 0.90 test"
    loss = run.arrays["train_loss"].copy()
    loss[-1, [3, 7]] = np.nan
    assert metrics.accuracy_note(altered(run, train_loss=loss)) == (
        "20 epochs, mean accuracy 0.87 train, 0.87 test"
    )
    loss[-1] = np.nan
    assert metrics.accuracy_note(altered(run, train_loss=loss)) == "20 epochs, no network has a loss"


def test_a_regression_has_epochs_only():
    """Without labels there is no accuracy to tell."""
    run = flat()
    arrays = {k: v for k, v in run.arrays.items() if "accuracy" not in k}
    assert metrics.accuracy_note(type(run)(run.spec, arrays)) == "20 epochs"


def test_diverged_networks_are_counted_over_all_runs():
    """And nothing is said where none did."""
    run = flat()
    lost = altered(run, diverged_at=np.array([-1, 0, 5, -1, -1, -1, -1, -1]))
    assert metrics.diverged_note(run) == ""
    assert metrics.diverged_note(lost) == "2 of 8 networks diverged"
    assert metrics.diverged_note(lost, run, lost) == "4 of 24 networks diverged"


def test_notes_that_say_nothing_are_left_out():
    """No empty clause between two semicolons."""
    assert join("a", "", "b") == "a; b"
    assert join("", "") == ""
