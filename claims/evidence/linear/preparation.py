"""Data as the exact claims of section 2 take them: integer moments of a set, after steps of preparation.

A data set becomes moments once a process. The embedded sets are small, so all their samples are used; of full
MNIST, the 60,000 training images, as in the paper.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from claims.core.verdict import Evidence
from claims.evidence.sources import source
from data import Dataset, Planted
from models.exact.moments import Moments, moments

__all__ = ["VARIANTS", "of_dataset", "on_moments", "prepared", "variant"]

SIDE, BLOCK = 28, 4


def _pooling() -> np.ndarray:
    """[784, 49] of zeros and ones: column k adds up the pixels of the k-th block of 4 by 4."""
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    blocks = SIDE // BLOCK
    pooling: np.ndarray = np.eye(blocks * blocks, dtype=np.int64)[row // BLOCK * blocks + column // BLOCK]
    return pooling


VARIANTS: dict[str, Callable[[Moments], Moments]] = {
    "raw": lambda of: of,
    "centred": Moments.centred,
    "standardised": Moments.standardised,
    "bias": Moments.with_bias,
    "nonzero": Moments.nonzero,
    "independent": Moments.independent,
    "pooled": lambda of: of.projected(_pooling()),
}
"""How the inputs are prepared. "nonzero" leaves out columns that are zero in every sample, "independent"
keeps only pivot columns, so that X X^T is regular and the theorem applies to the same row space, "pooled"
projects the digits to 49 numbers by adding up blocks of 4 by 4 pixels. Steps are joined by "-" and taken
from left to right: "centred-independent"."""


def prepared(name: str, preparation: str) -> Moments:
    """The moments of the set `name` after the steps in `preparation`."""
    return variant(source(name), preparation)


def on_moments(evidence: Callable[[Moments], Evidence], name: str, preparation: str) -> Evidence:
    """Evidence on the moments of the set `name` after the steps in `preparation`."""
    return evidence(prepared(name, preparation))


@cache
def of_dataset(dataset: Dataset | Planted) -> Moments:
    """The integer moments of what the data set says the exact claims are about."""
    table = dataset.exact_table
    return moments(table.X, table.Y, scale=table.scale)


@cache
def variant(dataset: Dataset | Planted, name: str) -> Moments:
    """The moments after the steps in `name`, computed once a process so that tests share the exact rank.

    Raises:
        ValueError: a step that is not in VARIANTS.
    """
    before, _, step = name.rpartition("-")
    if step not in VARIANTS:
        raise ValueError(f"got the preparation {step!r}, wanted one of {', '.join(VARIANTS)}, joined by '-'")
    return VARIANTS[step](variant(dataset, before) if before else of_dataset(dataset))
