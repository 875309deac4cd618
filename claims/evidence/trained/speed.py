"""Evidence on "converges much slower" (E6, D1): minibatch steps to a level, softmax over none, seed by
seed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from claims.core.claim import Claim
from claims.core.measured import measured
from claims.core.verdict import Evidence
from claims.evidence.trained.legs import join
from claims.evidence.trained.metrics import diverged_note
from claims.evidence.trained.reaching import same_networks
from claims.statistics import Median, Smallest
from claims.statistics.convergence import reached
from models.runs.run import Run

__all__ = ["slowdown"]


def slowdown(pairs: Mapping[str, tuple[Run, Run]], level: float, claim: Claim) -> Evidence:
    """E6, D1: the median over seeds of steps with softmax over steps without, in the comparison where it is
    smallest.

    A time is known to lie between two records, or to exceed the steps that were run; so a ratio is an
    interval, and the bounds of the median take its worse end.

    Args:
        pairs: by name, the run with a softmax output and the one without, of the same networks.
        level: the l to be reached.
        claim: for its region and alpha.
    """
    ratios, notes = {}, []
    for name, (slow, fast) in pairs.items():
        same_networks(slow, fast)
        (slow_low, slow_high), (fast_low, fast_high) = (
            reached(*run.fine_loss(), level) for run in (slow, fast)
        )
        ratios[name] = Median.of(slow_low / fast_high, slow_high / fast_low)
        arrived = [f"{int(np.isfinite(high).sum())} of {len(high)}" for high in (slow_high, fast_high)]
        label = f"{name}: " if len(pairs) > 1 else ""
        notes.append(
            f"{label}l = {level:g} reached by {arrived[0]} networks with softmax "
            f"({_typical(slow_low, slow_high)}), "
            f"{arrived[1]} without ({_typical(fast_low, fast_high)}), of {fast.steps_per_epoch} steps an "
            "epoch"
        )
    runs = [run for pair in pairs.values() for run in pair]
    return measured(
        Smallest(ratios),
        claim,
        runs[0].spec.networks.count,
        "paired networks",
        diverged=sum(run.diverged for run in runs),
        note=join(*notes, diverged_note(*runs)),
    )


def _typical(low: np.ndarray, high: np.ndarray) -> str:
    """The median time between two records: "step 12 to 16"."""
    a, b = float(np.median(low)), float(np.median(high))
    return f"median step {a:g} to {b:g}" if np.isfinite(b) else f"median beyond step {a:g}"
