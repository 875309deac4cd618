"""`python -m benchmarks.seed_correlation [--to FILE]`: are the networks of one seed independent draws?

Trains 784-500-10, softmax, squared error, He's weights, on a thousand digits, from several seeds: once with
an order of minibatches of its own for every network, as the engine does, and once with one order for all
networks of a seed, as ensembles that are trained side by side commonly do. Where networks of a seed are more
alike than networks of different seeds, an interval over the networks of one seed is too narrow for what it
speaks of.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from tabulate import tabulate

from benchmarks.machine import describe
from claims.core.margins import TENTH_LOSS
from claims.statistics import Median
from claims.statistics.convergence import reached
from data import load
from models.backend import resolve_backend
from models.engines.trainer import Trainer
from models.experiment import Experiment
from models.recorders.history import History
from models.runs.run import Run
from tests.helpers.specs import changed, mlp

__all__ = ["EXPERIMENT", "coverage", "intraclass_correlation", "main", "measured"]

EXPERIMENT = mlp("mnist-1k", (500,), "softmax", networks=12, epochs=4, batch=32)
"""Four epochs pass l = 0.1, and are short enough to look after every minibatch."""

SEEDS = 8
ORDERS = ("own", "shared")
LEVEL = 0.95
RESULT = Path(__file__).parent / "results" / "seed_correlation.json"


def measured(spec: Experiment, order: str) -> dict[str, list[float]]:
    """The step at which each network of one seed first has l at or below TENTH_LOSS, and its l at the end.

    Args:
        spec: the experiment, with its seed.
        order: "own", or "shared" where every network gets the first one's order of minibatches.

    Raises:
        ValueError: another order, or a network that does not get there.
    """
    if order not in ORDERS:
        raise ValueError(f"got the order {order!r}, wanted one of {', '.join(ORDERS)}")
    trainer = Trainer(spec, load(spec.data), resolve_backend("cpu"))
    if order == "shared":
        trainer.engine.order_seeds[:] = trainer.engine.order_seeds[0]
    _look_at_every_step(trainer.history)
    while not trainer.finished:
        trainer.run_epoch()
    losses, steps = Run(spec, trainer.result()).fine_loss()
    _, first = reached(losses, steps, TENTH_LOSS)
    if not np.isfinite(first).all():
        raise ValueError(
            f"got networks above l = {TENTH_LOSS} after {spec.budget.epochs} epochs: train longer"
        )
    return {"steps": first.tolist(), "final": losses[-1].tolist()}


def _look_at_every_step(history: History) -> None:
    """Records after each minibatch in place of a geometric grid of them."""
    steps = np.arange(1, history.steps_per_epoch * history.spec.budget.epochs)
    history.early_steps = steps[steps % history.steps_per_epoch != 0]
    history.early = {
        name: np.zeros((len(history.early_steps), *rows.shape[1:]), rows.dtype)
        for name, rows in history.early.items()
    }


def intraclass_correlation(values: Sequence[Sequence[float]]) -> float:
    """How much of the variance lies between seeds: (MSB - MSW) / (MSB + (k - 1) MSW) for k networks a seed.

    0 for independent networks, up to the noise of few seeds; 1 where the networks of a seed are equal.
    Source: Shrout & Fleiss, Psychological Bulletin 86 (1979), ICC(1, 1).

    Args:
        values: [seeds, networks].
    """
    x = np.asarray(values, dtype=float)
    seeds, k = x.shape
    between = k * ((x.mean(1) - x.mean()) ** 2).sum() / (seeds - 1)
    within = ((x - x.mean(1, keepdims=True)) ** 2).sum() / (seeds * (k - 1))
    return float((between - within) / (between + (k - 1) * within))


def coverage(values: Sequence[Sequence[float]]) -> dict[str, float]:
    """The share of seeds whose own interval holds the mean (Student's t) or the median (order statistics) of
    all networks of all seeds."""
    x = np.asarray(values, dtype=float)
    mean, median = x.mean(), np.median(x)
    found = {"mean": 0, "median": 0}
    for own in x:
        half = stats.t.ppf((1 + LEVEL) / 2, len(own) - 1) * stats.sem(own)
        found["mean"] += bool(abs(own.mean() - mean) <= half)
        of = Median.of(own)
        alpha = (1 - LEVEL) / 2
        found["median"] += bool(of.lower(alpha) <= median <= of.upper(alpha))
    return {name: count / len(x) for name, count in found.items()}


def summary(values: dict[str, dict[str, list[list[float]]]]) -> list[dict[str, Any]]:
    """A row for each quantity and order: the correlation, and the coverage of 95 % intervals."""
    return [
        {
            "quantity": quantity,
            "order": order,
            "correlation": intraclass_correlation(rows[quantity]),
            "covers_mean": (covered := coverage(rows[quantity]))["mean"],
            "covers_median": covered["median"],
        }
        for quantity in ("steps", "final")
        for order, rows in values.items()
    ]


def table(rows: Sequence[dict[str, Any]], style: str = "simple") -> str:
    """For the terminal and the README."""
    names = {"steps": f"steps to l = {TENTH_LOSS:g}", "final": f"l after {EXPERIMENT.budget.epochs} epochs"}
    body = [
        [
            names[row["quantity"]],
            row["order"],
            f"{row['correlation']:.2f}",
            *(f"{row[f'covers_{what}']:.0%}" for what in ("mean", "median")),
        ]
        for row in rows
    ]
    head = ["quantity", "order of minibatches", "intraclass correlation", "covers mean", "covers median"]
    return tabulate(body, head, tablefmt=style, disable_numparse=True)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--to", type=Path, default=RESULT, help="where the JSON goes")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many seeds, at least two")
    options = parser.parse_args(argv)
    start = time.process_time()
    values: dict[str, dict[str, list[list[float]]]] = {}
    for order in ORDERS:
        found = [measured(changed(EXPERIMENT, seed=seed), order) for seed in range(options.seeds)]
        values[order] = {name: [one[name] for one in found] for name in ("steps", "final")}
    rows = summary(values)
    content = {
        "machine": describe("torch", "numpy", "scipy"),
        "experiment": EXPERIMENT.as_json(),
        "seeds": options.seeds,
        "processor_seconds": round(time.process_time() - start, 1),
        "summary": rows,
        "values": values,
    }
    options.to.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
