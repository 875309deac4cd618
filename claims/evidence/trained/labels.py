"""Evidence on the labels of pairs of networks (E3, E8, M2): disjoint pairs, so that no network speaks
twice."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from claims.core.claim import Claim
from claims.core.margins import A_POINT, ABOVE_CHANCE, ALPHA, HALF_LABELS, RISING, SAME_LABELS
from claims.core.measured import measured
from claims.core.verdict import Evidence, Side, Sides
from claims.evidence.trained.legs import beside_the_first_leg, conclusive, endings, join, last
from claims.evidence.trained.metrics import (
    Ends,
    accuracies,
    accuracy_note,
    disjoint_pairs,
    diverged_note,
    end_note,
    finite,
    loss_converged,
    rotating,
)
from claims.statistics import Largest, Median, Share, Smallest, kendall_tau
from claims.statistics.convergence import remainder
from models.runs.run import Run

__all__ = ["agree_or_not", "exactly_one_pair", "fall_then_rise", "highest_agreement", "same_labels"]

_UNIT = "disjoint pairs"


def agree_or_not(run: Run, side: str = "train") -> np.ndarray:
    """Fraction [T+1, P] of the samples that each of the run's pairs gives the same label; NaN where a loss is
    none."""
    known, pairs = finite(run), run.arrays["pairs"]
    return np.where(known[:, pairs[:, 0]] & known[:, pairs[:, 1]], run.agreement(side), np.nan)


def _agreement_at_end(run: Run, side: str) -> Ends:
    """Fraction [P] of the samples that each of the run's pairs gives the same label where a second leg ended:
    known where both have a certificate."""
    at, both = agree_or_not(last(run), side)[-1], conclusive(run)[run.arrays["pairs"]].all(1)
    return Ends(at, at).opened(~both)


# -- E3 -------------------------------------------------------------------------------


def fall_then_rise(run: Run, claim: Claim) -> Evidence:
    """E3: the share of pairs whose agreement falls at first, has its minimum early, and rises from there.

    The first epochs are recorded minibatch by minibatch on a geometric grid, since that is where agreement
    leaves chance. A pair that does not have that shape may still get it while the loss of either network
    moves, unless it began by agreeing more: a fall at first that did not come will not come later. Networks
    that label at chance have nothing to agree on: the claim applies where their accuracy is clearly above it.
    """
    chosen, pairs = rotating(run), disjoint_pairs(run)
    at_chance = _at_chance(run, _on_first_leg(run), len(pairs), _UNIT)
    if at_chance is not None:
        return at_chance
    agreement, steps = run.fine_agreement()
    agreement = np.where(np.isfinite(run.fine_loss()[0])[:, pairs].all(-1), agreement[:, chosen], np.nan)
    rest = np.all(loss_converged(run)[pairs], axis=1)
    found = [_Shape.of(curve, steps) for curve in agreement.T]
    hits = sum(shape.fits for shape in found)
    open_ = sum(
        not shape.fits and not (shape.rose_first or still) for shape, still in zip(found, rest, strict=True)
    )
    known = [shape for shape in found if np.isfinite(shape.fall)]
    fall = float(np.median([shape.fall for shape in known])) if known else np.nan
    rise = float(np.median([shape.rise for shape in known])) if known else np.nan
    share = Share(hits, open_, len(found))
    note = (
        f"{hits} of {share.n} pairs fall by a point and rise again, {open_} unresolved; median fall "
        f"{fall:.3f}, median rise {rise:.3f}"
    )
    return measured(
        share,
        claim,
        share.n,
        _UNIT,
        unresolved=open_,
        diverged=run.diverged,
        note=join(note, accuracy_note(run), diverged_note(run)),
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    """A pair's agreement over the training.

    Attributes:
        fits: it falls by A_POINT, early, and rises by A_POINT and with a trend of RISING from there.
        rose_first: it rose by A_POINT without having fallen by as much before.
        fall, rise: from the start to the minimum and from there to the end; NaN where a loss was no number.
    """

    fits: bool
    rose_first: bool
    fall: float
    rise: float

    @classmethod
    def of(cls, curve: np.ndarray, steps: np.ndarray) -> _Shape:
        if not np.isfinite(curve).all():
            return cls(False, False, np.nan, np.nan)
        lowest = int(curve.argmin())
        fall, rise = float(curve[0] - curve[lowest]), float(curve[-1] - curve[lowest])
        early = steps[lowest] <= steps[-1] / 2
        trend = kendall_tau(steps[lowest:], curve[lowest:])
        fallen = np.minimum.accumulate(curve) <= curve[0] - A_POINT
        risen = curve >= curve[0] + A_POINT
        rose_first = bool(risen.any() and (not fallen.any() or risen.argmax() < fallen.argmax()))
        return cls(
            bool(fall >= A_POINT and early and rise >= A_POINT and trend >= RISING), rose_first, fall, rise
        )


# -- E8 -------------------------------------------------------------------------------


def highest_agreement(run: Run, claim: Claim) -> Evidence:
    """E8: the median agreement of pairs, at the epoch after the first where it is highest.

    Networks that label at chance disagree whatever they are: the claim applies where their accuracy is
    clearly above it.
    """
    at_chance = _at_chance(run, _on_first_leg(run), run.spec.networks.count // 2, _UNIT)
    if at_chance is not None:
        return at_chance
    agreement = agree_or_not(run)[1:, rotating(run)]
    epochs = {f"epoch {t}": Median.of(row) for t, row in enumerate(agreement, start=1)}
    # Some pair has labels that mean something: fewer than half of the networks are without a loss.
    at_end = f"median {np.nanmedian(agreement[-1]):.2f} at the end"
    return measured(
        Largest(epochs),
        claim,
        agreement.shape[1],
        _UNIT,
        diverged=run.diverged,
        note=join(f"agreement {at_end}", accuracy_note(run), diverged_note(run)),
    )


def _on_first_leg(run: Run) -> Ends:
    """Training accuracies after the last epoch, [M], whatever comes after."""
    at = np.where(finite(run)[-1], run.arrays["train_accuracy"][-1], np.nan)
    return Ends(at, at)


def _at_chance(run: Run, accuracy: Ends, n: int, unit: str, greatest: float = 1.0) -> Evidence | None:
    """The evidence on a run whose networks may label at chance; None where half of them are clearly above it.

    At chance for certain the claim does not apply; where the bounds leave it open, so is the claim, and a
    later look with more networks may tell.

    Args:
        run: the networks.
        accuracy: theirs on the training set.
        n: sampling units of the claim.
        unit: what they are.
        greatest: the largest value that the claim's estimate can have.
    """
    median, wanted = (
        Median.of(accuracy.lows, accuracy.highs),
        float(run.arrays["largest_class"][0]) + ABOVE_CHANCE,
    )
    low, high = median.lower(ALPHA), median.upper(ALPHA)
    if low >= wanted:
        return None
    found = f"(median accuracy {median.value:.2f} [{low:.2f}, {high:.2f}], wanted {wanted:.2f})"
    if high < wanted:
        why = "labels at chance disagree whatever the networks are"
        return Evidence(
            None,
            None,
            n,
            sampling_unit=unit,
            inapplicable=f"accuracy clearly above chance failed on the run {found}: {why}",
        )
    return Evidence(
        None,
        (0.0, greatest),
        n,
        p_support=1.0,
        p_refute=1.0,
        sampling_unit=unit,
        diverged=run.diverged,
        note=join(f"accuracy above chance is neither found nor excluded {found}", diverged_note(run)),
    )


@beside_the_first_leg
def exactly_one_pair(run: Run, claim: Claim) -> Evidence:
    """E8-one: how many of the six pairs of models i, j agree on more than half of the labels at the end.

    Each pair of models has a median over quadruples, bounded at alpha / 6 so that all six hold at once; the
    interval counts the pairs that agree for certain, and those that may.
    """
    if len(run.spec.populations) < 4:
        return Evidence(
            None, None, run.spec.networks.count // 4, sampling_unit="quadruples",
            inapplicable="one population of networks: no pair of models i, j differs from another",
        )  # fmt: skip
    accuracy = _on_first_leg(run) if run.second is None else accuracies(run, "train")
    at_chance = _at_chance(run, accuracy, run.spec.networks.count // 4, "quadruples", 6.0)
    if at_chance is not None:
        return at_chance
    names = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    at = agree_or_not(run)[-1]
    end = Ends(at, at) if run.second is None else _agreement_at_end(run, "train")
    medians = [Median.of(end.lows[k::6], end.highs[k::6]) for k in range(6)]
    alpha = claim.alpha / 6
    agree = [m.lower(alpha) > HALF_LABELS for m in medians]
    may = [m.upper(alpha) > HALF_LABELS for m in medians]
    one = [
        max(
            medians[k].beyond(HALF_LABELS), *(m.at_most(HALF_LABELS) for j, m in enumerate(medians) if j != k)
        )
        for k in range(6)
    ]
    others = sorted(m.beyond(HALF_LABELS) for m in medians)[1]
    none = max(m.at_most(HALF_LABELS) for m in medians)
    found = ", ".join(f"{i}-{j} {m.value:.2f}" for (i, j), m in zip(names, medians, strict=True))
    return Evidence(
        float(sum(m.value > HALF_LABELS for m in medians)),
        (float(sum(agree)), float(sum(may))),
        run.spec.networks.count // 4,
        p_support=min(1.0, 6 * min(one)),
        p_refute=min(1.0, 6 * min(others, none)),
        sampling_unit="quadruples",
        diverged=run.diverged,
        note=join(f"median agreement of models {found}", end_note(run), diverged_note(run)),
    )


# -- M2 -------------------------------------------------------------------------------


@beside_the_first_leg
def same_labels(run: Run, claim: Claim) -> Evidence:
    """M2: the share of pairs that give a set the same labels at the end, on the set where fewer do.

    With a second leg both of a pair need a certificate. Without one a pair that does not may yet, unless its
    agreement and both networks' losses have converged.
    """
    chosen, pairs = rotating(run), disjoint_pairs(run)
    rest = np.all(loss_converged(run)[pairs], axis=1)
    shares, notes = {}, []
    for side in ("train", "test"):
        curve = agree_or_not(last(run), side)[:, chosen]
        with np.errstate(invalid="ignore"):
            if run.second is not None:
                end = _agreement_at_end(run, side)
                alike, differ = end.lows[chosen] >= SAME_LABELS, end.highs[chosen] < SAME_LABELS
            else:
                alike = curve[-1] >= SAME_LABELS
                differ = ~alike & rest & (curve[-1] + remainder(curve) < SAME_LABELS)
        shares[f"{side} labels"] = Share(int(alike.sum()), int((~alike & ~differ).sum()), len(alike))
        known = curve[-1][np.isfinite(curve[-1])]
        samples = run.samples(side)
        notes.append(
            f"{int(alike.sum())} of {len(alike)} pairs alike on the {side} set, median "
            + (
                f"{round(float(np.median(known)) * samples)} of {samples} samples"
                if len(known)
                else "unknown"
            )
        )
    least = Smallest(shares)
    found = measured(
        least,
        claim,
        len(pairs),
        _UNIT,
        unresolved=max(share.unresolved for share in shares.values()),
        diverged=run.diverged,
        note=join(*notes, endings(run), diverged_note(run)),
    )
    train, test = map(Side, (of.value for of in shares.values()), least.each(claim.alpha))
    return msgspec.structs.replace(found, sides=Sides(train, test))
