"""Which inputs take part in a product: an input that is 0 on every sample at hand adds nothing to it.

A fifth of an image's pixels are not 0, and a minibatch of 32 digits leaves a third of
them 0 on all of its samples. Leaving such inputs out changes no sum but by the order of
its rounding, and saves as many operations.

Inputs are ordered by how often they are not 0. The frequent ones, the head, take part in
every product as they lie; of the rest, the tail, a product gathers the ones it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

__all__ = ["Inputs", "evaluation_blocks", "even_cut", "head_size", "order_by_use", "whole_blocks"]

_ALWAYS = 0.9
"""An input that is not 0 in this share of minibatches is in the head: gathering it would cost more
than the product that it saves one time in ten."""

_WORTH = 2_000_000
"""Multiplications that leaving out must save a minibatch to pay for the gathering, 40 microseconds or so."""

_UPDATE, _GATHERING = 23, 8
"""What Adam's update of a weight takes, and gathering it, as many samples' products with it."""

_EVEN = 0.7
"""A side may have so much of the work before a cut inside the head pays."""

_ROWS = 16
"""A cut falls on a multiple of so many inputs, so that both sides are whole vectors."""

_BLOCK = 128
"""Samples an evaluation takes at once: fewer have more zeros in common, more share a gathering of weights."""

_POOL = 4_096
"""Samples from which blocks are chosen: the choice takes a time that grows with their square, 0.1 s here."""

_WHOLE_BLOCK = 1_000
"""The same where nothing is left out; bounds the activations' memory."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """A few samples' inputs, without those that are 0 on all of them. Samples are innermost.

    Attributes:
        head: the first inputs [head, B], in order.
        tail: later inputs [k, B] that are not 0 on all samples, None where the head is all there is.
        places: which ones they are [k], ascending, counted from the end of the head.
    """

    head: Tensor
    tail: Tensor | None = None
    places: Tensor | None = None

    def __len__(self) -> int:
        return self.head.shape[1]

    def to(self, device: torch.device, dtype: torch.dtype) -> Inputs:
        """The same on a device, in a type."""
        if self.tail is None or self.places is None:
            return Inputs(self.head.to(device, dtype))
        return Inputs(self.head.to(device, dtype), self.tail.to(device, dtype), self.places.to(device))


def order_by_use(x_train: Tensor, x_test: Tensor) -> Tensor:
    """The inputs that are not 0 everywhere, the most often used in training first, as indices."""
    uses = (x_train != 0).sum(0)
    used = uses + (x_test != 0).sum(0) > 0
    order = torch.argsort(uses, descending=True, stable=True)
    return order[used[order]]


def head_size(x: Tensor, batch: int, units: int) -> int:
    """Inputs in the head for minibatches of this size; all of them where leaving some out would not pay.

    Args:
        x: training inputs [m, d_x], ordered by use.
        batch: samples in a minibatch.
        units: hidden units that read them.
    """
    used = _share_in_use(x, batch)
    head = int((used >= _ALWAYS).sum())
    saved = float((1 - used[head:]).sum()) * batch * units * 2  # forward, and back to the weights
    return head if saved >= _WORTH else x.shape[1]


def even_cut(x: Tensor, batch: int, head: int) -> int:
    """Where to cut the inputs, so that one side has about as much work in a step as the other.

    At the head's end, where that is even enough: a side that has some of the head and all of the tail takes
    two more products a step.

    Args:
        x: training inputs [m, d_x], ordered by use.
        batch: samples in a minibatch.
        head: see `head_size`.
    """
    work = _UPDATE + batch * _share_in_use(x, batch)
    work[head:] += _GATHERING
    along = work.cumsum(0)
    if 0 < head < len(work) and _EVEN * along[-1] >= along[head - 1] >= (1 - _EVEN) * along[-1]:
        return head
    cut = int((along <= along[-1] / 2).sum())
    return round(cut / _ROWS) * _ROWS or cut


def _share_in_use(x: Tensor, batch: int) -> Tensor:
    """The chance that a minibatch uses an input, [d_x]."""
    return 1 - (1 - (x != 0).double().mean(0)).pow(batch)


def whole_blocks(x: Tensor) -> tuple[Tensor, list[Inputs]]:
    """The samples as they come: their order [m], and blocks with all inputs."""
    return torch.arange(len(x)), [Inputs(part.t()) for part in x.split(_WHOLE_BLOCK)]


def evaluation_blocks(x: Tensor) -> tuple[Tensor, list[Inputs]]:
    """Blocks of similar samples, since those have more zeros in common, and their order [m].

    A block takes the sample with the fewest inputs, then again and again the one that adds the fewest to
    those it has. On 1,000 digits a block of 128 uses 400 of 614 inputs so, one of a label's samples 434.

    Args:
        x: inputs [m, d_x].
    """
    uses = (x != 0).numpy()
    pools = np.split(np.arange(len(x)), range(_POOL, len(x), _POOL))
    parts = [torch.from_numpy(pool[part]) for pool in pools for part in _alike(uses[pool])]
    return torch.cat(parts), [_without_zeros(x[part]) for part in parts]


def _alike(uses: np.ndarray) -> Iterator[np.ndarray]:
    """Blocks of the samples, indices into `uses` [m, d_x], the last smaller."""
    alone, by_input = uses.sum(1, dtype=np.int32), np.ascontiguousarray(uses.T)
    taken, none = np.zeros(len(uses), dtype=bool), np.iinfo(np.int32).max
    for start in range(0, len(uses), _BLOCK):
        block, covered = [], np.zeros(uses.shape[1], dtype=bool)
        adds = np.where(taken, none, alone)  # inputs that a sample would add
        for _ in range(min(_BLOCK, len(uses) - start)):
            block.append(best := int(adds.argmin()))
            fresh = uses[best] & ~covered
            covered |= fresh
            adds -= by_input[fresh].sum(0, dtype=np.int32)
            taken[best] = True
            adds[taken] = none
        yield np.array(block)


def _without_zeros(samples: Tensor) -> Inputs:
    """The samples [B, d_x] as inputs, which ones they use found by looking."""
    places = (samples != 0).any(0).nonzero().squeeze(1)
    if len(places) >= _ALWAYS * samples.shape[1]:
        return Inputs(samples.t())
    return Inputs(samples[:, :0].t(), samples.index_select(1, places).t(), places)
