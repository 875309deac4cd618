"""Four points of deep linear nets: the exact curvature, this project's answer, and its peers'.

`python -m benchmarks.curvature_peers [results.json]` prints a table. Peers are the extra `bench`; one that
is absent is reported absent, one that raises with its error. Every peer runs in float64 on the full batch,
once at its defaults and once at the best settings found for it. Read the signs and the flags; nothing is
timed.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from scipy import optimize
from tabulate import tabulate
from torch import nn

from benchmarks.curvature_exact import exact_extremes, exact_hessian, inertia, to_float
from benchmarks.machine import describe, version
from data.synthetic import load_synthetic
from models.curvature.classification import classify
from models.curvature.dense import symmetric_eigenvalues
from models.curvature.extremes import extreme_eigenvalues, hessian_operator
from models.curvature.objective import Objective, deep_linear
from models.curvature.products import gradients, losses

__all__ = ["POINTS", "SIZES", "TOOLS", "Case", "Row", "cases", "exact_row", "main", "run"]

SIZES = {"small": ((4, 3, 3), (4, 3, 4, 3)), "wide": ((4, 40, 3), (4, 20, 20, 3))}
"""Layer sizes of depth 2 and 3: 21 and 36 weights, then 280 and 540."""

POINTS = (
    "random point, depth 3",
    "zero weights, depth 2",
    "zero weights, depth 3",
    "trained minimum, depth 3",
)

RATIONAL_LIMIT = 100
"""Largest P whose characteristic polynomial is taken; beyond, the exact Hessian's eigenvalues are bounded."""

SAME = 1e-6
"""An extreme eigenvalue is right within this fraction of the largest absolute one."""


@dataclass(frozen=True)
class Case:
    """A point: layer sizes, integer data [m, d], weights [P], W_1 first."""

    name: str
    sizes: tuple[int, ...]
    X: np.ndarray
    Y: np.ndarray
    w: np.ndarray

    @property
    def objective(self) -> Objective:
        X, Y = self.X, self.Y
        statistics = torch.from_numpy(X.T @ X), torch.from_numpy(X.T @ Y), int((Y * Y).sum())
        return deep_linear(self.sizes, *statistics)


@dataclass(frozen=True)
class Row:
    """What a tool says: the extreme eigenvalues, its own word on them, or why there are none."""

    case: str
    tool: str
    smallest: float | None
    largest: float | None
    says: str


def cases(widths: Sequence[str] = tuple(SIZES)) -> list[Case]:
    """The four points for each width, the same on every machine up to rounding in the training."""
    planted = load_synthetic("synthetic")
    X, Y = planted.X, planted.Y
    points = []
    for width in widths:
        shallow, deep = SIZES[width]
        small, large = (sum(a * b for a, b in pairwise(sizes)) for sizes in (shallow, deep))
        draw = np.random.default_rng(0)
        points += [
            (deep, draw.normal(size=large)),
            (shallow, np.zeros(small)),
            (deep, np.zeros(large)),
            (deep, _trained(Case("", deep, X, Y, np.zeros(large)).objective, draw.normal(size=large))),
        ]
    names = [f"{point}, {width}" for width in widths for point in POINTS]
    return [Case(name, sizes, X, Y, w) for name, (sizes, w) in zip(names, points, strict=True)]


def _trained(objective: Objective, start: np.ndarray) -> np.ndarray:
    def both(w: np.ndarray) -> tuple[float, np.ndarray]:
        at = torch.from_numpy(w)
        return float(losses(objective, at)), gradients(objective, at).numpy()

    options = {"gtol": 1e-7, "maxiter": 5000}
    return optimize.minimize(both, start, jac=True, method="BFGS", options=options).x


def exact_row(case: Case) -> Row:
    """The truth: the Hessian in rationals, its eigenvalues by ball arithmetic or with a bound."""
    H = exact_hessian(case.sizes, case.X, case.Y, case.w)
    if len(case.w) > RATIONAL_LIMIT:
        rounded = to_float(H)
        values, bound = symmetric_eigenvalues(rounded, 2.0**-53 * np.abs(rounded))
        says = f"{(values < -bound).sum()} negative, {(values > bound).sum()} positive, within {bound:.0e}"
        return Row(case.name, "exact", float(values[0]), float(values[-1]), says)
    smallest, largest, _ = exact_extremes(H)
    negative, zero, positive = inertia(H)
    return Row(
        case.name, "exact", smallest, largest, f"{negative} negative, {zero} zero, {positive} positive"
    )


def ours(case: Case) -> tuple[float, float, str]:
    """Dense, with a bound."""
    answer = classify(case.objective, torch.from_numpy(case.w))
    known = "certified" if answer.smallest.certified and answer.largest.certified else "inconclusive"
    nullity = f"{answer.nullity} zero to tolerance"
    return answer.smallest.eigenvalue, answer.largest.eigenvalue, f"{answer.kind}; {known}; {nullity}"


def ours_lanczos(case: Case) -> tuple[float, float, str]:
    """By products alone, as beyond the dense limit."""
    found = extreme_eigenvalues(hessian_operator(case.objective, torch.from_numpy(case.w)))
    sign = {1: "positive, proved", -1: "negative, proved", 0: "zero, proved", None: "sign inconclusive"}
    state = "converged" if found.converged else "not converged"
    return found.smallest.eigenvalue, found.largest.eigenvalue, f"{state}; {sign[found.smallest.sign]}"


def _module(case: Case) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    model = nn.Sequential(*(nn.Linear(a, b, bias=False) for a, b in pairwise(case.sizes))).double()
    nn.utils.vector_to_parameters(torch.from_numpy(case.w), model.parameters())
    return model, torch.tensor(case.X).double(), torch.tensor(case.Y).double()


def _curvlinops(case: Case, **settings: object) -> tuple[float, float, str]:
    from curvlinops import HessianLinearOperator
    from scipy.sparse.linalg import eigsh

    model, X, Y = _module(case)
    H = HessianLinearOperator(model, nn.MSELoss(reduction="sum"), list(model.parameters()), [(X, Y)])
    A = H.to_scipy(dtype=np.float64)
    start = np.random.default_rng(0).normal(size=A.shape[0])
    low, high = (eigsh(A, which=end, v0=start, **settings)[0] for end in ("SA", "LA"))
    # The summed squared error is twice the loss in question.
    return float(low.min()) / 2, float(high.max()) / 2, "eigsh returned"


def _eigenthings(case: Case, best: bool = False) -> tuple[float, float, str]:
    from hessian_eigenthings import HessianOperator, lanczos, supervised_loss

    model, X, Y = _module(case)
    H = HessianOperator(model, [(X, Y)], supervised_loss(nn.MSELoss(reduction="sum")))
    settings = {"max_iter": len(case.w), "reorthogonalize": True, "tol": 1e-10} if best else {}
    low, high = (lanczos(H, which=end, seed=0, **settings) for end in ("SA", "LA"))
    flags = [
        bool(r.converged[i]) for r, i in ((low, low.eigenvalues.argmin()), (high, high.eigenvalues.argmax()))
    ]
    says = ", ".join("converged" if flag else "not converged" for flag in flags)
    return float(low.eigenvalues.min()) / 2, float(high.eigenvalues.max()) / 2, f"ends {says}"


TOOLS: dict[str, tuple[str | None, Callable[[Case], tuple[float, float, str]]]] = {
    "this project, dense": (None, ours),
    "this project, Lanczos": (None, ours_lanczos),
    "curvlinops + eigsh, defaults": ("curvlinops-for-pytorch", _curvlinops),
    "curvlinops + eigsh, best": (
        "curvlinops-for-pytorch",
        lambda case: _curvlinops(case, k=1, ncv=len(case.w), tol=1e-12, maxiter=10_000),
    ),
    "hessian-eigenthings, defaults": ("hessian-eigenthings", _eigenthings),
    "hessian-eigenthings, best": ("hessian-eigenthings", lambda case: _eigenthings(case, best=True)),
}
"""Name to the distribution it needs and the call."""


def run(case: Case, tool: str) -> Row:
    """One tool's row on one case; absence and errors are rows as well."""
    distribution, call = TOOLS[tool]
    if distribution is not None and version(distribution) is None:
        return Row(case.name, tool, None, None, f"absent: {distribution} is not installed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            smallest, largest, says = call(case)
    except Exception as error:  # whatever a peer raises is its answer
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return Row(case.name, tool, None, None, text[:100])
    return Row(case.name, tool, smallest, largest, says)


def judged(row: Row, truth: Row) -> str:
    """Whether the two eigenvalues are those of the exact Hessian, and if not which and how."""
    if row.smallest is None:
        return "no answer"
    size = max(abs(truth.smallest), abs(truth.largest))
    wrong = []
    for end in ("smallest", "largest"):
        found, exact = getattr(row, end), getattr(truth, end)
        if not abs(found - exact) <= SAME * size:
            flipped = np.sign(found) != np.sign(exact) and abs(exact) > SAME * size
            wrong.append(f"{end} {'has the wrong sign' if flipped else 'wrong'}")
    return ", ".join(wrong) or "right"


_DISTRIBUTIONS = ("torch", "numpy", "scipy", "python-flint", "curvlinops-for-pytorch", "hessian-eigenthings")


COLUMNS = ("tool", "smallest", "largest", "verdict", "says")


def _shown(row: dict[str, object]) -> list[object]:
    numbers = ("" if row[key] is None else f"{row[key]:.6g}" for key in ("smallest", "largest"))
    return [row["tool"], *numbers, row["verdict"], row["says"]]


def main(path: str | None = None) -> None:
    """Prints the table and writes it as JSON to the path, if one is given."""
    table = []
    for case in cases():
        truth = exact_row(case)
        rows = [truth, *(run(case, tool) for tool in TOOLS)]
        table += [{**asdict(row), "verdict": judged(row, truth)} for row in rows]
        print(f"\n{case.name}\n" + tabulate(map(_shown, table[-len(rows) :]), COLUMNS))
    if path:
        text = json.dumps({"machine": describe(*_DISTRIBUTIONS), "rows": table}, indent=1)
        Path(path).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:2])
