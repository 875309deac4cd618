"""Is it critical, and does the loss fall and rise from it? Decided by coefficients, not by sampling.

Along W + t V the loss is a polynomial c_0 + c_1 t + ... If c_1 = ... = c_(k-1) = 0 and c_k < 0, it lies below
c_0 for every small t > 0: that is the proof that arbitrarily small steps descend. How small is stated too:
for all t in (0, reach], where the sum over m > k of |c_m| reach^(m-k) is below |c_k|.

In exact arithmetic every comparison is decided. In balls, "below" means that the whole ball is below.
c_1 is then known to vanish because the gradient does (its enclosure is checked, and the algebra is that of
`critical`); every further coefficient before c_k has to be an exact zero, not a ball that contains zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import flint

from models.linear.critical import CriticalPoint
from models.linear.exact_network import ExactMoments, Matrix, Scalar, gradient, loss, loss_along

__all__ = ["RADIUS", "Checked", "Line", "check_point", "gradient_vanishes", "leading_term"]

RADIUS = flint.fmpq(1, 2**100)
"""Bound on an enclosure of a gradient entry that is called zero, as a share of tr Y Y^T + 1."""

SHORTEST = 200
"""Halvings tried for the reach."""


@dataclass(frozen=True, eq=False)
class Line:
    """What the loss does along a straight line through a point.

    Attributes:
        order: k, the lowest power with a coefficient that is not zero.
        coefficient: c_k.
        reach: the sign of L(W + t V) - L(W) is that of c_k for every t in (0, reach].
        confirmed: the loss evaluated anew at W + reach V differs from L(W) with that sign.
    """

    order: int
    coefficient: Scalar
    reach: flint.fmpq
    confirmed: bool


@dataclass(frozen=True, eq=False)
class Checked:
    """A critical point and what was proved of it.

    Attributes:
        stationary: True where the gradient is zero, False where it is proved not to be, else None.
        value_holds: the loss is the predicted one; None where the enclosure is too wide to tell.
        down, up: the lines of descent and ascent; None where there is none to check or no sign was proved.
        steepest: largest absolute entry of the gradient, of balls that of their centres, for the reader.
    """

    point: CriticalPoint
    stationary: bool | None
    value_holds: bool | None
    down: Line | None
    up: Line | None
    steepest: Scalar = 0

    @property
    def is_saddle(self) -> bool:
        """Proved to be critical, with the loss falling and rising arbitrarily close to it."""
        return (
            self.stationary is True
            and (self.down is not None and self.down.coefficient < 0 and self.down.confirmed)
            and (self.up is not None and self.up.coefficient > 0 and self.up.confirmed)
        )

    @property
    def is_strict(self) -> bool:
        """Proved to have a negative v^T H v: c_2 < 0 along its descent direction."""
        return self.is_saddle and self.down is not None and self.down.order == 2


def check_point(data: ExactMoments, point: CriticalPoint) -> Checked:
    """Gradient, value, and the loss along the point's two directions."""
    slopes = _entries(gradient(data, point.weights))
    stationary = _vanish(slopes, data)
    value = loss(data, point.weights)
    return Checked(
        point,
        stationary,
        _vanish([value - point.value], data),
        _line(data, point.weights, point.descent, value, stationary),
        _line(data, point.weights, point.ascent, value, stationary),
        max((abs(e.mid() if isinstance(e, flint.arb) else e) for e in slopes), default=0),
    )


def gradient_vanishes(data: ExactMoments, weights: Sequence[Matrix]) -> bool | None:
    """True where every entry of the gradient is zero, False where one is not, None where balls are too wide.

    A ball counts as zero if it contains zero and lies within `RADIUS`.
    """
    return _vanish(_entries(gradient(data, weights)), data)


def leading_term(coefficients: Sequence[Scalar], stationary: bool | None) -> tuple[int, Scalar] | None:
    """The lowest power k >= 1 whose coefficient has a proved sign, all before it zero; None if unproved.

    A first coefficient that merely encloses zero counts as zero only where the gradient is known to vanish.
    """
    for k, c in enumerate(coefficients[1:], start=1):
        if c < 0 or c > 0:
            return (k, c)
        if not (c == 0 or (k == 1 and stationary)):
            return None
    return None


def _line(
    data: ExactMoments,
    weights: Sequence[Matrix],
    direction: Sequence[Matrix | None] | None,
    value: Scalar,
    stationary: bool | None,
) -> Line | None:
    if direction is None:
        return None
    coefficients = loss_along(data, weights, direction)
    leading = leading_term(coefficients, stationary)
    if leading is None:
        return None
    order, c = leading
    step = flint.fmpq(1)
    for _ in range(SHORTEST):
        later = sum((abs(m) * _power(step, n) for n, m in enumerate(coefficients[order + 1 :], 1)), 0 * c)
        if later < abs(c):
            break
        step = step / 2
    else:
        return None
    there = [w if v is None else w + v * step for w, v in zip(weights, direction, strict=True)]
    change = loss(data, there) - value
    return Line(order, c, step, change < 0 if c < 0 else change > 0)


def _entries(layers: Sequence[Matrix]) -> list[Scalar]:
    return [entry for layer in layers for entry in layer.entries()]


def _power(step: flint.fmpq, n: int) -> flint.fmpq:
    return flint.fmpq(step.p**n, step.q**n)


def _vanish(entries: Sequence[Scalar], data: ExactMoments) -> bool | None:
    if data.kind is flint.fmpq_mat:
        return all(entry == 0 for entry in entries)
    if not all(entry.contains(0) for entry in entries):
        return False
    bound = (data.label_square + 1) * flint.arb(RADIUS)
    return True if all(abs(entry) < bound for entry in entries) else None
