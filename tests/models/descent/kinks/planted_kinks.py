"""Networks that lie on kinks by construction, with the multipliers that are asked for."""

from __future__ import annotations

import torch

from models.descent.kinks.cell import Perceptron
from models.descent.kinks.rows import kink_rows, output_rows
from models.descent.problem import Problem, problem_of
from tests.helpers.specs import mlp

__all__ = ["on_kinks"]


def on_kinks(data, multipliers, *, width=2, size=1e-2, seed=0) -> tuple[Problem, torch.Tensor]:
    """A regression by one hidden layer, and weights [1, P] at which its gradient is 0 if the kinks' slopes
    are `multipliers`, that of sample k and unit 0 for k = 0, 1, ...

    Targets are the outputs less residuals from the null space of the transposed Jacobian with those slopes,
    so small that the curvature along the kinks is that of Gauss and Newton. Each residual of a kink has the
    sign that makes it a valley.
    """
    problem = problem_of(mlp(data.name, (width,)), data)
    generator = torch.Generator().manual_seed(seed)
    w = torch.randn(problem.parameters, dtype=torch.float64, generator=generator)
    of = Perceptron(problem)
    first, last = (layer.clone() for layer in of.layers(w))
    n = len(multipliers)
    first[:, 0] -= torch.linalg.lstsq(of.x[:n], (of.x[:n] @ first[:, :1])).solution[:, 0]
    w = of.flat([first, last], w)
    cell = of.cell([first, last])
    assert cell.a[:n, 0].abs().max() < 1e-14
    assert (cell.a[n:].abs() > 1e-5).all()
    # The Jacobian's rows with a held unit's slope set to its multiplier.
    cell = cell.turned(cell.on & (torch.arange(problem.samples) < n)[:, None] & (torch.arange(width) == 0))
    J = dense(cell, output_rows(cell, torch.ones(problem.samples, 1, 1, dtype=torch.float64)))
    D = dense(cell, kink_rows(cell, torch.arange(n) * width))
    J[:n] += torch.tensor(multipliers, dtype=torch.float64)[:, None] * last[0, 0] * D
    free = torch.linalg.svd(J.T).Vh[torch.linalg.matrix_rank(J) :]
    residual = torch.randn(problem.samples, dtype=torch.float64, generator=generator) * 0.1
    residual[:n] = torch.sign(last[0, 0]) * 5
    residual = free.T @ (free @ residual)
    assert (residual[:n] * last[0, 0] > 0).all()
    problem.y = cell.z - size * residual[:, None]
    return problem, w[None]


def dense(cell, rows):
    """Rows [n, P] written out, without unused inputs."""
    first = (cell.inputs[0][rows.samples][:, :, None] * rows.first[:, None]).flatten(1)
    return torch.cat([first, rows.rest], 1)
