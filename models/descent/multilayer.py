"""The full-batch problem of multilayer perceptrons, by hand: one product a layer, batched over networks.

Inputs that are 0 on every sample take no part in any product. Values agree with those of the generic problem
to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.func import grad_and_value, vmap

from models.descent.inputs import Inputs
from models.descent.problem import Linearisation, Problem
from models.objectives.losses import loss_gradient, loss_per_sample

if TYPE_CHECKING:
    from data import Dataset
    from models.descent.spec import Spec

__all__ = ["Layered", "Multilayer"]


@dataclass(frozen=True, slots=True, eq=False)
class Layered(Linearisation):
    """The linearisation of M multilayer perceptrons of D layers, and what it is made of.

    Attributes:
        inputs: of each layer: x [m, d] without unused inputs, then the hidden layers h [M, m, width].
        active: which hidden units are, 0 or 1 in w's type, [M, m, width] of each hidden layer.
        weights: W [M, fan_in, fan_out] of each layer, W1 without the rows of unused inputs.
        first: pre-activations of the first layer, [M, m, width].
    """

    inputs: tuple[Tensor, ...]
    active: tuple[Tensor, ...]
    weights: tuple[Tensor, ...]
    first: Tensor

    def to(self, dtype: torch.dtype, last: torch.dtype | None = None) -> Layered:
        """What products are made of, in a type; loss, gradient and slope stay. The last layer's inputs may
        have another: their products have few columns."""
        *below, h = self.inputs
        return replace(
            self,
            z=self.z.to(dtype),
            inputs=(*(one.to(dtype) for one in below), h.to(last or dtype)),
            active=tuple(one.to(dtype) for one in self.active),
            weights=tuple(W.to(dtype) for W in self.weights),
        )

    def backward(self, u: Tensor) -> list[Tensor]:
        """Gradients of <u, z> with respect to each layer's pre-activations, [M, m, width] each; the first
        layer's first."""
        found = [u]
        for W, active in zip(self.weights[:0:-1], reversed(self.active), strict=True):
            found.append((found[-1].to(W.dtype) @ W.mT).mul_(active))
        return found[::-1]


def _unknown(of: Tensor) -> Tensor:
    raise AssertionError("the products of a linearisation that is still being made")


def _product(a: Tensor, B: Tensor) -> Tensor:
    """a @ B of B [M, k, n]; an a [m, k] that all networks share is multiplied once, networks side by side."""
    M, k, n = B.shape
    if a.dim() == 3 or M == 1:
        return a @ B
    return (a @ B.transpose(0, 1).reshape(k, M * n)).unflatten(1, (M, n)).transpose(0, 1).contiguous()


class Multilayer(Problem):
    """The same as `Problem`, for networks of kind "mlp".

    Attributes:
        inputs: of the training side; a copy of this problem shares them.
    """

    def __init__(
        self,
        spec: Spec,
        data: Dataset,
        device: torch.device | str = "cpu",
        buffers: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__(spec, data, device, buffers)
        self.inputs = Inputs(self.x)
        self._last: tuple[Tensor, list[Tensor]] | None = None
        self._linear: tuple[Tensor, Layered] | None = None

    @property
    def depth(self) -> int:
        """D, layers with weights."""
        return len(self.about) // 2

    def layers(self, w: Tensor) -> list[tuple[Tensor, Tensor]]:
        """(W [M, fan_in, fan_out], b [M, fan_out]) of every layer; W1 without the rows of unused inputs."""
        parts = list(self.stacked(w).values())
        layers = list(zip(parts[::2], parts[1::2], strict=True))
        W, b = layers[0]
        return [(W.index_select(1, self.inputs.used), b), *layers[1:]]

    # -- values ---------------------------------------------------------------------------

    def scores(self, w: Tensor, x: Tensor | None = None) -> Tensor:
        """Pre-activations z [M, m, K] of the output layer on x [m, *shape], by default the training side."""
        if x is None:
            return self._forward(w)[-1]
        parts = list(self.stacked(w).values())
        h = x.flatten(1)
        for W, b in zip(parts[:-2:2], parts[1:-2:2], strict=True):
            h = torch.baddbmm(b[:, None], h.expand(len(w), -1, -1), W).relu_()
        return torch.baddbmm(parts[-1][:, None], h.expand(len(w), -1, -1), parts[-2])

    def loss(self, w: Tensor) -> Tensor:
        """What is minimised, [M]."""
        objective = self.spec.objective
        value = loss_per_sample(self.scores(w), self.y, objective.output, objective.loss).mean(1)
        return value if objective.penalty is None else value + vmap(self._penalty)(self.stacked(w))

    def loss_and_gradient(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """[M] and [M, P]."""
        found = self.linearise(w)
        return found.loss, found.gradient

    def linearise(self, w: Tensor) -> Layered:
        """The networks and their Jacobian at w. The last one is kept."""
        if self._linear is not None and torch.equal(self._linear[0], w):
            return self._linear[1]
        first, *inputs, z = self._forward(w)
        weights = tuple(W for W, _ in self.layers(w))
        active = tuple((h > 0).to(h.dtype) for h in inputs[1:])
        objective = self.spec.objective
        loss = loss_per_sample(z, self.y, objective.output, objective.loss).mean(1)
        slope = loss_gradient(z, self.y, objective.output, objective.loss)
        parts = tuple(inputs), active, weights, first
        bare = Layered(loss, w.new_empty(0), z, slope, _unknown, _unknown, *parts)
        gradient = self.pull(bare, slope)
        if objective.penalty is not None:
            slopes, value = vmap(grad_and_value(self._penalty))(self.stacked(w))
            loss = loss + value
            gradient = gradient + torch.cat([slopes[name].flatten(1) for name in self.about], 1)
        # The products know a linearisation of their own: one that knew itself would stay in memory, tens of
        # megabytes, until Python looks for cycles.
        push, pull = partial(self.push, bare), partial(self.pull, bare)
        found = replace(bare, loss=loss, gradient=gradient, jvp=push, vjp=pull)
        self._linear = w.clone(), found
        return found

    def forget(self) -> None:
        """Lets go of the last forward pass and linearisation."""
        self._last = self._linear = None

    def along(
        self, at: Linearisation, w: Tensor, p: Tensor, first: Tensor | None = None
    ) -> Callable[[Tensor], Tensor]:
        """What takes lengths t [M] to the loss at w + t p, [M], where `at` is the linearisation at w.

        The first layer's pre-activations are linear in t: the inputs are multiplied once, by the step and in
        float32, if they were not by who found it, and a length costs what the layers above do. At t = 0
        nothing is rounded.
        """
        if self.spec.objective.penalty is not None or self.depth == 1:
            return super().along(at, w, p)
        assert isinstance(at, Layered)
        layers, moves = self.layers(w), self.layers(p)
        V, c = moves[0]
        move = first
        if move is None:
            move = _product(self.inputs.x.float(), V.float()).add_(c.float()[:, None])

        def loss(t: Tensor) -> Tensor:
            t = t[:, None, None]
            h = torch.addcmul(at.first, t, move.double())
            for (W, b), (V, c) in zip(layers[1:], moves[1:], strict=True):
                h = torch.baddbmm(torch.addcmul(b[:, None], t, c[:, None]), h.relu_(), torch.addcmul(W, t, V))
            objective = self.spec.objective
            return loss_per_sample(h, self.y, objective.output, objective.loss).mean(1)

        return loss

    # -- the parts ------------------------------------------------------------------------

    def pull(self, at: Layered, u: Tensor) -> Tensor:
        """J^T u, float64 [M, P], computed in the types of `at`; u [M, m, K] has that of its last inputs."""
        found: list[Tensor] = []
        for inputs, delta in zip(at.inputs, at.backward(u), strict=True):
            found += [_product(inputs.mT, delta), delta.sum(1)]
        return self.spread(found)

    def push(self, at: Layered, v: Tensor) -> Tensor:
        """J v [M, m, K] of v [M, P], computed in the types of `at`."""
        return self.moves(at, v)[1]

    def moves(self, at: Layered, v: Tensor) -> tuple[Tensor, Tensor]:
        """How v moves the first layer's pre-activations, [M, m, width], and J v."""
        layers = [(V.to(h.dtype), b.to(h.dtype)) for (V, b), h in zip(self.layers(v), at.inputs, strict=True)]
        first = moved = _product(at.inputs[0], layers[0][0]).add_(layers[0][1][:, None])
        rest = zip(layers[1:], at.inputs[1:], at.active, at.weights[1:], strict=True)
        for (V, b), h, active, W in rest:
            own, moved = h @ V, moved * active
            moved = torch.baddbmm(own, moved, W) if own.dtype == W.dtype else own.add_(moved @ W)
            moved.add_(b[:, None])
        return first, moved

    def spread(self, parts: Sequence[Tensor]) -> Tensor:
        """The inverse of `layers`, W1, b1, W2, ... as a row [M, P], float64, with 0 at unused inputs."""
        W, *rest = parts
        whole = W.new_zeros(len(W), self._fan_in, W.shape[2], dtype=torch.float64)
        whole.index_copy_(1, self.inputs.used, W.double())
        return torch.cat([whole.flatten(1), *(part.double().flatten(1) for part in rest)], 1)

    def _forward(self, w: Tensor) -> list[Tensor]:
        """Pre-activations of the first layer, each layer's inputs, and z. That of the last w is kept: an
        accepted step is linearised next."""
        if self._last is not None and torch.equal(self._last[0], w):
            return list(self._last[1])
        (W, b), *rest = self.layers(w)
        z = first = _product(self.inputs.x, W).add_(b[:, None])
        found = [first, self.inputs.x]
        for W, b in rest:
            found.append(z.relu())
            z = _product(found[-1], W).add_(b[:, None])
        found.append(z)
        self._last = w.clone(), found
        return list(found)

    @property
    def _fan_in(self) -> int:
        return next(iter(self.about.values())).shape[0]

    def _penalty(self, parameters: Mapping[str, Tensor]) -> Tensor:
        penalty = self.spec.objective.penalty
        assert penalty is not None
        return penalty(parameters, self.about)
