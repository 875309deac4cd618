"""Packed data sets: the same set from its bytes, and bytes of none are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data import DataCorruptError, Dataset, load
from data.packed import pack, packed_digest, unpack


def drawn(task: str) -> Dataset:
    """12 + 4 samples of 3 numbers, with labels or two real targets."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(16, 3)).astype(np.float32)
    y = draw.integers(0, 2, 16) if task == "classification" else draw.normal(size=(16, 2))
    classes = 2 if task == "classification" else 0
    return Dataset("drawn", task, x[:12], y[:12], x[12:], y[12:], classes, "c0ffee", "a test")


@pytest.mark.parametrize("of", ["classification", "regression", "mnist-1k", "boston"])
def test_a_set_comes_back_as_it_was(of):
    """Arrays with their types, words, and what trains on them; the same bytes twice."""
    before = drawn(of) if of in ("classification", "regression") else load(of)
    content = pack(before)
    after = unpack(content)
    for name in ("raw_train", "raw_y_train", "raw_test", "raw_y_test"):
        a, b = getattr(before, name), getattr(after, name)
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), name
        assert not b.flags.writeable
    for name in ("name", "task", "classes", "checksum", "source", "training_digest"):
        assert getattr(before, name) == getattr(after, name), name
    assert pack(after) == content


@pytest.mark.parametrize("of", ["mnist-1k", "boston"])
def test_the_integers_of_the_exact_claims_come_along(of):
    """Derived again from whole numbers, or as the set declares them; the digest knows."""
    before = load(of)
    after = unpack(pack(before))
    assert after.exact_table.digest == before.exact_table.digest
    assert after.exact_table.columns == before.exact_table.columns
    assert packed_digest(after) == packed_digest(before)
    assert (packed_digest(before) == before.training_digest) == (before.exact is None)
    doubled = replace(before.exact_table, X=2 * before.exact_table.X)
    assert packed_digest(replace(before, exact=lambda: doubled)) != packed_digest(before)


def header_of(content: bytes) -> bytes:
    """Without its arrays."""
    return content[: 8 + int.from_bytes(content[:8], "little")]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:5],
        lambda content: content[:-1],
        header_of,
        lambda content: content + b"0",
        lambda content: b"\xff" * 8 + content[8:],
        lambda content: content.replace(b"__metadata__", b"__metodata__", 1),
        lambda content: content.replace(b"raw_y_test", b"raw_y_tost", 1),
        lambda content: content.replace(b'\\"classes\\"', b'\\"clusses\\"', 1),
        lambda content: b"PK\x03\x04" + bytes(100),
    ],
)
def test_bytes_of_no_set_are_refused(damage):
    """Cut, lengthened, or without a part: the cure is named, and nothing else is raised."""
    with pytest.raises(DataCorruptError, match=r"got \d+ bytes that are no packed data set .* wanted what"):
        unpack(damage(pack(drawn("classification"))))
