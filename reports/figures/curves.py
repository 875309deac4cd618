"""Learning curves, figures 1, 3 to 6, 8 and 9: the paper's axis beside one that shows where the loss ends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from models.runs.run import Run
from reports.figures import Series, Trace, by_network, drawing, early_and_late, epochs
from reports.figures.drawing import Drawing, Panel
from reports.files import csv_text

__all__ = ["draw"]

SIDES = {"train": "Training", "test": "Test"}
_FLOOR = 1e-12


def draw(run: Run, name: str, title: str) -> Drawing:
    """Two rows, training and test; columns: raw loss, L/L0 on a log axis, accuracy where there are labels.

    The training loss is also drawn at the steps inside the first epochs at which it was recorded.

    Args:
        run: with losses and the baseline.
        name: unique among the page's figures.
        title: its accessible name.
    """
    figure = drawing.canvas(9.6, 4.6)
    for row, side in enumerate(SIDES):
        panels = _panels(run, side)
        width = 0.94 / len(panels)
        for column, panel in enumerate(panels):
            place = (0.062 + column * width, 0.565 - row * 0.45, width - 0.068, 0.325)
            drawing.lines(figure, place, panel, run.spec.budget.epochs, below="epoch" if row else "")
    one = len(run.spec.populations) == 1
    each = run.spec.networks.count // len(run.spec.populations)
    names = [series.name for series in by_network(run, run.arrays["train_loss"]).values()]
    of = "" if one else f" of {each} networks each"
    drawing.legend(figure, names, f"line: median{of}; band: least to greatest network")
    numbers = {"run": run, "one": one, "each": each, "floor": _FLOOR, "sides": _ends(run)}
    return drawing.drawn(figure, name, title, "curves.txt", _table(run), **numbers, **_medians(run))


def _panels(run: Run, side: str) -> list[Panel]:
    where, found = SIDES[side], _loss(run, side)
    raw = _series(run, found.values)
    unit = float(run.arrays["baseline"][list(SIDES).index(side)])
    over = _series(run, np.maximum(found.values / unit, _FLOOR))
    least = min(float(s.low[np.isfinite(s.low)].min(initial=1.0)) for s in over)
    as_paper = ", linear axis as in the paper" if side == "train" else ", linear axis"
    panels = [
        Panel(f"{where} loss L{as_paper}", raw, found.times, (0, 1.05 * drawing.greatest(raw))),
        Panel(
            f"{where} L / L0, log axis",
            over,
            found.times,
            (least, max(1.0, drawing.greatest(over))),
            log=True,
            level=(1.0, "L = L0: always the mean label", 5),
        ),
    ]
    if f"{side}_accuracy" in run.arrays:
        share = epochs(run.arrays[f"{side}_accuracy"])
        chance = (0.1, "dashed: chance, 1 in 10", 14.0) if run.spec.data.startswith("mnist") else None
        panels.append(
            Panel(f"{where} accuracy", _series(run, share.values), share.times, (0, 1), level=chance)
        )
    return panels


def _series(run: Run, values: np.ndarray) -> list[Series]:
    return list(by_network(run, values).values())


def _loss(run: Run, side: str) -> Trace:
    """The raw loss; of training also inside the first epochs."""
    return early_and_late(run, "train_loss") if side == "train" else epochs(run.arrays["test_loss"])


def _medians(run: Run) -> dict[str, Any]:
    """Over the networks the first and last training loss and the last accuracies, and all last losses."""
    loss = run.normalised_loss("train").astype(float)
    loss = np.where(np.isnan(loss), np.inf, loss)  # a loss that is no number any more is beyond all others
    last = [run.arrays[f"{side}_accuracy"][-1] for side in SIDES if f"{side}_accuracy" in run.arrays]
    return {
        "first": float(np.median(loss[0])),
        "last": float(np.median(loss[-1])),
        "ends": loss[-1][np.isfinite(loss[-1])],
        "accuracy": [float(np.median(of)) for of in last],
    }


def _ends(run: Run) -> Iterator[tuple[str, list[Series], list[Series]]]:
    """(side, the populations' L/L0, their accuracy)."""
    for side in SIDES:
        share = run.arrays.get(f"{side}_accuracy")
        accuracy = [] if share is None else _series(run, share.astype(float))
        yield side, _series(run, run.normalised_loss(side).astype(float)), accuracy


def _table(run: Run) -> str:
    """A row a time and network, with all that is drawn; inside an epoch only the training loss is known."""
    found = early_and_late(run, "train_loss")
    names = [f"{side}_{what}" for what in ("loss", "accuracy") for side in SIDES]
    late = {name: run.arrays[name] for name in names if name in run.arrays and name != "train_loss"}
    late["test_loss_over_baseline"] = run.normalised_loss("test")
    unit = float(run.arrays["baseline"][0])

    def rows() -> Iterator[tuple[Any, ...]]:
        for k, (m, number) in product(range(len(found.times)), enumerate(run.spec.numbers)):
            time, loss = found.times[k], found.values[k, m]
            whole = float(time).is_integer()
            rest = [values[int(time), m] if whole else None for values in late.values()]
            yield (int(time) if whole else time, run.groups[m], number, loss, loss / unit, *rest)

    header = ("epoch", "population", "network", "train_loss", "train_loss_over_baseline", *late)
    return csv_text(header, rows(), digits=9)
