"""An epoch's minibatches: every network reads the samples in an order of its own.

A minibatch is gathered when it is due, so that it lies in the cache when the products read it: gathering the
epoch beforehand would write the data set once more for every network and read it again from memory. Each
takes the place of the one before, since memory new to the process costs more than filling it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import numpy as np
import torch
from torch import Tensor

from models.engines.mlp.inputs import Inputs

__all__ = ["InputsInUse", "inputs_by_network", "targets_by_network"]

_ALIVE = 3
"""Minibatches that keep their places at once. Where one thread gathers and another reads, one is
being read, the next lies ready, and the one after it is gathered."""

_WORD = 8
"""Bytes of the words in which the inputs that a sample uses are noted, a bit each."""


def inputs_by_network(x: Tensor, order: Tensor, batch: int) -> Iterator[Tensor]:
    """Each minibatch's inputs [M, d_x, B], a network's samples in its own order.

    Args:
        x: inputs [m, d_x].
        order: [M, n] samples, for each network.
        batch: samples in a minibatch; the last one may be smaller.
    """
    networks, d_x = len(order), x.shape[1]
    gathered = x.new_empty(networks * min(batch, order.shape[1]), d_x)
    for samples in order.split(batch, 1):
        part = gathered[: samples.numel()]
        torch.index_select(x, 0, samples.reshape(-1), out=part)
        yield part.view(networks, -1, d_x).transpose(1, 2)


def targets_by_network(y: Tensor, order: Tensor, batch: int) -> Iterator[Tensor]:
    """Each minibatch's targets [M, B, K], samples innermost in memory as in activations.

    Args:
        y: targets [K, m].
        order: [M, n] samples, for each network.
        batch: samples in a minibatch; the last one may be smaller.
    """
    return (y[:, samples].permute(1, 2, 0) for samples in order.split(batch, 1))


class InputsInUse:
    """Inputs that one network reads, without those of the tail that are 0 on a whole minibatch.

    Args:
        x: inputs [m, d_x], ordered by use.
        head: how many take part in every product, see `models.engines.mlp.inputs.head_size`.

    Attributes:
        inputs: how many there are.
        tail: how many of them are left out where a minibatch does not use them.
    """

    def __init__(self, x: Tensor, head: int) -> None:
        self._head, self._tail = x[:, :head], x[:, head:]
        self.inputs, self.tail = x.shape[1], self._tail.shape[1]
        if self.tail:
            bits = np.packbits((self._tail != 0).numpy(), axis=1)
            words = np.zeros((len(x), -(-bits.shape[1] // _WORD) * _WORD), dtype=np.uint8)
            words[:, : bits.shape[1]] = bits
            self._uses = words.view(np.uint64)

    def minibatches(self, order: Tensor, batch: int) -> Iterator[Inputs]:
        """Each minibatch's inputs, which stay until two more were taken and another is asked for.

        Args:
            order: [n] samples.
            batch: samples in a minibatch; the last one may be smaller.
        """
        size = min(batch, len(order))
        heads = cycle([self._head.new_empty(size, self._head.shape[1]) for _ in range(_ALIVE)])
        tail = self._tail.new_empty(size, self._tail.shape[1])
        for head, samples, places in zip(heads, order.split(batch), self._places(order, batch), strict=False):
            first = torch.index_select(self._head, 0, samples, out=head[: len(samples)])
            if places is None:
                yield Inputs(first.t())
            else:
                rest = torch.index_select(self._tail, 0, samples, out=tail[: len(samples)])
                yield Inputs(first.t(), rest.index_select(1, places).t(), places)

    def _places(self, order: Tensor, batch: int) -> Iterator[Tensor | None]:
        """Which inputs of the tail each minibatch uses, [k]; None where there is no tail."""
        starts = np.arange(0, len(order), batch)
        if not self.tail:
            yield from (None for _ in starts)
            return
        words = np.bitwise_or.reduceat(self._uses[order.numpy()], starts, axis=0)
        for row in np.unpackbits(words.view(np.uint8), axis=1, count=self.tail):
            yield torch.from_numpy(np.flatnonzero(row))
