"""A loss as a pure function of flat parameters [P], in parts that are summed, with what bounds its rounding.

A loss that is made of additions, subtractions and multiplications alone (a deep linear or ReLU network
with squared error, between kinks) has a majorant: the same expression with every number replaced by its
absolute value and every minus by a plus. Automatic differentiation of it adds and multiplies as well, so a
derivative computed with at most n roundings on the way to any of its terms is within gamma_n times the same
derivative of the majorant (Higham 2002, section 3.1, applied term by term).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from models.engines.mlp.ensemble import parameter_count
from models.objectives.losses import loss_per_sample

__all__ = ["Objective", "deep_linear", "network", "stacked"]

Part = Callable[[Tensor], Tensor]
"""One summand of the loss: flat parameters [P] to a scalar, differentiable twice by torch.func."""

CHUNK = 1_000
"""Samples a part: a whole batch at once would cost memory, and beyond rounding the sum is the same."""


@dataclass(frozen=True, eq=False, repr=False)
class Objective:
    """The loss L(w) = sum of its parts.

    Attributes:
        parameters: P.
        parts: the summands.
        majorant: at w [P], the parts of the majorant, to be differentiated at |w|; None at a w within
            rounding of a kink. No majorant: the rounding can be estimated only.
        roundings: upper bound on the roundings on the way to any term of the loss, its gradient, its
            Hessian or a Hessian-vector product.
    """

    parameters: int
    parts: tuple[Part, ...]
    majorant: Callable[[Tensor], tuple[Part, ...] | None] | None = None
    roundings: int = 0

    def __repr__(self) -> str:
        return f"Objective({self.parameters} parameters, {len(self.parts)} parts)"


def stacked(layers: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Parameters [M, P] in float64 from layers of weights [M, fan_in, fan_out] and biases [M, fan_out].

    The order of a row is that of `models.engines.mlp.ensemble.layer_views` for one member, and of `network`.
    """
    tensors = [torch.as_tensor(t).double() for layer in layers for t in layer]
    return torch.cat([t.reshape(t.shape[0], -1) for t in tensors], 1)


def network(
    sizes: Sequence[int],
    x: Tensor,
    y: Tensor,
    output: str = "linear",
    loss: str = "mse",
    chunk: int = CHUNK,
) -> Objective:
    """The mean loss of one ReLU network over all samples (table of losses: `models.objectives.losses`).

    The majorant exists for squared error with a linear or ReLU output, at every w where no pre-activation
    of any sample lies within rounding of 0.

    Args:
        sizes: d_x, widths, d_y.
        x: [m, d_x].
        y: [m, d_y].
        output: linear, softmax or relu.
        loss: mse, bce or ce.
        chunk: samples a part.

    Raises:
        ValueError: the shapes do not fit, or there are no samples.
    """
    if (
        x.ndim != 2
        or y.ndim != 2
        or len(x) != len(y)
        or not len(x)
        or (x.shape[1], y.shape[1]) != (sizes[0], sizes[-1])
    ):
        raise ValueError(
            f"got x {list(x.shape)} and y {list(y.shape)} for the sizes {list(sizes)}, "
            f"wanted [m, {sizes[0]}] and [m, {sizes[-1]}] with m >= 1"
        )
    x, y, m = x.double(), y.double(), len(x)
    starts = range(0, m, chunk)
    batches = [(x[i : i + chunk], y[i : i + chunk]) for i in starts]

    def part(bx: Tensor, by: Tensor) -> Part:
        def of(w: Tensor) -> Tensor:
            z = _scores(w, sizes, bx, [None] * (len(sizes) - 2))
            return loss_per_sample(z[None], by, output, loss).sum() / m

        return of

    def twin(bx: Tensor, by: Tensor, masks: list[Tensor]) -> Part:
        def of(w: Tensor) -> Tensor:
            h = _scores(w, sizes, bx.abs(), masks)
            h = h * masks[-1] if output == "relu" else h
            return 0.5 * (h + by.abs()).square().sum() / m

        return of

    def majorant(w: Tensor) -> tuple[Part, ...] | None:
        twins = []
        for bx, by in batches:
            masks = _masks(w, sizes, bx, roundings, output == "relu")
            if masks is None:
                return None
            twins.append(twin(bx, by, masks))
        return tuple(twins)

    # A term of the Hessian is two paths through the layers and a sum over samples: 2 sum (fan_in + fan_out)
    # would do, twice that leaves room for the sums of tangents and the scaling.
    roundings = 4 * sum(a + b + 4 for a, b in pairwise(sizes)) + m + len(batches) + 32
    return Objective(
        parameters=parameter_count(sizes),
        parts=tuple(part(*batch) for batch in batches),
        majorant=majorant if loss == "mse" and output in ("linear", "relu") else None,
        roundings=roundings,
    )


def deep_linear(
    sizes: Sequence[int], gram: Tensor | np.ndarray, cross: Tensor | np.ndarray, label_square: float
) -> Objective:
    """L(W) = 1/2 ||W_{H+1} ... W_1 X - Y||_F^2 from sufficient statistics (Kawaguchi 2016, equation 1).

    Args:
        sizes: d_x, widths, d_y.
        gram: X X^T, [d_x, d_x].
        cross: X Y^T, [d_x, d_y], as in `models.exact.moments`.
        label_square: tr Y Y^T.

    Returns:
        The objective of the flat parameters W_1 [d_1, d_x], ..., W_{H+1} [d_y, d_H], row after row.

    Raises:
        ValueError: the shapes do not fit.
    """
    # By way of numpy, which also rounds the Python integers that moments beyond 2^63 are kept in.
    gram, cross = (torch.from_numpy(np.asarray(a).astype(np.float64)) for a in (gram, cross))
    if gram.shape != (sizes[0], sizes[0]) or cross.shape != (sizes[0], sizes[-1]):
        raise ValueError(
            f"got gram {list(gram.shape)} and cross {list(cross.shape)} for the sizes {list(sizes)}, wanted "
            f"{[sizes[0], sizes[0]]} and {[sizes[0], sizes[-1]]}: cross is X Y^T"
        )
    shapes = [(b, a) for a, b in pairwise(sizes)]
    square = float(label_square)

    def loss(sign: float, gram: Tensor, cross: Tensor) -> Part:
        def of(w: Tensor) -> Tensor:
            T, start = torch.eye(sizes[0], dtype=w.dtype, device=w.device), 0
            for rows, columns in shapes:
                T = w[start : start + rows * columns].view(rows, columns) @ T
                start += rows * columns
            return 0.5 * ((T @ gram) * T).sum() + sign * (T.T * cross).sum() + 0.5 * square

        return of

    positive = (loss(1.0, gram.abs(), cross.abs()),)
    d_x, d_y = sizes[0], sizes[-1]
    return Objective(
        parameters=sum(a * b for a, b in shapes),
        parts=(loss(-1.0, gram, cross),),
        majorant=lambda w: positive,
        roundings=4 * sum(a + b + 4 for a, b in pairwise(sizes)) + 4 * d_x + d_x * d_y + 32,
    )


def _scores(w: Tensor, sizes: Sequence[int], x: Tensor, masks: Sequence[Tensor | None]) -> Tensor:
    """Pre-activations [B, d_y] of the output layer; hidden units are ReLU, or multiplied by given masks."""
    h, start = x, 0
    for depth, (a, b) in enumerate(pairwise(sizes)):
        W, bias = w[start : start + a * b].view(a, b), w[start + a * b : start + a * b + b]
        start += (a + 1) * b
        h = h @ W + bias
        if depth < len(sizes) - 2:
            mask = masks[depth]
            h = torch.relu(h) if mask is None else h * mask
    return h


def _masks(w: Tensor, sizes: Sequence[int], x: Tensor, roundings: int, last: bool) -> list[Tensor] | None:
    """Which unit is active on which sample, [B, width] of 0 and 1 a layer; None if rounding leaves it open.

    The output layer's mask comes last and matters only if it is a ReLU (`last`).
    """
    h, size, start, masks = x, x.abs(), 0, []
    for depth, (a, b) in enumerate(pairwise(sizes)):
        W, bias = w[start : start + a * b].view(a, b), w[start + a * b : start + a * b + b]
        start += (a + 1) * b
        h, size = h @ W + bias, size @ W.abs() + bias.abs()
        if (depth < len(sizes) - 2 or last) and bool((h.abs() <= roundings * 2.0**-52 * size).any()):
            return None
        mask = (h > 0).to(h.dtype)
        masks.append(mask)
        h, size = h * mask, size * mask
    return masks
