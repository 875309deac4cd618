"""How far a curve may still move, and when it first reached a level, on curves whose ends are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from claims.statistics.convergence import LEAST, SAFETY, SLOWEST, reached, remainder

INF, NAN = math.inf, math.nan
EPOCHS = [8, 9, 10, 11, 12, 15, 16, 33, 100, 1000]


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


def at(law, epochs: int) -> np.ndarray:
    """The law at epochs 0 .. T as a curve of one network; t = 0 counts as half an epoch."""
    return law(np.maximum(np.arange(epochs + 1.0), 0.5))[:, None]


# -- what is left of a law ------------------------------------------------------------


@pytest.mark.parametrize("epochs", EPOCHS)
@pytest.mark.parametrize("power", [0.2, 0.25, 0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("scale", [1.0, -0.35, 1e3])
def test_a_power_law_ends_within_its_remainder(power, scale, epochs):
    """a + b t^-c ends at a, whatever b, down to c = 0.2; a square root is allowed nine times as far as it
    goes."""
    (rest,) = remainder(at(lambda t: 0.2 + scale * t**-power, epochs))
    left = abs(scale) * float(epochs) ** -power
    assert rest >= left
    if power <= 0.5:
        assert rest <= 9 * left


@pytest.mark.parametrize("epochs", [12, 100])
def test_a_slow_law_that_goes_to_zero_may_reach_zero(epochs):
    """0.35 / sqrt(t) is above 0.05 at 12 epochs and below it at 100; at both it may still go all the way."""
    curve = at(lambda t: 0.35 / np.sqrt(t), epochs)
    assert (curve[-1] > 0.05) == (epochs == 12)
    assert curve[-1] - remainder(curve) <= 0


@pytest.mark.parametrize("epochs", [e for e in EPOCHS if e <= 100])
def test_a_law_slower_than_any_power_ends_within_its_remainder(epochs):
    """1 / log(t + e) goes to 0, and may, as far as trainings go."""
    curve = at(lambda t: 1 / np.log(t + math.e), epochs)
    assert remainder(curve) >= curve[-1]


@pytest.mark.parametrize("epochs", EPOCHS)
@pytest.mark.parametrize("half_lives", [0.5, 2.0, 8.0, 20.0])
def test_an_exponential_ends_within_its_remainder(half_lives, epochs):
    """Exponential decay leaves less than the power law fitted to it says; after 20 half-lives it stands."""
    (rest,) = remainder(at(lambda t: 0.2 + 2 ** (-half_lives * t / epochs), epochs))
    assert rest >= 2**-half_lives
    if half_lives == 20.0 and epochs >= 16:
        assert rest < 0.005


@pytest.mark.parametrize("epochs", EPOCHS)
@pytest.mark.parametrize("origin", [0.0, 0.5], ids=["from the start", "from half of the epochs"])
def test_the_remainder_is_the_documented_one(epochs, origin):
    """Twice d2 r / (1 - r), d1 and d2 the falls from T/4 to T/2 and from there to T, of means over an eighth
    of the epochs; a quarter between epochs is late, a half early; and the last eighth's largest departure."""
    curve = at(lambda t: np.maximum(t - origin * epochs, 0.5) ** -3.0, epochs)[:, 0]

    def mean(t: int) -> float:
        return float(np.mean([curve[s] for s in range(epochs + 1) if t * 7 / 8 <= s <= t]))

    def law(origin: float) -> float:
        q = mean(math.ceil(origin + (epochs - origin) / 4))
        h, e = mean(math.floor(origin + (epochs - origin) / 2)), mean(epochs)
        r = min(abs(e - h) / abs(h - q), SLOWEST) if h != q else SLOWEST
        return SAFETY * abs(e - h) * r / (1 - r)

    last = [curve[s] for s in range(epochs + 1) if epochs * 7 / 8 <= s]
    noise = max(abs(value - mean(epochs)) for value in last)
    rest = law(0.0) if epochs < 2 * LEAST else min(law(0.0), law(epochs / 2))
    assert remainder(curve[:, None])[0] == pytest.approx(rest + noise, rel=1e-9)


def test_the_factors_are_what_the_rules_say():
    """Rules and the report speak of twice the law; at a ratio of 0.9 that is eighteen times the last fall."""
    assert (LEAST, SLOWEST, SAFETY) == (8, 0.9, 2.0)


# -- plateaux -------------------------------------------------------------------------


@pytest.mark.parametrize("epochs", EPOCHS)
@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_a_flat_curve_stands(value, epochs):
    """What does not move has nothing left but rounding."""
    assert remainder(at(lambda t: value + 0 * t, epochs))[0] <= 1e-14 * value


@pytest.mark.parametrize("epochs", [40, 160])
def test_noise_about_a_plateau_stays_noise(epochs):
    """A minibatch's noise of 1e-4 leaves some multiple of it, well within a margin of 0.01; and at least the
    noise itself."""
    rng = np.random.default_rng(0)
    curve = 0.3 + 1e-4 * rng.normal(size=(epochs + 1, 200))
    rest = remainder(curve)
    assert rest.max() < 0.005
    last = curve[math.ceil(epochs * 7 / 8) :]
    assert (rest >= np.abs(last - last.mean(0)).max(0)).all()


def test_a_single_step_at_the_end_is_not_overlooked():
    """Who leaves the plateau within the last eighth has at least that far to go."""
    curve = np.ones((81, 1))
    curve[-1] = 0.4
    assert remainder(curve)[0] >= 0.5


@pytest.mark.parametrize("epochs", [16, 40, 160])
def test_a_pace_that_changed_half_way_is_seen_from_there(epochs):
    """A plateau that is left at T/2 at once for another one stands again at T: only the later law counts."""
    curve = np.where(np.arange(epochs + 1) <= epochs // 2, 1.0, 0.2)[:, None]
    assert remainder(curve)[0] <= 1e-14


def test_a_short_training_is_not_seen_in_halves():
    """Below 16 epochs its later half is too short for a law of its own: the step at T/2 counts."""
    curve = np.where(np.arange(15 + 1) <= 7, 1.0, 0.2)[:, None]
    assert remainder(curve)[0] == pytest.approx(SAFETY * 0.8 * SLOWEST / (1 - SLOWEST))


def test_a_new_slow_law_after_a_plateau_ends_within_its_remainder():
    """From T/2 on a square root falls: what is left of it is left in the answer."""
    t = np.arange(161.0)
    curve = np.where(t <= 80, 1.0, np.maximum(t - 80, 1) ** -0.5)[:, None]
    assert remainder(curve)[0] >= curve[-1, 0]


# -- what tells nothing ---------------------------------------------------------------


@pytest.mark.parametrize("epochs", [0, 1, 2, 7])
def test_too_few_epochs_tell_nothing(epochs):
    """A curve of fewer than eight epochs may go anywhere, also a flat one; each network has its answer."""
    assert remainder(np.zeros((epochs + 1, 3))).tolist() == [INF] * 3
    assert remainder(np.zeros((9, 3))).tolist() == [0.0] * 3


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_a_curve_that_is_not_finite_tells_nothing(value):
    """From the epoch on at which the law begins to be read; what was before that is past."""
    for epoch in range(33):
        curve = np.zeros((33, 1))
        curve[epoch] = value
        assert remainder(curve).tolist() == ([INF] if epoch >= 7 else [0.0]), epoch


def test_networks_are_judged_one_by_one():
    """One that moves and one that is lost say nothing about the others."""
    curve = np.ones((33, 4))
    curve[:, 1] = np.linspace(1, 0, 33)
    curve[-2, 2] = NAN
    curve[-1, 3] = 3.0
    rest = remainder(curve)
    assert (rest[0], rest[2]) == (0.0, INF)
    assert rest[1] > 1
    assert 1 < rest[3] < INF


@pytest.mark.filterwarnings("error")
def test_huge_losses_make_no_warning():
    """Near the largest float differences overflow: nothing is known, and nothing is printed."""
    assert remainder(column(*[1.7e308, -1.7e308] * 16, 1.7e308)).tolist() == [INF]


# -- when a level was reached ---------------------------------------------------------

STEPS = np.array([0, 1, 2, 4, 8, 16, 32])

REACHED = {
    "between two records": (column(1, 0.9, 0.8, 0.7, 0.4, 0.3, 0.2), (5, 8)),
    "at a record": (column(1, 0.9, 0.8, 0.5, 0.4, 0.3, 0.2), (3, 4)),
    "within the first step": (column(1, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0), (1, 1)),
    "before training": (column(0.5, 0.4, 0.3, 0.2, 0.1, 0.0, 0.0), (1, 1)),
    "at the last record": (column(1, 1, 1, 1, 1, 1, 0.1), (17, 32)),
    "never": (column(1, 1, 1, 1, 1, 1, 0.5000001), (32, INF)),
    "the first time counts": (column(1, 1, 0.4, 1, 1, 1, 0.1), (2, 2)),
    "nan is not below": (column(1, NAN, NAN, NAN, NAN, NAN, NAN), (32, INF)),
    "after nan": (column(1, NAN, NAN, 0.3, 1, 1, 1), (3, 4)),
    "infinite": (column(INF, INF, INF, INF, 0.3, 1, 1), (5, 8)),
}


@pytest.mark.parametrize(("losses", "expected"), REACHED.values(), ids=REACHED)
def test_a_level_is_reached_between_two_records(losses, expected):
    """After at least one step more than the record above it, and at most at the record that is not above."""
    (low,), (high,) = reached(losses, STEPS, 0.5)
    assert (low, high) == expected


def test_the_true_step_always_lies_between():
    """Whatever the step at which a curve passes the level, and whatever the records."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        steps = np.unique(np.r_[0, rng.integers(1, 300, 12)])
        crossing = rng.integers(1, 400, 5)
        losses = np.where(steps[:, None] >= crossing, 0.1, 0.9)
        low, high = reached(losses, steps, 0.5)
        assert (low >= 1).all()
        assert (low <= np.minimum(crossing, steps[-1])).all()
        assert (crossing <= high).all()
        assert (np.isinf(high) == (crossing > steps[-1])).all()


def test_a_run_of_no_step_has_reached_nothing():
    """Only the start is recorded: a level above it counts as one step, one below it was not reached."""
    low, high = reached(np.array([[1.0, 0.2]]), np.array([0]), 0.5)
    assert (low.tolist(), high.tolist()) == ([0.0, 1.0], [INF, 1.0])


@pytest.mark.parametrize("level", [0.0, -1.0, NAN])
def test_the_level_is_positive(level):
    """A level of zero is an error: no exponential gets there."""
    with pytest.raises(ValueError, match=f"got the level {level}, wanted a positive one"):
        reached(column(1.0, 0.5), np.array([0, 1]), level)
