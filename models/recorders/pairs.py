"""Which networks of an ensemble are compared, and how far apart their weights are (section 3.1).

Networks are compared within quadruples, four networks in a row, one of each of the paper's models under std
and var: six pairs each. Quadruples share no network, so what is counted by quadruple is independent; all
pairs of an ensemble would be neither independent nor needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from models.experiment import QUADRUPLE
from models.recorders.weights import WEIGHT_THRESHOLD

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["quadruple_pairs", "weight_differences"]

_COLUMNS = 1 << 15
"""Weights compared at once: a megabyte for a quadruple, and counts that float32 holds exactly."""


def quadruple_pairs(networks: int) -> np.ndarray:
    """Pairs [P, 2] int64 of places in the ensemble, a quadruple's (0,1), (0,2), (0,3), (1,2), (1,3), (2,3).

    P is 6 for every whole quadruple among the networks.
    """
    starts = range(0, networks - QUADRUPLE + 1, QUADRUPLE)
    pairs = [(start + a, start + b) for start in starts for a, b in combinations(range(QUADRUPLE), 2)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def weight_differences(networks: Sequence[Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """For each pair of networks, in the order of `itertools.combinations`: how far apart their weights are.

    Args:
        networks: all parameters of each network, [n] each.

    Returns:
        Squared Euclidean distance [P] float64, and weights further apart than the threshold [P] int64.
    """
    import torch

    count = len(networks)
    first, second = (list(side) for side in zip(*combinations(range(count), 2), strict=True))
    squared, differ = np.zeros(len(first)), np.zeros(len(first), dtype=np.int64)
    for parts in zip(*(network.split(_COLUMNS) for network in networks), strict=True):
        together = torch.stack(parts)
        # The differences of a pair are formed directly: a Gram matrix would cancel near-equal weights.
        gaps = together[second] - together[first]
        squared += torch.linalg.vector_norm(gaps, dim=1).cpu().double().square().numpy()
        # 1 beyond the threshold, else 0, as numbers: booleans take three times as long.
        far = gaps.abs_().sub_(WEIGHT_THRESHOLD).sign_().clamp_(min=0).sum(1)
        differ += far.cpu().numpy().astype(np.int64)
    return squared, differ
