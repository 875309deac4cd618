"""The planted cases of every claim that trains: at least one to support, one to refute, one left open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from claims.core.margins import HALF_LOSS, TENTH_LOSS
from claims.core.verdict import Evidence, Outcome
from claims.evidence.minima import kinds, optimisers, scales
from claims.evidence.relu.output_relu import changed_verdict
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
from models.descent.certificates.certificate import Kind
from models.runs.run import Run
from tests.claims.planted import SAMPLES, Case, by_model, descended, fall, planted, plateau, spread
from tests.helpers.specs import changed

__all__ = ["APART", "CASES", "SAME", "STRADDLING", "accuracies", "curve", "final", "losses", "unequal_tests"]

SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE
Runs = Callable[[int], list[Run]]


def one(function: Callable[..., Evidence]) -> Callable[[Sequence[Run], object], Evidence]:
    """The evidence of a function of a single run."""
    return lambda runs, claim: function(runs[0], claim)


def both(function: Callable[..., Evidence]) -> Callable[[Sequence[Run], object], Evidence]:
    """The evidence of a function of several runs, one argument each."""
    return lambda runs, claim: function(*runs, claim)


def final(values: Sequence[float], width: float = 1e-4, **more: object) -> Runs:
    """A run whose models i settle at these losses."""
    return lambda networks: [planted(plateau(by_model(values, networks, width)), **more)]


def losses(make: Callable[[int], np.ndarray], **more: object) -> Runs:
    """A run whose networks settle at the losses that `make` gives for so many."""
    return lambda networks: [planted(plateau(make(networks)), **more)]


def but_one(networks: int) -> np.ndarray:
    """Every network but one reaches zero; the one is stuck at the constant predictor's loss."""
    found = np.full(networks, 0.01)
    found[5] = 1.0
    return found


def but_one_above(networks: int) -> np.ndarray:
    """Every network but one reaches a global minimum; the one is stuck above."""
    found = np.full(networks, 1e-6)
    found[5] = 1.0
    return found


def one_in(share: float, stuck: float = 1.0) -> Callable[[int], np.ndarray]:
    """That share of the networks, spread over all models i, is stuck."""

    def make(networks: int) -> np.ndarray:
        found = np.full(networks, 0.01)
        found[: round(share * networks)] = stuck
        return np.random.default_rng(0).permutation(found)

    return make


def two_clusters(networks: int) -> np.ndarray:
    """Within every model i half of the networks end at 0.01 and half at 0.03: all group means are equal."""
    return np.where(np.arange(networks) // 4 % 2, 0.03, 0.01)


def zero_beside_tiny(networks: int) -> np.ndarray:
    """Losses of 0, 1e-5 and 1e-9."""
    return np.resize([0, 1e-5, 1e-9], networks)


def unequal_tests(values: Sequence[float], train: float = 0.1) -> Runs:
    """Equal training losses, and these test losses by model i."""
    return lambda networks: [
        planted(plateau(by_model([train] * 4, networks, 1e-3)), plateau(by_model(values, networks, 1e-3)))
    ]


def paired_tests(values: Sequence[float]) -> Runs:
    """Networks of one pair of equal loss have the first and the last of these test losses."""

    def runs(networks: int) -> list[Run]:
        train = 0.1 + np.arange(networks) * 1e-4  # neighbours in this order are paired off
        return [planted(plateau(train), plateau(np.resize(values, networks)))]

    return runs


def alike(share: float, train: Sequence[float] = (0.1,)) -> Runs:
    """Networks of equal loss, neighbours of which label this share of the samples alike."""

    def runs(networks: int) -> list[Run]:
        predictions = np.zeros((networks, SAMPLES), dtype=np.uint8)
        predictions[1::2, round(share * SAMPLES) :] = 1
        ends = np.resize(train, networks) + np.arange(networks) * 1e-4
        return [planted(plateau(ends), predictions=predictions)]

    return runs


def behaving(small: Sequence[float], large: Sequence[float]) -> Runs:
    """Two architectures whose networks of one number settle at these losses."""
    return lambda networks: final(small)(networks) + final(large)(networks)


def curve(agreement: Sequence[float], **more: object) -> Runs:
    """A run of settled losses in which every pair agrees as the curve says, interpolated over the epochs."""

    def runs(networks: int) -> list[Run]:
        epochs = 20
        every = np.interp(np.arange(epochs + 1), np.linspace(0, epochs, len(agreement)), agreement)
        own = 0.001 * np.cos(np.arange(6 * networks // 4))  # a pair's own effect
        return [
            planted(
                plateau(by_model([0.2] * 4, networks, 1e-4), epochs), agreement=every[:, None] + own, **more
            )
        ]

    return runs


def pairs_of_six(*agreements: float) -> Runs:
    """The six pairs of models i, j agree so much, from the middle of the training on."""

    def runs(networks: int) -> list[Run]:
        by_pair = np.resize(np.array(agreements), 6 * networks // 4)
        part = np.minimum(np.arange(21) / 10, 1)[:, None]
        return [planted(plateau(by_model([0.2] * 4, networks)), agreement=0.1 + part * (by_pair - 0.1))]

    return runs


def times(*rates: float, **more: object) -> Runs:
    """One run for each rate, softmax first in each pair; l = level after rate * log(1 / level) epochs."""
    return lambda networks: [
        planted(fall(by_model([rate] * 4, networks, rate / 100)), **more) for rate in rates
    ]


def accuracies(*values: float) -> Runs:
    """One run for each accuracy."""
    return lambda networks: [
        planted(plateau(by_model([0.2] * 4, networks, 1e-4)), accuracy=by_model([value] * 4, networks, 0.005))
        for value in values
    ]


def ending(*ends: Sequence[float]) -> Runs:
    """A run for each of the three losses, whose models i settle at these."""
    return lambda networks: [
        planted(
            plateau(by_model(values, networks, 1e-4)),
            loss=loss,
            output="softmax" if loss == "ce" else "linear",
        )
        for values, loss in zip(ends, ("mse", "bce", "ce"), strict=True)
    ]


def merging(half: float, end: float, noise: tuple[float, float] = (1e-4, 1e-4)) -> Runs:
    """{0, 1} and {2, 3} apart by `half` at half the epochs, by `end` at the last; `noise` spreads
    networks."""

    def runs(networks: int) -> list[Run]:
        draw = np.random.default_rng(3)
        start, stop = (
            by_model([0.3, 0.3, 0.3 + gap, 0.3 + gap], networks) + draw.normal(size=networks) * width
            for gap, width in ((half, noise[0]), (end, noise[1]))
        )
        # They rest until epoch 80 of 160, move at once, and rest from there on: half-time is epoch 80.
        part = (np.arange(161) > 80)[:, None] * 1.0
        settled = start + part * (stop - start)
        smoothed = np.concatenate([settled[:81], np.tile(stop, (80, 1))])
        return [planted(smoothed)]

    return runs


def graded_weights(networks: int) -> list[Run]:
    """The further two models are apart, the more of their weights differ."""
    scale = np.random.default_rng(1).permutation(networks)
    weights = scale[:, None, None] * np.geomspace(0.1 / networks, 0.1, 60).reshape(30, 2)
    return [planted(plateau(by_model([0.1] * 4, networks)), weights=weights)]


def unrelated_weights(networks: int) -> list[Run]:
    """The distance lies in one weight and the count in the others, drawn apart from it."""
    rng = np.random.default_rng(2)
    weights = 0.05 * rng.permutation(networks)[:, None, None] * np.linspace(0.1, 1, 60).reshape(30, 2)
    weights[:, 0, 0] = 100 * rng.permutation(networks)
    return [planted(plateau(by_model([0.1] * 4, networks)), weights=weights)]


def with_relu(values: Sequence[float], relu: Sequence[float]) -> Runs:
    """The paper's output and the same network with a ReLU on it."""
    return lambda networks: final(values)(networks) + final(relu, output="relu")(networks)


def three(values: Sequence[float]) -> Runs:
    """Three architectures that all end like this."""

    def runs(networks: int) -> list[Run]:
        (run,) = final(values)(networks)
        return [replace(run, spec=changed(run.spec, widths=widths)) for widths in ((2,), (3,), (4,))]

    return runs


def ended(*ends: Callable[[int], np.ndarray], **more: object) -> Runs:
    """A run for each of these, whose training is on its way and whose descent ends at the losses given."""
    return lambda networks: [
        descended(planted(fall(np.full(networks, 30.0))), make(networks), **more) for make in ends
    ]


def half_dead(networks: int) -> list[Run]:
    """Half of the networks end with a silent layer, at the loss of the best constant."""
    dead = np.arange(networks) // 4 % 2 == 0
    kinds = [Kind.DEAD if each else Kind.GLOBAL for each in dead]
    return ended(lambda n: np.where(dead, 1.0, 1e-6), kind=kinds)(networks)


def zero(networks: int) -> np.ndarray:
    """Every network reaches a global minimum."""
    return np.full(networks, 1e-6)


def high(networks: int) -> np.ndarray:
    """Every network ends at a loss that is not near zero."""
    return np.full(networks, 0.3)


def scaled(*accuracy: float, **more: object) -> Runs:
    """he, std and var, whose networks all end at a global minimum with these test accuracies."""

    def runs(networks: int) -> list[Run]:
        return [
            descended(
                planted(plateau(np.full(networks, 0.2)), protocol=protocol),
                zero(networks),
                test_accuracy=value + spread(networks, 0.005),
                **more,
            )
            for protocol, value in zip(("he", "std", "var"), accuracy, strict=True)
        ]

    return runs


def moving(moved: Sequence[float], flips: Sequence[float]) -> Runs:
    """Networks of model i moved so far, and so many activations flipped."""
    return lambda networks: [
        descended(
            planted(plateau(np.full(networks, 0.2))),
            zero(networks),
            moved=by_model(moved, networks, 0.01),
            flips=by_model(flips, networks, 0.01),
        )
    ]


def _slowdown(level: float, runs: Sequence[Run], claim: object) -> Evidence:
    names = ["squared error", "cross entropy"][: len(runs) // 2]
    return speed.slowdown(
        dict(zip(names, zip(runs[::2], runs[1::2], strict=True), strict=True)), level, claim
    )


NEAR, NEAR_TEST = one(reaching.near_zero), one(partial(reaching.near_zero, side="test"))
ALIKE, ALIKE_TEST = both(reaching.same_behaviour), both(partial(reaching.same_behaviour, side="test"))
EQUAL, SIGMA = one(equality.equal_loss), one(equality.sigma_effect)
SHAPE, HIGHEST, SIX = one(labels.fall_then_rise), one(labels.highest_agreement), one(labels.exactly_one_pair)
GROUPS, MERGE = one(groups.two_groups), one(groups.groups_merge)
M1, M2 = one(distances.rank_agreement), one(labels.same_labels)
D3, D4 = one(equal_pairs.equal_labels), one(equal_pairs.equal_generalisation)
DROP, LANDSCAPE = both(comparisons.accuracy_drop), comparisons.different_ends
HALF, TENTH = partial(_slowdown, HALF_LOSS), partial(_slowdown, TENTH_LOSS)
ON_E1 = both(partial(changed_verdict, "E1", reaching.near_zero))

GLOBAL, LAZY = one(kinds.global_minima), one(scales.lazy_training)
OPTIMISERS, SCALES = optimisers.optimisers_agree, scales.scale_changes_accuracy
FALLS, RISES = [0.9, 0.5, 0.3, 0.1], [0.1, 0.3, 0.5, 0.9]

SAME, APART = [0.2, 0.2, 0.2, 0.2], [0.1, 0.2, 0.3, 0.4]
SMALL = [0.01, 0.02, 0.01, 0.02]

CASES = [
    *(
        case
        for id in ("E1", "E4", "E9")
        for case in (
            Case(id, SUPPORTED, NEAR, final(SMALL)),
            Case(id, REFUTED, NEAR, final([0.01, 0.02, 0.01, 0.3])),
            Case(f"{id}-test", SUPPORTED, NEAR_TEST, unequal_tests(SMALL, 0.01)),
            Case(f"{id}-test", REFUTED, NEAR_TEST, unequal_tests([0.3] * 4, 0.01)),
        )
    ),
    Case("E1", SUPPORTED, NEAR, losses(zero_beside_tiny), "zero beside tiny"),
    Case("E1", SUPPORTED, NEAR, unequal_tests([0.3] * 4, 0.01), "whatever the test loss"),
    Case("E1", SUPPORTED, NEAR, losses(but_one), "all but one"),
    Case("E1", REFUTED, NEAR, losses(one_in(0.4)), "two in five are stuck"),
    Case("E5", SUPPORTED, ALIKE, behaving(SMALL, SMALL)),
    Case("E5", SUPPORTED, ALIKE, behaving(APART, [0.3] * 4), "neither arrives"),
    Case("E5", REFUTED, ALIKE, behaving([0.3] * 4, SMALL)),
    Case("E5-test", SUPPORTED, ALIKE_TEST, behaving(APART, APART), "neither arrives"),
    Case("E5-test", REFUTED, ALIKE_TEST, behaving([0.3] * 4, SMALL)),
    *(
        case
        for id in ("E2", "E10")
        for case in (
            Case(id, SUPPORTED, EQUAL, final(SAME)),
            Case(id, REFUTED, EQUAL, final(APART)),
            Case(id, REFUTED, EQUAL, losses(two_clusters), "two clusters in every model"),
            Case(id, REFUTED, EQUAL, losses(two_clusters, protocol="he"), "two clusters under he"),
            Case(f"{id}-sigma", SUPPORTED, SIGMA, final(SAME)),
            Case(f"{id}-sigma", REFUTED, SIGMA, final([0.2, 0.2, 0.2, 0.3])),
        )
    ),
    Case("E7", SUPPORTED, EQUAL, final(APART)),
    Case("E7", SUPPORTED, EQUAL, losses(two_clusters, protocol="he"), "two clusters under he"),
    Case("E7", REFUTED, EQUAL, final(SAME)),
    Case("E7-sigma", SUPPORTED, SIGMA, final([0.2, 0.2, 0.2, 0.3])),
    Case("E7-sigma", REFUTED, SIGMA, final(SAME)),
    Case("E3", SUPPORTED, SHAPE, curve([0.5, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.96, 0.97, 0.98])),
    Case("E3", REFUTED, SHAPE, curve([0.9, 0.8, 0.6, 0.4, 0.2]), "only falls"),
    Case("E3", REFUTED, SHAPE, curve([0.3, 0.5, 0.7, 0.8, 0.9]), "no early fall"),
    Case("E6", SUPPORTED, HALF, times(10, 2)),
    Case("E6", REFUTED, HALF, times(5, 5)),
    Case("E6", SUPPORTED, HALF, times(1e6, 2), "softmax never gets there"),
    Case("E6", REFUTED, HALF, times(2, 1e6), "linear never gets there"),
    Case("E8", SUPPORTED, HIGHEST, curve([0.1, 0.2, 0.3, 0.2])),
    Case("E8", REFUTED, HIGHEST, curve([0.1, 0.8, 0.3, 0.2])),
    Case("E8-one", SUPPORTED, SIX, pairs_of_six(0.2, 0.2, 0.2, 0.2, 0.2, 0.9)),
    Case("E8-one", REFUTED, SIX, pairs_of_six(0.2, 0.2, 0.2, 0.2, 0.2, 0.2), "none"),
    Case("E8-one", REFUTED, SIX, pairs_of_six(0.2, 0.9, 0.2, 0.2, 0.2, 0.9), "two"),
    Case("E10-groups", SUPPORTED, GROUPS, final([0.1, 0.101, 0.3, 0.301])),
    Case("E10-groups", SUPPORTED, GROUPS, final([0.3, 0.301, 0.1, 0.101]), "the other way round"),
    Case("E10-groups", REFUTED, GROUPS, final([0.0, 1.0, 2.0, 3.0]), "evenly spaced"),
    Case("E10-groups", REFUTED, GROUPS, final([0.1, 0.3, 0.1, 0.3]), "other groups"),
    Case("E10-groups", REFUTED, GROUPS, final(SAME), "one group"),
    Case("E10-groups", REFUTED, GROUPS, final([0.1, 0.3, 0.1, 0.1]), "one stray model"),
    Case("E10-merge", SUPPORTED, MERGE, merging(0.3, 0.0)),
    Case("E10-merge", SUPPORTED, MERGE, merging(-0.3, 0.0), "the other way round"),
    Case("E10-merge", REFUTED, MERGE, merging(0.3, 0.3), "groups stay"),
    Case("E10-merge", REFUTED, MERGE, merging(0.1, 0.3), "groups part"),
    Case("E10-merge", REFUTED, MERGE, merging(0.3, -0.3), "groups cross"),
    Case("E10-merge", REFUTED, MERGE, merging(0.3, 0.2), "a fall that leaves a gap"),
    Case("N3", SUPPORTED, ON_E1, with_relu(SMALL, SMALL)),
    Case("N3", REFUTED, ON_E1, with_relu(SMALL, [0.3] * 4)),
    Case("M1", SUPPORTED, M1, graded_weights),
    Case("M1", REFUTED, M1, unrelated_weights),
    Case("M2", SUPPORTED, M2, curve([0.2, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])),
    Case("M2", REFUTED, M2, curve([0.2, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4])),
    Case("D1", SUPPORTED, TENTH, times(8, 2, 7, 2)),
    Case("D1", REFUTED, TENTH, times(8, 2, 4, 4), "only for squared error"),
    Case("D2", SUPPORTED, reaching.every_architecture, three(SMALL)),
    Case("D2", REFUTED, reaching.every_architecture, three([0.01, 0.3, 0.01, 0.4])),
    Case("D3", SUPPORTED, D3, alike(0.99)),
    Case("D3", REFUTED, D3, alike(0.6)),
    Case("D4", SUPPORTED, D4, unequal_tests(SAME)),
    Case("D4", REFUTED, D4, paired_tests([0.2, 0.4])),
    Case("D5", SUPPORTED, DROP, accuracies(0.95, 0.8)),
    Case("D5", REFUTED, DROP, accuracies(0.95, 0.95)),
    Case("D6", SUPPORTED, LANDSCAPE, ending([0.01] * 4, [0.3] * 4, [0.01] * 4)),
    Case("D6", REFUTED, LANDSCAPE, ending([0.01] * 4, [0.01] * 4, [0.01] * 4)),
    Case("E11", SUPPORTED, GLOBAL, ended(zero)),
    Case("E11", SUPPORTED, GLOBAL, ended(but_one_above), "all but one"),
    Case("E11", REFUTED, GLOBAL, ended(lambda n: np.where(one_in(0.4)(n) > 0.5, 0.3, 1e-6))),
    Case("E11", REFUTED, GLOBAL, half_dead, "half are dead"),
    Case("E12", SUPPORTED, OPTIMISERS, ended(zero, zero, zero)),
    Case("E12", SUPPORTED, OPTIMISERS, ended(high, high), "none is near zero"),
    Case("E12", REFUTED, OPTIMISERS, ended(zero, high, zero)),
    Case("D7", SUPPORTED, SCALES, scaled(0.95, 0.85, 0.94)),
    Case("D7", REFUTED, SCALES, scaled(0.95, 0.94, 0.95)),
    Case("D8", SUPPORTED, LAZY, moving(FALLS, FALLS)),
    Case("D8", REFUTED, LAZY, moving(RISES, RISES)),
    Case("D8", REFUTED, LAZY, moving(FALLS, RISES), "only the weights"),
]  # fmt: skip

STRADDLING = [
    Case("E11", INCONCLUSIVE, GLOBAL, ended(high), "nothing tells whether it is global"),
    Case("E12", INCONCLUSIVE, OPTIMISERS, ended(zero, lambda n: one_in(0.2)(n), zero)),
    Case("D7", INCONCLUSIVE, SCALES, lambda n: scaled(
        0.95, 0.85, 0.94, kind=[Kind.GLOBAL if k % 3 else Kind.FALLING for k in range(n)])(n)),
    Case("D8", INCONCLUSIVE, LAZY, lambda n: [descended(
        planted(plateau(np.full(n, 0.2))), zero(n),
        moved=np.where(np.arange(n) // 4 % 3 < 2, by_model(FALLS, n), by_model(RISES, n)),
        flips=by_model(FALLS, n))]),
    Case("E1", INCONCLUSIVE, NEAR, losses(one_in(0.2))),
    Case("E2", INCONCLUSIVE, EQUAL, losses(one_in(0.15, 0.05))),
    Case("E2-sigma", INCONCLUSIVE, SIGMA, final([0.2, 0.2, 0.2, 0.21], 0.02)),
    Case("E5", INCONCLUSIVE, ALIKE, lambda n: losses(one_in(0.2))(n) + final(SMALL)(n)),
    Case("E6", INCONCLUSIVE, HALF, times(8, 4)),
    Case("E7", INCONCLUSIVE, EQUAL, losses(one_in(0.15, 0.05))),
    Case("E8", INCONCLUSIVE, HIGHEST, curve([0.1, 0.5, 0.5, 0.4])),
    Case("E8-one", INCONCLUSIVE, SIX, lambda n: pairs_of_six(0.2, 0.2, 0.2, 0.2, 0.2, 0.9)(12)),
    Case("E10-groups", INCONCLUSIVE, GROUPS, final([0.2, 0.2, 0.21, 0.21], 0.005)),
    Case("E10-merge", INCONCLUSIVE, MERGE, merging(0.11, 0.01, (0.002, 0.02))),
    Case("D1", INCONCLUSIVE, TENTH, times(1e6, 1e6, 1e6, 1e6), "nobody gets there"),
    Case("D3", INCONCLUSIVE, D3, lambda n: [planted(plateau(np.linspace(0.1, 0.9, n)))], "no equal pairs"),
    Case("D4", INCONCLUSIVE, D4, paired_tests([0.2, 0.2, 0.2, 0.4, 0.2, 0.2])),
    Case("D5", INCONCLUSIVE, DROP, lambda n: [accuracies(0.85)(n)[0], planted(
        plateau(by_model([0.2] * 4, n)), accuracy=0.8 + 0.02 * np.cos(np.arange(n)))]),
    Case("D6", INCONCLUSIVE, LANDSCAPE, lambda n: [
        replace(losses(one_in(0.15))(n)[0], spec=ending(*[[1.0] * 4] * 3)(n)[k].spec) if k == 0
        else ending(*[[0.01] * 4] * 3)(n)[k] for k in range(3)]),
]  # fmt: skip
