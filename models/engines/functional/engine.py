"""The general engine: any network with any objective and optimiser, by torch.func on any device.

Networks train in groups (`group`): quadruples on a CPU, where threads take a group each and no network's
bytes depend on how many threads or other networks there are; all at once on an accelerator.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.backend import Execution, thread_count
from models.engines.functional.group import Group, Samples
from models.engines.functional.step import Stacked
from models.engines.threads import Threads
from models.engines.view import SIDES, Judged, NetworksView, early_view, joined
from models.experiment import QUADRUPLE, Experiment
from models.initialisations.initialisation import initial_parameters
from models.parts.seeds import initial_seeds, order_seeds
from models.recorders.pairs import weight_differences

if TYPE_CHECKING:
    from data import Dataset
    from models.recorders.view import Side, View

__all__ = ["Engine"]


class Engine:
    """See `models.engines.engine.Engine`."""

    def __init__(
        self,
        spec: Experiment,
        data: Dataset,
        on: Execution,
        threads: int | None,
        numbers: Sequence[int],
    ) -> None:
        self.spec, self.on, self._data, self._count = spec, on, data, len(numbers)
        self.threads = Threads((threads or thread_count()) if on.kind == "cpu" else 0)

        def placed(array: np.ndarray) -> Tensor:
            return torch.tensor(array).to(on.device, on.dtype)

        self._sides: tuple[Samples, Samples] = (
            (placed(data.x_train), placed(data.targets_train)),
            (placed(data.x_test), placed(data.targets_test)),
        )
        self.groups = self._grouped(numbers)

    def _grouped(self, numbers: Sequence[int]) -> list[Group]:
        """The networks with these numbers before training."""
        spec, shape, on = self.spec, self._data.sample_shape, self.on
        about = spec.network.parameters(shape, self._data.d_y)
        buffers = spec.network.buffers(shape, self._data.d_y)
        size = QUADRUPLE if on.kind == "cpu" else len(numbers)

        def placed(tensor: Tensor) -> Tensor:
            return tensor.to(on.device, on.dtype if tensor.is_floating_point() else tensor.dtype)

        def group(members: Sequence[int]) -> Group:
            models = [number % len(spec.populations) for number in members]
            seeds = initial_seeds(spec.networks.seed, members).tolist()
            drawn = initial_parameters(about, spec.initialisation, models, seeds)
            parameters = {name: placed(tensor) for name, tensor in drawn.items()}
            carried = {name: placed(torch.stack([one] * len(members))) for name, one in buffers.items()}
            networks = Stacked(parameters, carried, spec.optimiser.init(parameters))
            orders = order_seeds(spec.networks.seed, members).tolist()
            return Group(spec, about, shape, networks, orders, on)

        return [group(numbers[start : start + size]) for start in range(0, len(numbers), size)]

    @contextlib.contextmanager
    def _arithmetic(self) -> Iterator[None]:
        """The spec's arithmetic; convolutions on CUDA round to tf32 and may differ from run to run
        otherwise."""
        cudnn = torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False)
        with self.on.arithmetic(), cudnn if self.on.kind == "cuda" else contextlib.nullcontext():
            yield

    # -- training ---------------------------------------------------------------------

    def train(self, epoch: int, stops: Sequence[int]) -> list[View]:
        """See `models.engines.engine.Engine`."""
        with self._arithmetic():
            by_group = self.threads.each(lambda group: group.train(epoch, stops, self._sides[0]), self.groups)
        return [
            early_view(self.spec, self._data, self._count, joined(parts))
            for parts in zip(*by_group, strict=True)
        ]

    # -- recording --------------------------------------------------------------------

    def view(self) -> View:
        """See `models.engines.engine.Engine`."""
        return NetworksView(
            self.spec, self._data, self._count, self._judge, self._differences, self.parameters, self.buffers
        )

    def _judge(self, side: Side) -> Judged:
        of = self._sides[SIDES.index(side)]
        with self._arithmetic():
            return joined(self.threads.each(lambda group: group.judge(of), self.groups))

    def _differences(self) -> tuple[np.ndarray, np.ndarray]:
        """Squared distance [P] and weights that differ [P] of the pairs of each quadruple."""
        rows = [row for group in self.groups for row in group.rows()]
        last = len(rows) - QUADRUPLE + 1
        quadruples = [rows[start : start + QUADRUPLE] for start in range(0, last, QUADRUPLE)]
        if not quadruples:
            return np.zeros(0), np.zeros(0, dtype=np.int64)
        with self._arithmetic():
            return joined(self.threads.each(weight_differences, quadruples))

    # -- results, stopping and resuming ------------------------------------------------

    def parameters(self) -> dict[str, Tensor]:
        """[M, ...] by the network's own names."""
        return self._together([group.networks.parameters for group in self.groups])

    def buffers(self) -> dict[str, Tensor]:
        """The same of what networks carry besides."""
        return self._together([group.networks.buffers for group in self.groups])

    @staticmethod
    def _together(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        return {name: torch.cat([part[name] for part in parts]).cpu() for name in parts[0]}

    def state(self) -> dict[str, np.ndarray]:
        """See `models.engines.engine.Engine`."""
        return {
            f"group/{index}/{name}": value
            for index, group in enumerate(self.groups)
            for name, value in group.state().items()
        }

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """See `models.engines.engine.Engine`."""
        for index, group in enumerate(self.groups):
            head = f"group/{index}/"
            group.load({name.removeprefix(head): a for name, a in state.items() if name.startswith(head)})
