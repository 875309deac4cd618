"""An epoch's minibatches: every network reads the samples in an order of its own.

A minibatch is gathered when it is due, so that it lies in the cache when the products read it: gathering the
epoch beforehand would write the data set once more for every network and read it again from memory.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from models.inputs import Inputs

__all__ = ["Minibatches"]

_WORD = 8
"""Bytes of the words in which the inputs that a sample uses are noted, a bit each."""


class Minibatches:
    """The training set, to be read in any order.

    Args:
        x: inputs [m, d_x], ordered by use.
        y: targets [m, K].
        batch: samples in a minibatch; the last one of an epoch may be smaller.
        head: inputs that take part in every product, see `models.inputs.head_size`. With fewer than
            all, networks train one by one, since two minibatches have few zeros in common.
    """

    def __init__(self, x: Tensor, y: Tensor, batch: int, head: int) -> None:
        self._x, self._batch = x, batch
        self._y = y.t().contiguous()  # [K, m]: samples innermost, as activations lie
        self._head, self._tail = x[:, :head], x[:, head:]
        if self._tail.shape[1]:
            bits = np.packbits((self._tail != 0).numpy(), axis=1)
            words = np.zeros((len(x), -(-bits.shape[1] // _WORD) * _WORD), dtype=np.uint8)
            words[:, : bits.shape[1]] = bits
            self._uses = words.view(np.uint64)

    def __len__(self) -> int:
        """Minibatches in an epoch."""
        return -(-len(self._x) // self._batch)

    def epoch(self, order: Tensor) -> Iterator[tuple[Inputs, Tensor]]:
        """Inputs and targets [M, B, K] of each minibatch; the next one's inputs take their place.

        Args:
            order: of the samples, [M, m], for each of the M networks.
        """
        inputs = self._without_zeros(order) if self._tail.shape[1] else self._whole(order)
        for part, samples in zip(inputs, order.split(self._batch, 1), strict=True):
            yield part, self._y[:, samples].permute(1, 2, 0)

    def _whole(self, order: Tensor) -> Iterator[Inputs]:
        networks, d_x = len(order), self._x.shape[1]
        # One buffer for the epoch: memory new to the process costs more than filling it.
        gathered = self._x.new_empty(networks * min(self._batch, order.shape[1]), d_x)
        for samples in order.split(self._batch, 1):
            part = gathered[: samples.numel()]
            torch.index_select(self._x, 0, samples.reshape(-1), out=part)
            yield Inputs(part.view(networks, -1, d_x).transpose(1, 2))

    def _without_zeros(self, order: Tensor) -> Iterator[Inputs]:
        (samples,) = order
        tail = self._tail.shape[1]
        starts = np.arange(0, len(samples), self._batch)
        words = np.bitwise_or.reduceat(self._uses[samples.numpy()], starts, axis=0)
        used = np.unpackbits(words.view(np.uint8), axis=1, count=tail)
        for row, part in zip(used, samples.split(self._batch), strict=True):
            places = torch.from_numpy(np.flatnonzero(row))
            rest = self._tail.index_select(0, part).index_select(1, places)
            yield Inputs(self._head.index_select(0, part).t(), rest.t(), places)
