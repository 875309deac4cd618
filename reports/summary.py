"""What stands below the table: what survives, the design, the paper's reading beside ours, what changed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from reports.baseline import Baseline, change, missing, ruled
from reports.design import design, sizes
from reports.outcomes import LOOKS, count
from reports.table import Line, Verdicts
from reports.terminal import wrapped

__all__ = ["changes", "counts", "designed", "readings", "survivors"]


def counts(verdicts: Verdicts, errors: int = 0, skipped: int = 0) -> Line:
    """`14 verdicts: 3 supported, 8 refuted, 3 inconclusive; 1 error, 2 skipped`."""
    line: Line = [(f"{len(verdicts)} verdict{'s' if len(verdicts) != 1 else ''}: ", {"bold": True})]
    for i, (outcome, number) in enumerate(count([v["outcome"] for v in verdicts]).items()):
        line += [(", " if i else "", {}), (f"{number} {outcome}", LOOKS[outcome].markup)]
    parts = [f"{errors} error{'s' if errors != 1 else ''}"] if errors else []
    parts += [f"{skipped} skipped"] if skipped else []
    return [*line, ("; " + ", ".join(parts), {})] if parts else line


def survivors(of: Mapping[str, Any], width: int) -> list[Line]:
    """What the star in the table means and how many rows have it; nothing where no row could have it."""
    left = of["decided"] - of["surviving_bh"]
    if not of["decided"]:
        return []
    text = (
        f"{of['decided']} decided of {of['rows']} rows with a p-value, counted together: "
        f"{of['surviving_bh']} survive Benjamini-Hochberg at {of['alpha']:g}, {of['surviving_holm']} Holm"
    )
    return wrapped(f"{text}; * {left} {'does' if left == 1 else 'do'} not survive" if left else text, width)


def designed(options: Mapping[str, Any], width: int) -> list[Line]:
    """How many networks the run was to judge, how its error rate was spent, and what the scale trains on."""
    return [line for text in (design(options), sizes(options)) if text for line in wrapped(text, width)]


def readings(verdicts: Verdicts, width: int) -> Iterator[Line]:
    """For each claim the paper's own reading and ours, `E1 paper says yes, we measured: he refuted`."""
    for claim, group in groupby(verdicts, key=lambda verdict: verdict["claim"]):
        ours = list(group)
        text = f"{claim} paper says {ours[0]['paper']}, we measured: {_measured(ours)}"
        for part in textwrap.wrap(text, width, subsequent_indent="    ", break_on_hyphens=False):
            yield [(part, {})]


def _measured(verdicts: list[dict[str, Any]]) -> str:
    """Outcomes by protocol, by data set where nothing trains; numbers where they differ within one."""
    names = list(dict.fromkeys(verdict["protocol"] or verdict["dataset"] for verdict in verdicts))
    parts = []
    for name in names:
        ours = [verdict for verdict in verdicts if name == (verdict["protocol"] or verdict["dataset"])]
        outcomes = count([verdict["outcome"] for verdict in ours])
        several = len(outcomes) > 1
        words = " and ".join(
            f"{number} {outcome}" if several else outcome for outcome, number in outcomes.items()
        )
        parts.append(f"{name} {words}")
    return ", ".join(parts)


def changes(verdicts: Verdicts, earlier: Baseline, width: int) -> Iterator[Line]:
    """One line for each outcome that differs from the baseline's, after one that counts them and what was not
    compared: verdicts of another rule, and those that the baseline does not have."""
    moved = [(verdict, pair) for verdict in verdicts if (pair := change(verdict, earlier))]
    rules = sum(ruled(verdict, earlier) for verdict in verdicts)
    new = len(missing(verdicts, earlier))
    parts = [f"{rules} judged by another rule"] if rules else []
    parts += [f"{new} of {len(verdicts)} not in it"] if new else []
    text = f"changed since the baseline: {len(moved) or 'none'}"
    yield from wrapped(f"{text} ({', '.join(parts)})" if parts else text, width, {"bold": True})
    for verdict, (before, now) in moved:
        text = f"{verdict['claim']} [{verdict['setting']}] {before} -> {now}"
        for part in textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    "):
            yield [(part, {})]
