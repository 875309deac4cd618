"""What the evidence functions read off a trained run: values by model, labels, what has settled, notes."""

from __future__ import annotations

import numpy as np

from claims.convergence import settled
from claims.margins import NEAR_ZERO
from models.run import Run

__all__ = [
    "accuracy_note",
    "accuracy_of",
    "agreement_of",
    "by_group",
    "diverged_note",
    "finite",
    "join",
    "model_settled",
    "optimiser_settled",
]


def by_group(values: np.ndarray, run: Run) -> dict[int, list[float]]:
    """Values [M] by model index i."""
    return {i: [float(v) for v in values[run.groups == i]] for i in run.spec.models}


def finite(run: Run) -> np.ndarray:
    """Where a model's training loss is a number, [T+1, M]; labels of NaN are alike and mean nothing."""
    return np.isfinite(run.arrays["train_loss"])


def agreement_of(run: Run, side: str = "train") -> np.ndarray:
    """Fraction [T+1, M, M] of samples each pair labels alike, NaN for a model whose loss is not a number."""
    known = finite(run)
    return np.where(known[:, :, None] & known[:, None, :], run.agreement(side), np.nan)


def accuracy_of(run: Run, side: str = "train") -> np.ndarray:
    """Accuracy [T+1, M], NaN for a model whose loss is not a number."""
    return np.where(finite(run), run.arrays[f"{side}_accuracy"], np.nan)


def model_settled(run: Run, curve: np.ndarray, tolerance: float, edge: float | None = None) -> np.ndarray:
    """`settled`, except that a diverged model never is, [M]."""
    return settled(curve, tolerance, edge) & (run.arrays["diverged_at"] < 0)


def optimiser_settled(run: Run, tolerance: float = NEAR_ZERO / 2) -> bool:
    """Whether every model's training l has settled.

    Labels can stand still at chance while the loss falls by orders of magnitude: a claim about labels or
    accuracy is not refuted, then, by what more epochs may yet change.
    """
    return bool(model_settled(run, run.normalised_loss("train"), tolerance).all())


def accuracy_note(run: Run) -> str:
    if "train_accuracy" not in run.arrays:
        return f"{run.spec.epochs} epochs"
    train, test = (accuracy_of(run, side)[-1].mean() for side in ("train", "test"))
    return f"{run.spec.epochs} epochs, mean accuracy {train:.2f} train, {test:.2f} test"


def diverged_note(*runs: Run) -> str:
    diverged, models = sum(run.diverged for run in runs), sum(len(run.groups) for run in runs)
    return f"{diverged} of {models} models diverged" if diverged else ""


def join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
