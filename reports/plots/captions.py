"""What the paper's figures show of a run, in sentences computed from its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.runs.run import Run
from reports.plots.series import kinds_of_pairs, traced
from reports.rendering import rendered

__all__ = ["captions"]

SIDES = ("train", "test")
_FLOOR = 1e-12


def captions(run: Run) -> dict[str, str]:
    """By kind of figure: "curves", and of a classification "agreement"."""
    if not {"train_loss", "test_loss"} <= set(run.arrays):
        return {}
    words = {"curves": rendered("curves.txt", run=run, floor=_FLOOR, **_losses(run))}
    if "train_agreement" in run.arrays:
        words["agreement"] = rendered("agreement.txt", run=run, **_labels(run))
    return {kind: " ".join(text.split()) for kind, text in words.items()}


def _losses(run: Run) -> dict[str, Any]:
    """Over the networks the first and last training loss and the last accuracies, and all last losses."""
    loss = run.normalised_loss("train").astype(float)
    loss = np.where(np.isnan(loss), np.inf, loss)  # a loss that is no number any more is beyond all others
    last = [run.arrays[f"{side}_accuracy"][-1] for side in SIDES if f"{side}_accuracy" in run.arrays]
    return {
        "first": float(np.median(loss[0])),
        "last": float(np.median(loss[-1])),
        "ends": loss[-1][np.isfinite(loss[-1])],
        "accuracy": [float(np.median(of)) for of in last],
        "second": run.second.normalised_loss("train")[-1] if run.second else None,
    }


def _labels(run: Run) -> dict[str, Any]:
    """The median pair's course, all final shares, and those by models where these differ."""
    found = traced(run, "train_agreement")
    middle = np.median(found.values[found.steps == 0], axis=1)
    final = run.agreement("train")[-1]
    kinds = kinds_of_pairs(run)
    models = {name: float(np.median(final[members])) for name, members in kinds} if len(kinds) > 1 else {}
    ranked = sorted(models, key=lambda name: models[name])
    return {
        "middle": middle,
        "lowest": (middle.min(), found.epochs[middle.argmin()]),
        "final": final,
        "models": models,
        "apart": (ranked[-1], ranked[0]) if models and models[ranked[-1]] > models[ranked[0]] else None,
    }
