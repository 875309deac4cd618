"""What the evidence functions read off a trained run: where each network ends, labels of pairs, notes.

A network's end is an interval, (-inf, inf) where nothing is known of it or it diverged. With a second leg it
is what the certificate leaves: the point itself, or anything below where the descent had not ended. Without
one it is where the curve may yet go (`claims.statistics.convergence`). Rules take the end that speaks against
them, so that a training cut short widens an answer and never makes one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claims.core.margins import NEAR_ZERO
from claims.evidence.trained.legs import conclusive, depth, endings, join, last, sound
from claims.statistics.convergence import remainder
from models.runs.run import Run

__all__ = [
    "Ends",
    "accuracies",
    "accuracy_note",
    "agreement_between",
    "by_population",
    "disjoint_pairs",
    "diverged_note",
    "end_note",
    "ends",
    "extrapolated",
    "finite",
    "join",
    "loss_converged",
    "rotating",
    "settled",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ends:
    """Where units of a sample end, each in [low, high].

    Attributes:
        lows, highs: [M], (-inf, inf) where nothing is known.
    """

    lows: Array
    highs: Array

    def __sub__(self, other: Ends) -> Ends:
        """Differences, unit by unit."""
        with np.errstate(invalid="ignore"):
            low, high = self.lows - other.highs, self.highs - other.lows
        return Ends(np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))

    def __getitem__(self, units: NDArray[np.intp]) -> Ends:
        return Ends(self.lows[units], self.highs[units])

    def wider(self, width: float) -> NDArray[np.bool_]:
        """Units [M] that may still move by more than this, or of which nothing is known."""
        with np.errstate(invalid="ignore"):
            return ~(self.highs - self.lows <= width)

    def opened(self, where: NDArray[np.bool_]) -> Ends:
        """The same with nothing known where the mask [M] says so."""
        return Ends(np.where(where, -np.inf, self.lows), np.where(where, np.inf, self.highs))


def ends(run: Run, side: str = "train") -> Ends:
    """Where each network's l ends on the "train" or "test" set, [M].

    A certified network is where it is, give or take how far below its minimum may lie. One whose descent had
    not ended may end anywhere from 0 to its training loss, which no step raises; of its test loss nothing is
    known.
    """
    if run.second is None:
        return extrapolated(run, run.normalised_loss(side))
    at, known = run.second.normalised_loss(side)[-1], conclusive(run)
    if side != "train":
        return Ends(at, at).opened(~known)
    low = np.minimum(at, np.where(known, np.maximum(at - depth(run.second), 0.0), 0.0))
    # A descent lowers the objective: with a penalty on the weights the loss itself may rise.
    may_rise = ~known & (run.spec.objective.penalty is not None)
    return Ends(low, np.where(may_rise, np.inf, at)).opened(~sound(run))


def accuracies(run: Run, side: str = "test") -> Ends:
    """Where each network's accuracy ends, [M]: known only where the training loss has come to rest."""
    if run.second is None:
        curve = np.where(finite(run), run.arrays[f"{side}_accuracy"], np.nan)
        return extrapolated(run, curve).opened(~loss_converged(run))
    at = run.second.arrays[f"{side}_accuracy"][-1]
    return Ends(at, at).opened(~conclusive(run))


def settled(run: Run) -> NDArray[np.bool_]:
    """Networks [M] of which labels and weights at the end are known: certified, or without a second leg those
    whose training loss has converged."""
    return loss_converged(run) if run.second is None else conclusive(run)


def extrapolated(run: Run, curve: Array) -> Ends:
    """Where each network's curve [T+1, M] is going; a diverged network's end is unknown."""
    rest = np.where(run.arrays["diverged_at"] >= 0, np.inf, remainder(curve))
    with np.errstate(invalid="ignore"):
        known = np.isfinite(rest) & np.isfinite(curve[-1])
        return Ends(np.where(known, curve[-1] - rest, -np.inf), np.where(known, curve[-1] + rest, np.inf))


def loss_converged(run: Run) -> NDArray[np.bool_]:
    """Which networks' training l has less than half of NEAR_ZERO left to move on the first leg, [M].

    Labels can stand still at chance while the loss falls by orders of magnitude: what is said of labels or
    accuracy at the end waits for the loss.
    """
    rest = remainder(run.normalised_loss("train"))
    return (rest <= NEAR_ZERO / 2) & (run.arrays["diverged_at"] < 0)


def finite(run: Run) -> NDArray[np.bool_]:
    """Where a network's training loss is a number, [T+1, M]; labels of NaN mean nothing."""
    return np.isfinite(run.arrays["train_loss"])


def by_population(run: Run) -> dict[int, NDArray[np.intp]]:
    """The networks of each population, indices [M / populations], in the order of their numbers."""
    return {i: np.flatnonzero(run.groups == i) for i in run.spec.populations}


_MATCHINGS = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
"""The three ways to pair four networks off."""


def rotating(run: Run) -> NDArray[np.intp]:
    """Disjoint pairs, as indices [M / 2] into the run's `pairs`.

    Each quadruple is paired off in one of the three ways, in turn, so that under std and var every two of the
    paper's models i meet equally often. No network is in two pairs: the pairs are independent.
    """
    place = {pair: k for k, pair in enumerate(_SIX)}
    chosen = [6 * q + place[pair] for q in range(run.spec.networks.count // 4) for pair in _MATCHINGS[q % 3]]
    return np.array(chosen, dtype=np.intp)


_SIX = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))


def disjoint_pairs(run: Run) -> NDArray[np.int64]:
    """The networks of `rotating`'s pairs, [M / 2, 2]."""
    return run.arrays["pairs"][rotating(run)]


def agreement_between(run: Run, pairs: NDArray[np.integer], side: str = "train") -> Array:
    """Fraction [T+1, P] of the samples to which any pairs [P, 2] give the same label, NaN where a loss is
    not a number."""
    labels, known = run.arrays[f"{side}_predictions"], finite(run)
    alike = np.stack([(labels[:, a] == labels[:, b]).mean(1) for a, b in pairs], axis=1)
    return np.where(known[:, pairs[:, 0]] & known[:, pairs[:, 1]], alike, np.nan)


def accuracy_note(run: Run) -> str:
    """Epochs and mean accuracy of the first leg, for the reader."""
    return _with_accuracy(f"{run.spec.budget.epochs} epochs", run)


def end_note(run: Run) -> str:
    """Where the networks ended and how, for the reader."""
    epochs = f"{len(run.arrays['train_loss']) - 1} epochs"
    if run.second is not None:
        steps = len(run.second.arrays["train_loss"]) - 1
        epochs += f" and at most {steps} steps of descent"
    return join(_with_accuracy(epochs, last(run)), endings(run))


def _with_accuracy(what: str, leg: Run) -> str:
    if "train_accuracy" not in leg.arrays:
        return what
    known = finite(leg)[-1]
    if not known.any():
        return f"{what}, no network has a loss"
    train, test = (leg.arrays[f"{side}_accuracy"][-1][known].mean() for side in ("train", "test"))
    return f"{what}, mean accuracy {train:.2f} train, {test:.2f} test"


def diverged_note(*runs: Run) -> str:
    """How many networks diverged, "" where none did."""
    diverged, networks = sum(run.diverged for run in runs), sum(run.spec.networks.count for run in runs)
    return f"{diverged} of {networks} networks diverged" if diverged else ""
