"""Evidence on what the scale of the initial weights changes (D7, D8): accuracy at equal loss, and how far
networks move."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from claims.core.claim import Claim
from claims.core.margins import EQUAL_LOSS
from claims.core.measured import measured
from claims.core.verdict import Evidence
from claims.evidence.trained.legs import conclusive, endings, join
from claims.evidence.trained.metrics import Ends, accuracies, by_population, diverged_note, ends
from claims.evidence.trained.reaching import same_networks
from claims.statistics import Absolute, Largest, Median
from models.runs.run import Run

__all__ = ["lazy_training", "scale_changes_accuracy"]


# -- D7 -------------------------------------------------------------------------------


def scale_changes_accuracy(runs: Sequence[Run], claim: Claim) -> Evidence:
    """D7: the largest median difference of test accuracy between two scales, at equal training loss.

    Scales are compared between protocols, seed by seed, and under std and var between the models of the
    smallest and the largest i, by quadruples. A pair counts where both networks are certified and their
    losses are within the margin; one of whose loss or equality nothing is known may be anything, and one of
    certainly unequal losses says nothing here.

    Args:
        runs: of one network, a protocol each.
        claim: D7, for its region and alpha.
    """
    same_networks(*runs)
    gaps: dict[str, Ends] = {}
    for a, b in combinations(runs, 2):
        everyone = np.arange(a.spec.networks.count)
        gaps[f"{_protocol(a)} and {_protocol(b)}"] = _accuracy_gaps(a, everyone, b, everyone)
    for run in runs:
        members = by_population(run)
        if (least := min(members)) != (most := max(members)):
            gaps[f"{_protocol(run)}, models {least} and {most}"] = _accuracy_gaps(
                run, members[least], run, members[most]
            )
    networks = runs[0].spec.networks.count
    if not gaps:
        return Evidence(
            None, None, networks, sampling_unit="paired networks",
            inapplicable=f"one scale of initial weights, {_protocol(runs[0])}: nothing to compare it with",
        )  # fmt: skip
    medians = {name: Median.of(gap.lows, gap.highs) for name, gap in gaps.items()}
    notes = [
        f"{name}: median {medians[name].value:.3f} over {_known(gap)} pairs of equal loss, "
        f"{int(gap.wider(0.0).sum())} open"
        for name, gap in gaps.items()
    ]
    return measured(
        Largest({name: Absolute(median) for name, median in medians.items()}),
        claim,
        networks,
        "paired networks",
        unresolved=max(int(gap.wider(0.0).sum()) for gap in gaps.values()),
        diverged=sum(run.diverged for run in runs),
        note=join(*notes, *(f"{_protocol(run)}: {endings(run)}" for run in runs), diverged_note(*runs)),
    )


def _protocol(run: Run) -> str:
    return run.spec.initialisation.kind


def _known(gap: Ends) -> int:
    return len(gap.lows) - int(gap.wider(0.0).sum())


def _accuracy_gaps(a: Run, of_a: NDArray[np.intp], b: Run, of_b: NDArray[np.intp]) -> Ends:
    """Differences of test accuracy over pairs that do not certainly end at unequal losses: known where both
    networks are certified and certainly end at equal ones."""
    (loss_a, loss_b), (right_a, right_b) = ((value(a)[of_a], value(b)[of_b]) for value in (ends, accuracies))
    loss, right = loss_a - loss_b, right_a - right_b
    equal = np.maximum(loss.highs, -loss.lows) <= EQUAL_LOSS
    unequal = np.maximum(loss.lows, -loss.highs) > EQUAL_LOSS
    right = right.opened(~equal)[np.flatnonzero(~unequal)]
    # A difference of two shares is never beyond one, whatever is known of them.
    return Ends(np.maximum(right.lows, -1.0), np.minimum(right.highs, 1.0))


# -- D8 -------------------------------------------------------------------------------


def lazy_training(run: Run, claim: Claim) -> Evidence:
    """D8: the median over quadruples of Kendall's tau between sigma and how far a network moved, for the
    weights and for the activation pattern; the larger of the two.

    A quadruple holds one network of each sigma, so that its tau is a value of its own and quadruples are
    independent. Six comparisons make a tau; each one with an open network may go either way.
    """
    members = by_population(run)
    quadruples = run.spec.networks.count // 4
    if len(members) < 2:
        return Evidence(
            None, None, quadruples, sampling_unit="quadruples",
            inapplicable="one population of networks: there is one sigma, and no larger one",
        )  # fmt: skip
    measures = {"weights": "moved", "activations": "flips"}
    taus, notes = {}, []
    for part, name in measures.items():
        values = np.full(run.spec.networks.count, np.nan)
        if run.second is not None:
            values = np.where(conclusive(run), run.second.arrays[name], np.nan)
        by_sigma = np.stack([values[found] for found in members.values()])
        taus[part] = Median.of(*_tau_with_rank(by_sigma))
        typical = ", ".join(
            f"{np.median(row[np.isfinite(row)]):.3g}" if np.isfinite(row).any() else "unknown"
            for row in by_sigma
        )
        notes.append(f"{name} by model i, median: {typical}")
    return measured(
        Largest(taus),
        claim,
        quadruples,
        "quadruples",
        unresolved=int((~conclusive(run))[np.array(list(members.values()))].any(0).sum()),
        diverged=run.diverged,
        note=join(*notes, endings(run), diverged_note(run)),
    )


def _tau_with_rank(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Kendall's tau (a: a tie is neither) of each column of [K, Q] with its row's number, as far as its
    numbers are known: bounds [Q]."""
    pairs = list(combinations(range(len(values)), 2))
    signs = np.array([np.sign(values[j] - values[i]) for i, j in pairs])
    known, open_ = np.nansum(signs, 0), np.isnan(signs).sum(0)
    return (known - open_) / len(pairs), (known + open_) / len(pairs)
