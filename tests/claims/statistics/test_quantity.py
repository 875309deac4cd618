"""Quantities made of quantities: bounds and p-values stay one thing, and error rates stay what they are."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, dataclass

import numpy as np
import pytest
from scipy import special

from claims.core.margins import ALPHA
from claims.statistics import Absolute, Affine, BatchMean, Largest, Median, Quantity, Share, Smallest, Window
from tests.claims.statistics.both_ways import bounds_and_p_values_agree, plain

MEANS = [BatchMean(value, 1.0, 20) for value in (-3.0, -0.5, 0.0, 1.0, 4.0)]
EDGES = (-4.0, -2.0, -0.5, 0.0, 0.1, 1.0, 2.0, 4.0)

RNG = np.random.default_rng(5)
MEDIANS = [Median.of(np.round(RNG.normal(shift, 1.0, 20), 1)) for shift in (-1.0, 0.0, 2.0)]
SHARES = [Share(3, 1, 12), Share(11, 0, 12), Share(0, 0, 12), Share(12, 0, 12)]
PARTS: list[Quantity] = [*MEANS, *MEDIANS, *SHARES, Window(9, 11, 12)]


def named(*parts: Quantity) -> dict[str, Quantity]:
    return {f"part {k}": part for k, part in enumerate(parts)}


TREES = {
    "absolute": [Absolute(of) for of in PARTS],
    "affine": [Affine(of, 0.35) for of in PARTS],
    "affine, negative": [Affine(of, 0.35, negative=True) for of in PARTS],
    "smallest": [Smallest(named(*PARTS[k : k + 3])) for k in range(len(PARTS))],
    "largest": [Largest(named(*PARTS[k : k + 3])) for k in range(len(PARTS))],
    "one part": [Smallest(named(PARTS[1])), Largest(named(PARTS[1]))],
    "nested": [
        Smallest(named(Affine(Absolute(MEANS[1]), 0.1, negative=True), Affine(Absolute(MEANS[4]), -0.1))),
        Largest(named(Absolute(MEDIANS[0]), Absolute(MEDIANS[2]), Smallest(named(*MEANS[3:])))),
    ],
}


@pytest.mark.parametrize(
    "of",
    [pytest.param(of, id=f"{name} {k}") for name, tree in TREES.items() for k, of in enumerate(tree)],
)
def test_bounds_and_p_values_agree(of):
    """Through every combination a bound reaches an edge at alpha where the p-value is at most alpha."""
    bounds_and_p_values_agree(of, (*EDGES, 0.35, 0.45, 1.35))
    assert plain(of)


@dataclass(frozen=True)
class Known:
    """A quantity whose answers are written down: bounds and p-values tell which alpha and edge came in."""

    value: float = -2.0

    def lower(self, alpha: float) -> float:
        return -3.0 - alpha

    def upper(self, alpha: float) -> float:
        return -1.0 + alpha

    def at_least(self, edge: float) -> float:
        return 0.11 + edge / 100

    def beyond(self, edge: float) -> float:
        return 0.12 + edge / 100

    def at_most(self, edge: float) -> float:
        return 0.13 - edge / 100

    def below(self, edge: float) -> float:
        return 0.14 - edge / 100


class TestAbsolute:
    def test_small_needs_both_bounds_at_alpha(self):
        """|theta| is at most the larger of the two bounds, each at the whole alpha (two one-sided tests)."""
        assert Absolute(Known()).upper(0.1) == pytest.approx(3.1)
        assert Absolute(BatchMean(0.5, 1.0, 20)).upper(0.05) == BatchMean(0.5, 1.0, 20).upper(0.05)
        assert Absolute(Known()).at_most(2) == pytest.approx(max(0.13 - 0.02, 0.11 - 0.02))
        assert Absolute(Known()).below(2) == pytest.approx(max(0.14 - 0.02, 0.12 - 0.02))

    def test_large_takes_either_bound_at_half_of_alpha(self):
        """Either side may show that theta is far from 0, so each has half of alpha."""
        assert Absolute(Known()).lower(0.1) == pytest.approx(0.95)
        assert Absolute(Known()).at_least(2) == pytest.approx(2 * min(0.11 + 0.02, 0.13 + 0.02))
        assert Absolute(Known()).beyond(2) == pytest.approx(2 * min(0.12 + 0.02, 0.14 + 0.02))

    def test_it_is_symmetric(self):
        """-theta has the same |theta|."""
        for mean in MEANS:
            there, back = Absolute(mean), Absolute(BatchMean(-mean.value, mean.error, mean.n))
            assert there.value == back.value == abs(mean.value)
            assert there.lower(0.05) == back.lower(0.05)
            assert there.upper(0.05) == back.upper(0.05)
            for edge in (0.5, 2.0):
                assert there.at_least(edge) == back.at_least(edge)
                assert there.at_most(edge) == back.at_most(edge)

    def test_it_is_never_negative(self):
        """At 0: at least 0 always, beyond 0 by either side; below 0 never."""
        zero = Absolute(BatchMean(0.0, 1.0, 20))
        assert zero.lower(0.05) == 0.0
        assert (zero.at_least(0.0), zero.at_least(-1.0), zero.beyond(-1.0)) == (0.0, 0.0, 0.0)
        assert (zero.beyond(0.0), zero.below(0.0), zero.below(-1.0), zero.at_most(-1.0)) == (
            1.0,
            1.0,
            1.0,
            1.0,
        )
        assert zero.at_most(0.0) == 0.5
        assert Absolute(BatchMean(3.0, 1.0, 20)).beyond(0.0) < 0.01

    def test_p_values_are_capped_at_one(self):
        """Twice a p-value above one half is 1."""
        assert Absolute(BatchMean(0.0, 1.0, 20)).at_least(0.1) == 1.0
        assert Absolute(BatchMean(0.0, 1.0, 20)).beyond(0.1) == 1.0

    @pytest.mark.parametrize("truth", [0.3, -0.3])
    def test_it_errs_with_at_most_alpha(self, truth):
        """Simulated with medians of 32: at |theta| on the edge neither side is crossed too often."""
        rng, runs = np.random.default_rng(2), 1000
        found = [Absolute(Median.of(rng.normal(truth, 1.0, 32))) for _ in range(runs)]
        slack = 4 * math.sqrt(ALPHA * (1 - ALPHA) / runs)
        assert np.mean([of.lower(ALPHA) > 0.3 for of in found]) <= ALPHA + slack
        assert np.mean([of.upper(ALPHA) < 0.3 for of in found]) <= ALPHA + slack


class TestAffine:
    def test_it_moves_bounds_and_edges(self):
        """offset + theta."""
        moved = Affine(Known(), 10.0)
        assert (moved.value, moved.lower(0.1), moved.upper(0.1)) == pytest.approx((8.0, 6.9, 9.1))
        found = [getattr(moved, name)(11.0) for name in ("at_least", "beyond", "at_most", "below")]
        assert found == pytest.approx([0.12, 0.13, 0.12, 0.13])

    def test_negative_swaps_the_ends(self):
        """offset - theta: its lower bound comes of theta's upper one, and a closed edge stays closed."""
        turned = Affine(Known(), 10.0, negative=True)
        assert (turned.value, turned.lower(0.1), turned.upper(0.1)) == pytest.approx((12.0, 10.9, 13.1))
        found = [getattr(turned, name)(9.0) for name in ("at_least", "beyond", "at_most", "below")]
        assert found == pytest.approx([0.12, 0.13, 0.12, 0.13])


class TestExtremes:
    PARTS = named(BatchMean(0.0, 1.0, 20), BatchMean(1.0, 2.0, 20), BatchMean(5.0, 1.0, 20))

    def test_every_part_must_be_at_least_the_edge(self):
        """The smallest is bounded below by every part at alpha, above by any at alpha over their number."""
        least = Smallest(self.PARTS)
        assert least.value == 0.0
        assert least.lower(0.06) == min(p.lower(0.06) for p in self.PARTS.values())
        assert least.upper(0.06) == min(p.upper(0.02) for p in self.PARTS.values())
        assert least.at_least(-3.0) == max(p.at_least(-3.0) for p in self.PARTS.values())
        assert least.beyond(-3.0) == max(p.beyond(-3.0) for p in self.PARTS.values())
        assert least.at_most(2.0) == pytest.approx(3 * min(p.at_most(2.0) for p in self.PARTS.values()))
        assert least.below(2.0) == pytest.approx(3 * min(p.below(2.0) for p in self.PARTS.values()))
        assert least.at_most(0.0) == least.below(0.0) == 1.0

    def test_every_part_must_be_at_most_the_edge(self):
        """The largest the other way round."""
        most = Largest(self.PARTS)
        assert most.value == 5.0
        assert most.upper(0.06) == max(p.upper(0.06) for p in self.PARTS.values())
        assert most.lower(0.06) == max(p.lower(0.02) for p in self.PARTS.values())
        assert most.at_most(7.0) == max(p.at_most(7.0) for p in self.PARTS.values())
        assert most.below(7.0) == max(p.below(7.0) for p in self.PARTS.values())
        assert most.at_least(3.0) == pytest.approx(3 * min(p.at_least(3.0) for p in self.PARTS.values()))
        assert most.beyond(3.0) == pytest.approx(3 * min(p.beyond(3.0) for p in self.PARTS.values()))
        assert most.at_least(5.0) == most.beyond(5.0) == 1.0

    def test_closed_edges_stay_closed(self):
        """Medians at the edge: at least and at most hold, beyond and below do not."""
        at = named(Median.of([1.0] * 12), Median.of([1.0] * 12))
        for of in (Smallest(at), Largest(at)):
            assert of.at_least(1.0) <= 2 * 2**-12
            assert of.at_most(1.0) <= 2 * 2**-12
            assert of.beyond(1.0) == of.below(1.0) == 1.0

    @pytest.mark.parametrize("kind", [Smallest, Largest])
    def test_they_err_with_at_most_alpha(self, kind):
        """Simulated with six medians of 24, all of them at 0: neither bound passes 0 too often."""
        rng, runs = np.random.default_rng(3), 600
        slack = 4 * math.sqrt(ALPHA * (1 - ALPHA) / runs)
        misses = np.zeros(2)
        for _ in range(runs):
            of = kind(named(*(Median.of(rng.standard_t(3, 24)) for _ in range(6))))
            misses += (of.lower(ALPHA) > 0, of.upper(ALPHA) < 0)
        assert (misses / runs <= ALPHA + slack).all()


def test_a_bound_at_a_smaller_alpha_is_no_narrower():
    """Looks at less of alpha decide nothing that the whole alpha would leave open."""
    for tree in TREES.values():
        for of in tree:
            lows, highs = zip(*((of.lower(a), of.upper(a)) for a in (0.005, 0.02, 0.05, 0.2)), strict=True)
            assert list(lows) == sorted(lows)
            assert list(highs) == sorted(highs, reverse=True)


@pytest.mark.parametrize("of", [MEANS[0], MEDIANS[0], SHARES[0], PARTS[-1], *(t[0] for t in TREES.values())])
def test_a_quantity_is_a_value(of):
    """What was counted cannot be changed afterwards, and nothing can be added to it."""
    name = next(iter(of.__slots__))
    with pytest.raises(FrozenInstanceError):
        setattr(of, name, 0.0)
    assert not hasattr(of, "__dict__")


def test_the_reference_t_is_students():
    """The five means above are held to scipy's distribution function, so that the rest stands on it."""
    assert MEANS[2].at_least(-1.0) == pytest.approx(special.stdtr(19, -1.0))
