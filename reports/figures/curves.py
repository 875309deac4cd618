"""Learning curves, figures 1, 3 to 6, 8 and 9: the paper's axis beside one that shows where the loss ends."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from models.runs.run import Run
from reports.figures import Trace, by_network, early_and_late, epochs
from reports.figures.axes import (
    Drawing,
    add_axes,
    as_csv,
    as_svg,
    canvas,
    greatest,
    legend,
    level,
    shown,
    trace,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw"]

SIDES = ("train", "test")
_FLOOR = 1e-12


def draw(run: Run, name: str, title: str) -> Drawing:
    """Two rows, training and test; columns: raw loss, L/L0 on a log axis, accuracy where there are labels.

    The training loss is also drawn at the steps inside the first epochs at which it was recorded.

    Args:
        run: with losses and the baseline.
        name: unique among the page's figures.
        title: its accessible name.
    """
    figure = canvas(9.6, 4.6)
    columns = 3 if "train_accuracy" in run.arrays else 2
    for row, side in enumerate(SIDES):
        for column, add in enumerate((_raw, _log, _accuracy)[:columns]):
            width = 0.94 / columns
            place = (0.062 + column * width, 0.565 - row * 0.45, width - 0.068, 0.325)
            add(figure, place, run, side, "epoch" if row else "")
    names = [series.name for series in by_network(run, run.arrays["train_loss"]).values()]
    legend(figure, names, _band(run))
    return Drawing(as_svg(figure, name, title, describe(run)), table(run), caption(run))


def _raw(figure: Figure, place: Any, run: Run, side: str, below: str) -> None:
    title = {"train": "Training loss L, linear axis as in the paper", "test": "Test loss L, linear axis"}
    found = _loss(run, side)
    series = list(by_network(run, found.values).values())
    limits = (0, 1.05 * greatest(series))
    trace(
        add_axes(figure, place, title[side], run.spec.budget.epochs, limits, below=below), series, found.times
    )


def _log(figure: Figure, place: Any, run: Run, side: str, below: str) -> None:
    title = {"train": "Training L / L0, log axis", "test": "Test L / L0, log axis"}
    found = _loss(run, side)
    loss = np.maximum(found.values / _baseline(run, side), _FLOOR)
    series = list(by_network(run, loss).values())
    least = min(float(s.low[np.isfinite(s.low)].min(initial=1.0)) for s in series)
    limits = (least, max(1.0, greatest(series)))
    axes = add_axes(figure, place, title[side], run.spec.budget.epochs, limits, log=True, below=below)
    trace(axes, series, found.times)
    level(axes, 1.0, "L = L0: always the mean label")


def _accuracy(figure: Figure, place: Any, run: Run, side: str, below: str) -> None:
    title = {"train": "Training accuracy", "test": "Test accuracy"}
    axes = add_axes(figure, place, title[side], run.spec.budget.epochs, (0, 1), below=below)
    found = epochs(run.arrays[f"{side}_accuracy"])
    trace(axes, list(by_network(run, found.values).values()), found.times)
    if run.spec.data.startswith("mnist"):
        level(axes, 0.1, "dashed: chance, 1 in 10", lift=14)


def _loss(run: Run, side: str) -> Trace:
    """The raw loss; of training also inside the first epochs."""
    return early_and_late(run, "train_loss") if side == "train" else epochs(run.arrays["test_loss"])


def _baseline(run: Run, side: str) -> float:
    return float(run.arrays["baseline"][SIDES.index(side)])


def _band(run: Run) -> str:
    each = "" if len(run.spec.populations) == 1 else f" of {_each(run)} networks each"
    return f"line: median{each}; band: least to greatest network"


def _each(run: Run) -> int:
    return run.spec.networks.count // len(run.spec.populations)


def caption(run: Run) -> str:
    """How far the loss fell, where that leaves it against L0, and the accuracy beside it."""
    loss = run.normalised_loss("train").astype(float)
    loss = np.where(np.isnan(loss), np.inf, loss)  # a loss that is no number any more is beyond all others
    first, last = float(np.median(loss[0])), float(np.median(loss[-1]))
    moved = "does not fall" if not last < first else f"falls by {shown(100 * (1 - last / first))} %"
    moved = f"falls {shown(first / max(last, _FLOOR))}-fold" if last < first / 1.5 else moved
    ends = loss[-1][np.isfinite(loss[-1])]
    text = (
        f"Over {run.spec.budget.epochs} epochs the training loss {moved}, from {shown(first, 3)} to "
        f"{shown(last, 3)} times L0, the loss of always predicting the mean label (medians of "
        f"{run.spec.networks.count} networks)."
    )
    if ends.size:
        text += f" At the end the networks lie between {shown(ends.min(), 3)} and {shown(ends.max(), 3)}."
    if "train_accuracy" in run.arrays:
        train, test = (float(np.median(run.arrays[f"{side}_accuracy"][-1])) for side in SIDES)
        text += f" Accuracy ends at {shown(train)} on training and {shown(test)} on test samples."
        if 1 < last < first / 2 and train < 0.15:
            text += (
                " On the linear axis that fall looks like convergence to zero; the log axis shows that the "
                "outputs are still much worse than a constant, which is why the accuracy stays at chance."
            )
    if run.diverged:
        text += f" {run.diverged} of the networks diverged and leave the axes."
    return text


def describe(run: Run) -> str:
    """The figure in words: for each population where its curves start and end."""
    parts = [f"{_each(run)} networks of each model, {run.spec.budget.epochs} epochs."]
    if len(run.spec.populations) == 1:
        parts = [
            f"{run.spec.networks.count} networks, one population of models, {run.spec.budget.epochs} epochs."
        ]
    for side in SIDES:
        curves = by_network(run, run.normalised_loss(side).astype(float))
        said = [f"{s.name} from {shown(s.middle[0])} to {shown(s.middle[-1])}" for s in curves.values()]
        parts.append(f"{side.capitalize()} L/L0, median: {', '.join(said)}.")
        if f"{side}_accuracy" in run.arrays:
            final = by_network(run, run.arrays[f"{side}_accuracy"].astype(float))
            said = [f"{s.name} {shown(s.middle[-1])}" for s in final.values()]
            parts.append(f"Final {side} accuracy, median: {', '.join(said)}.")
    return " ".join(parts)


def table(run: Run) -> str:
    """A row a time and network, with all that is drawn; inside an epoch only the training loss is known."""
    found = early_and_late(run, "train_loss")
    names = [f"{side}_{what}" for what in ("loss", "accuracy") for side in SIDES]
    late = {name: run.arrays[name] for name in names if name in run.arrays and name != "train_loss"}
    late["test_loss_over_baseline"] = run.normalised_loss("test")
    unit = _baseline(run, "train")

    def rows() -> Any:
        for k, (m, number) in product(range(len(found.times)), enumerate(run.spec.numbers)):
            time, loss = found.times[k], found.values[k, m]
            whole = float(time).is_integer()
            rest = [values[int(time), m] if whole else None for values in late.values()]
            yield (int(time) if whole else time, run.groups[m], number, loss, loss / unit, *rest)

    header = ("epoch", "population", "network", "train_loss", "train_loss_over_baseline", *late)
    return as_csv(header, rows())
