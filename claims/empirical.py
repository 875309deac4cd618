"""Evidence on the empirical claims (section 4, 3.1 and 5) from trained runs: pure functions, Run in, Evidence out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from claims.catalogue import EQUAL_LOSS, NEAR_ZERO, Claim
from claims.convergence import epochs_to_reach, settled
from claims.statistics import (
    bootstrap_pair_tau,
    bootstrap_pairs,
    contrast_interval,
    kendall_trend,
    largest_gap,
    log_ratio_interval,
    mean_interval,
    paired_change,
    proportion_bounds,
    split_alpha,
    welch_interval,
)
from claims.verdict import Evidence, conjunction
from models.alignment import aligned_differences
from models.pairs import WEIGHT_THRESHOLD
from models.run import Run

__all__ = [
    "accuracy_drop",
    "accuracy_gap",
    "agreement_of_equal_losses",
    "early_fall_then_rise",
    "equal_loss",
    "generalisation_of_equal_losses",
    "groups_merge",
    "highest_agreement",
    "label_agreement",
    "near_zero",
    "rank_agreement",
    "share_at_zero",
    "slowdown",
    "two_groups",
]

Interval = tuple[float, float]


def _by_group(values: np.ndarray, run: Run) -> dict[int, list[float]]:
    """Values [M] by model index i."""
    return {i: [float(v) for v in values[run.groups == i]] for i in run.spec.models}


def _accuracy_note(run: Run) -> str:
    if "train_accuracy" not in run.arrays:
        return f"{run.spec.epochs} epochs"
    train, test = run.arrays["train_accuracy"][-1].mean(), run.arrays["test_accuracy"][-1].mean()
    return f"{run.spec.epochs} epochs, mean accuracy {train:.2f} train, {test:.2f} test"


def _diverged_note(run: Run) -> str:
    return f"{run.diverged} of {len(run.groups)} models diverged" if run.diverged else ""


def _join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def near_zero(run: Run, claim: Claim) -> Evidence:
    """E1, E4, E5, E9: geometric mean of l = L/L0 at the end, train and test, for each model i."""
    parts = []
    alpha = split_alpha(claim.alpha, 2 * len(run.spec.models))
    for side in ("train", "test"):
        curve = run.normalised_loss(side)
        still = settled(curve, NEAR_ZERO / 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log10(np.maximum(curve[-1], np.finfo(float).tiny))
        for i, values in _by_group(logs, run).items():
            mean, ends = mean_interval(values, alpha)
            parts.append(
                Evidence(
                    estimate=_power(mean),
                    interval=(_power(ends[0]), _power(ends[1])),
                    n=len(run.groups),
                    converged=bool(still[run.groups == i].all()),
                    diverged=run.diverged,
                    part=f"{side} loss of model {i}",
                )
            )
    binding = conjunction(claim.region, parts)
    worst = {side: run.normalised_loss(side)[-1].max() for side in ("train", "test")}
    note = f"largest l: {worst['train']:.3g} train, {worst['test']:.3g} test"
    return replace(binding, note=_join(note, _accuracy_note(run), _diverged_note(run)))


def _power(exponent: float) -> float:
    try:
        return 10.0**exponent
    except OverflowError:
        return math.inf


def equal_loss(run: Run, claim: Claim) -> Evidence:
    """E2, E7, E10: the largest gap between two models' mean final training l."""
    curve = run.normalised_loss("train")
    gap = largest_gap(_by_group(curve[-1], run), claim.alpha)
    still = settled(curve, EQUAL_LOSS / 2)
    means = ", ".join(f"{np.mean(values):.3g}" for values in _by_group(curve[-1], run).values())
    return Evidence(
        estimate=gap.value,
        interval=gap.interval,
        n=len(run.groups),
        converged=bool(still.all()),
        diverged=run.diverged,
        note=_join(
            f"mean l by model: {means}",
            f"{int(still.sum())} of {len(still)} models settled",
            _accuracy_note(run),
            _diverged_note(run),
        ),
    )


def early_fall_then_rise(run: Run, claim: Claim) -> Evidence:
    """E3: agreement on training labels falls at first, then rises, with a rising trend over all epochs."""
    agreement = run.agreement("train")
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
    parts = [
        Evidence(estimate.value, estimate.interval, len(run.groups), diverged=run.diverged, part=part)
        for part, estimate in found.items()
    ]
    note = ", ".join(f"{part} {estimate.value:+.2f}" for part, estimate in found.items())
    return replace(conjunction(claim.region, parts), note=_join(note, _diverged_note(run)))


def slowdown(
    pairs: Sequence[tuple[Run, Run]], level: float, claim: Claim, names: Sequence[str] = ()
) -> Evidence:
    """E6, D1: epochs to l = level, first run of each pair over the second; the parts must hold together."""
    parts, notes = [], []
    alpha = split_alpha(claim.alpha, len(pairs))
    for (slow, fast), name in zip(pairs, names or [""] * len(pairs), strict=True):
        limit = float(min(slow.spec.epochs, fast.spec.epochs))
        times = [
            epochs_to_reach(run.normalised_loss("train"), level, 1.0 / _minibatches(run))
            for run in (slow, fast)
        ]
        ratio = log_ratio_interval(times[0].tolist(), times[1].tolist(), limit, alpha)
        parts.append(
            Evidence(
                # With both sides censored the ratio of the limits says nothing.
                estimate=None if ratio.censored_slow and ratio.censored_fast else ratio.value,
                interval=ratio.interval,
                n=sum(len(run.groups) for pair in pairs for run in pair),
                part=name,
            )
        )
        reached = [f"{int(np.isfinite(t).sum())} of {len(t)}" for t in times]
        label = f"{name}: " if name else ""
        notes.append(
            f"{label}l = {level:g} reached by {reached[0]} with softmax, {reached[1]} without, in {limit:g} epochs"
        )
    return replace(conjunction(claim.region, parts), note="; ".join(notes))


def _minibatches(run: Run) -> int:
    return max(1, math.ceil(run.arrays["train_predictions"].shape[-1] / run.spec.batch))


def highest_agreement(run: Run, claim: Claim) -> Evidence:
    """E8: the highest mean agreement between models i != j over the epochs after the first."""
    agreement = run.agreement("train")
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
        note=_join(
            f"{count} of {len(agreeing)} pairs i, j agree on more than half at the end (the paper: one)",
            _accuracy_note(run),
            _diverged_note(run),
        ),
    )


def _mean_by_pair(matrix: np.ndarray, run: Run) -> dict[tuple[int, int], float]:
    models = run.spec.models
    return {
        (i, j): float(matrix[np.ix_(run.groups == i, run.groups == j)].mean())
        for a, i in enumerate(models)
        for j in models[a + 1 :]
    }


_LOW, _HIGH = (0, 1), (2, 3)
"""The two groups of models in section 4.5."""


def two_groups(run: Run, claim: Claim) -> Evidence:
    """E10, text: the gap between {0, 1} and {2, 3}, less the larger gap inside a group."""
    _wants_four(run)
    groups = list(_by_group(run.normalised_loss("train")[-1], run).values())
    alpha = split_alpha(claim.alpha, 3)
    contrasts = ([0.5, 0.5, -0.5, -0.5], [1, -1, 0, 0], [0, 0, 1, -1])
    between, first, second = (contrast_interval(groups, c, alpha) for c in contrasts)
    folded = [_fold(estimate.interval) for estimate in (between, first, second)]
    inside_low, inside_high = max(folded[1][0], folded[2][0]), max(folded[1][1], folded[2][1])
    low = folded[0][0] - inside_high if math.isfinite(inside_high) else -math.inf
    return Evidence(
        estimate=abs(between.value) - max(abs(first.value), abs(second.value)),
        interval=(low, folded[0][1] - inside_low),
        n=len(run.groups),
        diverged=run.diverged,
        note=_join(
            "mean l by model: " + ", ".join(f"{np.mean(values):.3g}" for values in groups),
            _accuracy_note(run),
            _diverged_note(run),
        ),
    )


def _fold(interval: Interval) -> Interval:
    """The interval of |x| for x in the interval."""
    low, high = interval
    if low <= 0 <= high:
        return 0.0, max(-low, high)
    return min(abs(low), abs(high)), max(abs(low), abs(high))


def _wants_four(run: Run) -> None:
    if run.spec.models != (0, 1, 2, 3):
        raise ValueError(f"got models {run.spec.models}, wanted (0, 1, 2, 3): the claim is about these four")


def groups_merge(run: Run, claim: Claim) -> Evidence:
    """E10, text: the gap between {0, 1} and {2, 3} at half the epochs less the gap at the end, by replicate."""
    _wants_four(run)
    half = run.spec.epochs // 2
    curve = run.normalised_loss("train").reshape(-1, 4, run.spec.replicates)
    gap = np.abs(curve[:, _LOW].mean(1) - curve[:, _HIGH].mean(1))  # [T+1, R]
    estimate = paired_change(gap[-1].tolist(), gap[half].tolist(), claim.alpha)
    return Evidence(
        estimate.value,
        estimate.interval,
        run.spec.replicates,
        diverged=run.diverged,
        note=_join(
            f"gap {gap[half].mean():.3g} at epoch {half}, {gap[-1].mean():.3g} at epoch {run.spec.epochs}",
            _diverged_note(run),
        ),
    )


def rank_agreement(run: Run, claim: Claim) -> Evidence:
    """M1: do the count of differing weights and the Euclidean distance rank pairs alike, aligned or not?"""
    plain = run.arrays["weight_distance"][-1], run.arrays["weights_differ"][-1]
    aligned = aligned_differences(run.weights(), WEIGHT_THRESHOLD)
    alpha = split_alpha(claim.alpha, 2)
    parts = []
    for part, (distance, count) in {"units as they stand": plain, "units aligned": aligned}.items():
        estimate = bootstrap_pair_tau(distance, count, alpha=alpha, groups=run.spec.groups)
        parts.append(
            Evidence(estimate.value, estimate.interval, len(run.groups), diverged=run.diverged, part=part)
        )
    note = ", ".join(f"tau {part.estimate:.2f} {part.part}" for part in parts)
    return replace(conjunction(claim.region, parts), note=_join(note, _diverged_note(run)))


def label_agreement(run: Run, claim: Claim) -> Evidence:
    """M2: mean agreement of all pairs at the end, train and test."""
    parts, alpha = [], split_alpha(claim.alpha, 2)
    for side in ("train", "test"):
        agreement = run.agreement(side)
        estimate = bootstrap_pairs(agreement[-1], alpha=alpha, groups=run.spec.groups, bounds=(0, 1))
        tolerance = (1 - claim.region.low) / 2
        parts.append(
            Evidence(
                estimate.value,
                estimate.interval,
                len(run.groups),
                converged=bool(settled(_mean_agreement(agreement), tolerance).all()),
                diverged=run.diverged,
                part=f"{side} labels",
            )
        )
    samples = {side: run.arrays[f"{side}_predictions"].shape[-1] for side in ("train", "test")}
    note = ", ".join(
        f"{round(part.estimate * samples[side])} of {samples[side]} {side} samples alike, "
        f"{samples[side] - round(part.estimate * samples[side])} not"
        for side, part in zip(("train", "test"), parts, strict=True)
    )
    return replace(conjunction(claim.region, parts), note=_join(note, _diverged_note(run)))


def _mean_agreement(agreement: np.ndarray) -> np.ndarray:
    """Each model's mean agreement with the others, [T+1, M]."""
    members = agreement.shape[-1]
    return (agreement.sum(-1) - 1.0) / (members - 1)


def share_at_zero(runs: Sequence[Run], claim: Claim) -> Evidence:
    """D2: share of models, over several architectures, whose training loss ends near zero."""
    hits = unresolved = n = 0
    notes = []
    for run in runs:
        curve = run.normalised_loss("train")
        hit = curve[-1] <= NEAR_ZERO
        waiting = ~hit & ~settled(curve, NEAR_ZERO / 2)
        hits, unresolved, n = hits + int(hit.sum()), unresolved + int(waiting.sum()), n + len(hit)
        notes.append(f"{int(hit.sum())} of {len(hit)} at {'-'.join(map(str, run.spec.widths))}")
    estimate = proportion_bounds(hits, unresolved, n, claim.alpha)
    return Evidence(
        hits / n,
        estimate.interval,
        n,
        diverged=0,  # a diverged model is among the unresolved, which the interval already counts both ways
        note=_join(", ".join(notes), f"{unresolved} still moving" if unresolved else ""),
    )


def _equal_pairs(run: Run) -> np.ndarray:
    """Which pairs' final training l differs by at most the equivalence margin, [M, M] of bool."""
    final = run.normalised_loss("train")[-1]
    with np.errstate(invalid="ignore"):
        return np.abs(final[:, None] - final[None, :]) <= EQUAL_LOSS


def _over_equal_pairs(run: Run, claim: Claim, values: np.ndarray, bounds: Interval) -> Evidence:
    equal = _equal_pairs(run)
    estimate = bootstrap_pairs(values, alpha=claim.alpha, groups=run.spec.groups, only=equal, bounds=bounds)
    members = len(run.groups)
    pairs, total = int((equal.sum() - np.trace(equal)) // 2), members * (members - 1) // 2
    still = settled(run.normalised_loss("train"), EQUAL_LOSS / 2)
    return Evidence(
        estimate.value,
        estimate.interval,
        members,
        converged=bool(still.all()),
        diverged=run.diverged,
        note=_join(
            f"{pairs} of {total} pairs have equal training loss",
            f"{int(still.sum())} of {members} models settled",
            _accuracy_note(run),
            _diverged_note(run),
        ),
    )


def agreement_of_equal_losses(run: Run, claim: Claim) -> Evidence:
    """D3: mean agreement on training labels over the pairs of equal training loss."""
    return _over_equal_pairs(run, claim, run.agreement("train")[-1], (0, 1))


def generalisation_of_equal_losses(run: Run, claim: Claim) -> Evidence:
    """D4: mean |difference| of test l over the pairs of equal training loss."""
    test = run.normalised_loss("test")[-1]
    with np.errstate(invalid="ignore"):
        gap = np.abs(test[:, None] - test[None, :])
    return _over_equal_pairs(run, claim, gap, (0, math.inf))


def accuracy_drop(without: Run, with_softmax: Run, claim: Claim) -> Evidence:
    """D5: mean test accuracy without softmax less with it."""
    accuracy = [run.arrays["test_accuracy"] for run in (without, with_softmax)]
    estimate = welch_interval(accuracy[0][-1].tolist(), accuracy[1][-1].tolist(), claim.alpha)
    return Evidence(
        estimate.value,
        estimate.interval,
        sum(a.shape[1] for a in accuracy),
        converged=all(bool(settled(a, claim.region.low / 2).all()) for a in accuracy),
        diverged=without.diverged + with_softmax.diverged,
        note=f"mean test accuracy {accuracy[0][-1].mean():.3f} without, {accuracy[1][-1].mean():.3f} with softmax",
    )


def accuracy_gap(runs: Sequence[Run], claim: Claim) -> Evidence:
    """D6: largest difference of mean training accuracy between losses, the same network otherwise."""
    curves = {run.spec.loss: run.arrays["train_accuracy"] for run in runs}
    gap = largest_gap({loss: curve[-1].tolist() for loss, curve in curves.items()}, claim.alpha)
    return Evidence(
        gap.value,
        gap.interval,
        sum(curve.shape[1] for curve in curves.values()),
        converged=all(bool(settled(curve, claim.region.low / 2).all()) for curve in curves.values()),
        diverged=sum(run.diverged for run in runs),
        note="mean training accuracy "
        + ", ".join(f"{curve[-1].mean():.3f} {loss}" for loss, curve in curves.items()),
    )


