"""A whole epoch on a CUDA device as one launch.

A step of a few small networks is some twenty kernels of microseconds each, which a
Python loop cannot launch as fast as a GPU runs them. Captured once as a CUDA graph, an
epoch is replayed by one call, and the host waits for nothing until it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["EpochGraph"]


class EpochGraph:
    """Captures an epoch's kernels, to be replayed for every epoch.

    What changes from epoch to epoch (the order of the samples) must be read from tensors that are
    filled in place before a replay.

    Args:
        epoch: launches an epoch's kernels; must not wait for the device or depend on its results.
        warm_up: launches a few steps of every shape that occurs. Libraries choose kernels and take
            workspaces at their first call, which must not fall into the capture.
        state: what the two change; put back, so that capturing trains nothing.
    """

    def __init__(
        self, epoch: Callable[[], None], warm_up: Callable[[], None], state: Sequence[Tensor]
    ) -> None:
        saved = [tensor.clone() for tensor in state]
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            warm_up()
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            epoch()
        for tensor, before in zip(state, saved, strict=True):
            tensor.copy_(before)

    def replay(self) -> None:
        """Launches the epoch and returns at once."""
        self._graph.replay()
