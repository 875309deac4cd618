"""Random numbers inside a step of training: named streams, so that a stopped run goes on with the same ones.

Dropout asks the stream of its step for uniform numbers by name. What it gets depends on the network's seed,
the step and the name, never on how many networks are trained at once or on what was drawn before. The numbers
are drawn outside `torch.func`, which knows no seeds of its own for each network, and handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Stream"]


class Stream:
    """The random numbers of one network's step.

    Args:
        drawn: uniform numbers in [0, 1) by name.
    """

    def __init__(self, drawn: Mapping[str, Tensor]) -> None:
        self._drawn = drawn

    def uniform(self, name: str) -> Tensor:
        """The numbers of this name, of the shape [B, ...] that the network declared.

        Raises:
            KeyError: the network declares no such numbers.
        """
        try:
            return self._drawn[name]
        except KeyError:
            raise KeyError(
                f"got the random numbers {name!r}, wanted one of {sorted(self._drawn)}: declare them in the "
                "network's `randomness`"
            ) from None
