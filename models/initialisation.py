"""Initial weights: the paper's N(0, sigma_i I), read both ways, and He's for comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from models.seeds import seed_of

__all__ = ["initial_weights", "minibatch_order", "standard_deviation"]


def standard_deviation(protocol: str, i: int, fan_in: int) -> float:
    """Standard deviation of model i's initial weights.

    The paper (section 3) samples from N(0, sigma_i I) with sigma_i = i + 2 and
    does not say whether sigma_i is a standard deviation ("std") or a variance
    ("var"). "he" is He et al. 2015, variance 2 / fan_in, the same for every i.
    """
    match protocol:
        case "std":
            return i + 2.0
        case "var":
            return math.sqrt(i + 2.0)
        case "he":
            return math.sqrt(2.0 / fan_in)
    raise ValueError(f"got protocol {protocol!r}, wanted std, var or he")


def _generator(*parts: object) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(seed_of(*parts))


def initial_weights(
    sizes: tuple[int, ...], protocol: str, groups: Sequence[int], seeds: Sequence[int]
) -> list[tuple[Tensor, Tensor]]:
    """Weights [M, fan_in, fan_out] and zero biases [M, fan_out] of each layer, float64 on the CPU.

    They are drawn in float64 whatever the precision of training, so that a run
    in another precision or on another device starts from the same point.

    Args:
        sizes: units of every layer, inputs and outputs included.
        protocol: see `standard_deviation`.
        groups: model index i [M] of each network.
        seeds: [M] of each network, see `models.seeds`.
    """
    layers = []
    for index, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        W = torch.empty(len(seeds), fan_in, fan_out, dtype=torch.float64)
        for own, i, seed in zip(W, groups, seeds, strict=True):
            own.normal_(generator=_generator(seed, "W", index)).mul_(standard_deviation(protocol, i, fan_in))
        layers.append((W, torch.zeros(len(W), fan_out, dtype=torch.float64)))
    return layers


def minibatch_order(samples: int, epoch: int, seed: int) -> Tensor:
    """The order [samples] in which a network sees the training set in this epoch.

    It depends on the network's seed and the epoch only, so a resumed run needs no generator state.
    """
    return torch.randperm(samples, generator=_generator(seed, epoch))
