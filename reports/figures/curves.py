"""Learning curves, figures 1, 3 to 6, 8 and 9: the paper's axis beside one that shows where the loss ends."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from models.run import Run
from reports.figures.drawing import Drawing, as_csv, greatest, legend, shown, trace
from reports.figures.panel import Panel
from reports.figures.series import by_model
from reports.figures.style import canvas
from reports.figures.svg import as_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw"]

SIDES = ("train", "test")
_HEADER = ("epoch", "model", "replicate")
_FLOOR = 1e-12


def draw(run: Run, name: str, title: str) -> Drawing:
    """Two rows, training and test; columns: raw loss, L/L0 on a log axis, accuracy where there are labels.

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
    legend(figure, [f"model {i}" for i in run.spec.models], _band(run))
    return Drawing(as_svg(figure, name, title, describe(run)), table(run), caption(run))


def _raw(figure: Figure, place: Any, run: Run, side: str, below: str) -> None:
    title = {"train": "Training loss L, linear axis as in the paper", "test": "Test loss L, linear axis"}
    series = list(by_model(run, run.arrays[f"{side}_loss"].astype(float)).values())
    limits = (0, 1.05 * greatest(series))
    trace(Panel(figure, place, title[side], run.spec.epochs, limits, below=below), series)


def _log(figure: Figure, place: Any, run: Run, side: str, below: str) -> None:
    title = {"train": "Training L / L0, log axis", "test": "Test L / L0, log axis"}
    loss = np.maximum(run.normalised_loss(side).astype(float), _FLOOR)
    series = list(by_model(run, loss).values())
    least = min(float(s.low[np.isfinite(s.low)].min(initial=1.0)) for s in series)
    limits = (least, max(1.0, greatest(series)))
    panel = Panel(figure, place, title[side], run.spec.epochs, limits, log=True, below=below)
    trace(panel, series)
    panel.level(1.0, "L = L0: always the mean label")


def _accuracy(figure: Figure, place: Any, run: Run, side: str, below: str) -> None:
    title = {"train": "Training accuracy", "test": "Test accuracy"}
    panel = Panel(figure, place, title[side], run.spec.epochs, (0, 1), below=below)
    trace(panel, list(by_model(run, run.arrays[f"{side}_accuracy"].astype(float)).values()))
    if run.spec.dataset.startswith("mnist"):
        panel.level(0.1, "dashed: chance, 1 in 10", lift=14)


def _band(run: Run) -> str:
    return f"line: mean of {run.spec.replicates} replicates; band: least to greatest"


def _middle(values: np.ndarray) -> float:
    """Geometric mean over the models of [M], those that are finite."""
    known = values[np.isfinite(values)]
    return float(np.exp(np.log(np.maximum(known, _FLOOR)).mean())) if known.size else float("inf")


def caption(run: Run) -> str:
    """How far the loss fell, where that leaves it against L0, and the accuracy beside it."""
    loss = run.normalised_loss("train").astype(float)
    first, last = _middle(loss[0]), _middle(loss[-1])
    moved = "does not fall" if last >= first else f"falls by {shown(100 * (1 - last / first))} %"
    moved = f"falls {shown(first / last)}-fold" if last < first / 1.5 else moved
    text = (
        f"Over {run.spec.epochs} epochs the training loss {moved}, from {shown(first, 3)} to "
        f"{shown(last, 3)} times L0, the loss of always predicting the mean label (geometric means over "
        f"{len(run.spec.members)} models)."
    )
    if "train_accuracy" in run.arrays:
        train, test = (run.arrays[f"{side}_accuracy"][-1].mean() for side in SIDES)
        text += f" Accuracy ends at {shown(train)} on training and {shown(test)} on test samples."
        if 1 < last < first / 2 and train < 0.15:
            text += (
                " On the linear axis that fall looks like convergence to zero; the log axis shows that the "
                "outputs are still much worse than a constant, which is why the accuracy stays at chance."
            )
    if run.diverged:
        text += f" {run.diverged} of the models diverged and leave the axes."
    return text


def describe(run: Run) -> str:
    """The figure in words: for each model where its curves start and end."""
    parts = [f"{run.spec.replicates} replicates of each model, {run.spec.epochs} epochs."]
    for side in SIDES:
        curves = by_model(run, run.normalised_loss(side).astype(float))
        said = [f"model {i} from {shown(s.mean[0])} to {shown(s.mean[-1])}" for i, s in curves.items()]
        parts.append(f"{side.capitalize()} L/L0: {', '.join(said)}.")
        if f"{side}_accuracy" in run.arrays:
            final = by_model(run, run.arrays[f"{side}_accuracy"].astype(float))
            said = [f"model {i} {shown(s.mean[-1])}" for i, s in final.items()]
            parts.append(f"Final {side} accuracy: {', '.join(said)}.")
    return " ".join(parts)


def table(run: Run) -> str:
    """A row an epoch and member, with all that is drawn and the replicates apart."""
    columns = {f"{side}_loss": run.arrays[f"{side}_loss"] for side in SIDES}
    columns |= {f"{side}_loss_over_baseline": run.normalised_loss(side) for side in SIDES}
    names = [f"{side}_accuracy" for side in SIDES if f"{side}_accuracy" in run.arrays]
    columns |= {name: run.arrays[name] for name in names}
    return as_csv(
        (*_HEADER, *columns),
        (
            (epoch, i, replicate, *(values[epoch, m] for values in columns.values()))
            for epoch, (m, (i, replicate)) in product(range(run.spec.epochs + 1), enumerate(run.spec.members))
        ),
    )
