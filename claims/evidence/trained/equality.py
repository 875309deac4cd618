"""Evidence on "all models reach the same loss" (E2, E7, E10), and on what sigma does to it.

The paper compares networks with one another. Means of groups would call two clusters of networks equal, and
under He's weights, where the four models i have one distribution, they are equal by construction.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from claims.core.claim import Claim
from claims.core.margins import EQUAL_LOSS
from claims.core.measured import measured
from claims.core.verdict import Evidence
from claims.evidence.trained.legs import beside_the_first_leg, join, last
from claims.evidence.trained.metrics import Ends, by_population, diverged_note, end_note, ends
from claims.statistics import Absolute, Largest, Median, Window
from models.runs.run import Run

__all__ = ["between_populations", "equal_loss", "sigma_effect"]


@beside_the_first_leg
def equal_loss(run: Run, claim: Claim) -> Evidence:
    """E2, E7, E10: the largest share of networks whose final training l lie within the margin of each
    other."""
    end = ends(run)
    window = Window.of(end.lows, end.highs, EQUAL_LOSS)
    unresolved = int(end.wider(EQUAL_LOSS).sum())
    at = last(run).normalised_loss("train")[-1]
    at = at[np.isfinite(at)]
    spread = f"l from {at.min():.3g} to {at.max():.3g}, median {np.median(at):.3g}" if len(at) else ""
    return measured(
        window,
        claim,
        window.n,
        unresolved=unresolved,
        diverged=run.diverged,
        note=join(
            f"{window.inside} of {window.n} networks certainly within {EQUAL_LOSS:g} of each other, at most "
            f"{window.possible}",
            spread,
            end_note(run),
            diverged_note(run),
        ),
    )


def between_populations(run: Run, end: Ends) -> dict[tuple[int, int], Median]:
    """The median difference of final l between models i < j, by pairs of networks of one quadruple.

    Within a pair of models no network is used twice, so each is an exact statement on independent pairs.
    """
    members = by_population(run)
    return {
        (i, j): _median(end[members[i]] - end[members[j]]) for i, j in combinations(run.spec.populations, 2)
    }


def _median(of: Ends) -> Median:
    return Median.of(of.lows, of.highs)


@beside_the_first_leg
def sigma_effect(run: Run, claim: Claim) -> Evidence:
    """E2-sigma, E7-sigma, E10-sigma: the largest median difference of final l between two models i.

    Raises:
        ValueError: one population: there is no sigma to compare.
    """
    if len(run.spec.populations) < 2:
        raise ValueError(
            f"got protocol {run.spec.initialisation.kind!r}, whose networks are one population, wanted "
            "std or var"
        )
    end, at = ends(run), last(run).normalised_loss("train")[-1]
    medians = between_populations(run, end)
    gaps = Largest({f"models {i} and {j}": Absolute(median) for (i, j), median in medians.items()})
    unresolved = int(end.wider(EQUAL_LOSS).sum())
    by_model = ", ".join(f"{np.median(at[found]):.3g}" for found in by_population(run).values())
    return measured(
        gaps,
        claim,
        run.spec.networks.count,
        unresolved=unresolved,
        diverged=run.diverged,
        note=join(f"median l by model: {by_model}", end_note(run), diverged_note(run)),
    )
