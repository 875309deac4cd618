"""Evidence on "equal training loss means equal ..." (D3, D4): disjoint pairs of equal loss are counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from claims.core.claim import Claim
from claims.core.margins import EQUAL_LOSS, SAME_LABELS
from claims.core.measured import measured
from claims.core.verdict import Evidence
from claims.evidence.trained.legs import beside_the_first_leg, conclusive, join
from claims.evidence.trained.metrics import agreement_between, diverged_note, end_note, ends
from claims.statistics import Share
from claims.statistics.convergence import remainder
from models.runs.run import Run

__all__ = ["equal_generalisation", "equal_labels", "equal_pairs"]


def equal_pairs(run: Run) -> NDArray[np.int64]:
    """Disjoint pairs [P, 2] of networks whose final training l are certainly within the margin of each other.

    Networks are sorted by loss and neighbours paired off where they fit; with a second leg those that have a
    certificate. The choice looks at training losses and certificates alone, so given these the pairs' labels
    and test losses are independent of one another.
    """
    end = ends(run)
    if run.second is not None:
        end = end.opened(~conclusive(run))
    order = np.lexsort((end.highs, end.lows))
    order = order[np.isfinite(end.lows[order])]
    found, at = [], 0
    while at + 1 < len(order):
        a, b = order[at], order[at + 1]
        together = max(end.highs[a], end.highs[b]) - min(end.lows[a], end.lows[b]) <= EQUAL_LOSS
        if together:
            found.append((a, b))
        at += 2 if together else 1
    return np.array(found, dtype=np.int64).reshape(-1, 2)


@beside_the_first_leg
def equal_labels(run: Run, claim: Claim) -> Evidence:
    """D3: the share of pairs of equal training loss that give the training set the same labels."""
    pairs = equal_pairs(run)
    if not len(pairs):
        return _judged(run, claim, pairs, np.zeros(0, bool), np.zeros(0, bool))
    if run.second is not None:  # pairs of certified networks alone
        (alike,) = agreement_between(run.second, pairs)[-1:]
        return _judged(run, claim, pairs, alike >= SAME_LABELS, alike < SAME_LABELS)
    curve = agreement_between(run, pairs)
    rest = remainder(curve)
    with np.errstate(invalid="ignore"):
        return _judged(run, claim, pairs, curve[-1] - rest >= SAME_LABELS, curve[-1] + rest < SAME_LABELS)


@beside_the_first_leg
def equal_generalisation(run: Run, claim: Claim) -> Evidence:
    """D4: the share of pairs of equal training loss whose test l are within the margin too."""
    pairs = equal_pairs(run)
    end = ends(run, "test")
    gap = end[pairs[:, 0]] - end[pairs[:, 1]]
    largest = np.maximum(gap.highs, -gap.lows)
    smallest = np.maximum(0.0, np.maximum(gap.lows, -gap.highs))
    return _judged(run, claim, pairs, largest <= EQUAL_LOSS, smallest > EQUAL_LOSS)


def _judged(
    run: Run, claim: Claim, pairs: np.ndarray, alike: NDArray[np.bool_], differ: NDArray[np.bool_]
) -> Evidence:
    unresolved = len(pairs) - int(alike.sum()) - int(differ.sum())
    moving = int(ends(run).wider(EQUAL_LOSS).sum())
    left_out = run.spec.networks.count - 2 * len(pairs)
    return measured(
        Share(int(alike.sum()), unresolved, len(pairs)),
        claim,
        len(pairs),
        "disjoint pairs",
        unresolved=unresolved,
        diverged=run.diverged,
        note=join(
            f"{int(alike.sum())} of {len(pairs)} pairs of equal training loss alike, {unresolved} unresolved",
            f"{left_out} of {run.spec.networks.count} networks are in no such pair" if left_out else "",
            f"{moving} of {run.spec.networks.count} networks had not converged" if moving else "",
            end_note(run),
            diverged_note(run),
        ),
    )
