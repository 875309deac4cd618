"""Evidence on "reaches zero" (E1, E4, E5, E9, D2): networks are counted, so that no mean hides a stuck
one."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from claims.core.claim import Claim
from claims.core.margins import MODEL_SHARE, NEAR_ZERO, SHARE
from claims.core.measured import measured
from claims.core.verdict import Evidence
from claims.evidence.trained.legs import beside_the_first_leg, endings, join, last
from claims.evidence.trained.metrics import (
    by_population,
    diverged_note,
    end_note,
    ends,
    loss_converged,
)
from claims.statistics import Affine, Quantity, Share, Smallest
from models.runs.run import Run

__all__ = [
    "Arrival",
    "arrivals",
    "every_architecture",
    "near_zero",
    "of_all_and_each",
    "same_behaviour",
    "same_networks",
]


class Arrival(IntEnum):
    """What became of a network: it stays above zero for good, may go either way, or arrived."""

    STAYS = 0
    UNRESOLVED = 1
    ARRIVED = 2


def arrivals(run: Run, side: str = "train", level: float = NEAR_ZERO) -> NDArray[np.int64]:
    """Each network's `Arrival` at l <= level, [M].

    With a second leg a network has arrived when all that its certificate leaves is at or below the level, and
    stays when all of it is above. Without one it has arrived when its last l is at or below the level, and
    stays above only when nothing that its curve may still do brings it there, and, on the test set, its
    training loss has converged besides.
    """
    if run.second is not None:
        end = ends(run, side)
        found = np.where(end.lows > level, Arrival.STAYS, Arrival.UNRESOLVED)
        return np.where(end.highs <= level, Arrival.ARRIVED, found)
    curve = run.normalised_loss(side)
    sound = run.arrays["diverged_at"] < 0
    with np.errstate(invalid="ignore"):
        arrived = (curve[-1] <= level) & sound
        stays = ~arrived & (ends(run, side).lows > level)
    if side != "train":
        stays &= loss_converged(run)
    return np.where(arrived, Arrival.ARRIVED, np.where(stays, Arrival.STAYS, Arrival.UNRESOLVED))


def _counted(hits: NDArray[np.bool_], open_: NDArray[np.bool_]) -> Share:
    return Share(int(hits.sum()), int(open_.sum()), len(hits))


def of_all_and_each(run: Run, hits: NDArray[np.bool_], open_: NDArray[np.bool_]) -> dict[str, Quantity]:
    """The share among all networks; where models i differ, that of each besides, raised by SHARE -
    MODEL_SHARE so that one edge serves both."""
    parts: dict[str, Quantity] = {"all networks": _counted(hits, open_)}
    if len(run.spec.populations) > 1:
        for i, found in by_population(run).items():
            parts[f"model {i}"] = Affine(_counted(hits[found], open_[found]), SHARE - MODEL_SHARE)
    return parts


@beside_the_first_leg
def near_zero(run: Run, claim: Claim, side: str = "train") -> Evidence:
    """E1, E4, E9, and E1-test, E4-test, E9-test on the test loss: the share of networks that arrive."""
    found, end = arrivals(run, side), last(run).normalised_loss(side)[-1]
    hits, open_ = found == Arrival.ARRIVED, found == Arrival.UNRESOLVED
    share = _counted(hits, open_)
    note = (
        f"{share.hits} of {share.n} networks at l <= {NEAR_ZERO:g} on the {side} set, {share.unresolved} "
        f"unresolved{_by_model(run, hits)}; l median {_median(end)}, largest {_largest(end)}"
    )
    return measured(
        Smallest(of_all_and_each(run, hits, open_)),
        claim,
        share.n,
        unresolved=share.unresolved,
        diverged=run.diverged,
        note=join(note, end_note(run), diverged_note(run)),
        estimate=share.value,
    )


def _by_model(run: Run, hits: NDArray[np.bool_]) -> str:
    if len(run.spec.populations) == 1:
        return ""
    counts = (str(int(hits[found].sum())) for found in by_population(run).values())
    return f" (by model i: {', '.join(counts)})"


def _median(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    return f"{np.median(known):.3g}" if len(known) else "unknown"


def _largest(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    return f"{known.max():.3g}" if len(known) else "unknown"


@beside_the_first_leg
def same_behaviour(small: Run, large: Run, claim: Claim, side: str = "train") -> Evidence:
    """E5, E5-test: the share of seeds whose small network does what the large one does: arrive, or stay away.

    Raises:
        ValueError: the runs have not the same networks by number and seed.
    """
    same_networks(small, large)
    here, there = arrivals(small, side), arrivals(large, side)
    open_ = (here == Arrival.UNRESOLVED) | (there == Arrival.UNRESOLVED)
    alike = ~open_ & (here == there)
    share = _counted(alike, open_)
    counts = [f"{int((found == Arrival.ARRIVED).sum())} of {share.n}" for found in (here, there)]
    names = [run.spec.network.label for run in (small, large)]
    note = (
        f"{share.hits} of {share.n} seeds behave alike on the {side} set, {share.unresolved} unresolved; at "
        f"l <= {NEAR_ZERO:g}: {counts[0]} networks of {names[0]}, {counts[1]} of {names[1]}"
    )
    return measured(
        Smallest(of_all_and_each(small, alike, open_)),
        claim,
        share.n,
        "paired networks",
        unresolved=share.unresolved,
        diverged=small.diverged + large.diverged,
        note=join(note, endings(small, large), diverged_note(small, large)),
        estimate=share.value,
    )


def same_networks(*runs: Run) -> None:
    """Raises ValueError unless the runs have the same networks by number and seed."""
    first = runs[0].spec.networks
    for run in runs[1:]:
        own = run.spec.networks
        if (own.numbers, own.seed) != (first.numbers, first.seed):
            raise ValueError(
                f"got networks {own.first} to {own.numbers[-1]} of seed {own.seed} beside "
                f"{first.first} to {first.numbers[-1]} of seed {first.seed}, wanted the same in both: "
                "compared networks are paired by seed"
            )


@beside_the_first_leg
def every_architecture(runs: Sequence[Run], claim: Claim) -> Evidence:
    """D2: the share of networks that arrive, in the architecture in which fewest do.

    The same seeds train every architecture, so their networks are not pooled: each has a share of its own.
    """
    parts: dict[str, Quantity] = {}
    notes, n, unresolved = [], 0, 0
    for run in runs:
        found, name = arrivals(run), run.spec.network.label
        arrived, open_ = found == Arrival.ARRIVED, found == Arrival.UNRESOLVED
        parts |= {f"{name}, {k}": part for k, part in of_all_and_each(run, arrived, open_).items()}
        notes.append(f"{int(arrived.sum())} of {len(found)} at {name}")
        n, unresolved = n + len(found), unresolved + int(open_.sum())
    return measured(
        Smallest(parts),
        claim,
        n,
        unresolved=unresolved,
        diverged=sum(run.diverged for run in runs),
        note=join(
            ", ".join(notes),
            f"{unresolved} unresolved" if unresolved else "",
            endings(*runs),
            diverged_note(*runs),
        ),
        estimate=min(part.value for name, part in parts.items() if name.endswith("all networks")),
    )
