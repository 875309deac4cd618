"""Evidence on what softmax and the loss change (D5, D6): the same networks side by side, paired by seed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from claims.core.claim import Claim
from claims.core.margins import A_LOT, NEAR_ZERO
from claims.core.measured import measured
from claims.core.verdict import Evidence
from claims.evidence.trained.legs import beside_the_first_leg, endings, join, last
from claims.evidence.trained.metrics import accuracies, diverged_note
from claims.evidence.trained.reaching import Arrival, arrivals, same_networks
from claims.statistics import Largest, Median, Share
from models.runs.run import Run

__all__ = ["accuracy_drop", "different_ends"]


@beside_the_first_leg
def accuracy_drop(without: Run, with_softmax: Run, claim: Claim) -> Evidence:
    """D5: the median over seeds of test accuracy without softmax less that with it, both converged."""
    same_networks(without, with_softmax)
    runs = (without, with_softmax)
    end = [accuracies(run) for run in runs]
    drop = end[0] - end[1]
    # A difference of two shares is never beyond one, whatever is known of them.
    median = Median.of(np.maximum(drop.lows, -1.0), np.minimum(drop.highs, 1.0))
    unresolved = int(drop.wider(A_LOT).sum())
    means = [
        f"{np.median(last(run).arrays['test_accuracy'][-1]):.3f} {name}"
        for run, name in zip(runs, ("without", "with softmax"), strict=True)
    ]
    return measured(
        median,
        claim,
        without.spec.networks.count,
        "paired networks",
        unresolved=unresolved,
        diverged=sum(run.diverged for run in runs),
        note=join(f"median test accuracy {', '.join(means)}", endings(*runs), diverged_note(*runs)),
    )


@beside_the_first_leg
def different_ends(runs: Sequence[Run], claim: Claim) -> Evidence:
    """D6: the share of seeds from which two losses end on different sides: one near its global minimum, the
    other at rest above it. The two losses for which most do speak for the claim.

    What a landscape decides is where training ends, not how accurate that is.
    """
    same_networks(*runs)
    found = {run.spec.objective.loss: arrivals(run) for run in runs}
    shares = {}
    for a, b in combinations(found, 2):
        open_ = (found[a] == Arrival.UNRESOLVED) | (found[b] == Arrival.UNRESOLVED)
        differ = ~open_ & (found[a] != found[b])
        shares[f"{a} and {b}"] = Share(int(differ.sum()), int(open_.sum()), len(differ))
    counts = ", ".join(
        f"{int((arrived == Arrival.ARRIVED).sum())} of {len(arrived)} with {loss}"
        for loss, arrived in found.items()
    )
    return measured(
        Largest(shares),
        claim,
        runs[0].spec.networks.count,
        "paired networks",
        unresolved=max(share.unresolved for share in shares.values()),
        diverged=sum(run.diverged for run in runs),
        note=join(f"at l <= {NEAR_ZERO:g}: {counts}", endings(*runs), diverged_note(*runs)),
    )
