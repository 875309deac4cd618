"""Evidence on the empirical claims (sections 4, 3.1 and 5): pure functions, trained runs in, evidence out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from claims.catalogue import EQUAL_LOSS, NEAR_ZERO, NO_LOSS, Claim
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
    pairs_beyond,
    proportion_bounds,
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


def _finite(run: Run) -> np.ndarray:
    """Where a model's training loss is a number, [T+1, M]; labels of NaN are alike and mean nothing."""
    return np.isfinite(run.arrays["train_loss"])


def _agreement(run: Run, side: str = "train") -> np.ndarray:
    """Fraction [T+1, M, M] of samples each pair labels alike, NaN for a model whose loss is not a number."""
    finite = _finite(run)
    return np.where(finite[:, :, None] & finite[:, None, :], run.agreement(side), np.nan)


def _accuracy(run: Run, side: str = "train") -> np.ndarray:
    """Accuracy [T+1, M], NaN for a model whose loss is not a number."""
    return np.where(_finite(run), run.arrays[f"{side}_accuracy"], np.nan)


def _settled(run: Run, curve: np.ndarray, tolerance: float, edge: float | None = None) -> np.ndarray:
    """`settled`, except that a diverged model never is, [M]."""
    return settled(curve, tolerance, edge) & (run.arrays["diverged_at"] < 0)


def _optimiser_settled(run: Run, tolerance: float = NEAR_ZERO / 2) -> bool:
    """Whether every model's training l has settled.

    Labels can stand still at chance while the loss falls by orders of magnitude: a claim about labels or
    accuracy is not refuted, then, by what more epochs may yet change.
    """
    return bool(_settled(run, run.normalised_loss("train"), tolerance).all())


def _accuracy_note(run: Run) -> str:
    if "train_accuracy" not in run.arrays:
        return f"{run.spec.epochs} epochs"
    train, test = (_accuracy(run, side)[-1].mean() for side in ("train", "test"))
    return f"{run.spec.epochs} epochs, mean accuracy {train:.2f} train, {test:.2f} test"


def _diverged_note(*runs: Run) -> str:
    diverged, models = sum(run.diverged for run in runs), sum(len(run.groups) for run in runs)
    return f"{diverged} of {models} models diverged" if diverged else ""


def _join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def near_zero(run: Run, claim: Claim) -> Evidence:
    """E1, E4, E5, E9: geometric mean of l = L/L0 at the end, train and test, for each model i."""
    parts = []
    alpha = split_alpha(claim.alpha, 2 * len(run.spec.models))
    for side in ("train", "test"):
        curve = run.normalised_loss(side)
        still = _settled(run, curve, NEAR_ZERO / 2, NEAR_ZERO)
        logs = np.log10(np.maximum(curve[-1], NO_LOSS))
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
    final = _by_group(curve[-1], run)
    gap = largest_gap(final, claim.alpha)
    still = _settled(run, curve, EQUAL_LOSS / 2)
    steady = settled(_largest_mean_gap(curve, run)[:, None], EQUAL_LOSS / 2, EQUAL_LOSS)
    means = ", ".join(f"{np.mean(values):.3g}" for values in final.values())
    beyond, pairs = pairs_beyond(final, EQUAL_LOSS, claim.alpha), math.comb(len(final), 2)
    return Evidence(
        estimate=gap.value,
        interval=gap.interval,
        n=len(run.groups),
        converged=bool(still.all() and steady.all()),
        diverged=run.diverged,
        note=_join(
            f"mean l by model: {means}",
            f"{len(beyond)} of {pairs} pairs differ by more than {EQUAL_LOSS:g} (Holm)",
            f"{int(still.sum())} of {len(still)} models settled",
            _accuracy_note(run),
            _diverged_note(run),
        ),
    )


def _largest_mean_gap(curve: np.ndarray, run: Run) -> np.ndarray:
    """Largest difference of two models' means over their replicates, at each epoch, [T+1]."""
    means = np.stack([curve[:, run.groups == i].mean(1) for i in run.spec.models])
    with np.errstate(invalid="ignore"):
        return means.max(0) - means.min(0)


def early_fall_then_rise(run: Run, claim: Claim) -> Evidence:
    """E3: agreement on training labels falls at first, then rises, with a rising trend over all epochs."""
    agreement = _agreement(run)
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
    over = (True, _optimiser_settled(run), _optimiser_settled(run))
    parts = [
        Evidence(value, interval, len(run.groups), converged=done, diverged=run.diverged, part=part)
        for (part, (value, interval)), done in zip(found.items(), over, strict=True)
    ]
    note = ", ".join(f"{part} {estimate.value:+.2f}" for part, estimate in found.items())
    return replace(conjunction(claim.region, parts), note=_join(note, _diverged_note(run)))


def slowdown(
    pairs: Sequence[tuple[Run, Run]], level: float, claim: Claim, names: Sequence[str] = ()
) -> Evidence:
    """E6, D1: epochs to l = level, first run of each pair over the second; the parts must hold together."""
    parts, notes = [], []
    runs = [run for pair in pairs for run in pair]
    alpha = split_alpha(claim.alpha, len(pairs))
    for (slow, fast), name in zip(pairs, names or [""] * len(pairs), strict=True):
        limit = float(min(slow.spec.epochs, fast.spec.epochs))
        times = [
            epochs_to_reach(run.normalised_loss("train"), level, 1.0 / _minibatches(run))
            for run in (slow, fast)
        ]
        times = [np.where(t <= limit, t, math.inf) for t in times]
        ratio = log_ratio_interval(times[0].tolist(), times[1].tolist(), limit, alpha)
        parts.append(
            Evidence(
                # With both sides censored the ratio of the limits says nothing.
                estimate=None if ratio.censored_slow and ratio.censored_fast else ratio.value,
                interval=ratio.interval,
                n=sum(len(run.groups) for run in runs),
                diverged=sum(run.diverged for run in runs),
                part=name,
            )
        )
        reached = [f"{int(np.isfinite(t).sum())} of {len(t)}" for t in times]
        label = f"{name}: " if name else ""
        notes.append(
            f"{label}l = {level:g} reached by {reached[0]} with softmax, {reached[1]} without, "
            f"in {limit:g} epochs"
        )
    return replace(conjunction(claim.region, parts), note=_join(*notes, _diverged_note(*runs)))


def _minibatches(run: Run) -> int:
    return max(1, math.ceil(run.arrays["train_predictions"].shape[-1] / run.spec.batch))


def highest_agreement(run: Run, claim: Claim) -> Evidence:
    """E8: the highest mean agreement between models i != j over the epochs after the first."""
    agreement = _agreement(run)
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
        converged=_optimiser_settled(run, EQUAL_LOSS / 2),
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
    """E10, text: the gap between {0, 1} and {2, 3} at half the epochs less that at the end, by replicate.

    The gap is |mean difference|. A replicate's own |difference| is larger than that by its noise, which
    shrinks as training goes on, so that groups which never were would merge: the differences take the sign
    of their mean instead.
    """
    _wants_four(run)
    half = run.spec.epochs // 2
    curve = run.normalised_loss("train").reshape(-1, 4, run.spec.replicates)
    with np.errstate(invalid="ignore"):
        apart = curve[:, _HIGH].mean(1) - curve[:, _LOW].mean(1)  # [T+1, R]
    apart = np.where(np.isfinite(apart), apart, np.nan)
    before, after = (row * (-1.0 if row.mean() < 0 else 1.0) for row in apart[[half, -1]])
    estimate = paired_change(after, before, claim.alpha)
    gaps = before.mean(), after.mean()
    return Evidence(
        estimate.value,
        estimate.interval,
        run.spec.replicates,
        converged=_optimiser_settled(run, EQUAL_LOSS / 2),
        diverged=run.diverged,
        note=_join(
            f"gap {gaps[0]:.3g} at epoch {half}, {gaps[1]:.3g} at epoch {run.spec.epochs}",
            _diverged_note(run),
        ),
    )


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
    return replace(conjunction(claim.region, parts), note=_join(note, _diverged_note(run)))


def label_agreement(run: Run, claim: Claim) -> Evidence:
    """M2: mean agreement of all pairs at the end, train and test."""
    parts, alpha = [], split_alpha(claim.alpha, 2)
    for side in ("train", "test"):
        agreement = _agreement(run, side)
        estimate = bootstrap_pairs(agreement[-1], alpha=alpha, groups=run.spec.groups, bounds=(0, 1))
        tolerance = (1 - claim.region.low) / 2
        parts.append(
            Evidence(
                estimate.value,
                estimate.interval,
                len(run.groups),
                converged=bool(
                    _optimiser_settled(run)
                    and _settled(run, _mean_agreement(agreement), tolerance).all()
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
    return replace(conjunction(claim.region, parts), note=_join(note, _diverged_note(run)))


def _mean_agreement(agreement: np.ndarray) -> np.ndarray:
    """Each model's mean agreement with the others, [T+1, M]."""
    members = agreement.shape[-1]
    return (agreement.sum(-1) - 1.0) / max(members - 1, 1)


def share_at_zero(runs: Sequence[Run], claim: Claim) -> Evidence:
    """D2: share of models, over several architectures, whose training loss ends near zero.

    A diverged model counts both ways, as one still moving does, and blocks "supported" besides.
    """
    hits = unresolved = n = 0
    notes = []
    for run in runs:
        curve = run.normalised_loss("train")
        hit = (curve[-1] <= NEAR_ZERO) & (run.arrays["diverged_at"] < 0)
        waiting = ~hit & ~_settled(run, curve, NEAR_ZERO / 2, NEAR_ZERO)
        hits, unresolved, n = hits + int(hit.sum()), unresolved + int(waiting.sum()), n + len(hit)
        notes.append(f"{int(hit.sum())} of {len(hit)} at {'-'.join(map(str, run.spec.widths))}")
    estimate = proportion_bounds(hits, unresolved, n, claim.alpha)
    return Evidence(
        hits / n,
        estimate.interval,
        n,
        diverged=sum(run.diverged for run in runs),
        note=_join(
            ", ".join(notes),
            f"{unresolved} unresolved, diverged or still moving" if unresolved else "",
            _diverged_note(*runs),
        ),
    )


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
    still = _settled(run, run.normalised_loss("train"), EQUAL_LOSS / 2)
    margin = claim.region.margin
    mean = values[:, equal].mean(1, keepdims=True) if pairs else np.zeros((len(values), 1))
    steady = settled(mean, min(margin, 1 - margin) / 2, margin)
    return Evidence(
        estimate.value,
        estimate.interval,
        int(equal.any(0).sum()),
        converged=bool(still.all() and steady.all()),
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
    return _over_equal_pairs(run, claim, _agreement(run), (0, 1))


def generalisation_of_equal_losses(run: Run, claim: Claim) -> Evidence:
    """D4: mean |difference| of test l over the pairs of equal training loss."""
    test = run.normalised_loss("test")
    with np.errstate(invalid="ignore"):
        gap = np.abs(test[:, :, None] - test[:, None, :])
    return _over_equal_pairs(run, claim, gap, (0, math.inf))


def accuracy_drop(without: Run, with_softmax: Run, claim: Claim) -> Evidence:
    """D5: mean test accuracy without softmax less with it."""
    runs = (without, with_softmax)
    accuracy = [_accuracy(run, "test") for run in runs]
    estimate = welch_interval(accuracy[0][-1].tolist(), accuracy[1][-1].tolist(), claim.alpha)
    return Evidence(
        estimate.value,
        estimate.interval,
        sum(a.shape[1] for a in accuracy),
        converged=_accuracies_settled(runs, accuracy, estimate.value, claim.region.low),
        diverged=sum(run.diverged for run in runs),
        note=_join(
            f"mean test accuracy {accuracy[0][-1].mean():.3f} without, "
            f"{accuracy[1][-1].mean():.3f} with softmax",
            _diverged_note(*runs),
        ),
    )


def _accuracies_settled(
    runs: Sequence[Run], accuracy: Sequence[np.ndarray], difference: float, margin: float
) -> bool:
    """Whether every model's loss and accuracy settled, the means so far that their difference keeps its side.

    Two means that move by a quarter of the difference's distance to the margin each use up half of it.
    """
    models = all(_settled(run, a, margin / 2).all() for run, a in zip(runs, accuracy, strict=True))
    models = models and all(map(_optimiser_settled, runs))
    room = abs(difference - margin) / 4
    return bool(models and all(settled(a.mean(1, keepdims=True), room).all() for a in accuracy))


def accuracy_gap(runs: Sequence[Run], claim: Claim) -> Evidence:
    """D6: largest difference of mean training accuracy between losses, the same network otherwise."""
    curves = {run.spec.loss: _accuracy(run) for run in runs}
    gap = largest_gap({loss: curve[-1].tolist() for loss, curve in curves.items()}, claim.alpha)
    return Evidence(
        gap.value,
        gap.interval,
        sum(curve.shape[1] for curve in curves.values()),
        converged=_accuracies_settled(runs, list(curves.values()), gap.value, claim.region.low),
        diverged=sum(run.diverged for run in runs),
        note=_join(
            "mean training accuracy "
            + ", ".join(f"{curve[-1].mean():.3f} {loss}" for loss, curve in curves.items()),
            _diverged_note(*runs),
        ),
    )
