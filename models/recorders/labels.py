"""The labels that networks give, how many are right, and on how many two networks agree (section 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recorders.field import Field

if TYPE_CHECKING:
    from data import Dataset
    from models.recorders.view import View

__all__ = ["EARLY", "FIELDS", "applies", "early", "label_agreement", "record"]

FIELDS = {
    f"{side}_{name}": field
    for side, what in (("train", "training"), ("test", "test"))
    for name, field in (
        (
            "predictions",
            Field(("epoch", "network", "sample"), "class", f"label given to each {what} sample", "uint8"),
        ),
        ("accuracy", Field(("epoch", "network"), "share", f"{what} accuracy")),
        (
            "agreement",
            Field(("epoch", "pair"), "samples", f"{what} samples that a pair labels alike", "int64"),
        ),
    )
}
EARLY = {
    "early_train_agreement": Field(
        ("step", "pair"),
        "samples",
        "training samples that a pair labels alike, inside the first epochs",
        "int64",
    )
}


def applies(data: Dataset) -> bool:
    """Whether samples have labels."""
    return data.task == "classification"


def record(view: View) -> dict[str, np.ndarray]:
    """Labels [M, m], share of right ones [M], samples given the same label by each pair [P]."""
    row: dict[str, np.ndarray] = {}
    for side in ("train", "test"):
        found = view.predictions(side)
        row[f"{side}_predictions"] = found
        row[f"{side}_accuracy"] = (found == view.labels(side)).mean(1)
        row[f"{side}_agreement"] = label_agreement(found, view.pairs)
    return row


def early(view: View) -> dict[str, np.ndarray]:
    """The training side's agreement."""
    return {"early_train_agreement": label_agreement(view.predictions("train"), view.pairs)}


def label_agreement(predictions: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Samples labelled identically by each pair [P], [P] int64, from labels [M, m]."""
    same = [int((predictions[a] == predictions[b]).sum()) for a, b in pairs]
    return np.array(same, dtype=np.int64)
