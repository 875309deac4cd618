"""The trajectories of a quadruple's descent: what recorders say of it after every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.recorders.field import fields, recorders
from models.second_leg.fields import ROWS, STEP

if TYPE_CHECKING:
    from data import Dataset
    from models.recorders.view import View

__all__ = ["Rows", "held", "together"]


class Rows:
    """Rows by name, the first before any step.

    Args:
        data: the data set; a recorder may not apply to it.
    """

    def __init__(self, data: Dataset) -> None:
        self._recorders = [one for one in recorders() if getattr(one, "applies", lambda data: True)(data)]
        self._rows: dict[str, list[np.ndarray]] = {}

    def __len__(self) -> int:
        return len(self._rows["train_loss"])

    def add(self, view: View, **own: np.ndarray) -> None:
        """Records the networks as they are, and what only a descent knows of them."""
        for recorder in self._recorders:
            own |= recorder.record(view)
        for name, row in own.items():
            self._rows.setdefault(name, []).append(row)

    def arrays(self) -> dict[str, np.ndarray]:
        """All rows by name, [S + 1, ...]."""
        return {name: np.stack(rows) for name, rows in self._rows.items()}

    def load(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Goes on from these."""
        self._rows = {name: list(rows) for name, rows in arrays.items()}


def held(rows: np.ndarray, count: int) -> np.ndarray:
    """The rows, and the last of them again up to so many: what has ended stays as it is."""
    return np.concatenate([rows, np.repeat(rows[-1:], count - len(rows), axis=0)])


def together(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Rows of quadruples side by side, each held until the longest has ended."""
    count = max(len(part["train_loss"]) for part in parts)
    declared = fields() | ROWS
    found = {}
    for name in parts[0]:
        dims = declared[name].dims
        axis = next(dims.index(dim) for dim in ("network", "pair") if dim in dims)
        assert dims[0] == STEP
        found[name] = np.concatenate([held(part[name], count) for part in parts], axis)
    return found
