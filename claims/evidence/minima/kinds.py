"""Evidence on what kind of point training ends at (E11, D9): certificates are counted, network by network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from claims.core.claim import Claim
from claims.core.measured import measured
from claims.core.verdict import Evidence, Strength
from claims.evidence.minima.optimisers import optimiser_of
from claims.evidence.trained.legs import (
    LOW,
    beside_the_first_leg,
    conclusive,
    endings,
    join,
    kinds,
    last,
    sound,
)
from claims.evidence.trained.metrics import diverged_note, end_note, ends
from claims.evidence.trained.reaching import of_all_and_each
from claims.statistics import Share, Smallest
from models.descent.certificates.certificate import Kind
from models.networks.mlp import MLP
from models.runs.run import Run

__all__ = ["WITHIN", "dead_minima", "global_minima"]

WITHIN = LOW
"""How far above the infimum, in l, a global minimum may be; one that is none is further above a witness."""


@beside_the_first_leg
def global_minima(run: Run, claim: Claim) -> Evidence:
    """E11: the share of networks that end at a global minimum of the training loss.

    A loss within the margin of 0 is its own certificate, since none is below 0. A certified end is no global
    minimum where another network of the run, of the same architecture on the same data, has a loss lower by
    more than the margin: a witness, whatever the least loss is. All others are open.
    """
    end, at = ends(run), last(run).normalised_loss("train")[-1]
    there = sound(run) & (_largest_loss(run) <= WITHIN)
    lowest = float(np.min(at[sound(run)], initial=np.inf))
    above = conclusive(run) & ~there & (end.lows > lowest + WITHIN)
    open_ = ~there & ~above
    note = (
        f"{int(there.sum())} of {len(there)} networks within {WITHIN:g} of a global minimum, "
        f"{int(above.sum())} certified above one, {int(open_.sum())} open; lowest l {lowest:.3g}"
    )
    return measured(
        Smallest(of_all_and_each(run, there, open_)),
        claim,
        len(there),
        unresolved=int(open_.sum()),
        diverged=run.diverged,
        note=join(note, end_note(run), diverged_note(run)),
        estimate=float(there.mean()),
    )


def _largest_loss(run: Run) -> NDArray[np.float64]:
    """The training l where each network ended, rounded up where a certificate says how far, [M]."""
    at = last(run).normalised_loss("train")[-1]
    if run.second is None:
        return at
    found: NDArray[np.float64] = np.fmax(at, run.second.arrays["certificate_l_bound"])
    return found


def dead_minima(runs: Sequence[Run], claim: Claim) -> Evidence:
    """D9: how many networks end at a minimum with a silent layer, with a proof each, by optimiser.

    One such network shows that training can end there. None shows nothing but that it is rare: then the claim
    is open, and the note bounds the share. Optimisers start from the same seeds and are not pooled. Networks
    without a hidden layer refute it: nothing of them can be silent.
    """
    if not any(_has_hidden_layer(run) for run in runs):
        return Evidence(
            0.0,
            None,
            sum(run.spec.networks.count for run in runs),
            strength=Strength.PROOF,
            proved=False,
            note="the network has no hidden layer that could be silent",
        )
    found, notes = 0, []
    for run in runs:
        dead = _proved_dead(run)
        found += int(dead.sum())
        open_ = ~dead & ~conclusive(run)
        share = Share(int(dead.sum()), int(open_.sum()), len(dead))
        low, high = share.lower(claim.alpha), share.upper(claim.alpha)
        share_of = f"{share.hits} of {share.n} dead, a share in [{low:.3g}, {high:.3g}]"
        notes.append(f"{optimiser_of(run)}: {join(share_of, endings(run))}")
    return Evidence(
        float(found),
        None,
        sum(run.spec.networks.count for run in runs),
        strength=Strength.CERTIFICATE,
        proved=True if found else None,
        unresolved=sum(int((~conclusive(run)).sum()) for run in runs),
        diverged=sum(run.diverged for run in runs),
        note=join(*notes, diverged_note(*runs)),
    )


def _has_hidden_layer(run: Run) -> bool:
    network = run.spec.network
    return not isinstance(network, MLP) or bool(network.widths)


def _proved_dead(run: Run) -> NDArray[np.bool_]:
    if run.second is None:
        return np.zeros(run.spec.networks.count, dtype=bool)
    dead = np.array([kind is Kind.DEAD for kind in kinds(run.second)])
    return dead & (run.second.arrays["certificate_proved"] == 1) & sound(run)
