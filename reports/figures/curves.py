"""Learning curves, figures 1, 3 to 6, 8 and 9: the paper's axis beside one that shows where the loss ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from models.runs.run import Run
from reports.figures import Series, by_network, drawing, table, traced
from reports.figures.drawing import Drawing, Panel

__all__ = ["draw"]

SIDES = {"train": "Training", "test": "Test"}
_FLOOR = 1e-12


def draw(run: Run, name: str, title: str) -> Drawing:
    """Two rows, training and test; columns: raw loss, L/L0 on a log axis, accuracy where there are labels.

    The training loss is also drawn at the steps inside the first epochs at which it was recorded. Name and
    title are as in `drawing.drawn`.
    """
    figure = drawing.canvas(9.6, 4.6)
    for row, side in enumerate(SIDES):
        panels = _panels(run, side)
        width = 0.94 / len(panels)
        for column, panel in enumerate(panels):
            place = (0.062 + column * width, 0.555 - row * 0.45, width - 0.068, 0.325)
            drawing.lines(figure, place, panel, below="epoch" if row else "")
    one = len(run.spec.populations) == 1
    each = run.spec.networks.count // len(run.spec.populations)
    names = [series.name for series in by_network(run, run.arrays["train_loss"]).values()]
    of = "" if one else f" of {each} networks each"
    drawing.legend(figure, names, f"line: median{of}; band: least to greatest network")
    numbers = {"run": run, "one": one, "each": each, "floor": _FLOOR, "sides": _ends(run)}
    return drawing.drawn(figure, name, title, "curves.txt", _table(run), **numbers, **_medians(run))


def _panels(run: Run, side: str) -> list[Panel]:
    where, found = SIDES[side], traced(run, f"{side}_loss")
    raw = _series(run, found.values)
    unit = float(run.arrays["baseline"][list(SIDES).index(side)])
    over = _series(run, np.maximum(found.values / unit, _FLOOR))
    least = min(float(s.low[np.isfinite(s.low)].min(initial=1.0)) for s in over)
    as_paper = ", linear axis as in the paper" if side == "train" else ", linear axis"
    panels = [
        Panel(f"{where} loss L{as_paper}", raw, *found.x, (0, 1.05 * drawing.greatest(raw))),
        Panel(
            f"{where} L / L0, log axis",
            over,
            *found.x,
            (least, max(1.0, drawing.greatest(over))),
            log=True,
            level=(1.0, "L = L0" + ": always the mean label" * (run.second is None), 5),
        ),
    ]
    if f"{side}_accuracy" in run.arrays:
        share = traced(run, f"{side}_accuracy")
        chance = (0.1, "dashed: chance, 1 in 10", 14.0) if run.spec.data.startswith("mnist") else None
        series = _series(run, share.values)
        panels.append(Panel(f"{where} accuracy", series, *share.x, (0, 1), level=chance))
    return panels


def _series(run: Run, values: np.ndarray) -> list[Series]:
    return list(by_network(run, values).values())


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
        "second": run.second.normalised_loss("train")[-1] if run.second else None,
    }


def _ends(run: Run) -> Iterator[tuple[str, list[Series], list[Series]]]:
    """(side, the populations' L/L0, their accuracy)."""
    for side in SIDES:
        share = run.arrays.get(f"{side}_accuracy")
        accuracy = [] if share is None else _series(run, share.astype(float))
        yield side, _series(run, run.normalised_loss(side).astype(float)), accuracy


def _table(run: Run) -> str:
    """A row a time and network, with all that is drawn; inside an epoch only the training loss is known."""
    names = [f"{side}_{what}" for what in ("loss", "accuracy") for side in SIDES]
    found = {name: traced(run, name) for name in names if name in run.arrays}
    over = {
        f"{side}_loss_over_baseline": replace(loss, values=loss.values / unit)
        for side, unit in zip(SIDES, run.arrays["baseline"], strict=True)
        for loss in [found[f"{side}_loss"]]
    }
    first = {name: (found | over)[name] for name in ("train_loss", "train_loss_over_baseline")}
    who = {"population": run.groups.tolist(), "network": run.spec.numbers}
    return table(who, first | found | over)
