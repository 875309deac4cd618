"""How far apart the weights of two networks are, by both of the paper's measures (section 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recorders.field import Field

if TYPE_CHECKING:
    import numpy as np

    from models.recorders.view import View

__all__ = ["FIELDS", "WEIGHT_THRESHOLD", "record"]

WEIGHT_THRESHOLD = 0.1
"""Two weights differ when they are further apart than this; the paper names no value.

It is the spread of He's initial weights at the input of the paper's networks
(sqrt(2 / 784) = 0.05), doubled, so that it separates something in every protocol.
"""

FIELDS = {
    "weight_distance": Field(
        ("epoch", "pair"), "distance", "Euclidean distance between two networks' weights"
    ),
    "weights_differ": Field(
        ("epoch", "pair"), "weights", f"weights of two networks more than {WEIGHT_THRESHOLD:g} apart", "int64"
    ),
}


def record(view: View) -> dict[str, np.ndarray]:
    """Both [P]."""
    import numpy as np

    squared, differ = view.weight_differences()
    return {"weight_distance": np.sqrt(squared), "weights_differ": differ}
