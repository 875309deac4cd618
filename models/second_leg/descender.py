"""Runs a descent quadruple by quadruple, with the trainer's own methods, and certifies where each network
ended."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.backend import Backend, Execution, check_precision, thread_count
from models.descent.certificates.certificate import Certificate, Kind, certificate_arrays
from models.descent.certificates.certify import Budget, certify
from models.descent.certificates.falling import History
from models.descent.method import Descending
from models.descent.problem import problem_of
from models.engines.threads import Threads
from models.experiment import QUADRUPLE
from models.initialisations.initialisation import initial_parameters
from models.objectives.losses import constant_loss
from models.parts.seeds import initial_seeds
from models.recorders.field import fields
from models.recorders.history import DIVERGED, largest_class
from models.recorders.pairs import quadruple_pairs
from models.second_leg.fields import ROWS
from models.second_leg.movement import relative_movement
from models.second_leg.on_test import OnTest
from models.second_leg.quadruple import NARROW, Quadruple
from models.second_leg.rows import together

if TYPE_CHECKING:
    from data import Dataset
    from models.second_leg.descent import Descent

__all__ = ["Descender"]


class Descender:
    """Descends with all networks of a spec.

    Args:
        spec: the descent.
        data: its data set.
        backend: the device.
        threads: most threads to use; the result does not depend on it. None takes every core.
        weights: where training ended, [M, ...] by name, for a descent that starts there.

    Attributes:
        epoch: rounds so far, over all quadruples; it only grows.
        baseline: L0 on the training and the test side.

    Raises:
        ValueError: a network with buffers, a start without weights, weights of another shape, or a device
            without float64.
    """

    def __init__(
        self,
        spec: Descent,
        data: Dataset,
        backend: Backend,
        threads: int | None = None,
        weights: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        experiment = spec.experiment
        if experiment.network.buffers(data.sample_shape, data.d_y):
            raise ValueError(
                f"got {experiment.network.label}, a network that carries buffers from step to step, wanted "
                "one whose full-batch loss follows from its parameters: descend without batch normalisation"
            )
        if (spec.start == "trained") != (weights is not None):
            raise ValueError(
                f"got a descent from {spec.start} weights {'without' if weights is None else 'with'} the "
                "weights that training ended at, wanted these where it starts from there, and none else"
            )
        check_precision(backend.kind, "fp64")
        self.spec, self.data, self.on = spec, data, Execution(backend, "fp64")
        self._threads = Threads((threads or thread_count()) if backend.kind == "cpu" else 0)
        targets = [torch.from_numpy(np.array(y)) for y in (data.targets_train, data.targets_test)]
        self.baseline = tuple(constant_loss(targets[0], y, experiment.objective.loss) for y in targets)
        self.problem = problem_of(experiment, data, self.on.device)
        self._on_test = OnTest(self.problem, backend)
        self.initial_seeds = initial_seeds(experiment.networks.seed, spec.numbers)
        groups = [number % len(experiment.populations) for number in spec.numbers]
        self._w0 = self.problem.flat(
            initial_parameters(
                self.problem.about, experiment.initialisation, groups, self.initial_seeds.tolist()
            )
        )
        self._start = self._w0 if weights is None else self._checked(weights)
        self._quadruples: list[Quadruple | None] = [None] * (len(self._w0) // QUADRUPLE)
        # Of a wide network the Newton step is the method's own: another one costs as much as the leg.
        self._budget = Budget(steps=32 if self.problem.parameters <= NARROW else 0)
        self._ended: dict[int, dict[str, np.ndarray]] = {}
        self.epoch = 0

    def _checked(self, weights: Mapping[str, np.ndarray]) -> Tensor:
        w = self.problem.flat(weights)
        if w.shape != self._w0.shape:
            raise ValueError(f"got weights {list(w.shape)} of networks, wanted {list(self._w0.shape)}")
        return w

    # -- stepping ---------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        return len(self._ended) == len(self._quadruples)

    @property
    def progress(self) -> tuple[int, int]:
        """Networks that have ended, and all of them."""
        going = sum(int(one.going.sum()) for one in self._quadruples if one is not None)
        begun = [one is not None or k in self._ended for k, one in enumerate(self._quadruples)]
        return sum(begun) * QUADRUPLE - going, len(self._w0)

    @property
    def losses(self) -> list[np.ndarray]:
        """The training losses [M] now, as the last row, for whoever shows progress."""
        known = [
            self._ended[k]["train_loss"][-1]
            if k in self._ended
            else one.at.loss.cpu().numpy()
            if one is not None
            else np.zeros(0)
            for k, one in enumerate(self._quadruples)
        ]
        return [np.concatenate(known)]

    def run_epoch(self) -> None:
        """A step of the quadruples in work, as many as there are threads; those that have ended are
        certified."""
        waiting = [k for k in range(len(self._quadruples)) if k not in self._ended]
        with self.on.arithmetic():
            self._threads.each(self._round, waiting[: max(1, self._threads.count)])
        self.epoch += 1

    def _round(self, k: int) -> None:
        # A pool's threads keep no books for autograd; torch.func needs them.
        with torch.inference_mode(False), torch.no_grad():
            one = self._quadruples[k]
            if one is None:
                one = self._quadruples[k] = self._fresh(k)
            else:
                one.step()
            if not one.going.any():
                self._ended[k] = self._result(k, one)
                one.forget()
                self._quadruples[k] = None

    def _own(self, k: int) -> slice:
        return slice(k * QUADRUPLE, (k + 1) * QUADRUPLE)

    def _fresh(self, k: int) -> Quadruple:
        # A problem of its own, over the same data: problems remember their last w, and threads share nothing.
        return Quadruple(self.spec, copy(self.problem), self._start[self._own(k)], self._on_test)

    def _result(self, k: int, one: Quadruple) -> dict[str, np.ndarray]:
        """Rows of a quadruple that has ended, its certificates, and where its networks are."""
        at, w0 = one.at, self._w0[self._own(k)]
        rows = one.rows.arrays()
        found = [self._certificate(one, rows, m) for m in range(len(at.w))]
        return (
            rows
            | certificate_arrays(found)
            | {
                "steps": one.steps,
                "moved": relative_movement(w0, at.w),
                "flips": one.flips(w0),
                "w": at.w.cpu().numpy(),
            }
        )

    def _certificate(self, one: Quadruple, rows: Mapping[str, np.ndarray], m: int) -> Certificate:
        """What is known of where network m of a quadruple ended."""
        at, own, until = one.at, slice(m, m + 1), slice(int(one.steps[m]) + 1)
        if not bool(at.loss[own].isfinite().all() and at.w[own].isfinite().all()):
            return Certificate(Kind.FALLING, proved=False, l=math.nan, l_bound=math.inf, attained=False)
        point = Descending(
            at.w[own], at.loss[own], at.gradient[own], at.products[own], at.stalled[own], at.residual[own]
        )
        history = History(rows["train_loss"][until, own], rows["products"][until, own])
        return certify(one.problem, point, tau=self.spec.tolerance, history=history, budget=self._budget)[0]

    # -- what comes out ---------------------------------------------------------------------

    def result(self) -> dict[str, np.ndarray]:
        """Trajectories, certificates and weights where the networks ended: see `models.runs.run.Run`."""
        parts = [self._ended[k] for k in range(len(self._quadruples))]
        rows = set(self._rows(parts[0]))
        arrays = together([{name: part[name] for name in sorted(rows)} for part in parts])
        once = {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name not in rows}
        last = len(arrays["train_loss"]) - 1
        named = self.problem.stacked(torch.from_numpy(once.pop("w")))
        with np.errstate(invalid="ignore"):
            losses = arrays["train_loss"]
            bad = ~np.isfinite(losses[-1]) | (losses[-1] > DIVERGED * losses[0])
        return (
            arrays
            | once
            | {f"weights/{last}/{name}": part.numpy() for name, part in named.items()}
            | {
                "pairs": quadruple_pairs(len(self._w0)),
                "largest_class": largest_class(self.data),
                "baseline": np.array(self.baseline),
                "initial_seeds": self.initial_seeds,
                "diverged_at": np.where(bad, last, -1).astype(np.int64),
            }
        )

    def parameters(self) -> Mapping[str, Tensor]:
        """All networks' parameters [M, ...] by name now, on the CPU."""
        rows = [
            torch.from_numpy(self._ended[k]["w"])
            if k in self._ended
            else (self._start[self._own(k)] if one is None else one.at.w).cpu()
            for k, one in enumerate(self._quadruples)
        ]
        return self.problem.stacked(torch.cat(rows))

    @staticmethod
    def _rows(arrays: Mapping[str, np.ndarray]) -> Sequence[str]:
        return [name for name in arrays if name in ROWS or name in fields()]

    # -- state ------------------------------------------------------------------------------

    def state(self) -> dict[str, np.ndarray]:
        """Everything a later process needs to go on from this round."""
        found = {"epoch": np.array([self.epoch])}
        for k, ended in self._ended.items():
            found |= {f"ended/{k}/{name}": value for name, value in ended.items()}
        for k, one in enumerate(self._quadruples):
            if one is not None:
                found |= {f"going/{k}/{name}": value for name, value in one.state().items()}
        return found

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Goes on from a `state()` of the same descent, data and backend."""
        self.epoch = int(state["epoch"][0])
        by_part: dict[tuple[str, int], dict[str, np.ndarray]] = {}
        for name, value in state.items():
            part, _, rest = name.partition("/")
            if rest:
                place, _, own = rest.partition("/")
                by_part.setdefault((part, int(place)), {})[own] = value
        self._ended = {k: arrays for (part, k), arrays in by_part.items() if part == "ended"}
        for (part, k), arrays in by_part.items():
            if part == "going":
                one = self._fresh(k)
                one.load(arrays)
                self._quadruples[k] = one
