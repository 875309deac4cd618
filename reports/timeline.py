"""`python -m reports history CLAIM`: a claim's verdicts over time and commits."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest

from claims.catalogue import CATALOGUE
from reports import history, rules, table, terminal
from reports.commits import commit, minute
from reports.estimates import estimate
from reports.history import Entry
from reports.outcomes import LOOKS
from reports.shift import WORDS, Shift, shift
from reports.table import Line

__all__ = ["add_arguments", "lines", "run"]

_MARK = 8


@dataclass(frozen=True, slots=True)
class _Style:
    """How rows are shortened; the first style that fits is taken."""

    words: dict[str, str]
    digits: int = 3
    margin: bool = True


_SHORT = {"not applicable": "n/a", "inconclusive": "inconcl."}
_STYLES = (_Style({}), _Style(_SHORT), _Style(_SHORT, 2), _Style(_SHORT, 2, margin=False))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The claim, and which of its verdicts."""
    parser.add_argument("claim", metavar="CLAIM", help="Its id, such as E1.")
    parser.add_argument("--setting", help="One setting only (default: all).")
    parser.add_argument(
        "--report-dir",
        metavar="DIR",
        default="reports/out",
        help="Where the reports' folders and their history are (default: reports/out).",
    )
    parser.add_argument("--limit", type=_positive, metavar="N", help="The newest N runs only (default: all).")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"got the limit {text!r}, wanted a whole number of runs from 1 on: for instance 10"
        )
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Print the verdicts, or how to get some.

    Raises:
        pytest.UsageError: an unknown claim or setting, or a history that cannot be read.
    """
    folder, claim = Path(arguments.report_dir), arguments.claim
    try:
        found = history.entries(folder, claim)
        known = [*CATALOGUE, *(name for name in history.claims(folder) if name not in CATALOGUE)]
    except history.HistoryError as error:
        raise pytest.UsageError(str(error)) from error
    if claim not in known:
        raise pytest.UsageError(f"got the claim {claim!r}, wanted one of {', '.join(known)}")
    if not found:
        where = terminal.printable(str(folder / history.NAME))
        print(f"no verdict on {claim} in {where} yet: python -m pytest claims/ -n auto adds some")
        return 0
    settings = list(dict.fromkeys(entry.setting for entry in found))
    if arguments.setting is not None and arguments.setting not in settings:
        raise pytest.UsageError(f"got the setting {arguments.setting!r}, wanted one of {', '.join(settings)}")
    chosen = [entry for entry in found if arguments.setting in (None, entry.setting)]
    width = shutil.get_terminal_size((80, 24)).columns
    terminal.write(lines(claim, chosen, width, arguments.limit), sys.stdout)
    return 0


def lines(claim: str, entries: Sequence[Entry], width: int, limit: int | None = None) -> Iterator[Line]:
    """A heading, then for each setting and backend its verdicts, the oldest first.

    A verdict that differs from the run before on the same setting and backend is
    marked, also where `limit` leaves that run out. No line is longer than `width`.
    """
    runs = sorted({(entry.finished, entry.run) for entry in entries})
    newest = {run for _, run in runs[-limit if limit else 0 :]}
    shown = [pair for pair in _shifts(entries) if pair[0].run in newest]
    rows = _fitting([entry for entry, _ in shown], width)
    statement = CATALOGUE[claim].statement if claim in CATALOGUE else "no longer in the catalogue"
    yield from terminal.wrapped(f"{claim}  {statement}", width, {"bold": True})
    yield [(table.clip(" " * _MARK + "  ".join(rows[0]), width), {})]
    for place, group in groupby(zip(shown, rows[1:], strict=True), key=lambda pair: _place(pair[0][0])):
        together = list(group)
        regions = dict.fromkeys(entry.verdict["region"] for (entry, _), _ in together)
        yield []
        title = f"{' on '.join(place)}  [wanted: {', then '.join(regions)}]"
        yield [(table.clip(title, width), {"bold": True})]
        yield from (_line(*pair, row, width) for pair, row in together)
    yield []
    said = f"{len(newest)} of {len(runs)} runs; a star: with local changes"
    ruled = sum(moved is Shift.RULE for _, moved in shown)
    said += f"; rule: judged by another rule than the run before ({ruled}), no flip" if ruled else ""
    yield from terminal.wrapped(said, width)


def _place(entry: Entry) -> tuple[str, str]:
    return entry.setting, entry.backend


def _shifts(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Shift]]:
    """Each verdict with how it differs from the one before in its place; they come in that order."""
    before: Entry | None = None
    for entry in entries:
        same = before is not None and _place(before) == _place(entry)
        yield entry, _shift(before, entry) if same else Shift.NONE
        before = entry


def _shift(before: Entry, now: Entry) -> Shift:
    if rules.changed([(entry.verdict, entry.version) for entry in (before, now)]):
        return Shift.RULE
    return shift([before.verdict["outcome"], now.verdict["outcome"]])


def _fitting(entries: Sequence[Entry], width: int) -> list[list[str]]:
    """Header and rows, their cells padded to columns, by the first style that fits."""
    for style in _STYLES:
        rows = [["finished (UTC)", "commit", "scale", "verdict", "estimate [interval] margin"]]
        rows[0][-1] = rows[0][-1] if style.margin else "estimate [interval]"
        rows += [_cells(entry, style) for entry in entries]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        if _MARK + sum(widths) + 2 * (len(widths) - 1) <= width:
            break
    return [[cell.ljust(size) for cell, size in zip(row, widths, strict=True)] for row in rows]


def _cells(entry: Entry, style: _Style) -> list[str]:
    outcome = entry.verdict["outcome"]
    margin = {} if style.margin else {"margin": None}
    return [
        minute(entry.finished),
        commit(entry.revision, entry.dirty),
        entry.scale,
        style.words.get(outcome, outcome),
        estimate(entry.verdict | margin, style.digits),
    ]


def _line(entry: Entry, moved: Shift, row: list[str], width: int) -> Line:
    word, markup = WORDS[moved]
    left = "  ".join(row[:3])
    room = width - _MARK - len(left) - len(row[3]) - 4
    look = LOOKS[entry.verdict["outcome"]].markup
    estimated = table.clip(row[4].rstrip(), max(1, room))
    return [(f"{word:<{_MARK}}", markup), (f"{left}  ", {}), (row[3], look), (f"  {estimated}", {})]
