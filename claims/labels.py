"""Evidence on the claims about labels and accuracy (sections 3.1, 4 and 5): runs in, evidence out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from claims.claim import Claim
from claims.convergence import settled
from claims.margins import EQUAL_LOSS
from claims.readings import (
    accuracy_note,
    accuracy_of,
    agreement_of,
    diverged_note,
    join,
    model_settled,
    optimiser_settled,
)
from claims.statistics import (
    bootstrap_pair_tau,
    bootstrap_pairs,
    kendall_trend,
    largest_gap,
    split_alpha,
    welch_interval,
)
from claims.verdict import Evidence, conjunction
from models.run import Run

__all__ = [
    "accuracy_drop",
    "accuracy_gap",
    "agreement_of_equal_losses",
    "early_fall_then_rise",
    "generalisation_of_equal_losses",
    "highest_agreement",
    "label_agreement",
    "rank_agreement",
]

Interval = tuple[float, float]


def early_fall_then_rise(run: Run, claim: Claim) -> Evidence:
    """E3: agreement on training labels falls at first, then rises, with a rising trend over all epochs."""
    agreement = agreement_of(run)
    early = max(1, round(run.spec.epochs / 10))
    alpha = split_alpha(claim.alpha, 3)
    shape = {"alpha": alpha, "groups": run.spec.groups, "pairs": "between"}
    found = {
        f"fall of agreement to epoch {early}": bootstrap_pairs(
            agreement, lambda c: c[:, 0] - c[:, early], bounds=(-1, 1), **shape
        ),
        f"rise of agreement from epoch {early}": bootstrap_pairs(
            agreement, lambda c: c[:, -1] - c[:, early], bounds=(-1, 1), **shape
        ),
        "Kendall's tau with the epoch": bootstrap_pairs(agreement, kendall_trend, bounds=(-1, 1), **shape),
    }
    # The early fall is over and done with; the later rise may still come while the loss moves.
    over = (True, optimiser_settled(run), optimiser_settled(run))
    parts = [
        Evidence(value, interval, len(run.groups), converged=done, diverged=run.diverged, part=part)
        for (part, (value, interval)), done in zip(found.items(), over, strict=True)
    ]
    note = ", ".join(f"{part} {estimate.value:+.2f}" for part, estimate in found.items())
    return replace(conjunction(claim.region, parts), note=join(note, diverged_note(run)))


def highest_agreement(run: Run, claim: Claim) -> Evidence:
    """E8: the highest mean agreement between models i != j over the epochs after the first."""
    agreement = agreement_of(run)
    estimate = bootstrap_pairs(
        agreement[1:],
        lambda c: c.max(axis=1),
        alpha=claim.alpha,
        groups=run.spec.groups,
        pairs="between",
        bounds=(0, 1),
    )
    agreeing = _mean_by_pair(agreement[-1], run)
    count = sum(value > claim.region.high for value in agreeing.values())
    return Evidence(
        estimate.value,
        estimate.interval,
        len(run.groups),
        diverged=run.diverged,
        note=join(
            f"{count} of {len(agreeing)} pairs i, j agree on more than half at the end (the paper: one)",
            accuracy_note(run),
            diverged_note(run),
        ),
    )


def _mean_by_pair(matrix: np.ndarray, run: Run) -> dict[tuple[int, int], float]:
    models = run.spec.models
    return {
        (i, j): float(matrix[np.ix_(run.groups == i, run.groups == j)].mean())
        for a, i in enumerate(models)
        for j in models[a + 1 :]
    }


def rank_agreement(run: Run, claim: Claim) -> Evidence:
    """M1: do the count of differing weights and the Euclidean distance rank pairs alike, aligned or not?"""
    # torch and scipy's solver are needed from here on, not for collection
    from models.alignment import aligned_differences
    from models.pairs import WEIGHT_THRESHOLD

    weights, members = run.weights(), len(run.groups)
    plain = run.arrays["weight_distance"][-1], run.arrays["weights_differ"][-1]
    if all(np.isfinite(array).all() for layer in weights for array in layer):
        aligned = aligned_differences(weights, WEIGHT_THRESHOLD)
    else:
        aligned = (np.full((members, members), np.nan),) * 2  # a unit of NaN matches no other
    alpha = split_alpha(claim.alpha, 2)
    parts = []
    for part, (distance, count) in {"units as they stand": plain, "units aligned": aligned}.items():
        estimate = bootstrap_pair_tau(distance, count, alpha=alpha, groups=run.spec.groups)
        parts.append(
            Evidence(estimate.value, estimate.interval, len(run.groups), diverged=run.diverged, part=part)
        )
    note = ", ".join(
        f"tau {part.estimate:.2f} {part.part}"
        if math.isfinite(part.estimate)
        else f"tau undefined {part.part}: one of the two is the same for every pair, or unknown"
        for part in parts
    )
    return replace(conjunction(claim.region, parts), note=join(note, diverged_note(run)))


def label_agreement(run: Run, claim: Claim) -> Evidence:
    """M2: mean agreement of all pairs at the end, train and test."""
    parts, alpha = [], split_alpha(claim.alpha, 2)
    for side in ("train", "test"):
        agreement = agreement_of(run, side)
        estimate = bootstrap_pairs(agreement[-1], alpha=alpha, groups=run.spec.groups, bounds=(0, 1))
        tolerance = (1 - claim.region.low) / 2
        parts.append(
            Evidence(
                estimate.value,
                estimate.interval,
                len(run.groups),
                converged=bool(
                    optimiser_settled(run)
                    and model_settled(run, _mean_agreement(agreement), tolerance).all()
                    and settled(
                        _mean_agreement(agreement).mean(1, keepdims=True), tolerance, claim.region.low
                    ).all()
                ),
                diverged=run.diverged,
                part=f"{side} labels",
            )
        )
    samples = {side: run.arrays[f"{side}_predictions"].shape[-1] for side in ("train", "test")}
    note = ", ".join(
        f"{round(part.estimate * samples[side])} of {samples[side]} {side} samples alike, "
        f"{samples[side] - round(part.estimate * samples[side])} not"
        if math.isfinite(part.estimate)
        else f"no count on {side} samples"
        for side, part in zip(("train", "test"), parts, strict=True)
    )
    return replace(conjunction(claim.region, parts), note=join(note, diverged_note(run)))


def _mean_agreement(agreement: np.ndarray) -> np.ndarray:
    """Each model's mean agreement with the others, [T+1, M]."""
    members = agreement.shape[-1]
    return (agreement.sum(-1) - 1.0) / max(members - 1, 1)


def _equal_pairs(run: Run) -> np.ndarray:
    """Which two models' final training l differs by at most the equivalence margin, [M, M] of bool."""
    final = run.normalised_loss("train")[-1]
    with np.errstate(invalid="ignore"):
        return (np.abs(final[:, None] - final[None, :]) <= EQUAL_LOSS) & ~np.eye(len(final), dtype=bool)


def _over_equal_pairs(run: Run, claim: Claim, values: np.ndarray, bounds: Interval) -> Evidence:
    """Evidence from pairwise values [T+1, M, M]; n counts the models that are in some equal pair."""
    equal = _equal_pairs(run)
    estimate = bootstrap_pairs(
        values[-1], alpha=claim.alpha, groups=run.spec.groups, only=equal, bounds=bounds
    )
    members = len(run.groups)
    pairs, total = int(equal.sum()) // 2, members * (members - 1) // 2
    still = model_settled(run, run.normalised_loss("train"), EQUAL_LOSS / 2)
    margin = claim.region.margin
    mean = values[:, equal].mean(1, keepdims=True) if pairs else np.zeros((len(values), 1))
    steady = settled(mean, min(margin, 1 - margin) / 2, margin)
    return Evidence(
        estimate.value,
        estimate.interval,
        int(equal.any(0).sum()),
        converged=bool(still.all() and steady.all()),
        diverged=run.diverged,
        note=join(
            f"{pairs} of {total} pairs have equal training loss",
            f"{int(still.sum())} of {members} models settled",
            accuracy_note(run),
            diverged_note(run),
        ),
    )


def agreement_of_equal_losses(run: Run, claim: Claim) -> Evidence:
    """D3: mean agreement on training labels over the pairs of equal training loss."""
    return _over_equal_pairs(run, claim, agreement_of(run), (0, 1))


def generalisation_of_equal_losses(run: Run, claim: Claim) -> Evidence:
    """D4: mean |difference| of test l over the pairs of equal training loss."""
    test = run.normalised_loss("test")
    with np.errstate(invalid="ignore"):
        gap = np.abs(test[:, :, None] - test[:, None, :])
    return _over_equal_pairs(run, claim, gap, (0, math.inf))


def accuracy_drop(without: Run, with_softmax: Run, claim: Claim) -> Evidence:
    """D5: mean test accuracy without softmax less with it."""
    runs = (without, with_softmax)
    accuracy = [accuracy_of(run, "test") for run in runs]
    estimate = welch_interval(accuracy[0][-1].tolist(), accuracy[1][-1].tolist(), claim.alpha)
    return Evidence(
        estimate.value,
        estimate.interval,
        sum(a.shape[1] for a in accuracy),
        converged=_accuracies_settled(runs, accuracy, estimate.value, claim.region.low),
        diverged=sum(run.diverged for run in runs),
        note=join(
            f"mean test accuracy {accuracy[0][-1].mean():.3f} without, "
            f"{accuracy[1][-1].mean():.3f} with softmax",
            diverged_note(*runs),
        ),
    )


def _accuracies_settled(
    runs: Sequence[Run], accuracy: Sequence[np.ndarray], difference: float, margin: float
) -> bool:
    """Whether every model's loss and accuracy settled, the means so far that their difference keeps its side.

    Two means that move by a quarter of the difference's distance to the margin each use up half of it.
    """
    models = all(model_settled(run, a, margin / 2).all() for run, a in zip(runs, accuracy, strict=True))
    models = models and all(map(optimiser_settled, runs))
    room = abs(difference - margin) / 4
    return bool(models and all(settled(a.mean(1, keepdims=True), room).all() for a in accuracy))


def accuracy_gap(runs: Sequence[Run], claim: Claim) -> Evidence:
    """D6: largest difference of mean training accuracy between losses, the same network otherwise."""
    curves = {run.spec.loss: accuracy_of(run) for run in runs}
    gap = largest_gap({loss: curve[-1].tolist() for loss, curve in curves.items()}, claim.alpha)
    return Evidence(
        gap.value,
        gap.interval,
        sum(curve.shape[1] for curve in curves.values()),
        converged=_accuracies_settled(runs, list(curves.values()), gap.value, claim.region.low),
        diverged=sum(run.diverged for run in runs),
        note=join(
            "mean training accuracy "
            + ", ".join(f"{curve[-1].mean():.3f} {loss}" for loss, curve in curves.items()),
            diverged_note(*runs),
        ),
    )
