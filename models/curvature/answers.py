"""What is known of one number, as a value: the number, how far it may be off, and whether that is proved."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Count", "Eigenvalue", "Estimate"]


@dataclass(frozen=True, slots=True)
class Eigenvalue:
    """An extreme eigenvalue.

    Attributes:
        which: "smallest" or "largest".
        eigenvalue: as computed.
        bound: an eigenvalue of H lies within this of it.
        low: a proved lower bound of the true smallest (largest) eigenvalue; -inf where none is proved.
        high: a proved upper bound of it; inf where none is proved.
        certified: whether the computed eigenvalue is proved to be the extreme one; low and high are then
            at most 2 `bound` apart.
        note: how the bounds were found, and what else is known.
    """

    which: str
    eigenvalue: float
    bound: float
    low: float
    high: float
    certified: bool
    note: str

    @property
    def sign(self) -> int | None:
        """1 or -1 where the sign is proved, 0 where the eigenvalue is exactly 0, else None."""
        if self.low > 0 or self.high < 0:
            return 1 if self.low > 0 else -1
        return 0 if self.low == self.high == 0 else None

    def __str__(self) -> str:
        number = f"{self.which} eigenvalue {self.eigenvalue:.6g}"
        if self.certified:
            return f"{number} ± {self.bound:.1e}, certified ({self.note})"
        known = [f"at least {self.low:.6g}"] if self.low > -math.inf else []
        known += [f"at most {self.high:.6g}"] if self.high < math.inf else []
        return f"{number}, inconclusive: {' and '.join(known) or 'nothing'} is proved ({self.note})"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with an interval: proved where `certified`, else one that holds with probability `level`."""

    value: float
    low: float
    high: float
    certified: bool
    level: float
    note: str

    def __str__(self) -> str:
        how = "certified" if self.certified else f"{self.level:.0%} interval"
        return f"{self.value:.6g} in [{self.low:.6g}, {self.high:.6g}], {how} ({self.note})"


@dataclass(frozen=True, slots=True)
class Count:
    """A number of eigenvalues, proved to be between `low` and `high`."""

    low: int
    high: int
    note: str

    @property
    def certified(self) -> bool:
        """Whether the number is known."""
        return self.low == self.high

    def __str__(self) -> str:
        if self.certified:
            return f"{self.low}, certified ({self.note})"
        return f"inconclusive: between {self.low} and {self.high} ({self.note})"
