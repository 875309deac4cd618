"""Evidence on section 4.5's two groups of models, {0, 1} and {2, 3}, and on whether they merge."""

from __future__ import annotations

import math

import numpy as np

from claims.core.claim import Claim
from claims.core.margins import ALPHA, EQUAL_LOSS
from claims.core.measured import measured
from claims.core.verdict import Evidence
from claims.evidence.trained.equality import between_populations
from claims.evidence.trained.legs import beside_the_first_leg, endings, join, last
from claims.evidence.trained.metrics import Ends, by_population, diverged_note, end_note, ends
from claims.statistics import Absolute, Affine, Largest, Median, Smallest
from models.runs.run import Run

__all__ = ["groups_merge", "two_groups"]

_INSIDE = ((0, 1), (2, 3))
_ACROSS = ((0, 2), (0, 3), (1, 2), (1, 3))
_ONE = "one population of networks: there are no models i to form groups"


def _apart(medians: dict[tuple[int, int], Median]) -> Smallest:
    """Two groups as one number, at least 0 where both inside gaps are within the margin and all gaps across
    the groups at or beyond it."""
    # How far inside the margin the one kind of gap is, and how far beyond it the other.
    inside = {
        f"gap inside {{{i}, {j}}}": Affine(Absolute(medians[i, j]), EQUAL_LOSS, negative=True)
        for i, j in _INSIDE
    }
    across = {f"gap between {i} and {j}": Affine(Absolute(medians[i, j]), -EQUAL_LOSS) for i, j in _ACROSS}
    return Smallest({**inside, **across})


@beside_the_first_leg
def two_groups(run: Run, claim: Claim) -> Evidence:
    """E10-groups: both inside gaps within the margin, and the smallest gap across beyond it."""
    if len(run.spec.populations) < 4:
        return Evidence(None, None, run.spec.networks.count, inapplicable=_ONE)
    end, at = ends(run), last(run).normalised_loss("train")[-1]
    return measured(
        _apart(between_populations(run, end)),
        claim,
        run.spec.networks.count,
        unresolved=int(end.wider(EQUAL_LOSS).sum()),
        diverged=run.diverged,
        note=join(f"median l by model: {_medians(at, run)}", end_note(run), diverged_note(run)),
    )


@beside_the_first_leg
def groups_merge(run: Run, claim: Claim) -> Evidence:
    """E10-merge: where two groups stand at half the epochs, the largest gap across them at the end.

    Half-time losses, of the first leg, are what they are and need not have settled; the end must have.
    """
    if len(run.spec.populations) < 4:
        return Evidence(None, None, run.spec.networks.count, inapplicable=_ONE)
    curve, at = run.normalised_loss("train"), last(run).normalised_loss("train")[-1]
    half = run.spec.budget.epochs // 2
    then = np.where(np.isfinite(curve[half]), curve[half], np.nan)
    before = _apart(between_populations(run, Ends(then, then)))
    note = f"median l by model: {_medians(curve[half], run)} at epoch {half}, {_medians(at, run)} at the end"
    if before.upper(ALPHA) < 0:
        why = f"no two groups {{0, 1}} and {{2, 3}} at epoch {half}, so nothing to merge ({note})"
        return Evidence(None, None, run.spec.networks.count, inapplicable=why)
    if before.lower(ALPHA) < 0:
        # Open and not inapplicable: a later look with more networks may find the groups.
        why = f"two groups at epoch {half} are neither found nor excluded"
        return Evidence(
            None,
            (0.0, math.inf),
            run.spec.networks.count,
            p_support=1.0,
            p_refute=1.0,
            diverged=run.diverged,
            note=join(why, note, diverged_note(run)),
        )
    end = ends(run)
    after = between_populations(run, end)
    return measured(
        Largest({f"gap between {i} and {j}": Absolute(after[i, j]) for i, j in _ACROSS}),
        claim,
        run.spec.networks.count,
        unresolved=int(end.wider(EQUAL_LOSS).sum()),
        diverged=run.diverged,
        note=join(note, endings(run), diverged_note(run)),
    )


def _medians(values: np.ndarray, run: Run) -> str:
    return ", ".join(f"{np.median(values[found]):.3g}" for found in by_population(run).values())
