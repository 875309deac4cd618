"""How numbers, times, designs and outcomes are written, on a terminal, in Markdown, page and figures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from claims.core.verdict import Outcome, Region, Side, Verdict
from reports.records import Options

__all__ = [
    *("SHORT", "STYLES", "commit", "count", "counted", "design", "duration", "estimate", "minute"),
    *("number", "p_value", "plural", "shown", "side", "sizes"),
]


# -- outcomes -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutcomeStyle:
    """Letter for the progress line, word for `-v`, colour where the terminal has any, glyph on the page."""

    letter: str
    word: str
    markup: dict[str, bool]
    glyph: str


STYLES: dict[Outcome, OutcomeStyle] = {
    Outcome.SUPPORTED: OutcomeStyle("S", "SUPPORTED", {"green": True}, "●"),
    Outcome.REFUTED: OutcomeStyle("R", "REFUTED", {"red": True}, "▲"),
    Outcome.INCONCLUSIVE: OutcomeStyle("I", "INCONCLUSIVE", {"yellow": True}, "◐"),
    Outcome.NOT_APPLICABLE: OutcomeStyle("N", "NOT APPLICABLE", {"cyan": True}, "○"),
}


SHORT = {"not applicable": "n/a", "inconclusive": "inconcl."}
"""Outcomes where there is no room for the word."""


def count(verdicts: Iterable[Verdict]) -> dict[Outcome, int]:
    """How often each outcome occurs, in the order of `STYLES`, zeros left out."""
    outcomes = [verdict.outcome for verdict in verdicts]
    return {outcome: outcomes.count(outcome) for outcome in STYLES if outcome in outcomes}


# -- numbers --------------------------------------------------------------------------


def number(value: float, digits: int = 3) -> str:
    """The value to so many significant digits, without idle zeros or signs; hundreds are shown whole."""
    if 100 <= abs(value) < 10000 or (abs(value) < 1000 and float(value).is_integer()):
        return f"{value + 0.0:.0f}"  # no "-0"
    text = f"{value:.{digits}g}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text


def shown(value: float, digits: int = 2) -> str:
    """A number in a sentence."""
    return number(float(value), digits) if math.isfinite(value) else "beyond the finite numbers"


def p_value(value: float | None) -> str:
    """Two digits in at most six characters, `<1e-4` below that, nothing where there is none."""
    if value is None:
        return ""
    return "<1e-4" if value < 1e-4 else number(value, 1 if value < 1e-3 else 2)


def counted(verdict: Verdict) -> str:
    """n with what it counts: `32 networks`; `24 networks, look 2 of 4`; or the number alone."""
    text = " ".join(filter(None, [str(verdict.n), verdict.sampling_unit]))
    return ", look ".join(filter(None, [text, verdict.look]))


def estimate(verdict: Verdict, digits: int = 3, *, margin: bool = True, sides: bool = True) -> str:
    """The estimate with its interval against the margin.

    `<=`, `>=` and `in` where the interval is inside the region, `>`, `<` and `not in`
    where it is outside, `vs` where it straddles the edge. An exact value has no
    interval to show. Of a verdict on both sets the two follow, if they are wanted,
    `(train 1 [0.829, 1], test 0 [0, 0.206])`. Without the margin there is neither.
    """
    value, interval = verdict.estimate, verdict.interval
    if value is None and interval in (None, (-math.inf, math.inf)):
        return "-"
    if interval is None and verdict.sampled:
        return " ".join([*([] if value is None else [number(value, digits)]), "[no interval]"])
    ends = interval or (value or 0.0, value or 0.0)
    found = [_bounded(value, ends, digits), *(_against(verdict.region, ends) if margin else ())]
    if margin and sides and (of := verdict.sides):
        found.append(f"(train {side(of.train, digits)}, test {side(of.test, digits)})")
    return " ".join(found)


def side(of: Side, digits: int = 3) -> str:
    """The estimate on one set with its interval."""
    return _bounded(of.estimate, of.interval, digits)


def _bounded(value: float | None, interval: tuple[float, float], digits: int) -> str:
    low, high = interval
    shown = [] if value is None else [number(value, digits)]
    shown += [] if low == high == value else [f"[{number(low, digits)}, {number(high, digits)}]"]
    return " ".join(shown)


def _against(region: Region, interval: tuple[float, float]) -> list[str]:
    if region.margin is None:
        return []
    inside, outside = region.contains(interval), region.excludes(interval)
    if region.low == -math.inf:
        return ["<=" if inside else ">" if outside else "vs", number(region.high)]
    if region.high == math.inf:
        return [">=" if inside else "<" if outside else "vs", number(region.low)]
    edges = [number(region.low), number(region.high)]
    word = "in" if inside else "not in" if outside else "vs"
    return [word, edges[0] if region.low == region.high else f"[{', '.join(edges)}]"]


def plural(number: int, noun: str, none: str = "0") -> str:
    """`1 flip`, `3 flips`."""
    return f"{number or none} {noun}{'' if number == 1 else 's'}"


# -- times and commits ----------------------------------------------------------------


def duration(seconds: float | None) -> str:
    """A time as people say it: 0.4 s, 45 s, 3 min 20 s, 25 min, 2 h 05 min."""
    if seconds is None:
        return "unknown"
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 ", " ")
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def minute(stamp: str) -> str:
    """`2026-01-31 09:05` of an ISO 8601 time."""
    return stamp[:16].replace("T", " ")


def commit(revision: str | None, dirty: bool | None) -> str:
    """The short commit, with a star where files differed from it."""
    return f"{revision[:7]}{'*' if dirty else ''}" if revision else "none"


# -- designs --------------------------------------------------------------------------


def design(options: Options) -> str:
    """`fixed design: 32 networks, share 0.85, alpha 0.05`, or the looks."""
    of = options.design
    if not of.networks:  # of a report that had none
        return of.kind
    networks = ", ".join(map(str, of.networks))
    share = f"share {of.share:g}, alpha {of.alpha:g}"
    if of.kind == "fixed":
        return f"fixed design: {networks} networks, {share}"
    return f"looks at {networks} networks, {share} spent as {', '.join(f'{w:g}' for w in of.weights)}"


def sizes(options: Options) -> str:
    """`quick scale: mnist-1k 1000 training and 1000 test samples, boston 404 and 102; asked of 784-9-10`."""
    parts = [
        f"{name} {of.train} {'and' if i else 'training and'} {of.test}{'' if i else ' test samples'}"
        for i, (name, of) in enumerate(options.scale_sizes.items())
    ]
    network = f"; asked of {options.network}" if options.network else ""
    return f"{options.scale} scale{': ' if parts else ''}{', '.join(parts)}{network}"
