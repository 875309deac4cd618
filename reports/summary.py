"""What stands below the table: counts, the paper's reading beside ours, what changed, where the files are."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from reports.baseline import Baseline, change
from reports.outcomes import LOOKS, count
from reports.table import Line, Verdicts

__all__ = ["changes", "counts", "readings"]


def counts(verdicts: Verdicts, errors: int = 0, skipped: int = 0) -> Line:
    """`14 verdicts: 3 supported, 8 refuted, 3 inconclusive; 1 error, 2 skipped`."""
    line: Line = [(f"{len(verdicts)} verdict{'s' if len(verdicts) != 1 else ''}: ", {"bold": True})]
    for i, (outcome, number) in enumerate(count([v["outcome"] for v in verdicts]).items()):
        line += [(", " if i else "", {}), (f"{number} {outcome}", LOOKS[outcome].markup)]
    parts = [f"{errors} error{'s' if errors != 1 else ''}"] if errors else []
    parts += [f"{skipped} skipped"] if skipped else []
    return [*line, ("; " + ", ".join(parts), {})] if parts else line


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
    """One line for each outcome that differs from the baseline's, or one that says there is none."""
    moved = [(verdict, pair) for verdict in verdicts if (pair := change(verdict, earlier))]
    yield [(f"changed since the baseline: {len(moved) or 'none'}", {"bold": True})]
    for verdict, (before, now) in moved:
        text = f"{verdict['claim']} [{verdict['setting']}] {before} -> {now}"
        for part in textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    "):
            yield [(part, {})]
