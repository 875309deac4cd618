"""The engines' `models.recorders.view.View`: asks when it is asked, and once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import torch
from torch import Tensor

from models.recorders.pairs import quadruple_pairs

if TYPE_CHECKING:
    from data import Dataset
    from models.experiment import Experiment
    from models.recorders.view import Side

__all__ = ["SIDES", "Judged", "NetworksView", "early_view", "joined"]

SIDES: tuple[Side, Side] = ("train", "test")

Judged = tuple[np.ndarray, np.ndarray]
"""Losses [M] and labels [M, m] of networks on one side of the data."""


class NetworksView:
    """M networks between two steps.

    Args:
        spec: the experiment.
        data: its data set.
        networks: M.
        judge: losses and labels on a side.
        differences: squared distances and differing weights of the pairs.
        parameters: of all networks, by name.
        buffers: the same for what networks carry besides.
    """

    def __init__(
        self,
        spec: Experiment,
        data: Dataset,
        networks: int,
        judge: Callable[[Side], Judged],
        differences: Callable[[], tuple[np.ndarray, np.ndarray]],
        parameters: Callable[[], Mapping[str, Tensor]],
        buffers: Callable[[], Mapping[str, Tensor]] = dict,
    ) -> None:
        self.spec, self._data, self._networks = spec, data, networks
        self._judge, self._differences = judge, differences
        self._parameters, self._buffers = parameters, buffers
        self._judged: dict[Side, Judged] = {}

    @cached_property
    def pairs(self) -> np.ndarray:
        """[P, 2]."""
        return quadruple_pairs(self._networks)

    def losses(self, side: Side) -> np.ndarray:
        """[M]."""
        return self._on(side)[0]

    def predictions(self, side: Side) -> np.ndarray:
        """[M, m]."""
        return self._on(side)[1]

    def labels(self, side: Side) -> np.ndarray:
        """[m]."""
        return self._data.y_train if side == "train" else self._data.y_test

    def know(self, side: Side, judged: Judged) -> None:
        """Takes this for what is asked of the side."""
        self._judged[side] = judged

    def _on(self, side: Side) -> Judged:
        if side not in self._judged:
            self._judged[side] = self._judge(side)
        return self._judged[side]

    def weight_differences(self) -> tuple[np.ndarray, np.ndarray]:
        """[P] each."""
        return self._differences()

    @cached_property
    def _named(self) -> Mapping[str, Tensor]:
        return self._parameters()

    def parameters(self) -> Mapping[str, Tensor]:
        """[M, ...] by name."""
        return self._named

    def outputs(self, side: Side) -> Tensor:
        """[M, m, K]."""
        x = torch.from_numpy(np.array(self._data.x_train if side == "train" else self._data.x_test))
        buffers, found = self._buffers(), []
        for m in range(self._networks):
            own, carried = ({k: v[m] for k, v in of.items()} for of in (self._named, buffers))
            x = x.to(next(iter(own.values())).dtype)
            found.append(self.spec.network.apply(own, carried, x, False, None)[0])
        z = torch.stack(found)
        match self.spec.objective.output:
            case "softmax":
                return torch.softmax(z, -1)
            case "relu":
                return z.relu()
        return z


def early_view(spec: Experiment, data: Dataset, networks: int, judged: Judged) -> NetworksView:
    """What was found on the training side inside an epoch, at weights that are gone."""

    def gone(*_: object) -> NoReturn:
        raise LookupError("inside an epoch only losses and labels of the training side are known")

    view = NetworksView(spec, data, networks, gone, gone, gone)
    view.know("train", judged)
    return view


def joined(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """What parts of an ensemble found, as of all networks."""
    first, second = zip(*parts, strict=True)
    return np.concatenate(first), np.concatenate(second)
