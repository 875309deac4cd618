"""Evidence on N1: exact local minima of ReLU networks on real data, and exact weights with a smaller loss.

Two constructions. With all units dead: a whole flat region of local minima, for
any architecture. Strict up to the rescaling of units: a positive definite
Hessian, for a network small enough to prove it over the rationals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from claims.core.verdict import Evidence, Strength
from data import ExactTable, load
from models.relu import dead_units, strict_minimum
from models.relu.shallow import ShallowReLU, baseline_loss, loss

__all__ = ["STRICT", "StrictTask", "dead_unit_evidence", "samples", "strict_evidence", "strict_task"]

STARTS = 60
"""Starts of the search for strict minima; what it finds is proved, so no number of them is too small."""


def samples(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Integer inputs X [m, d_x] and labels Y [m, d_y] of a data set, samples in rows.

    Pixels are 0..255 and labels one-hot; decimal columns are scaled to integers, which a weight of the first
    layer undoes. Of full MNIST, the training images; of the embedded sets all samples.
    """
    table = load(name).exact_table
    return table.X, table.Y


def on_dataset(name: str, construction: str, units: int) -> Evidence:
    """N1 on the data set `name`: "strict", "dead-units" or "dead-units-no-bias", of `units` hidden units."""
    if construction == "strict":
        return strict_evidence(strict_task(name))
    biased, standardised = not construction.endswith("no-bias"), load(name).standardised
    return dead_unit_evidence(*samples(name), units, biased=biased, standardised=standardised)


def dead_unit_evidence(
    X: np.ndarray,
    Y: np.ndarray,
    units: int,
    network: ShallowReLU | None = None,
    *,
    biased: bool = True,
    standardised: bool = False,
) -> Evidence:
    """N1 by a dead-unit local minimum and a network of the same shape with a smaller loss.

    Labels that never vary are the one case in which the statement is proved instead: the loss is convex in
    the output layer alone, so a local minimum is a minimum over it, and the label mean makes that zero.

    Args:
        X: [m, d_x] integers, samples in rows.
        Y: [m, d_y] integers.
        units: hidden units.
        network: the point to examine, a dead network by default.
        biased: whether the network has biases; the paper's equation (1) prints none.
        standardised: whether networks train on these inputs standardised, which without biases is another
            matter: centred inputs add up to zero, so no unit is negative on every sample.
    """
    if network is None:
        network = dead_units.dead_network(X, Y, units, biased=biased)
    point = dead_units.inspect(network, X, Y, biased=biased)
    constant = f"output bias {'' if point.at_mean else 'not '}at the label mean" if biased else "no biases"
    found = (
        f"{network.architecture}, {len(X)} samples, {units} units: highest pre-activation "
        f"{_shown(point.highest)}, {constant}"
    )
    if not point.is_local_minimum:
        return _proof(None, f"not shown to be a local minimum: {found}")
    if point.loss == 0:
        return _proof(True, f"one constant fits, so every local minimum has loss 0: {found}")
    try:
        better, column = dead_units.one_live_unit(X, Y, units, biased=biased)
    except ValueError as error:
        return _proof(None, f"no better network is known: {error}")
    lower = loss(better, X, Y)
    flat, moved = (" in all but the output bias", "weight and bias") if biased else ("", "weight")
    note = (
        f"local minimum, flat{flat}: {found}; units stay dead while each first-layer {moved} moves by less "
        f"than {point.radius}; L = {_shown(point.loss)} there and {_shown(lower)} with one unit alive on "
        f"input {column}; more units or layers can be dead as well"
    )
    if standardised and not biased:
        note += (
            "; on the raw table only: networks train on the standardised one, where every input adds up to "
            "zero, so that without biases no unit is negative on all samples"
        )
    return _proof(False if lower < point.loss else None, note)


@dataclass(frozen=True, eq=False)
class StrictTask:
    """A small regression on real data: all samples, two inputs, one label.

    Attributes:
        X: [m, 2] integers, samples in rows.
        y: [m] integers.
        about: what they are, for the reader.
    """

    X: np.ndarray
    y: np.ndarray
    about: str


DIGIT, BLOCKS = 1, (32, 25)
"""The label of the MNIST task, and the two blocks of 4 by 4 pixels (of 7 by 7, in rows) that decide it."""


def _price(table: ExactTable) -> StrictTask:
    chosen = [table.columns.index(column) for column in ("LSTAT", "RM")]
    return StrictTask(table.X[:, chosen], table.Y[:, 0], "MEDV from LSTAT and RM")


def _digit(table: ExactTable) -> StrictTask:
    X, m = table.X, len(table.X)
    blocks = X.reshape(m, 7, 4, 7, 4).astype(np.int64).sum(axis=(2, 4)).reshape(m, 49)
    return StrictTask(blocks[:, BLOCKS], table.Y[:, DIGIT], f"digit {DIGIT} or not from two pooled pixels")


STRICT: dict[str, Callable[[ExactTable], StrictTask]] = {"boston": _price, "mnist-5k": _digit}
"""The tasks in which a strict minimum is proved, by data set."""


@cache
def strict_task(name: str) -> StrictTask:
    """The task on a data set in STRICT.

    Raises:
        ValueError: another data set.
    """
    if name not in STRICT:
        raise ValueError(
            f"got the data set {name!r}, wanted one of {', '.join(STRICT)}: no task is set on it"
        )
    return STRICT[name](load(name).exact_table)


def strict_evidence(task: StrictTask, units: int = 2, *, starts: int = STARTS, seed: int = 0) -> Evidence:
    """N1 by the worst strict local minimum a seeded search finds, against the best network it finds.

    The construction is that of Safran and Shamir 2018, output weights fixed at one; see
    `models.relu.strict_minimum` for why the point remains a local minimum when they are trained.

    Args:
        task: the data.
        units: hidden units.
        starts, seed: of the search.
    """
    proved: list[tuple[Fraction, strict_minimum.StrictPoint]] = []
    for pattern in strict_minimum.search(task.X, task.y, units, starts=starts, seed=seed):
        try:
            network = strict_minimum.cell_minimum(task.X, task.y, pattern)
        except ZeroDivisionError:
            continue
        point = strict_minimum.inspect(network, task.X, task.y)
        if point.is_strict_minimum:
            proved.append((point.loss, point))
    shape = f"{task.about}, {task.X.shape[1]}-{units}-1, {len(task.X)} samples"
    proved.sort(key=lambda pair: pair[0])
    if len(proved) < 2 or proved[0][0] == proved[-1][0]:
        return _proof(
            None,
            f"{shape}: {len(proved)} strict local minima found from {starts} starts, wanted two with "
            "different losses",
            n=len(proved),
        )
    (best, _), (worst, point) = proved[0], proved[-1]
    smallest = strict_minimum.smallest_eigenvalue(point.hessian)
    L0 = baseline_loss(task.y[:, None])
    return _proof(
        False,
        f"{shape}, output weights one: {len(proved)} strict local minima, the worst with L/L0 = "
        f"{_shown(worst / L0)}, the best {_shown(best / L0)}; at the worst the gradient is 0, no "
        f"pre-activation is nearer to 0 than {_shown(point.nearest)}, units are active on "
        f"{' and '.join(map(str, point.active))} samples, the Hessian [{point.hessian.nrows()}] has positive "
        f"minors and smallest eigenvalue {smallest.str(6, radius=False)}; trained output weights add one "
        "zero eigenvalue a unit, by rescaling, and leave it a local minimum",
        share=Fraction(sum(value == best for value, _ in proved), len(proved)),
        n=len(proved),
    )


def _proof(proved: bool | None, note: str, share: Fraction | None = None, n: int = 1) -> Evidence:
    """A proof; the estimate is the share of the n exhibited minima that may be global, None where open."""
    estimate = None if proved is None else float(proved) if share is None else float(share)
    return Evidence(
        estimate, None, n, Strength.PROOF, proved=proved, note=note, sampling_unit="local minima built"
    )


def _shown(value: Fraction) -> str:
    """An exact fraction as a whole number or to six significant digits."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.6g}"
