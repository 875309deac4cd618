"""Evidence on M1: do the two distances between weights rank pairs of networks the same way?"""

from __future__ import annotations

import numpy as np

from claims.core.claim import Claim
from claims.core.measured import measured
from claims.core.verdict import Evidence
from claims.evidence.trained.legs import beside_the_first_leg, conclusive, endings, join, last
from claims.evidence.trained.metrics import diverged_note
from claims.statistics import Median, Smallest, kendall_tau
from models.recorders.weights import WEIGHT_THRESHOLD
from models.runs.run import Run

__all__ = ["rank_agreement"]


@beside_the_first_leg
def rank_agreement(run: Run, claim: Claim) -> Evidence:
    """M1: the median over quadruples of Kendall's tau between count and distance, over their six pairs.

    Four networks and their six pairs are the paper's own experiment. Pairs that share a network are not
    independent, quadruples are; the claim must hold with the hidden units as they stand and aligned. With a
    second leg the weights are those of its end, and nothing is known of a quadruple with an open end.
    """
    from models.landscape.alignment import aligned_differences  # scipy's solver is not needed for collection

    leg = last(run)
    weights, pairs = leg.weights(), leg.arrays["pairs"]
    plain = leg.arrays["weight_distance"][-1], leg.arrays["weights_differ"][-1].astype(np.float64)
    sound = np.all([np.isfinite(a.reshape(len(a), -1)).all(1) for layer in weights for a in layer], axis=0)
    open_ = np.zeros_like(sound)
    if run.second is not None:
        open_ = ~conclusive(run)
        sound = sound & ~open_
        plain = plain[0], np.where(sound[pairs].all(1), plain[1], np.nan)
    good = sound[pairs].all(1)
    aligned = tuple(np.full(len(pairs), np.nan) for _ in range(2))
    if good.any():  # a unit of NaN matches no other
        for into, found in zip(
            aligned, aligned_differences(weights, pairs[good], WEIGHT_THRESHOLD), strict=True
        ):
            into[good] = found
    taus = {
        part: Median.of(_taus(*measures))
        for part, measures in {"units as they stand": plain, "units aligned": aligned}.items()
    }
    note = ", ".join(f"median tau {median.value:.2f} {part}" for part, median in taus.items())
    return measured(
        Smallest(taus),
        claim,
        run.spec.networks.count // 4,
        "quadruples",
        unresolved=int(open_.reshape(-1, 4).any(1).sum()),
        diverged=run.diverged,
        note=join(note, endings(run), diverged_note(run)),
    )


def _taus(distance: np.ndarray, count: np.ndarray) -> list[float]:
    """Kendall's tau of each quadruple's six pairs; NaN where one measure is the same for all of them."""
    return [kendall_tau(distance[k : k + 6], count[k : k + 6]) for k in range(0, len(distance), 6)]
