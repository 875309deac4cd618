"""Four networks of a descent: stepped until each has arrived, stalled or spent its budget, recorded together.

Wide networks step one at a time, so that a product is large and what a method remembers is of one network;
narrow ones together, since a small product costs its launch. Recorders look at quadruples, whose pairs they
compare. A quadruple's bytes depend on its own networks alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.descent.method import Descending
from models.engines.view import NetworksView, joined
from models.objectives.losses import loss_per_sample
from models.recorders.pairs import weight_differences
from models.second_leg.movement import activation_flips
from models.second_leg.rows import Rows

if TYPE_CHECKING:
    from models.descent.problem import Problem
    from models.engines.view import Judged
    from models.recorders.view import Side
    from models.second_leg.descent import Descent
    from models.second_leg.on_test import OnTest

__all__ = ["NARROW", "Quadruple"]

NARROW = 20_000
"""Parameters of a network up to which four step together."""

_FIELDS = ("w", "loss", "gradient", "products", "stalled", "residual")


class Quadruple:
    """Some networks of a descent, usually four.

    Args:
        spec: the descent.
        problem: of its experiment.
        w: [M, P] float64, where they begin.
        on_test: judges them on the test side.

    Attributes:
        rows: what was recorded so far.
        steps: [M], steps taken by each network.
    """

    def __init__(self, spec: Descent, problem: Problem, w: Tensor, on_test: OnTest) -> None:
        self.spec, self.problem = spec, problem
        self.rows = Rows(problem.data)
        self.steps = np.zeros(len(w), dtype=np.int64)
        size = len(w) if problem.parameters <= NARROW else 1
        self._slices = [slice(start, start + size) for start in range(0, len(w), size)]
        self._method = [0] * len(self._slices)  # which of the spec's each group is at
        # A problem each, over the same data: it remembers its last forward pass, which the record asks for.
        self._problems = [copy(problem) for _ in self._slices]
        starts = zip(self._problems, self._slices, strict=True)
        self._groups = [spec.methods[0].start(own, w[part]) for own, part in starts]
        self._on_test = on_test
        # What each group is on the test side, until it steps: who has ended is judged once.
        self._tested: dict[int, Judged] = {}
        self._record()

    # -- stepping ---------------------------------------------------------------------------

    @property
    def going(self) -> np.ndarray:
        """Which networks [M] go on."""
        return np.concatenate([self._going(k) for k in range(len(self._groups))])

    def _going(self, k: int) -> np.ndarray:
        at, own = self._groups[k], self._slices[k]
        loss, products = at.loss.cpu().numpy(), at.products.cpu().numpy()
        with np.errstate(invalid="ignore"):
            above = loss / self.problem.baseline > self.spec.tolerance
        stuck = at.stalled.cpu().numpy() & (self._method[k] == len(self.spec.methods) - 1)
        within = (products < self.spec.products) & (self.steps[own] < self.spec.steps)
        return above & np.isfinite(loss) & ~stuck & within

    def step(self) -> None:
        """A step of every network that goes on, and a record."""
        for k, own in enumerate(self._slices):
            going = np.flatnonzero(self._going(k))
            if len(going):
                self._groups[k] = self._stepped(k, going)
                self.steps[own.start + going] += 1
                self._tested.pop(k, None)
        self._record()

    def _stepped(self, k: int, going: np.ndarray) -> Descending:
        at = self._groups[k]
        everyone = len(going) == len(at.w)
        where = torch.as_tensor(going, device=at.w.device)
        part = at if everyone else _taken(at, where)
        methods, share = len(self.spec.methods), self.spec.products / len(self.spec.methods)
        spent = bool((part.stalled | (part.products >= share * (self._method[k] + 1))).all())
        if spent and self._method[k] + 1 < methods:
            self._method[k] += 1
            fresh = self.spec.methods[self._method[k]].start(self._problems[k], part.w)
            part = replace(fresh, products=fresh.products + part.products)
        part = self.spec.methods[self._method[k]].step(self._problems[k], part)
        return part if everyone else _put(at, part, where)

    def flips(self, w0: Tensor) -> np.ndarray:
        """`models.second_leg.movement.activation_flips` since w0 [M, P], of each network."""
        own = zip(self._problems, self._slices, self._groups, strict=True)
        return np.concatenate([activation_flips(problem, w0[part], at.w) for problem, part, at in own])

    def forget(self) -> None:
        """Lets go of what the problems keep for a next step, which would outlive them: it knows them."""
        for problem in (self.problem, *self._problems):
            problem.forget()

    # -- what is known ----------------------------------------------------------------------

    @property
    def at(self) -> Descending:
        """All its networks as they are now, without what their methods remember."""
        return _of({name: torch.cat([getattr(at, name) for at in self._groups]) for name in _FIELDS})

    def _record(self) -> None:
        at = self.at
        named = self.problem.stacked(at.w)
        view = NetworksView(
            self.spec.experiment,
            self.problem.data,
            len(at.w),
            lambda side: self._judged(at, side),
            lambda: weight_differences(list(at.w)),
            lambda: {name: part.cpu() for name, part in named.items()},
        )
        self.rows.add(view, gradient=at.gradient.cpu().numpy(), products=at.products.cpu().numpy())

    def _judged(self, at: Descending, side: Side) -> Judged:
        """Losses and labels; the training side is the descent's own, in float64."""
        if side == "test":
            for k, part in enumerate(self._slices):
                if k not in self._tested:
                    self._tested[k] = self._on_test(at.w[part])
            return joined([self._tested[k] for k in range(len(self._slices))])
        objective = self.spec.experiment.objective
        own = zip(self._problems, self._slices, strict=True)
        y, z = self.problem.y, torch.cat([problem.scores(at.w[part]) for problem, part in own])
        h = z.relu() if objective.output == "relu" else z
        labels = h.argmax(-1).to(torch.uint8).cpu().numpy()
        if objective.penalty is None:
            return at.loss.cpu().numpy(), labels
        losses = loss_per_sample(z, y, objective.output, objective.loss).mean(1)
        return losses.cpu().numpy(), labels

    # -- state ------------------------------------------------------------------------------

    def state(self) -> dict[str, np.ndarray]:
        """Everything a later process needs to go on from here."""
        found = {f"rows/{name}": value for name, value in self.rows.arrays().items()}
        found |= {"steps": self.steps, "method": np.array(self._method)}
        for k, at in enumerate(self._groups):
            found |= {f"{k}/{name}": getattr(at, name).cpu().numpy() for name in _FIELDS}
            found |= {f"{k}/memory/{name}": value.cpu().numpy() for name, value in at.memory.items()}
        return found

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Goes on from a `state()` of the same networks.

        Raises:
            KeyError: something is missing.
        """
        device = self.problem.x.device

        def put_back(array: np.ndarray) -> Tensor:
            return torch.tensor(array).to(device)  # a copy, into torch's own memory

        self._tested.clear()
        self.rows.load(_under("rows/", state))
        self.steps, self._method = state["steps"].copy(), state["method"].tolist()
        self._groups = [
            _of(
                {name: put_back(state[f"{k}/{name}"]) for name in _FIELDS},
                {name: put_back(value) for name, value in _under(f"{k}/memory/", state).items()},
            )
            for k in range(len(self._groups))
        ]


def _of(fields: Mapping[str, Tensor], memory: Mapping[str, Tensor] | None = None) -> Descending:
    return Descending(**fields, memory=memory or {})


def _taken(at: Descending, where: Tensor) -> Descending:
    """These networks alone."""
    memory = {name: value[where] for name, value in at.memory.items()}
    return _of({name: getattr(at, name)[where] for name in _FIELDS}, memory)


def _put(at: Descending, part: Descending, where: Tensor) -> Descending:
    """The group with these networks as they are now. The others have ended and need no memory."""
    fields = {name: getattr(at, name).index_copy(0, where, getattr(part, name)) for name in _FIELDS}
    memory = {
        name: new.new_zeros(len(at.w), *new.shape[1:]).index_copy(0, where, new)
        for name, new in part.memory.items()
    }
    return _of(fields, memory)


def _under(head: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key.removeprefix(head): value for key, value in arrays.items() if key.startswith(head)}
