"""The loss of every network on both sides, and inside the first epochs on the training side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recorders.field import Field

if TYPE_CHECKING:
    import numpy as np

    from models.recorders.view import View

__all__ = ["EARLY", "FIELDS", "early", "record"]

FIELDS = {
    "train_loss": Field(("epoch", "network"), "loss", "training loss", log=True),
    "test_loss": Field(("epoch", "network"), "loss", "test loss", log=True),
}
EARLY = {
    "early_train_loss": Field(("step", "network"), "loss", "training loss inside the first epochs", log=True)
}


def record(view: View) -> dict[str, np.ndarray]:
    """Mean losses [M]."""
    return {"train_loss": view.losses("train"), "test_loss": view.losses("test")}


def early(view: View) -> dict[str, np.ndarray]:
    """The training side's."""
    return {"early_train_loss": view.losses("train")}
