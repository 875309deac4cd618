"""Tables of measured figures, for the terminal and for benchmarks/README.md.

`python -m benchmarks.table` writes the tables of the results on file into benchmarks/README.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

__all__ = ["start_up_table", "training_table"]

HERE = Path(__file__).parent
PEERS = ("jax", "vmap", "loop")


def training_table(figures: Sequence[Mapping[str, Any]], style: str = "simple") -> str:
    """A row a work: ms a model and epoch of the engine, times faster than each peer, share of the floor."""
    rows = []
    for row in figures:
        each = 1e3 / row["models"]
        recording = row["seconds"].get("engine, recording")
        rows.append(
            [
                row["work"],
                row["models"],
                row["batch"],
                f"{row['seconds']['engine'] * each:.3g}",
                *(_times(row["times_faster_than"].get(peer)) for peer in PEERS),
                f"{row['of_floor']:.0%}",
                "" if recording is None else f"{recording * each:.3g}",
            ]
        )
    head = ["work", "models", "batch", "ms", *PEERS, "floor", "recording, ms"]
    return tabulate(rows, head, tablefmt=style, disable_numparse=True)


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}x"


def start_up_table(figures: Mapping[str, Mapping[str, float]], style: str = "simple") -> str:
    """A row for each contender, seconds and MiB."""
    rows = [
        [
            name,
            *(f"{row[key]:.2f}" for key in ("import", "build", "first_epoch", "second_epoch")),
            f"{row['peak_mib']:.0f}",
        ]
        for name, row in figures.items()
    ]
    return tabulate(
        rows,
        ["", "import", "build", "first epoch", "second epoch", "peak MiB"],
        tablefmt=style,
        disable_numparse=True,
    )
