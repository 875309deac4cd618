"""At which steps inside the first epochs a run is recorded besides its epochs' ends.

What happens within the first epoch cannot be read off its two ends: on the paper's networks most of the
fall of the loss does. A geometric grid sees every time scale at the price of a dozen evaluations.
"""

from __future__ import annotations

import numpy as np

__all__ = ["EARLY_EPOCHS", "early_steps"]

EARLY_EPOCHS = 4
"""Epochs that the grid spans."""


def early_steps(steps_per_epoch: int, epochs: int) -> np.ndarray:
    """Steps [G] int64, ascending: 1, 2, 3, 4, 6, 8, 11, 16, ..., round(2^(k / 2)), each once.

    They lie inside the first `EARLY_EPOCHS` of the `epochs`; ends of epochs, recorded anyway, are left out.
    """
    last = steps_per_epoch * min(epochs, EARLY_EPOCHS)
    powers = np.sqrt(2.0) ** np.arange(2 * last.bit_length() + 2)
    steps = np.unique(np.rint(powers).astype(np.int64))
    return steps[(steps < last) & (steps % steps_per_epoch != 0)]
