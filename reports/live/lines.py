"""The text of the live lines: pure functions of what the board says, the time and the terminal's size."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reports.live.board import Progress

__all__ = ["WAIT_SHOWN_AFTER", "compose", "duration"]

WAIT_SHOWN_AFTER = 1.0
"""Seconds before a wait is worth a line: a run from the store takes less."""

_GAP = "  "
_NAME_LEAST = 16


def compose(board: Sequence[Progress], now: float, columns: int, most: int) -> list[str]:
    """One line an experiment, at most `most` of them, each shorter than `columns`.

    Where the terminal is narrow, names are shortened in the middle; then the loss
    goes, then the time left, and last the line is cut.
    """
    trained = {progress.name for progress in board if progress.epoch is not None}
    shown = [p for p in board if p.epoch is not None or now - p.written >= WAIT_SHOWN_AFTER]
    if len(shown) > most:
        shown, more = shown[: max(0, most - 1)], len(shown) - max(0, most - 1)
    else:
        more = 0
    rows = [_cells(progress, now) for progress in shown]
    names = [progress.name for progress in shown]
    lines = _fitted(names, rows, [_wait(progress, trained) for progress in shown], columns - 1)
    if more and most > 0:
        lines.append(f"and {more} more in training"[: columns - 1])
    return lines


def _cells(progress: Progress, now: float) -> tuple[str, str, str]:
    """Epoch, loss and time left; empty while there is none."""
    if progress.epoch is None:
        return "", "", ""
    epoch = f"epoch {progress.epoch} of {progress.epochs}"
    loss = "" if progress.loss is None else f"L/L0 {_number(progress.loss)}"
    left = (
        "" if progress.left is None else f"{duration(progress.left - max(0.0, now - progress.written))} left"
    )
    return epoch, loss, left


def _wait(progress: Progress, trained: set[str]) -> str:
    if progress.epoch is not None:
        return ""
    if progress.name in trained:
        return "another worker trains it"
    return "starting, or trained elsewhere"


def _fitted(names: list[str], rows: list[tuple[str, str, str]], waits: list[str], width: int) -> list[str]:
    longest = max(map(len, names), default=0)
    for kept in ((0, 1, 2), (0, 2), (0,)):
        cells = _aligned([tuple(row[i] for i in kept) for row in rows])
        room = width - max(map(len, cells), default=0) - len(_GAP)
        if room >= min(longest, _NAME_LEAST):
            break
    keep = min(longest, max(room, _NAME_LEAST))
    return [
        f"{_clipped(name, keep):<{keep}}{_GAP}{wait or row}".rstrip()[: max(0, width)]
        for name, row, wait in zip(names, cells, waits, strict=True)
    ]


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Cells under each other: the first, a count, to the right, the others to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        _GAP.join(f"{cell:>{w}}" if i == 0 else f"{cell:<{w}}" for i, (cell, w) in enumerate(pairs)).rstrip()
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]


def _clipped(name: str, keep: int) -> str:
    """Shortened in the middle; the end, with protocol, output and loss, tells more experiments apart."""
    if len(name) <= keep:
        return name
    head = keep // 3
    return f"{name[:head]}…{name[len(name) - (keep - head - 1) :]}"


def _number(value: float) -> str:
    """Two significant digits: 0.17, 250, 2.3e7."""
    if 100 <= value < 10_000:
        return f"{value:.0f}"
    mantissa, e, exponent = f"{value:.2g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def duration(seconds: float) -> str:
    """A time as people say it: 45 s, 3 min 20 s, 25 min, 2 h 05 min; never less than 1 s."""
    whole = max(1, math.ceil(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
