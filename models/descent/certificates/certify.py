"""Says, by name, what is known of the points where M networks' descent ended: cheap arguments first."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from torch import Tensor

from models.descent.certificates.certificate import Certificate, Kind
from models.descent.certificates.dead import least_constant, silent_layer, silent_outputs
from models.descent.certificates.falling import History, rates
from models.descent.certificates.flat import newton_residual
from models.descent.certificates.local.enclosure import baseline, encloses, objective, zero_is_attained
from models.descent.certificates.local.kink import Kinked, first_order
from models.descent.certificates.local.second_order import falls, lowest_curvature
from models.descent.certificates.local.smooth import curved
from models.descent.method import Descending
from models.descent.problem import Problem, problem_of
from models.penalties.l2 import L2

__all__ = ["Budget", "certify"]

ROUNDING = 1e-12
"""An eigenvalue this far below 0, over the largest, is rounding."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What the arguments may cost, and what counts as 0; s as in `Certificate`.

    Attributes:
        gradient: a gradient or slope of at most this, over s, counts as 0.
        near: beyond this, over s, no minimum is looked for beside the point.
        kink: a pre-activation of at most this, over the sum of the absolute values of its terms, counts as 0.
        residual: a Newton step that leaves more of the gradient than this shows a flat region (Frye et al.).
        dense: most parameters of which the Hessian is formed.
        steps: of Lanczos for the Newton step, two products each, and beyond `dense` for negative curvature,
            about five each; 0 to go without.
    """

    gradient: float = 1e-6
    near: float = 1e-2
    kink: float = 1e-9
    residual: float = 0.9
    dense: int = 1_000
    steps: int = 32


def certify(
    problem: Problem,
    at: Descending,
    *,
    tau: float,
    history: History | None = None,
    budget: Budget | None = None,
) -> list[Certificate]:
    """What is known of each of M points.

    Args:
        problem: what was minimised.
        at: where the descent ended.
        tau: l of at most this counts as a global minimum; also the gap that is allowed to a dead network.
        history: what was recorded on the way, for the rates.
        budget: what the arguments may cost.

    Returns:
        M certificates. A network's does not depend on the others.

    Raises:
        ValueError: tau is not positive.
    """
    if not tau > 0:
        raise ValueError(f"got tau {tau}, wanted a number above 0: l = 0 is reached by no cross entropy")
    budget = budget or Budget()
    # What is near a point is looked at where LAPACK is.
    near = problem if problem.x.device.type == "cpu" else problem_of(problem.spec, problem.data)
    return [_of_one(problem, near, at, k, tau, rates(history, k), budget) for k in range(len(at.w))]


def _of_one(
    problem: Problem,
    near: Problem,
    at: Descending,
    k: int,
    tau: float,
    rate: tuple[float, float],
    budget: Budget,
) -> Certificate:
    w = at.w[k : k + 1]
    L0, here = baseline(problem), objective(problem, w)
    bound = here.high / L0.low if L0.low > 0 else math.inf
    length = max(float(w.norm()), 1.0)
    known = Certificate(
        Kind.FALLING,
        proved=False,
        l=here.value / L0.value,
        l_bound=bound,
        attained=zero_is_attained(problem),
        gradient=float(at.gradient[k]) * length / here.value if here.value > 0 else 0.0,
        residual=float(at.residual[k]),
        rate=rate[0],
        rate_per_product=rate[1],
    )
    penalty = problem.spec.objective.penalty
    if not math.isfinite(here.value):
        return known
    if bound <= tau and (penalty is None or isinstance(penalty, L2)):
        return replace(known, kind=Kind.GLOBAL, proved=here.bounded, gap=bound)
    if (gap := _dead(problem, w, here.high, L0.low, tau)) is not None:
        return replace(known, kind=Kind.DEAD, proved=True, gap=gap)
    if encloses(problem) and (penalty is None or isinstance(penalty, L2)) and here.value > 0:
        unit = here.value / length
        kinked = first_order(near, w.cpu(), budget.kink, budget.gradient * unit)
        known = replace(known, boundary=kinked.pairs, slope=kinked.slope / unit)
        known, open_ = _locally(near, w.cpu(), known, kinked, budget, tau, L0.low)
        if not open_:
            return known
    if known.gradient <= budget.gradient:
        return replace(known, kind=Kind.STATIONARY)
    if math.isnan(known.residual) and budget.steps:
        known = replace(known, residual=newton_residual(problem, w, budget.steps))
    return replace(known, kind=Kind.FLAT) if known.residual > budget.residual else known


def _locally(
    problem: Problem, w: Tensor, known: Certificate, kinked: Kinked, budget: Budget, tau: float, unit: float
) -> tuple[Certificate, bool]:
    """The certificate from what is near the point, and whether it leaves open that the slope is flat.

    First order decides whether it is stationary; second order is asked for a proof that a minimum lies beside
    it, at most tau * unit below, and for a way down.
    """
    steep = not -known.slope <= budget.gradient
    direction, size = kinked.direction, 0.0
    if problem.parameters <= budget.dense and -known.slope <= budget.near and kinked.walls is not None:
        found = curved(problem, w, kinked)
        known = replace(known, curvature=found.curvature, curvature_bound=found.bound)
        if found.depth <= tau * unit and (found.proved or not steep):
            kind = Kind.STATIONARY_KINK if kinked.pairs else Kind.LOCAL_MINIMUM
            return replace(known, kind=kind, proved=found.proved, gap=found.depth / unit), False
        size = found.size
        direction = kinked.direction if steep else found.direction
    elif not steep and (lowest := lowest_curvature(problem, w, kinked, budget.steps)) is not None:
        known, size, direction = replace(known, curvature=lowest[0]), lowest[1], lowest[2]
    if steep and not kinked.pairs:
        return known, True
    if steep:
        # The gradient of one side may be large at a minimum: only a step shows that there is a way down.
        return (known if falls(problem, w, direction) else replace(known, kind=Kind.STATIONARY)), False
    if kinked.pairs and kinked.sharp and known.curvature >= -ROUNDING * size:
        return replace(known, kind=Kind.STATIONARY_KINK), False
    down = known.curvature < 0 and falls(problem, w, direction, both=True)
    return (known if down else replace(known, kind=Kind.STATIONARY)), False


def _dead(problem: Problem, w: Tensor, high: float, unit: float, tau: float) -> float | None:
    """The gap of a dead network, over L0; None where it is not dead, or further than tau from the best."""
    if unit > 0 and (left := silent_outputs(problem, w)) is not None:
        gap = max(high - left.low, 0.0) / unit
        if gap <= tau:
            return gap
    least = least_constant(problem)
    if least is None or not unit > 0:
        return None
    # Not being below the best constant is the cheaper half of the condition.
    gap = max(high - least.low, 0.0) / unit
    return gap if gap <= tau and silent_layer(problem, w) is not None else None
