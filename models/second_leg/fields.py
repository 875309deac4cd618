"""What a descent writes down besides what recorders record: how steep it still is, what it cost, how far it
led.

A run's second leg has the same fields as its first, a row a step in place of an epoch; a network that has
ended holds its last values.
"""

from __future__ import annotations

from models.recorders.field import Field
from models.recorders.history import FACTS as TRAINING_FACTS

__all__ = ["FACTS", "ROWS", "STEP"]

STEP = "epoch"
"""The axis of a run's rows, whichever leg: epochs of training, or steps of a descent."""

ROWS = {
    "gradient": Field((STEP, "network"), "gradient", "norm of the full-batch gradient", log=True),
    "products": Field(
        (STEP, "network"), "products", "products with the Jacobian over all samples, so far", "int64"
    ),
}

FACTS = {
    name: TRAINING_FACTS[name]
    for name in ("pairs", "largest_class", "baseline", "initial_seeds", "diverged_at")
} | {
    "steps": Field(("network",), "steps", "steps until the descent of each network ended", "int64"),
    "moved": Field(
        ("network",), "share", "distance of the end from the initial weights over the norm of these"
    ),
    "flips": Field(
        ("network",),
        "share",
        "hidden units by training samples whose activity differs between the initial weights and the end",
    ),
}
"""Arrays that a second leg holds once, besides those of the certificates."""
