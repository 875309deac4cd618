"""The ensemble cut into shards, which train side by side on threads.

Every product runs on one thread, so that the bytes do not depend on how many there are; a machine's cores
are used by training several shards at once. The cut depends on the ensemble and the device alone, and no
network's numbers on where the cut falls: a shard is a single network, or quadruples whose batched products
and elementwise operations give a network the same bytes in any company.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from models.adam import Adam
from models.ensemble import Layers, Operands, layer_views, rows
from models.experiment import QUADRUPLE

__all__ = ["Shard", "Threads", "made_shard", "shard_sizes", "thread_count", "unrecorded"]

Item, Result = TypeVar("Item"), TypeVar("Result")

_WIDE = 100_000
"""Parameters from which a network is a shard of its own.

With Adam's two moments and the gradient one of the paper's wide networks is 6 MB, which stays in the cache
from step to step; two or four of them a shard were 15 % slower.
"""

_SHARD_PARAMETERS = 100_000
"""Parameters of a shard of narrow networks, fifteen of the 784-10-10-10: they gain from batched products,
until their minibatches, one for each, leave the cache."""


def thread_count() -> int:
    """Threads this process may train on: its share of the cores under pytest-xdist, else all of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def shard_sizes(members: int, parameters: int, kind: str) -> list[int]:
    """Members of each shard: one where they are wide, else quadruples; accelerators take all at once."""
    if kind != "cpu":
        return [members]
    if parameters >= _WIDE:
        return [1] * members
    quadruples = max(1, members // QUADRUPLE)
    shards = min(quadruples, max(1, round(members * parameters / _SHARD_PARAMETERS)))
    sizes = [QUADRUPLE * (quadruples // shards + (index < quadruples % shards)) for index in range(shards)]
    sizes[-1] += members - sum(sizes)  # a benchmark may train networks that are no whole quadruples
    return sizes


@dataclass(slots=True)
class Shard:
    """A few networks training together: parameters, gradient and optimiser over one buffer each.

    Attributes:
        members: their places in the ensemble.
        buffer: [M, row] parameters, a row a network, as `models.ensemble.layer_views` reads them.
        weights, gradient: the same and its gradient, as layers.
        judged: the weights again, a quadruple at a time, as evaluations take them.
        order: [M, m] in which order each network sees the samples in this epoch.
        optimiser: of the buffer.
    """

    members: slice
    buffer: Tensor
    weights: Operands
    gradient: Operands
    judged: list[Operands]
    order: Tensor
    optimiser: Adam

    def state(self) -> dict[str, Tensor]:
        """What training changes, by name, as it stands; copying into it puts it back."""
        adam = self.optimiser
        return {
            "buffer": self.buffer,
            "exp_avg": adam.exp_avg,
            "exp_avg_sq": adam.exp_avg_sq,
            "step": adam.steps,
        }


def made_shard(
    members: slice,
    layers: Layers,
    samples: int,
    learning_rate: float,
    device: torch.device,
    dtype: torch.dtype,
    by_input: bool,
) -> Shard:
    """A shard that starts from these layers of its members.

    Args:
        members: places in the ensemble.
        layers: weights and biases of these members.
        samples: in the training set.
        learning_rate: Adam's step size.
        device: where to train.
        dtype: of parameters and gradients.
        by_input: see `models.ensemble.layer_views`.
    """
    sizes = (layers[0][0].shape[1], *(W.shape[2] for W, _ in layers))
    buffer = rows(layers, by_input).to(device, dtype).requires_grad_(False)
    buffer.grad = torch.zeros_like(buffer)
    # One product for the first layers of an evaluation rounds by how many it serves; so on the CPU always a
    # quadruple's. An accelerator's kernels promise nothing of the kind anyway, and prefer large products.
    judged = buffer.split(QUADRUPLE) if device.type == "cpu" else [buffer]
    return Shard(
        members,
        buffer,
        Operands(layer_views(buffer, sizes, by_input)),
        Operands(layer_views(buffer.grad, sizes, by_input)),
        [Operands(layer_views(part, sizes, by_input)) for part in judged],
        torch.empty(len(buffer), samples, dtype=torch.int64, device=device),
        Adam(buffer, learning_rate, fused=device.type != "mps"),
    )


class Threads:
    """Threads that work through shards, kept from epoch to epoch.

    A new thread's first products cost milliseconds, as much as a small data set's epoch.

    Args:
        count: how many; 0 works in the caller's thread, for accelerators.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ThreadPoolExecutor | None = None

    def each(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """The results in the items' order, whichever thread had them."""
        if not self.count:
            return [work(item) for item in items]
        # Saturated units make gradients too small for normal numbers, which CPUs
        # handle in slow microcode; zero is as good. The switch is per thread and has
        # no undo, so the work leaves the caller's thread even where one would do.
        if self._pool is None:
            self._pool = ThreadPoolExecutor(
                self.count, initializer=torch.set_flush_denormal, initargs=(True,)
            )
        running = [self._pool.submit(unrecorded, work, item) for item in items]
        try:
            return [done.result() for done in running]
        finally:  # after an interrupt or an error no item goes on behind the caller's back
            for item in running:
                item.cancel()
            wait(running)


def unrecorded(work: Callable[[Item], Result], item: Item) -> Result:
    """The work without autograd's books, which nothing here reads: a tenth of a narrow network's step."""
    with torch.inference_mode():
        return work(item)
