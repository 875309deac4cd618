"""Numbers, intervals, p-values and counts as short text: `1.23e6 [9.12e5, 2.12e6] > 0.05`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claims.core.verdict import Strength

__all__ = ["counted", "estimate", "number", "p_value"]


def number(value: float, digits: int = 3) -> str:
    """The value to so many significant digits, without idle zeros or signs; small counts are shown whole."""
    if 1000 <= abs(value) < 10000 or (abs(value) < 1000 and float(value).is_integer()):
        return f"{value + 0.0:.0f}"  # no "-0"
    text = f"{value:.{digits}g}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text


def p_value(value: float | None) -> str:
    """Two digits in at most six characters, `<1e-4` below that, nothing where there is none."""
    if value is None:
        return ""
    return "<1e-4" if value < 1e-4 else number(value, 1 if value < 1e-3 else 2)


def counted(verdict: Mapping[str, Any]) -> str:
    """n with what it counts: `32 networks`; `24 networks, look 2 of 4`; the number alone in older reports."""
    text = " ".join(filter(None, [str(verdict["n"]), verdict.get("sampling_unit", "")]))
    return ", look ".join(filter(None, [text, verdict.get("look", "")]))


def estimate(verdict: Mapping[str, Any], digits: int = 3) -> str:
    """The estimate with its interval against the margin.

    `<=`, `>=` and `in` where the interval is inside the region, `>`, `<` and `not in`
    where it is outside, `vs` where it straddles the edge. An exact value has no
    interval to show.
    """
    value, interval = verdict["estimate"], verdict["interval"]
    if value is None and interval in (None, [None, None]):
        return "-"
    shown = [] if value is None else [number(value, digits)]
    if interval is None and verdict["strength"] == Strength.STATISTICAL:
        return " ".join([*shown, "[no interval]"])
    low, high = _ends(interval, value)
    if not low == high == value:
        shown.append(f"[{number(low, digits)}, {number(high, digits)}]")
    return " ".join([*shown, *_against(str(verdict["region"]), verdict["margin"], low, high)])


def _ends(interval: list[float | None] | None, value: float | None) -> tuple[float, float]:
    """Both ends; JSON's None is an open end, and no interval at all is a point."""
    if interval is None:
        return (value, value) if value is not None else (float("-inf"), float("inf"))
    low, high = interval
    return (float("-inf") if low is None else low), (float("inf") if high is None else high)


def _against(region: str, margin: float | None, low: float, high: float) -> list[str]:
    if margin is None:
        return []
    edge = number(margin)
    if region.startswith("<="):
        return [("<=" if high <= margin else ">" if low > margin else "vs"), edge]
    if region.startswith(">="):
        return [(">=" if low >= margin else "<" if high < margin else "vs"), edge]
    first, last = (float(end) for end in region.strip("[]").split(","))
    inside, outside = first <= low and high <= last, high < first or low > last
    word = "in" if inside else "not in" if outside else "vs"
    return [word, edge if first == last else f"[{number(first)}, {number(last)}]"]
