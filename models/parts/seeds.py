"""Every network's own seeds, so that n networks are n independent draws.

A network is named by the spec's seed and its number, whatever its output, loss, protocol and layers: networks
of one number in two experiments start from the same random numbers and see the samples in the same order,
which is what pairs them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch

__all__ = ["generator", "initial_seeds", "minibatch_order", "order_seeds", "seed_of"]


def seed_of(*parts: object) -> int:
    """A seed in [0, 2^63) from what names a stream. A hash keeps streams apart, however close their names."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def initial_seeds(seed: int, numbers: Sequence[int]) -> np.ndarray:
    """[M] int64: of the initial weights of the networks with these numbers."""
    import numpy as np

    return np.array([seed_of(seed, "initial weights", number) for number in numbers], dtype=np.int64)


def order_seeds(seed: int, numbers: Sequence[int]) -> np.ndarray:
    """[M] int64: of the minibatch order of the networks with these numbers."""
    import numpy as np

    return np.array([seed_of(seed, "minibatch order", number) for number in numbers], dtype=np.int64)


def generator(*parts: object) -> torch.Generator:
    """A stream of random numbers on the CPU, named by these parts."""
    import torch

    return torch.Generator("cpu").manual_seed(seed_of(*parts))


def minibatch_order(samples: int, epoch: int, seed: int) -> torch.Tensor:
    """The order [samples] in which a network sees the training set in this epoch.

    It depends on the network's seed and the epoch only, so a resumed run needs no generator state.
    """
    import torch

    return torch.randperm(samples, generator=generator(seed, epoch))
