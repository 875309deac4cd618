"""Critical points: all values, the right ranks, and never a saddle called a minimum."""

from itertools import combinations
from math import comb

import flint
import numpy as np
import pytest

from data import SYNTHETIC, load_synthetic
from models.linear.critical import critical_points, improvement, index_sets, optimum
from models.linear.critical_checks import check_point
from models.linear.exact_hessian import hessian, inertia
from models.linear.exact_network import gradient, loss, loss_along, product
from tests.models.linear.planted_points import planted, points

GRID = [(1,), (2,), (4,), (2, 2), (3, 2), (2, 3, 2)]


EVERY = pytest.mark.parametrize(
    ("name", "widths", "closed"),
    [(name, widths, closed) for name in SYNTHETIC for widths in GRID for closed in range(len(widths))],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, tuple) else str(value),
)


@EVERY
def test_every_point_is_critical_with_its_value(name, widths, closed):
    """The gradient is exactly zero and the loss is 1/2 (tr YY^T - sum of the chosen eigenvalues)."""
    data, found = points(name, widths, closed)
    assert len(found) == sum(comb(3, k) for k in range(min(*widths, 3) + 1))
    eigenvalues = sorted(load_synthetic(name).eigenvalues, reverse=True)
    for point in found:
        assert all(not any(layer.entries()) for layer in gradient(data, point.weights))
        expected = (data.label_square - sum(eigenvalues[i] for i in point.chosen)) / 2
        assert loss(data, point.weights) == expected == point.value


@EVERY
def test_what_is_not_global_falls_and_rises(name, widths, closed):
    """Each point is a proved saddle or has the least critical value, never both."""
    data, found = points(name, widths, closed)
    least = min(point.value for point in found)
    _, spectrum, _, _ = planted(name)
    assert least == optimum(data, spectrum, min(widths))
    for point in found:
        checked = check_point(data, point)
        assert point.is_global == (point.value == least)
        assert checked.is_saddle == (not point.is_global)


@pytest.mark.parametrize("widths", [(1,), (2,), (2, 2), (2, 3)], ids=str)
@pytest.mark.parametrize("name", ["synthetic", "synthetic-repeated", "synthetic-cross-deficient"])
def test_the_exact_inertia_agrees(name, widths):
    """With full middle rank the whole Hessian has a negative eigenvalue at saddles and none at minima."""
    data, found = points(name, widths)
    for point in found:
        assert (inertia(hessian(data, point.weights))[0] > 0) == (not point.is_global)


@pytest.mark.parametrize("widths", [(2, 2), (3, 2)], ids=str)
def test_a_padded_point_of_largest_eigenvalues_has_no_negative_eigenvalue(widths):
    """With a closed middle layer the Hessian is positive semidefinite exactly where S holds the largest."""
    data, found = points("synthetic", widths, closed=1)
    for point in found:
        padded = point.chosen == tuple(range(len(point.chosen)))
        assert (inertia(hessian(data, point.weights))[0] == 0) == padded
        assert point.order == (3 if padded and len(point.chosen) < 2 else 0 if padded else 2)


@pytest.mark.parametrize(("closed", "order"), [(0, 2), (1, 3), (2, 4)])
def test_the_order_is_two_plus_the_closed_layers(closed, order):
    """From zero weights but for the open layers, L falls by l_1 t^k and no lower power appears."""
    data, found = points("synthetic", (2, 2, 2), closed)
    coefficients = loss_along(data, found[0].weights, found[0].descent)
    expected = [data.label_square / 2] + [0] * 8
    expected[order] = -78400
    expected[2 * order if 2 * order < 9 else 0] += 78400 // 2
    assert found[0].chosen == ()
    assert coefficients == expected


def test_middle_ranks():
    """rank(W_H ... W_2) is p where the middle is open, |S| where closed, and d_1 for one hidden layer."""
    ranks = {
        (widths, closed): [p.middle_rank for p in points("synthetic", widths, closed)[1]]
        for widths, closed in [((3,), 0), ((3, 2), 0), ((3, 2), 1)]
    }
    assert set(ranks[(3,), 0]) == {3}
    assert set(ranks[(3, 2), 0]) == {2}
    assert ranks[(3, 2), 1] == [len(S) for S in index_sets(3, 2)]


def test_middle_rank_is_that_of_the_weights():
    """The rank kept beside a point is the exact rank of its own middle product, after the change of basis."""
    for closed in (0, 1, 2):
        for point in points("synthetic", (2, 3, 2), closed)[1]:
            assert product(point.weights[1:-1]).rank() == point.middle_rank


def test_points_are_not_all_canonical():
    """Changes of basis fill in zeros and keep the product, and unseen components keep T X."""
    data, spectrum, Z, unseen = planted("synthetic-rank-deficient")
    plain = list(critical_points(data, spectrum, Z, (3, 3), canonical=True))
    moved = list(critical_points(data, spectrum, Z, (3, 3), unseen=unseen))
    zeros = [sum(e == 0 for p in family for w in p.weights for e in w.entries()) for family in (plain, moved)]
    assert zeros[1] < zeros[0]
    changed = 0
    for a, b in zip(plain, moved, strict=True):
        assert product(a.weights) * data.gram == product(b.weights) * data.gram
        assert a.weights != b.weights
        changed += product(a.weights) != product(b.weights)
    assert changed > 0


def test_a_rotated_eigenspace_gives_other_critical_points_of_equal_value():
    """With a repeated eigenvalue a turned basis is critical too, at other products."""
    data, spectrum, Z, _ = planted("synthetic-repeated")
    turned = spectrum.rotated(1, 2)
    first, second = (list(critical_points(data, basis, Z, (1,))) for basis in (spectrum, turned))
    assert [p.value for p in first] == [p.value for p in second]
    assert product(first[2].weights) != product(second[2].weights)
    assert all(check_point(data, p).stationary for p in second)


def test_no_drawn_step_from_a_global_minimum_descends():
    """An exact loss below L* at any of 200 drawn weights near the minima would refute the closed form."""
    data, found = points("synthetic", (2, 3))
    draw = np.random.default_rng(23)
    (minimum,) = (p for p in found if p.is_global)
    for _ in range(200):
        there = [
            w
            + flint.fmpq_mat(w.nrows(), w.ncols(), draw.integers(-9, 10, w.nrows() * w.ncols()).tolist()) / 64
            for w in minimum.weights
        ]
        assert loss(data, there) >= minimum.value


@pytest.mark.parametrize(
    ("values", "chosen", "narrowest", "closed", "expected"),
    [
        ([5, 3, 2], (), 1, 0, (None, 0)),
        ([5, 3, 2], (1,), 1, 0, (1, 0)),
        ([5, 3, 2], (0,), 1, 0, None),
        ([5, 3, 2], (0, 2), 2, 0, (2, 1)),
        ([5, 3, 2], (1,), 2, 1, (1, 0)),
        ([5, 3, 2], (0,), 2, 1, (None, 1)),
        ([5, 3, 3], (0, 2), 2, 0, None),
        ([5, 3, 0], (0, 1), 3, 0, None),
        ([5, 3, 0], (2,), 1, 0, (2, 0)),
        ([5, 3, 2], (0, 1, 2), 4, 0, None),
    ],
)
def test_improvement_is_none_exactly_at_global_minima(values, chosen, narrowest, closed, expected):
    """Repeated and zero eigenvalues are treated as what they are."""
    assert improvement(values, chosen, narrowest, closed) == expected


def test_index_sets_are_all_subsets_of_at_most_p():
    """Each once, by size."""
    assert list(index_sets(4, 2)) == [(), *combinations(range(4), 1), *combinations(range(4), 2)]
    assert len(list(index_sets(10, 10))) == 1024


@pytest.mark.parametrize("closed", [-1, 2])
def test_only_middle_layers_can_be_closed(closed):
    """H - 1 layers lie in the middle."""
    with pytest.raises(ValueError, match=f"got closed = {closed} with 2 hidden layers, wanted 0 to 1"):
        points("synthetic", (2, 2), closed)
