"""Checks of a spec's numbers, with errors that say what was got and what was wanted."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["one_of", "positive", "whole_number", "whole_numbers"]


def one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Raises ValueError unless the value is among those allowed."""
    if value not in allowed:
        raise ValueError(f"got {name} {value!r}, wanted one of {', '.join(allowed)}")


def whole_number(name: str, value: Any, least: int | None = None) -> int:
    """The value as an int: 4.0 and a NumPy integer too, so that equal specs have equal JSON.

    Raises:
        ValueError: it is no whole number, or smaller than `least`.
    """
    try:
        whole = int(value)
        if whole == value and (least is None or whole >= least):
            return whole
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(
        f"got {name} {value!r}, wanted a whole number" + ("" if least is None else f" of at least {least}")
    )


def whole_numbers(name: str, values: Any) -> tuple[int, ...]:
    """The same for each of several."""
    try:
        return tuple(whole_number(name, value) for value in values)
    except TypeError:
        raise ValueError(f"got {name} {values!r}, wanted a tuple of whole numbers") from None


def positive(name: str, value: Any, or_zero: bool = False) -> float:
    """The value as a finite float above 0.

    Raises:
        ValueError: it is none.
    """
    wanted = "of at least 0" if or_zero else "above 0"
    if not (
        isinstance(value, int | float) and math.isfinite(value) and (value > 0 or (or_zero and value == 0))
    ):
        raise ValueError(f"got {name} {value!r}, wanted a finite number {wanted}")
    return float(value)
