"""Ways to bring the same network's full-batch loss down: this project's Levenberg-Marquardt and its peers.

All start from the same weights and minimise the same function, half the squared error of all outputs averaged
over the samples, in float64 unless a setting says otherwise; a test of the project checks it. A contender is
prepared, which is not timed (data, compilation, a step that is thrown away), and then runs under a watch,
which it shows every loss that it computes. The watch ends it, by an exception, when a loss has arrived or the
time is over.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import pairwise
from math import inf, prod
from typing import Any

import numpy as np
import torch
from scipy.optimize import least_squares
from scipy.sparse.linalg import LinearOperator
from torch import Tensor, nn

from data import Dataset
from models.descent.problem import Problem, problem_of
from models.experiment import Experiment
from models.initialisations.initialisation import initial_parameters
from models.optimisers.decayed_adam import DecayedAdam
from models.optimisers.levenberg_marquardt import LevenbergMarquardt
from models.parts.seeds import initial_seeds, minibatch_order, order_seeds

__all__ = ["CONTENDERS", "OURS", "Contender", "Over", "Start", "Watch", "absent", "jacobian_diagonal"]


class Over(Exception):  # noqa: N818
    """The loss has arrived, or the time is over: the end of a run and no error."""


@dataclass
class Watch:
    """What a run has reached, and by when.

    Attributes:
        target: a loss of at most this has arrived.
        limit: most seconds of the process's threads together.
        first: the first loss that was seen.
        best: the least.
        seconds: until then, or until the run ended.
        counts: what the contender counts, by name.
    """

    target: float = 0.0
    limit: float = inf
    first: float | None = None
    best: float = inf
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    _since: float = field(default_factory=time.process_time)

    @property
    def arrived(self) -> bool:
        """Whether a loss of at most the target was seen."""
        return self.best <= self.target

    def begin(self) -> None:
        """Time counts from now."""
        self._since = time.process_time()

    def count(self, **more: int) -> None:
        """Adds to the counts, and ends the run if its time is over.

        Raises:
            Over: it is.
        """
        for name, number in more.items():
            self.counts[name] = self.counts.get(name, 0) + number
        self.seconds = time.process_time() - self._since
        if self.seconds > self.limit:
            raise Over

    def __call__(self, loss: float, **more: int) -> None:
        """Notes a loss, adds to the counts, and ends the run if it has arrived or its time is over.

        Raises:
            Over: it has, or it is.
        """
        self.first = loss if self.first is None else self.first
        self.best = min(self.best, loss)
        self.count(**more)
        if self.arrived:
            raise Over

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What is done inside does not count: a loss that the contender does not need."""
        began = time.process_time()
        yield
        self._since += time.process_time() - began


class Start:
    """A network before its descent.

    Args:
        spec: a multilayer perceptron with squared error on a linear output.
        data: its data set.
        number: which of the experiment's networks.

    Attributes:
        w: [1, P], its initial weights in the order of `Problem`.
        x: [m, d]; y: [m, K]; w_flat: [P]; the same as float64 arrays.
        baseline: L0, the loss of always predicting the mean label.
    """

    def __init__(self, spec: Experiment, data: Dataset, number: int) -> None:
        self.spec, self.data, self.number = spec, data, number
        problem = problem_of(spec, data)
        group = number % len(spec.populations)
        seeds = initial_seeds(spec.networks.seed, [number]).tolist()
        drawn = initial_parameters(problem.about, spec.initialisation, [group], seeds)
        self.w, self.baseline = problem.flat(drawn), problem.baseline
        self.shapes = [tuple(one.shape) for one in problem.about.values()]
        self.x, self.y = problem.x.flatten(1).numpy(), problem.y.numpy()
        self.w_flat = self.w[0].numpy().copy()

    @property
    def samples(self) -> int:
        """m."""
        return len(self.x)

    def split(self, w: Any) -> list[Any]:
        """W1 [fan_in, fan_out], b1, W2, ... of flat weights: arrays of NumPy, torch or JAX."""
        ends = np.cumsum([0, *(prod(shape) for shape in self.shapes)]).tolist()
        return [w[a:b].reshape(shape) for (a, b), shape in zip(pairwise(ends), self.shapes, strict=True)]


Run = Callable[[Watch], None]


def ours(start: Start) -> Run:
    """This project; the problem is built inside the clock."""
    w = start.w.clone()

    def run(watch: Watch) -> None:
        problem: Problem = problem_of(start.spec, start.data)
        method = LevenbergMarquardt()
        at = method.start(problem, w)
        watch(float(at.loss))
        while not bool(at.stalled):
            before = int(at.products)
            at = method.step(problem, at)
            watch(float(at.loss), steps=1, products=int(at.products) - before)

    return run


def _torch_parts(start: Start, dtype: torch.dtype = torch.float64) -> tuple[list[Tensor], Tensor, Tensor]:
    """W1, b1, W2, ..., which take gradients, inputs and targets."""
    parameters = [one.to(dtype, copy=True).requires_grad_() for one in start.split(start.w[0])]
    return parameters, torch.from_numpy(start.x).to(dtype), torch.from_numpy(start.y).to(dtype)


def _torch_loss(parameters: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
    *hidden, (W, b) = zip(parameters[::2], parameters[1::2], strict=True)
    for V, c in hidden:
        x = nn.functional.relu(torch.addmm(c, x, V))
    return 0.5 * (torch.addmm(b, x, W) - y).square().sum(-1).mean()


def torch_lbfgs(start: Start, history: int = 12, precision: str = "float64") -> Run:
    """torch.optim.LBFGS with its strong Wolfe line search, until it stops."""
    parameters, x, y = _torch_parts(start, getattr(torch, precision))
    optimiser = torch.optim.LBFGS(
        parameters,
        max_iter=1_000_000,
        max_eval=1_000_000,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        history_size=history,
        line_search_fn="strong_wolfe",
    )

    def run(watch: Watch) -> None:
        def closure() -> Tensor:
            optimiser.zero_grad()
            loss = _torch_loss(parameters, x, y)
            loss.backward()
            watch(float(loss.detach()), evaluations=1)
            return loss

        optimiser.step(closure)

    return run


def torch_adam(
    start: Start, first: float = 1e-2, epochs: int = 60, batch: int = 32, precision: str = "float64"
) -> Run:
    """torch's Adam and ExponentialLR on the schedule of `DecayedAdam`; the full loss after every epoch is
    not timed."""
    parameters, x, y = _torch_parts(start, getattr(torch, precision))
    plan = DecayedAdam(start=first, steps=epochs * -(-start.samples // batch))
    optimiser = torch.optim.Adam(parameters, lr=plan.start, fused=True)
    decay = torch.optim.lr_scheduler.ExponentialLR(optimiser, (plan.end / plan.start) ** (1 / plan.steps))
    (seed,) = order_seeds(start.spec.networks.seed, [start.number]).tolist()

    def look(watch: Watch, **more: int) -> None:
        with watch.paused(), torch.no_grad():
            loss = float(_torch_loss(parameters, x, y))
        watch(loss, **more)

    def run(watch: Watch) -> None:
        look(watch)
        for epoch in range(epochs):
            for samples in minibatch_order(start.samples, epoch, seed).split(batch):
                optimiser.zero_grad()
                _torch_loss(parameters, x[samples], y[samples]).backward()
                optimiser.step()
                decay.step()
            look(watch, epochs=1)

    return run


def scipy_trf(start: Start, **tr_options: float) -> Run:
    """scipy.optimize.least_squares: trust region reflective, LSMR on a LinearOperator, until it stops."""
    x, y, root = start.x, start.y, np.sqrt(start.samples)

    def forward(w: np.ndarray) -> tuple[list[Any], list[np.ndarray], np.ndarray]:
        parts, inputs = start.split(w), [x]
        for W, b in zip(parts[:-2:2], parts[1:-2:2], strict=True):
            inputs.append(np.maximum(inputs[-1] @ W + b, 0))
        return parts, inputs, inputs[-1] @ parts[-2] + parts[-1]

    def run(watch: Watch) -> None:
        def residual(w: np.ndarray) -> np.ndarray:
            r = (forward(w)[2] - y).ravel() / root
            watch(0.5 * float(r @ r), evaluations=1)
            return r

        def jacobian(w: np.ndarray) -> LinearOperator:
            parts, inputs, z = forward(w)
            weights = parts[::2]

            def push(v: np.ndarray) -> np.ndarray:
                watch.count(products=1)
                own = start.split(v.ravel())
                moved = inputs[0] @ own[0] + own[1]
                for h, W, V, c in zip(inputs[1:], weights[1:], own[2::2], own[3::2], strict=True):
                    moved = (moved * (h > 0)) @ W + h @ V + c
                return moved.ravel() / root

            def pull(u: np.ndarray) -> np.ndarray:
                watch.count(products=1)
                slope = u.reshape(z.shape) / root
                found: list[np.ndarray] = []
                for h, W in zip(inputs[::-1], weights[::-1], strict=True):
                    found[:0] = [(h.T @ slope).ravel(), slope.sum(0)]
                    if h is not x:
                        slope = (slope @ W.T) * (h > 0)
                return np.concatenate(found)

            return LinearOperator((z.size, w.size), push, pull, dtype=np.float64)

        least_squares(
            residual,
            start.w_flat,
            jacobian,
            method="trf",
            tr_solver="lsmr",
            tr_options=dict(tr_options),
            ftol=1e-15,
            xtol=1e-15,
            gtol=1e-15,
            max_nfev=1_000_000,
        )

    return run


def _jax_residual(start: Start) -> Callable[[Any], Any]:
    """(z - y) / sqrt(m) of flat weights, whose half square is the loss."""
    from jax import nn as jnn
    from jax import numpy as jnp

    x, y, root = jnp.asarray(start.x), jnp.asarray(start.y), float(np.sqrt(start.samples))

    def residual(w: Any) -> Any:
        parts, h = start.split(w), x
        for W, b in zip(parts[:-2:2], parts[1:-2:2], strict=True):
            h = jnn.relu(h @ W + b)
        return ((h @ parts[-2] + parts[-1] - y) / root).ravel()

    return residual


def optimistix_lm(
    start: Start,
    linear: str = "cg",
    tolerance: float = 0.1,
    most: int = 100,
    first: float = 1.0,
) -> Run:
    """optimistix.LevenbergMarquardt, its linear least squares by lineax's Normal(CG) or LSMR; a system that
    has spent its iterations gives the step that it has."""
    import equinox as eqx
    import jax
    import lineax as lx
    import optimistix as optx
    from jax import numpy as jnp

    with jax.enable_x64(True):
        rule = {
            "cg": lambda: lx.Normal(lx.CG(rtol=tolerance, atol=0.0, max_steps=most)),
            "lsmr": lambda: lx.LSMR(rtol=tolerance, atol=tolerance, max_steps=most),
        }[linear]()
        solver = optx.LevenbergMarquardt(rtol=1e-15, atol=1e-15, linear_solver=rule)
        plain, w = _jax_residual(start), jnp.asarray(start.w_flat)

        def residual(w: Any, args: Any) -> tuple[Any, None]:
            return plain(w), None

        shape = jax.eval_shape(lambda: residual(w, None)[0])
        about = {"fn": residual, "args": None, "options": {}, "tags": frozenset()}
        begun = solver.init(y=w, f_struct=shape, aux_struct=None, **about)
        begun = eqx.tree_at(lambda state: state.search_state.step_size, begun, jnp.asarray(first))

        @eqx.filter_jit
        def step(w: Any, state: Any) -> tuple[Any, Any, Any]:
            w, state, _ = solver.step(y=w, state=state, **about)
            return w, state, 0.5 * jnp.square(state.f_info.residual).sum()

        jax.block_until_ready(step(w, begun)[2])

    def run(watch: Watch) -> None:
        with jax.enable_x64(True):
            now, state = w, begun
            while True:
                now, state, loss = step(now, state)
                watch(float(loss), steps=1)
                if bool(state.terminate):
                    return

    return run


def jacobian_diagonal(start: Start, w: Any) -> Any:
    """Squared norms [P] of the residual's Jacobian's columns, layer by layer."""
    from jax import numpy as jnp

    parts, inputs = start.split(w), [jnp.asarray(start.x)]
    for W, b in zip(parts[:-2:2], parts[1:-2:2], strict=True):
        inputs.append(jnp.maximum(inputs[-1] @ W + b, 0))
    total = jnp.zeros_like(w)
    for k in range(start.y.shape[1]):
        slope = jnp.zeros(start.y.shape).at[:, k].set(1.0)
        found: list[Any] = []
        for h, W in zip(inputs[::-1], parts[-2::-2], strict=True):
            squares = slope * slope
            found[:0] = [((h * h).T @ squares).ravel(), squares.sum(0)]
            slope = (slope @ W.T) * (h > 0)
        total = total + jnp.concatenate(found)
    return total / start.samples


def jaxopt_lm(
    start: Start,
    tolerance: float = 0.1,
    most: int = 100,
    damping: float = 1e-6,
) -> Run:
    """jaxopt.LevenbergMarquardt without a Jacobian, its systems by conjugate gradients. For the first damping
    it multiplies an identity [P, P] by J^T J, a terabyte here: it is given the diagonal instead."""
    import jax
    from jax import numpy as jnp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is no longer maintained
        import jaxopt
        from jaxopt.linear_solve import solve_cg

    def solve(matvec: Any, b: Any, ridge: Any, init: Any) -> Any:
        return solve_cg(matvec, b, ridge=ridge, init=init, tol=tolerance, maxiter=most)

    class Matrixless(jaxopt.LevenbergMarquardt):
        def _jtj_diag_op(self, params: Any, *args: Any, **kwargs: Any) -> Any:
            return jacobian_diagonal(start, params)

    with jax.enable_x64(True):
        solver = Matrixless(
            _jax_residual(start),
            damping_parameter=damping,
            tol=0.0,
            materialize_jac=False,
            solver=solve,
        )
        w = jnp.asarray(start.w_flat)
        step, begin = jax.jit(solver.update), jax.jit(solver.init_state)
        jax.block_until_ready(step(w, begin(w)))

    def run(watch: Watch) -> None:
        with jax.enable_x64(True):
            now, state = w, begin(w)
            watch(float(state.value))
            while True:
                now, state = step(now, state)
                watch(float(state.value), steps=1)

    return run


@dataclass(frozen=True)
class Contender:
    """Somebody who descends.

    Attributes:
        prepare: from a start and settings to a run.
        settings: those that are measured; the best is what counts.
        needs: packages beyond the project's own.
    """

    prepare: Callable[..., Run]
    settings: tuple[Mapping[str, Any], ...] = ({},)
    needs: tuple[str, ...] = ()


OURS = "ours"

CONTENDERS: dict[str, Contender] = {
    OURS: Contender(ours),
    "torch L-BFGS": Contender(
        torch_lbfgs, ({}, {"precision": "float32"}, {"precision": "float32", "history": 100})
    ),
    "decayed Adam": Contender(
        torch_adam, ({"precision": "float32"}, {"precision": "float32", "first": 1e-3, "epochs": 312})
    ),
    "optimistix LM": Contender(
        optimistix_lm, ({}, {"first": 1e3}), ("jax", "equinox", "lineax", "optimistix")
    ),
    "jaxopt LM": Contender(jaxopt_lm, ({}, {"damping": 1e-3}), ("jax", "jaxopt")),
    "scipy trf": Contender(scipy_trf, ({"maxiter": 100, "atol": 1e-3, "btol": 1e-3},)),
}


def absent(name: str) -> str | None:
    """Why a contender cannot take part here, None if it can."""
    missing = [package for package in CONTENDERS[name].needs if find_spec(package) is None]
    return f"{', '.join(missing)} not installed: python -m pip install -e '.[bench]'" if missing else None
