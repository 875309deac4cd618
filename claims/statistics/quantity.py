"""What a rule needs of a number about a population: bounds at any error rate, and p-values against any edge.

A `Quantity` is data already counted: `Share` of networks, `Median` over networks, `Window` for "equal". Its
two bounds are one-sided, each missing with probability at most its own alpha, so that a rule can spend alpha
on the end that supports and a share of it on the end that refutes. The p-values are the same bounds turned
round: `at_least(edge)` is the smallest alpha at which the lower bound reaches the edge, and so on; a test
holds the two to each other.

`Absolute`, `Affine`, `Smallest` and `Largest` make quantities of quantities. Nothing here assumes a
distribution: an exact quantity inside gives an exact one outside, by the union bound where several may fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Absolute", "Affine", "Largest", "Quantity", "Smallest"]


class Quantity(Protocol):
    """A number theta about a population, as far as a sample tells.

    Attributes:
        value: the estimate, NaN where there is none.
    """

    @property
    def value(self) -> float: ...

    def lower(self, alpha: float) -> float:
        """A bound below theta; it exceeds theta with probability at most alpha."""

    def upper(self, alpha: float) -> float:
        """A bound above theta; it falls short of theta with probability at most alpha."""

    def at_least(self, edge: float) -> float:
        """p-value of "theta >= edge": the smallest alpha with lower(alpha) >= edge, 1 where none has."""

    def beyond(self, edge: float) -> float:
        """p-value of "theta > edge": the smallest alpha with lower(alpha) > edge."""

    def at_most(self, edge: float) -> float:
        """p-value of "theta <= edge": the smallest alpha with upper(alpha) <= edge."""

    def below(self, edge: float) -> float:
        """p-value of "theta < edge": the smallest alpha with upper(alpha) < edge."""


@dataclass(frozen=True, slots=True)
class Absolute:
    """|theta|. Two bounds must hold to say that it is small, at alpha each (two one-sided tests, Schuirmann
    1987); either may fail where it is said to be large, at alpha / 2 each."""

    of: Quantity

    @property
    def value(self) -> float:
        return abs(self.of.value)

    def lower(self, alpha: float) -> float:
        return max(self.of.lower(alpha / 2), -self.of.upper(alpha / 2), 0.0)

    def upper(self, alpha: float) -> float:
        return max(self.of.upper(alpha), -self.of.lower(alpha))

    def at_least(self, edge: float) -> float:
        return 0.0 if edge <= 0 else min(1.0, 2 * min(self.of.at_least(edge), self.of.at_most(-edge)))

    def beyond(self, edge: float) -> float:
        return 0.0 if edge < 0 else min(1.0, 2 * min(self.of.beyond(edge), self.of.below(-edge)))

    def at_most(self, edge: float) -> float:
        return 1.0 if edge < 0 else max(self.of.at_most(edge), self.of.at_least(-edge))

    def below(self, edge: float) -> float:
        return 1.0 if edge <= 0 else max(self.of.below(edge), self.of.beyond(-edge))


@dataclass(frozen=True, slots=True)
class Affine:
    """offset + theta, or offset - theta where `negative`: how far theta is beyond an edge, or inside it."""

    of: Quantity
    offset: float
    negative: bool = False

    @property
    def value(self) -> float:
        return self.offset + (-self.of.value if self.negative else self.of.value)

    def lower(self, alpha: float) -> float:
        return self.offset + (-self.of.upper(alpha) if self.negative else self.of.lower(alpha))

    def upper(self, alpha: float) -> float:
        return self.offset + (-self.of.lower(alpha) if self.negative else self.of.upper(alpha))

    def at_least(self, edge: float) -> float:
        return self.of.at_most(self.offset - edge) if self.negative else self.of.at_least(edge - self.offset)

    def beyond(self, edge: float) -> float:
        return self.of.below(self.offset - edge) if self.negative else self.of.beyond(edge - self.offset)

    def at_most(self, edge: float) -> float:
        return self.of.at_least(self.offset - edge) if self.negative else self.of.at_most(edge - self.offset)

    def below(self, edge: float) -> float:
        return self.of.beyond(self.offset - edge) if self.negative else self.of.below(edge - self.offset)


@dataclass(frozen=True, slots=True)
class Smallest:
    """The least of several quantities, by name: "every part is at least the edge" as one number.

    The lower bound needs every part's, at alpha each, since the part that is least is one of them
    (intersection-union, Berger 1982); the upper bound may take any part's, at alpha shared among them.
    """

    parts: Mapping[str, Quantity]

    @property
    def value(self) -> float:
        return min(part.value for part in self.parts.values())

    def lower(self, alpha: float) -> float:
        return min(part.lower(alpha) for part in self.parts.values())

    def upper(self, alpha: float) -> float:
        return min(part.upper(alpha / len(self.parts)) for part in self.parts.values())

    def each(self, alpha: float) -> list[tuple[float, float]]:
        """Both bounds of every part, in their order: the least of them are this quantity's own."""
        shared = alpha / len(self.parts)
        return [(part.lower(alpha), part.upper(shared)) for part in self.parts.values()]

    def at_least(self, edge: float) -> float:
        return max(part.at_least(edge) for part in self.parts.values())

    def beyond(self, edge: float) -> float:
        return max(part.beyond(edge) for part in self.parts.values())

    def at_most(self, edge: float) -> float:
        return min(1.0, len(self.parts) * min(part.at_most(edge) for part in self.parts.values()))

    def below(self, edge: float) -> float:
        return min(1.0, len(self.parts) * min(part.below(edge) for part in self.parts.values()))


@dataclass(frozen=True, slots=True)
class Largest:
    """The greatest of several quantities, by name: "every part is at most the edge" as one number."""

    parts: Mapping[str, Quantity]

    @property
    def value(self) -> float:
        return max(part.value for part in self.parts.values())

    def lower(self, alpha: float) -> float:
        return max(part.lower(alpha / len(self.parts)) for part in self.parts.values())

    def upper(self, alpha: float) -> float:
        return max(part.upper(alpha) for part in self.parts.values())

    def at_least(self, edge: float) -> float:
        return min(1.0, len(self.parts) * min(part.at_least(edge) for part in self.parts.values()))

    def beyond(self, edge: float) -> float:
        return min(1.0, len(self.parts) * min(part.beyond(edge) for part in self.parts.values()))

    def at_most(self, edge: float) -> float:
        return max(part.at_most(edge) for part in self.parts.values())

    def below(self, edge: float) -> float:
        return max(part.below(edge) for part in self.parts.values())
