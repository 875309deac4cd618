"""Path activations and what a label explains of them, against loops and permutations."""

from itertools import permutations

import numpy as np
import pytest

from models.relu import paths

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(40, 5))
LAYERS = [(DRAW.normal(size=(a, b)), DRAW.normal(size=b)) for a, b in ((5, 4), (4, 3), (3, 2))]
LABELS = np.arange(40) % 4


def test_activations_are_products_over_the_units_of_a_path():
    """Every path through two hidden layers, one sample at a time."""
    every = paths.sampled_paths((4, 3), 12, seed=0)
    Z = paths.activations(LAYERS, X, every)
    assert every.tolist() == [[a, b] for a in range(4) for b in range(3)]
    for x, row in zip(X, Z, strict=True):
        first = x @ LAYERS[0][0] + LAYERS[0][1]
        second = np.maximum(first, 0) @ LAYERS[1][0] + LAYERS[1][1]
        assert row.tolist() == [bool(first[a] > 0 and second[b] > 0) for a, b in every]


def test_a_pre_activation_of_zero_is_off():
    """As in max(0, x), whose derivative there is taken as 0."""
    layers = [(np.zeros((5, 1)), np.zeros(1)), (np.ones((1, 1)), np.zeros(1))]
    assert not paths.activations(layers, X, np.array([[0]])).any()


def test_more_paths_than_asked_for_are_sampled():
    """A seeded draw inside the widths; all paths where there are few."""
    some = paths.sampled_paths((50, 30), 100, seed=3)
    assert some.shape == (100, 2)
    assert (some.max(0) < [50, 30]).all()
    assert (some == paths.sampled_paths((50, 30), 100, seed=3)).all()
    assert paths.sampled_paths((50,), 100, seed=3).ravel().tolist() == list(range(50))


def test_paths_of_another_depth_are_refused():
    """A path has one unit for every hidden layer."""
    with pytest.raises(ValueError, match="got paths through 1 layers, wanted 2: one unit a hidden layer"):
        paths.activations(LAYERS, X, np.array([[0]]))


def test_explained_share_is_one_minus_a_ratio_of_variances():
    """epsilon^2 = 1 - (variance within labels, m - k) / (variance, m - 1), by loops."""
    Z = DRAW.random((40, 6)) < 0.4
    for z, share in zip(Z.T.astype(float), paths.explained_share(Z, LABELS), strict=True):
        groups = [z[c::4] for c in range(4)]
        within = sum(((group - group.mean()) ** 2).sum() for group in groups)
        assert share == pytest.approx(1 - (within / 36) / z.var(ddof=1), abs=1e-12)


@pytest.mark.parametrize("active", [[0], [0, 3], [1, 2, 4], [0, 1, 2, 3]], ids=str)
def test_chance_is_taken_off_exactly(active):
    """Over all orders of the labels the mean is zero, whatever the activation."""
    Z = np.isin(np.arange(6), active)[:, None]
    shares = [paths.explained_share(Z, np.array(order))[0] for order in set(permutations((0, 0, 1, 1, 2, 2)))]
    assert np.mean(shares) == pytest.approx(0.0, abs=1e-12)


def test_an_activation_that_is_the_label_is_explained_whole():
    """Share 1 for a unit that fires on one label only, 0 for one that never or always fires."""
    Z = np.column_stack([LABELS == 1, np.zeros(40, bool), np.ones(40, bool)])
    assert paths.explained_share(Z, LABELS).tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("labels", [np.zeros(40, int), np.arange(40)], ids=["one label", "all differ"])
def test_labels_that_tell_nothing_are_refused(labels):
    """Two labels at least, and more samples than labels."""
    with pytest.raises(ValueError, match="wanted at least 2 and more samples than labels"):
        paths.explained_share(np.ones((40, 1), bool), labels)


def test_effects_count_dead_and_constant_paths():
    """Unit 0 is dead, unit 1 always on, unit 2 is its input's sign, input 4 is constant."""
    inputs = X.copy()
    inputs[:, 4] = 0.1
    inputs[:, 0] = np.where(inputs[:, 0] > 0, 2.0, -2.0)
    W, b = np.zeros((5, 4)), np.array([-1.0, 1.0, 0.0, 0.0])
    W[0, 2] = W[1, 3] = 1.0
    layers = [(W, b), (np.ones((4, 1)), np.zeros(1))]
    found = paths.effects(layers, inputs, LABELS, np.arange(4)[:, None], np.array([0, 0, 0, 4]))
    assert (found.dead, found.always) == (0.25, 0.25)
    assert found.pixel == pytest.approx(0.25)
    Z = paths.activations(layers, inputs, np.arange(4)[:, None])
    assert found.label == pytest.approx(paths.explained_share(Z, LABELS).mean())


def test_a_diverged_model_has_no_effect_size():
    """NaN or infinite weights say nothing: NaN, not zero."""
    broken = [(np.full_like(LAYERS[0][0], np.inf), LAYERS[0][1]), *LAYERS[1:]]
    found = paths.effects(broken, X, LABELS, np.zeros((2, 2), int), np.zeros(2, int))
    assert np.isnan([found.label, found.dead, found.always, found.pixel]).all()


def test_outputs_beyond_the_precision_say_nothing():
    """Finite float32 weights whose outputs overflow give NaN and no warning; float64 can still tell."""
    inputs = np.ones((4, 1))
    huge = [(np.full((1, 2), 1e30), np.zeros(2)), (np.full((2, 1), 1e30), np.zeros(1))]
    deep = [huge[0], (np.full((2, 2), 1e30), np.zeros(2)), huge[1]]
    single = [(W.astype(np.float32), b.astype(np.float32)) for W, b in deep]
    chosen, labels = np.zeros((1, 2), int), np.array([0, 0, 1, 1])
    found = paths.effects(single, inputs, labels, chosen, np.zeros(1, int))
    assert np.isnan([found.label, found.dead, found.always, found.pixel]).all()
    with pytest.raises(OverflowError, match="got outputs beyond float32, wanted finite ones"):
        paths.activations(single, inputs, chosen)
    assert paths.effects(deep, inputs, labels, chosen, np.zeros(1, int)).always == 1
