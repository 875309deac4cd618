"""Evidence on the claims about losses (sections 4 and 5): pure functions, trained runs in, evidence out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from claims.claim import Claim
from claims.convergence import epochs_to_reach, settled
from claims.margins import EQUAL_LOSS, NEAR_ZERO, NO_LOSS
from claims.readings import accuracy_note, by_group, diverged_note, join, model_settled, optimiser_settled
from claims.statistics import (
    contrast_interval,
    largest_gap,
    log_ratio_interval,
    mean_interval,
    paired_change,
    pairs_beyond,
    proportion_bounds,
    split_alpha,
)
from claims.verdict import Evidence, conjunction
from models.run import Run

__all__ = ["equal_loss", "groups_merge", "near_zero", "share_at_zero", "slowdown", "two_groups"]

Interval = tuple[float, float]

_LOW, _HIGH = (0, 1), (2, 3)
"""The two groups of models in section 4.5."""


def near_zero(run: Run, claim: Claim) -> Evidence:
    """E1, E4, E5, E9: geometric mean of l = L/L0 at the end, train and test, for each model i."""
    parts = []
    alpha = split_alpha(claim.alpha, 2 * len(run.spec.models))
    for side in ("train", "test"):
        curve = run.normalised_loss(side)
        still = model_settled(run, curve, NEAR_ZERO / 2, NEAR_ZERO)
        logs = np.log10(np.maximum(curve[-1], NO_LOSS))
        for i, values in by_group(logs, run).items():
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
    return replace(binding, note=join(note, accuracy_note(run), diverged_note(run)))


def _power(exponent: float) -> float:
    try:
        return 10.0**exponent
    except OverflowError:
        return math.inf


def equal_loss(run: Run, claim: Claim) -> Evidence:
    """E2, E7, E10: the largest gap between two models' mean final training l."""
    curve = run.normalised_loss("train")
    final = by_group(curve[-1], run)
    gap = largest_gap(final, claim.alpha)
    still = model_settled(run, curve, EQUAL_LOSS / 2)
    steady = settled(_largest_mean_gap(curve, run)[:, None], EQUAL_LOSS / 2, EQUAL_LOSS)
    means = ", ".join(f"{np.mean(values):.3g}" for values in final.values())
    beyond, pairs = pairs_beyond(final, EQUAL_LOSS, claim.alpha), math.comb(len(final), 2)
    return Evidence(
        estimate=gap.value,
        interval=gap.interval,
        n=len(run.groups),
        converged=bool(still.all() and steady.all()),
        diverged=run.diverged,
        note=join(
            f"mean l by model: {means}",
            f"{len(beyond)} of {pairs} pairs differ by more than {EQUAL_LOSS:g} (Holm)",
            f"{int(still.sum())} of {len(still)} models settled",
            accuracy_note(run),
            diverged_note(run),
        ),
    )


def _largest_mean_gap(curve: np.ndarray, run: Run) -> np.ndarray:
    """Largest difference of two models' means over their replicates, at each epoch, [T+1]."""
    means = np.stack([curve[:, run.groups == i].mean(1) for i in run.spec.models])
    with np.errstate(invalid="ignore"):
        return means.max(0) - means.min(0)


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
    return replace(conjunction(claim.region, parts), note=join(*notes, diverged_note(*runs)))


def _minibatches(run: Run) -> int:
    return max(1, math.ceil(run.arrays["train_predictions"].shape[-1] / run.spec.batch))


def two_groups(run: Run, claim: Claim) -> Evidence:
    """E10, text: the gap between {0, 1} and {2, 3}, less the larger gap inside a group."""
    _wants_four(run)
    groups = list(by_group(run.normalised_loss("train")[-1], run).values())
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
        converged=optimiser_settled(run, EQUAL_LOSS / 2),
        diverged=run.diverged,
        note=join(
            "mean l by model: " + ", ".join(f"{np.mean(values):.3g}" for values in groups),
            accuracy_note(run),
            diverged_note(run),
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
        converged=optimiser_settled(run, EQUAL_LOSS / 2),
        diverged=run.diverged,
        note=join(
            f"gap {gaps[0]:.3g} at epoch {half}, {gaps[1]:.3g} at epoch {run.spec.epochs}",
            diverged_note(run),
        ),
    )


def share_at_zero(runs: Sequence[Run], claim: Claim) -> Evidence:
    """D2: share of models, over several architectures, whose training loss ends near zero.

    A diverged model counts both ways, as one still moving does, and blocks "supported" besides.
    """
    hits = unresolved = n = 0
    notes = []
    for run in runs:
        curve = run.normalised_loss("train")
        hit = (curve[-1] <= NEAR_ZERO) & (run.arrays["diverged_at"] < 0)
        waiting = ~hit & ~model_settled(run, curve, NEAR_ZERO / 2, NEAR_ZERO)
        hits, unresolved, n = hits + int(hit.sum()), unresolved + int(waiting.sum()), n + len(hit)
        notes.append(f"{int(hit.sum())} of {len(hit)} at {'-'.join(map(str, run.spec.widths))}")
    estimate = proportion_bounds(hits, unresolved, n, claim.alpha)
    return Evidence(
        hits / n,
        estimate.interval,
        n,
        diverged=sum(run.diverged for run in runs),
        note=join(
            ", ".join(notes),
            f"{unresolved} unresolved, diverged or still moving" if unresolved else "",
            diverged_note(*runs),
        ),
    )
