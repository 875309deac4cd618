"""Data sets by name: one file in data/ adds one, and nothing else changes."""

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data import DataError, Entry, add, entries, entry, load, names, registry
from models.exact.moments import moments

ROOT = Path(registry.__file__).parents[1]

NEW = """
import numpy as np

from data.dataset import Dataset
from data.entry import Entry


def load_parity():
    x = np.arange(60, dtype=np.uint8).reshape(10, 6)
    y = np.arange(10) % 2
    return Dataset("parity", "classification", x[:8], y[:8], x[8:], y[8:], 2, "0" * 64, "made here")


SETS = (
    Entry(
        name="parity", load=load_parity, task="classification", train=8, test=2, sample_shape=(6,), outputs=2
    ),
)
"""


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.fixture
def copied(tmp_path) -> Path:
    """A folder with a copy of data/, to which files can be added."""
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_one_new_file_adds_a_data_set(copied):
    """It is listed, described and loaded."""
    (copied / "data" / "parity.py").write_text(NEW)
    code = "import data; print(data.names(), data.entry('parity').d_x, data.load('parity'))"
    assert run(copied, code).stdout == (
        "('boston', 'mnist-5k', 'mnist-1k', 'mnist', 'parity') 6 Dataset('parity', classification, "
        "train [8, 6], test [2, 6], d_y = 2, sha256 000000000000)\n"
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import nowhere",
            "data/wrong.py: got ModuleNotFoundError (No module named 'nowhere'), wanted a module",
        ),
        ("def f(:", "data/wrong.py: got SyntaxError"),
        (
            "SETS = ('parity',)",
            "data/wrong.py: got 'parity' in SETS, wanted entries: SETS = (Entry(name=...),)",
        ),
        (
            "from data.boston import SETS",
            "data/wrong.py: got the name 'boston', wanted one that is not taken",
        ),
        (
            NEW.replace('name="parity"', 'name="a.npz"'),
            "data/wrong.py: got the name 'a.npz', wanted one that",
        ),
    ],
    ids=["import", "syntax", "no-entry", "taken", "suffix"],
)
def test_a_file_that_cannot_be_used_is_named(copied, source, message):
    """Nothing is passed over in silence."""
    (copied / "data" / "wrong.py").write_text(source)
    done = run(copied, "import data; data.names()")
    assert f"data.errors.DataError: {message}" in done.stderr


@pytest.mark.parametrize(
    ("field", "value"),
    [("train", 9), ("test", 3), ("sample_shape", (3, 2)), ("outputs", 3), ("task", "classification")],
)
def test_a_set_is_held_to_its_declaration(field, value):
    """What is said without loading is what is loaded."""
    found = entry("boston")
    wrong = dataclasses.replace(found, **{field: value})
    with pytest.raises(ValueError, match=rf"got the data set 'boston' with {field} .*, wanted the declared"):
        wrong.require(load("boston"))
    assert found.require(load("boston")) is load("boston")


@pytest.mark.parametrize("name", [name for name in names() if not entry(name).large])
def test_what_is_declared_for_the_exact_claims_is_true(name):
    """Columns depend on others exactly where the entry says so, and its integers can be had."""
    of, table = entry(name), load(name).exact_table
    assert (table.X.shape[1], table.Y.shape[1]) == (of.d_x, of.outputs)
    assert len(table.X) in (of.train, of.train + of.test) or not of.exact
    if of.exact:
        assert (moments(table.X, table.Y, scale=table.scale).rank < of.d_x) == of.dependent_columns


def test_sizes_are_known_without_loading():
    """Listing tests needs no array."""
    code = (
        "import data, data.embedded\n"
        "data.embedded.table = None\n"
        "print([(of.name, of.sizes, of.d_x, of.outputs) for of in data.entries().values()][:2])"
    )
    assert run(ROOT, code).stdout == (
        "[('boston', {'train': 404, 'test': 102}, 13, 1), "
        "('mnist-5k', {'train': 4000, 'test': 1000}, 784, 10)]\n"
    )


def test_listing_the_sets_is_cheap():
    """A file of a set imports what is heavy when it is loaded."""
    heavy = "('torch', 'pandas', 'sklearn', 'scipy', 'pooch', 'mlxtend', 'requests')"
    code = f"import data, sys; data.names(); print([name for name in {heavy} if name in sys.modules])"
    assert run(ROOT, code).stdout == "[]\n"


def test_an_unknown_name_lists_the_choices():
    """The error names what exists."""
    for ask in (load, entry, add):
        with pytest.raises(
            ValueError, match=r"got the data set 'cifar', wanted one of boston, .*mnist, or a file whose name"
        ):
            ask("cifar")
    assert set(names()) >= {"mnist", "mnist-5k", "mnist-1k", "boston"}
    assert isinstance(entries()["boston"], Entry)


def test_a_file_is_known_by_its_stem_once_it_was_added(tmp_path, monkeypatch):
    """What trains names its data in a word; a later file of that stem takes the word over."""
    arrays = {"x": np.arange(40, dtype=np.uint8).reshape(20, 2), "y": np.arange(20) % 2}
    np.savez(tmp_path / "my-set.npz", **arrays)
    monkeypatch.chdir(tmp_path)
    assert add("my-set.npz") == "my-set"
    monkeypatch.chdir("/")
    first = load("my-set")
    assert first is load(str(tmp_path / "my-set.npz"))
    assert (entry("my-set").sizes, entry("my-set").d_x, first.name) == ({"train": 16, "test": 4}, 2, "my-set")
    assert "my-set" not in names()
    (tmp_path / "other").mkdir()
    np.savez(tmp_path / "other" / "my-set.npz", x=arrays["x"][:10], y=arrays["y"][:10])
    add(str(tmp_path / "other" / "my-set.npz"))
    assert load("my-set").n_train == 8


def test_a_file_may_not_take_the_name_of_a_set(tmp_path):
    """Its verdicts could not be told from those on that set."""
    np.savez(tmp_path / "boston.npz", x=np.arange(40.0).reshape(20, 2), y=np.arange(20) % 2)
    with pytest.raises(DataError, match=r"called like the data set 'boston', wanted another name"):
        load(str(tmp_path / "boston.npz"))
