"""How every figure looks: colours, line styles, numbers on axes, and matplotlib's settings.

Okabe and Ito's colours, with a line style and a marker of its own for each series,
so that no figure needs colour to be read. In the page each colour is a CSS
variable, so that figures follow the light and the dark theme; on its own a file
keeps the colours written here.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CELL", "GRID", "INK", "MUTED", "SERIES", "SHADES", "VARIABLES", "canvas", "power", "tick"]

INK, MUTED, GRID = "#1d1c1a", "#63615b", "#dcd9d0"

SERIES: tuple[tuple[str, Any, str], ...] = (
    ("#0072b2", "-", "o"),
    ("#d55e00", (0, (5, 2)), "s"),
    ("#009e73", (0, (5, 1.5, 1, 1.5)), "^"),
    ("#cc79a7", (0, (1.5, 1.5)), "D"),
    ("#56b4e9", (0, (8, 2)), "v"),
    ("#e69f00", (0, (3, 1, 1, 1, 1, 1)), "P"),
)
"""Colour, line style and marker of the first, second, ... series."""

SHADES = ("#eeece4", "#c9dcea", "#8fbcdb", "#2674a6", "#0a6299", "#004166")
"""Low to high, for matrices."""

CELL = {"low": "#111111", "high": "#ffffff"}
"""Of the numbers on the first three shades, and on the others."""

VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid"}
VARIABLES |= {colour: f"series-{i}" for i, (colour, _, _) in enumerate(SERIES)}
VARIABLES |= {colour: f"shade-{i}" for i, colour in enumerate(SHADES)}
VARIABLES |= {colour: f"cell-{name}" for name, colour in CELL.items()}
"""Colour -> the CSS variable that stands for it in a page."""

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def canvas(width: float, height: float) -> Figure:
    """An empty figure, in inches; each counts 72 units in the SVG."""
    if "MPLCONFIGDIR" not in os.environ:  # matplotlib keeps a list of fonts: beside our own cache
        import platformdirs

        cache = Path(platformdirs.user_cache_dir("landscape-claims", appauthor=False)) / "matplotlib"
        os.environ["MPLCONFIGDIR"] = str(cache)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=72)
    figure.patch.set_visible(False)
    return figure


def power(exponent: int) -> str:
    """A power of ten as people write it: 10⁶, 10⁻²; 1 and 10 as they are."""
    return {0: "1", 1: "10"}.get(exponent, "10" + str(exponent).translate(_SUPERSCRIPT))


def tick(value: float) -> str:
    """A number on a linear axis: 0.25, 120, 2×10⁷."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.5g}"
    exponent = math.floor(math.log10(abs(value)) + 1e-9)
    return f"{value / 10**exponent:.3g}×{power(exponent)}"
