"""What stands beside each verdict: n and its unit, what is unresolved or diverged, and the note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from claims.catalogue import claim
from claims.core.verdict import Evidence
from claims.evidence.relu import output_relu
from claims.evidence.trained import (
    comparisons,
    distances,
    equal_pairs,
    equality,
    groups,
    labels,
    reaching,
    speed,
)
from models.runs.run import Run
from tests.claims.cases import CASES, STRADDLING
from tests.claims.planted import altered, by_model, planted, plateau
from tests.helpers.specs import changed


def told(values: tuple[float, ...] = (0.01, 0.02, 0.03, 0.3), **more: object) -> Run:
    """32 networks whose losses settle by model i, and the last two of which diverged.

    Accuracy and agreement are another number at every epoch and on either side, so that a note which took the
    wrong one would show.
    """
    t = np.arange(21)[:, None]
    run = planted(
        plateau(by_model(values, 32, 1e-3)),
        plateau(by_model(np.array(values) + 0.2, 32, 1e-3)),
        agreement=0.2 + 0.03 * t + 0.002 * np.cos(np.arange(48)),
        accuracy=0.3 + 0.03 * t + 0 * np.arange(32),
        weights=np.random.default_rng(0).normal(size=(32, 30, 2)),
        **more,
    )
    return altered(
        run,
        test_accuracy=run.arrays["train_accuracy"] - 0.05,
        test_agreement=(run.arrays["train_agreement"] * 0.9).astype(np.int64),
        diverged_at=np.where(np.arange(32) > 29, 3, -1),
    )


LOST, EPOCHS = "2 of 32 networks diverged", "20 epochs, mean accuracy 0.90 train, 0.85 test"
NO_SECOND = "no second leg"
E1_LINEAR = (
    "23 of 32 networks at l <= 0.05 on the train set, 2 unresolved (by model i: 8, 8, 7, 0); l median 0.025, "
    f"largest 0.301; {EPOCHS}; {NO_SECOND}; {LOST}"
)
E1_SOFTMAX = (
    "0 of 32 networks at l <= 0.05 on the train set, 2 unresolved (by model i: 0, 0, 0, 0); l median 0.3, "
    f"largest 0.301; {EPOCHS}; {NO_SECOND}; {LOST}"
)
ALIKE = (
    "14 of 14 pairs of equal training loss alike, 0 unresolved; 4 of 32 networks are in no such pair; 2 of "
    f"32 networks had not converged; {EPOCHS}; {NO_SECOND}; {LOST}"
)
BY_MODEL = f"median l by model: 0.01, 0.02, 0.03, 0.3; {EPOCHS}; {NO_SECOND}; {LOST}"

A, B = told(), told((0.3, 0.3, 0.3, 0.3), output="softmax")


def other(run: Run, **spec: object) -> Run:
    return replace(run, spec=changed(run.spec, **spec))


WORDS = {
    # id: evidence, n, unit, unresolved, diverged, note
    "E1": (lambda: reaching.near_zero(A, claim("E1")), 32, "networks", 2, 2, E1_LINEAR),
    "E1-test": (
        lambda: reaching.near_zero(A, claim("E1-test"), side="test"),
        *(32, "networks", 2, 2),
        "0 of 32 networks at l <= 0.05 on the test set, 2 unresolved (by model i: 0, 0, 0, 0); l median "
        f"0.225, largest 0.501; {EPOCHS}; {NO_SECOND}; {LOST}",
    ),
    "E5": (
        lambda: reaching.same_behaviour(A, other(B, widths=(3, 4)), claim("E5")),
        *(32, "paired networks", 2, 4),
        "7 of 32 seeds behave alike on the train set, 2 unresolved; at l <= 0.05: 23 of 32 networks of 2, 0 "
        f"of 32 of 3-4; {NO_SECOND}; 4 of 64 networks diverged",
    ),
    "D2": (
        lambda: reaching.every_architecture([A, other(B, widths=(3, 4))], claim("D2")),
        *(64, "networks", 4, 4),
        f"23 of 32 at 2, 0 of 32 at 3-4; 4 unresolved; {NO_SECOND}; 4 of 64 networks diverged",
    ),
    "E2": (
        lambda: equality.equal_loss(A, claim("E2")),
        *(32, "networks", 2, 2),
        "9 of 32 networks certainly within 0.01 of each other, at most 11; l from 0.009 to 0.301, median "
        f"0.025; {EPOCHS}; {NO_SECOND}; {LOST}",
    ),
    "E2-sigma": (lambda: equality.sigma_effect(A, claim("E2-sigma")), 32, "networks", 2, 2, BY_MODEL),
    "E3": (
        lambda: labels.fall_then_rise(A, claim("E3")),
        *(16, "disjoint pairs", 0, 2),
        "0 of 16 pairs fall by a point and rise again, 0 unresolved; median fall 0.000, median rise 0.600; "
        f"{EPOCHS}; {LOST}",
    ),
    "E8": (
        lambda: labels.highest_agreement(A, claim("E8")),
        *(16, "disjoint pairs", 0, 2),
        f"agreement median 0.80 at the end; {EPOCHS}; {LOST}",
    ),
    "E8-one": (
        lambda: labels.exactly_one_pair(A, claim("E8-one")),
        *(8, "quadruples", 0, 2),
        "median agreement of models 0-1 0.80, 0-2 0.80, 0-3 0.80, 1-2 0.80, 1-3 0.80, 2-3 0.80; "
        f"{EPOCHS}; {NO_SECOND}; {LOST}",
    ),
    "M2": (
        lambda: labels.same_labels(A, claim("M2")),
        *(16, "disjoint pairs", 16, 2),
        "0 of 16 pairs alike on the train set, median 800 of 1000 samples; 0 of 16 pairs alike on the test "
        f"set, median 720 of 1000 samples; {NO_SECOND}; {LOST}",
    ),
    "M1": (
        lambda: distances.rank_agreement(A, claim("M1")),
        *(8, "quadruples", 0, 2),
        f"median tau 0.28 units as they stand, median tau 0.14 units aligned; {NO_SECOND}; {LOST}",
    ),
    "E10-groups": (lambda: groups.two_groups(A, claim("E10-groups")), 32, "networks", 2, 2, BY_MODEL),
    "E10-merge": (
        lambda: groups.groups_merge(told((0.1, 0.1, 0.3, 0.3)), claim("E10-merge")),
        *(32, "networks", 2, 2),
        "median l by model: 0.1, 0.1, 0.3, 0.3 at epoch 10, 0.1, 0.1, 0.3, 0.3 at the end; "
        f"{NO_SECOND}; {LOST}",
    ),
    "D3": (lambda: equal_pairs.equal_labels(A, claim("D3")), 14, "disjoint pairs", 0, 2, ALIKE),
    "D4": (lambda: equal_pairs.equal_generalisation(A, claim("D4")), 14, "disjoint pairs", 0, 2, ALIKE),
    "D5": (
        lambda: comparisons.accuracy_drop(A, B, claim("D5")),
        *(32, "paired networks", 32, 4),
        f"median test accuracy 0.850 without, 0.850 with softmax; {NO_SECOND}; 4 of 64 networks diverged",
    ),
    "D6": (
        lambda: comparisons.different_ends([A, other(B, loss="bce", output="linear")], claim("D6")),
        *(32, "paired networks", 2, 4),
        f"at l <= 0.05: 23 of 32 with mse, 0 of 32 with bce; {NO_SECOND}; 4 of 64 networks diverged",
    ),
    "E6": (
        lambda: speed.slowdown({"": (B, A)}, 0.5, claim("E6")),
        *(32, "paired networks", 0, 4),
        "l = 0.5 reached by 32 of 32 networks with softmax (median step 46 to 64), 32 of 32 without (median "
        "step 33 to 45), of 32 steps an epoch; 4 of 64 networks diverged",
    ),
    "D1": (
        lambda: speed.slowdown({"squared error": (B, A), "cross entropy": (A, B)}, 0.1, claim("D1")),
        *(32, "paired networks", 0, 8),
        "squared error: l = 0.1 reached by 0 of 32 networks with softmax (median beyond step 640), 24 of 32 "
        "without (median step 46 to 64), of 32 steps an epoch; cross entropy: l = 0.1 reached by 24 of 32 "
        "networks with softmax (median step 46 to 64), 0 of 32 without (median beyond step 640), of 32 steps "
        "an epoch; 8 of 128 networks diverged",
    ),
    "N3": (
        lambda: output_relu.changed_verdict(
            "E1", reaching.near_zero, A, other(B, output="relu"), claim("N3")
        ),
        *(64, "networks", 4, 4),
        "E1 with a ReLU output: refuted, 0 share of networks (all networks: whole interval outside >= 0.85; "
        f"{E1_SOFTMAX}); with a linear output: inconclusive, 0.719 share of networks (model 3: the interval "
        f"straddles >= 0.85: 2 of 32 networks had not converged; {E1_LINEAR})",
    ),
}


@pytest.mark.parametrize(("make", "n", "unit", "unresolved", "diverged", "note"), WORDS.values(), ids=WORDS)
def test_what_stands_beside_a_verdict(
    make: Callable[[], Evidence], n: int, unit: str, unresolved: int, diverged: int, note: str
) -> None:
    """Counted by hand from the planted numbers: of 32 networks the last two diverged, models 2 and 3."""
    evidence = make()
    assert (evidence.n, evidence.sampling_unit) == (n, unit)
    assert type(evidence.n) is int
    assert (evidence.unresolved, evidence.diverged) == (unresolved, diverged)
    assert evidence.note == note


@pytest.mark.parametrize(
    ("id", "evidence", "n", "unit"),
    [
        ("E3", labels.fall_then_rise, 16, "disjoint pairs"),
        ("E8", labels.highest_agreement, 16, "disjoint pairs"),
        ("E8-one", labels.exactly_one_pair, 8, "quadruples"),
    ],
)
def test_what_does_not_apply_says_what_it_would_have_counted(id, evidence, n, unit):
    """The accuracy at the end decides that, and no earlier one; it is shown with its bounds."""
    early = np.where(np.arange(21)[:, None] < 20, 0.9, 0.1) + np.zeros(32)
    late = 1.0 - early
    found = evidence(planted(plateau(np.full(32, 0.2)), accuracy=early), claim(id))
    assert (found.n, found.sampling_unit, found.estimate, found.interval) == (n, unit, None, None)
    assert type(found.n) is int
    assert found.inapplicable == (
        "accuracy clearly above chance failed on the run (median accuracy 0.10 [0.10, 0.10], wanted 0.15): "
        "labels at chance disagree whatever the networks are"
    )
    assert evidence(planted(plateau(np.full(32, 0.2)), accuracy=late), claim(id)).inapplicable == ""


@pytest.mark.parametrize(("id", "estimate"), [("E1", 23 / 32), ("E5", 7 / 32), ("D2", 0.0), ("E1-test", 0.0)])
def test_the_share_among_all_networks_is_shown(id, estimate):
    """Not that of the model i that binds, raised to the same edge."""
    assert WORDS[id][0]().estimate == estimate


def test_a_share_is_shown_though_a_model_binds():
    """All but model 3 arrive: three quarters, of the networks and of the seeds."""
    zero, run = told((0.01, 0.01, 0.01, 0.01)), told()
    zero, run = (altered(of, diverged_at=np.full(32, -1)) for of in (zero, run))
    for found in (
        reaching.near_zero(run, claim("E1")),
        reaching.same_behaviour(run, zero, claim("E5")),
        reaching.every_architecture([zero, run], claim("D2")),
    ):
        assert found.estimate == 24 / 32
        assert found.part.endswith("model 3")


@pytest.mark.parametrize("case", CASES + STRADDLING, ids=str)
def test_p_values_are_probabilities(case):
    """However many parts were multiplied by, and with as few networks as there may be."""
    for networks in (8, 32):
        evidence = case.evidence(case.runs(networks), claim(case.id))
        if not evidence.inapplicable:
            assert 0 <= evidence.p_support <= 1
            assert 0 <= evidence.p_refute <= 1
            assert evidence.p_value == min(evidence.p_support, evidence.p_refute)


def test_a_pair_agrees_where_both_losses_are_numbers():
    """One of the two is not enough, from either side; other epochs and other pairs keep their agreement."""
    run = told()
    loss = run.arrays["train_loss"].copy()
    loss[4, 1] = np.nan
    for side in ("train", "test"):
        found = labels.agree_or_not(altered(run, train_loss=loss), side)
        unknown = np.argwhere(np.isnan(found)).tolist()
        assert unknown == [[4, 0], [4, 3], [4, 4]], "the pairs 0-1, 1-2 and 1-3"
        np.testing.assert_array_equal(np.delete(found, 4, 0), np.delete(run.agreement(side), 4, 0))


def test_accuracies_and_distances_are_of_the_last_epoch():
    """D5 tells the accuracy at the end, M1 ranks by the weights at the end, whatever they were before."""
    run = told()
    better = run.arrays["test_accuracy"].copy()
    better[-1] = 0.97
    note = comparisons.accuracy_drop(altered(run, test_accuracy=better), B, claim("D5")).note
    assert note.startswith("median test accuracy 0.970 without, 0.850 with softmax")
    (graded,) = next(case for case in CASES if case.id == "M1").runs(32)
    before = {}
    for name in ("weight_distance", "weights_differ"):
        before[name] = np.random.default_rng(0).permuted(graded.arrays[name], axis=1)
        before[name][-1] = graded.arrays[name][-1]
    assert distances.rank_agreement(altered(graded, **before), claim("M1")) == (
        distances.rank_agreement(graded, claim("M1"))
    )


def test_nothing_unresolved_is_not_mentioned():
    """D2 of networks that all came to rest."""
    run = altered(A, diverged_at=np.full(32, -1))
    assert reaching.every_architecture([run], claim("D2")).note == f"24 of 32 at 2; {NO_SECOND}"


def late(run: Run, loss: np.ndarray) -> Run:
    """The run with other training losses at the last epoch, l by network."""
    train = run.arrays["train_loss"].copy()
    train[-1] = loss * run.arrays["baseline"][0]
    return altered(run, train_loss=train)


def test_notes_tell_of_the_last_epoch():
    """A loss that jumped just then is told where it jumped to."""
    (before, after) = ((0.1, 0.1, 0.3, 0.3), (0.2, 0.25, 0.35, 0.4))
    run = late(told(before), by_model(after, 32))
    told_of = "median l by model: 0.2, 0.25, 0.35, 0.4"
    assert equality.sigma_effect(run, claim("E2-sigma")).note.startswith(told_of)
    assert groups.two_groups(run, claim("E10-groups")).note.startswith(told_of)
    assert "l from 0.2 to 0.4, median 0.3;" in equality.equal_loss(run, claim("E2")).note
    assert "l median 0.3, largest 0.4;" in reaching.near_zero(run, claim("E1")).note
    merge = groups.groups_merge(run, claim("E10-merge")).note
    assert merge.startswith(
        "median l by model: 0.1, 0.1, 0.3, 0.3 at epoch 10, 0.2, 0.25, 0.35, 0.4 at the end"
    )


def test_what_is_unknown_is_called_unknown():
    """Where no network has a loss at the end there is no median to tell."""
    run = told()
    lost = altered(run, train_loss=np.full_like(run.arrays["train_loss"], np.nan))
    assert "l median unknown, largest unknown; 20 epochs, no network has a loss" in (
        reaching.near_zero(lost, claim("E1")).note
    )
    assert equality.equal_loss(lost, claim("E2")).note == (
        "0 of 32 networks certainly within 0.01 of each other, at most 32; 20 epochs, no network has a loss; "
        f"{NO_SECOND}; {LOST}"
    )
    assert (
        "0 of 16 pairs alike on the train set, median unknown;" in labels.same_labels(lost, claim("M2")).note
    )


def test_every_network_has_its_arrival():
    """At the level it has arrived; certainly above it stays; one that diverged or may fall is unresolved."""
    t = np.arange(21)[:, None]
    curves = np.concatenate([plateau(np.array([0.049, 0.299, 0.01])), 0.06 + 0.004 * (20 - t)], axis=1)
    run = altered(planted(curves), diverged_at=np.array([-1, -1, 5, -1]))
    found = reaching.arrivals(run)
    kinds = reaching.Arrival
    assert found.dtype == np.int64
    assert found.tolist() == [kinds.ARRIVED, kinds.STAYS, kinds.UNRESOLVED, kinds.UNRESOLVED]
    assert reaching.arrivals(run, level=0.3).tolist() == [kinds.ARRIVED] * 2 + [
        kinds.UNRESOLVED,
        kinds.ARRIVED,
    ]


@pytest.mark.parametrize(("later", "fits"), [([4, 3, 2, 1, 5, 7, 6], True), ([4, 3, 2, 1, 6, 7, 5], False)])
def test_a_trend_of_exactly_the_margin_counts_as_rising(later, fits):
    """Eight records from the minimum on, seven of 28 pairs of which are in disorder: tau is 0.5."""
    run = planted(plateau(by_model([0.2] * 4, 32), epochs=8))
    # 0, 1, 2, 4, 8, 16, 32, 45 | 64, 91, 96, 128, 160, 192, 224, 256 are the steps of the records.
    values = [900, 890, 880, 870, 860, 850, 840, 830, *(500 + 20 * rank for rank in (0, *later))]
    steps = [0, 1, 2, 4, 8, 16, 32, 45, 64, 91, 96, 128, 160, 192, 224, 256]
    at = dict(zip(steps, values, strict=True))
    assert run.fine_agreement()[1].tolist() == steps
    run = altered(
        run,
        train_agreement=np.tile([[at[32 * k]] for k in range(9)], 48),
        early_train_agreement=np.tile([[at[k]] for k in run.arrays["early_steps"].tolist()], 48),
    )
    found = labels.fall_then_rise(run, claim("E3"))
    assert found.estimate == float(fits)
    assert f"median fall 0.400, median rise {0.12 if fits else 0.1:.3f}" in found.note
