"""Evidence on what the optimiser changes (E12): the same initial weights, paired by seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from claims.core.claim import Claim
from claims.core.margins import EQUAL_LOSS
from claims.core.measured import measured
from claims.core.verdict import Evidence
from claims.evidence.trained.legs import beside_the_first_leg, endings, join, last
from claims.evidence.trained.metrics import diverged_note, ends
from claims.evidence.trained.reaching import of_all_and_each, same_networks
from claims.statistics import Smallest
from models.runs.run import Run

__all__ = ["optimiser_of", "optimisers_agree"]


def optimiser_of(run: Run) -> str:
    """What led the networks away from their initial weights."""
    return run.spec.optimiser.label or run.spec.optimiser.kind


@beside_the_first_leg
def optimisers_agree(runs: Sequence[Run], claim: Claim) -> Evidence:
    """E12: the share of seeds from which every optimiser ends at the same training loss, within the margin.

    Raises:
        ValueError: fewer than two runs, or runs that differ in more than how they were trained.
    """
    _only_the_optimiser_differs(runs)
    end = [ends(run) for run in runs]
    lows, highs = np.array([of.lows for of in end]), np.array([of.highs for of in end])
    with np.errstate(invalid="ignore"):
        same = highs.max(0) - lows.min(0) <= EQUAL_LOSS
        apart = lows.max(0) - highs.min(0) > EQUAL_LOSS
    open_ = ~same & ~apart
    at = np.array([last(run).normalised_loss("train")[-1] for run in runs])
    at = at[:, np.isfinite(at).all(0)]
    gaps = at.max(0) - at.min(0)
    median = f"{np.median(gaps):.3g}" if len(gaps) else "unknown"
    note = (
        f"{int(same.sum())} of {len(same)} seeds end within {EQUAL_LOSS:g} whatever the optimiser, "
        f"{int(apart.sum())} apart, {int(open_.sum())} open; median gap in l {median}"
    )
    return measured(
        Smallest(of_all_and_each(runs[0], same, open_)),
        claim,
        len(same),
        "paired networks",
        unresolved=int(open_.sum()),
        diverged=sum(run.diverged for run in runs),
        note=join(note, *(f"{optimiser_of(run)}: {endings(run)}" for run in runs), diverged_note(*runs)),
        estimate=float(same.mean()),
    )


def _only_the_optimiser_differs(runs: Sequence[Run]) -> None:
    same_networks(*runs)
    compared = [
        (run.spec.data, run.spec.network, run.spec.objective, run.spec.initialisation) for run in runs
    ]
    if len(runs) < 2 or any(of != compared[0] for of in compared[1:]):
        raise ValueError(
            f"got {', '.join(run.spec.name for run in runs) or 'no run'}, wanted two runs or more of one "
            "network on one data set from the same initial weights: only how they were trained may differ"
        )
