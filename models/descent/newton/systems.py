"""Which system finds a step: among the samples or among the parameters, whichever are fewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.descent.multilayer import Layered, Multilayer
from models.descent.newton.dual import Dual
from models.descent.newton.primal import Primal
from models.penalties.l2 import L2

if TYPE_CHECKING:
    from models.descent.newton.outputs import Curvature
    from models.descent.newton.step import System
    from models.descent.problem import Linearisation, Problem

__all__ = ["system_at"]

_SAMPLES = 4_000
"""Most samples whose kernel is formed."""


def system_at(
    problem: Problem,
    at: Linearisation,
    w: Tensor,
    dtype: torch.dtype = torch.float32,
    dual: bool | None = None,
    curvature: Curvature | None = None,
) -> System:
    """The quadratic model of the loss.

    Args:
        problem: whose loss.
        at: its linearisation.
        w: [M, P], where.
        dtype: of the products.
        dual: whether to solve among the samples; by default where that is fewer equations.
        curvature: in outputs, and what to take off; by default the loss's own.

    Raises:
        ValueError: a penalty other than L2, whose curvature is not known.
    """
    penalty = problem.spec.objective.penalty
    if penalty is not None and not isinstance(penalty, L2):
        raise ValueError(f"got the penalty {penalty.kind!r}, wanted l2 or none: its curvature is not known")
    strength = 0.0 if penalty is None else penalty.strength
    roles = {name: float(one.role == "weight") for name, one in problem.about.items()}
    weights = problem.flat(
        {name: w.new_full((1, *problem.about[name].shape), x) for name, x in roles.items()}
    )
    if isinstance(problem, Multilayer) and isinstance(at, Layered):
        few = problem.samples * problem.outputs <= problem.parameters and problem.samples <= _SAMPLES
        if few if dual is None else dual:
            return Dual(problem, at, strength, weights, w, dtype, curvature)
    return Primal(problem, at, strength * weights, dtype, curvature)
