"""Every network's own seeds, so that n networks are n independent draws.

A network is named by the spec's seed and its number, whatever its output, loss, protocol and layers: networks
of one number in two experiments start from the same random numbers and see the samples in the same order,
which is what pairs them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

__all__ = ["initial_seeds", "order_seeds", "seed_of"]


def seed_of(*parts: object) -> int:
    """A seed in [0, 2^63) from what names a stream. A hash keeps streams apart, however close their names."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def initial_seeds(seed: int, numbers: Sequence[int]) -> np.ndarray:
    """[M] int64: of the initial weights of the networks with these numbers."""
    return np.array([seed_of(seed, "initial weights", number) for number in numbers], dtype=np.int64)


def order_seeds(seed: int, numbers: Sequence[int]) -> np.ndarray:
    """[M] int64: of the minibatch order of the networks with these numbers."""
    return np.array([seed_of(seed, "minibatch order", number) for number in numbers], dtype=np.int64)
