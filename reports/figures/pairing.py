"""The words for pairs of networks that every figure of pairs shares."""

from __future__ import annotations

from models.runs.run import Run

__all__ = ["labels", "note"]


def labels(run: Run) -> list[str]:
    """Of the kinds of pairs, in the order of `series.by_pair`: `48 pairs`, or `0 and 1` by the models."""
    models = run.spec.populations
    if len(models) == 1:
        return [f"{len(run.arrays['pairs'])} pairs"]
    return [f"{i} and {j}" for i in models for j in models if i < j]


def note(run: Run) -> str:
    """What lines and bands are."""
    pairs, kinds = len(run.arrays["pairs"]), len(labels(run))
    if kinds == 1:
        return "line: median; band: least to greatest pair"
    return f"pairs of models; median, least to greatest of {pairs // kinds}"
