"""`python -m reports history CLAIM`: its verdicts over time and commits."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pytest

from claims.catalogue import CATALOGUE
from claims.core.change import Change, change
from reports import layout
from reports.earlier import WORDS
from reports.formats import SHORT, STYLES, commit, estimate, minute
from reports.history import NAME, Entry, HistoryError, claims, sound
from reports.layout import Cells, Line, beside, printable, wrapped

__all__ = ["add_arguments", "run"]

_MARK = 8
"""Columns for the word that says what changed."""


_STYLES: tuple[tuple[dict[str, str], int, bool], ...] = (
    ({}, 3, True),
    (SHORT, 3, True),
    (SHORT, 2, True),
    (SHORT, 2, False),
)
"""How rows are shortened, the first that fits is taken: words, digits, and whether the margin is shown."""


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
    if text.isdecimal() and int(text) > 0:
        return int(text)
    wanted = "wanted a whole number of runs from 1 on: for instance 10"
    raise argparse.ArgumentTypeError(f"got the limit {text!r}, {wanted}")


def run(arguments: argparse.Namespace) -> int:
    """Print the verdicts, or how to get some.

    Raises:
        pytest.UsageError: an unknown claim or setting, or a history that cannot be read.
    """
    folder, claim, setting = Path(arguments.report_dir), arguments.claim, arguments.setting
    try:
        found, left_out = sound(folder, claim)
        known = [*CATALOGUE, *(printable(name) for name in claims(folder) if name not in CATALOGUE)]
    except HistoryError as error:
        raise pytest.UsageError(str(error)) from error
    for text in left_out:
        print(f"left out of {printable(str(folder / NAME))}: {text}", file=sys.stderr)
    if claim not in known:
        raise pytest.UsageError(f"got the claim {claim!r}, wanted one of {', '.join(known)}")
    if not found:
        where = printable(str(folder / NAME))
        print(f"no verdict on {claim} in {where} yet: python -m pytest claims/ -n auto adds some")
        return 0
    settings = dict.fromkeys(entry.verdict.setting for entry in found)
    if setting is not None and setting not in settings:
        raise pytest.UsageError(f"got the setting {setting!r}, wanted one of {', '.join(settings)}")
    chosen = [entry for entry in found if setting in (None, entry.verdict.setting)]
    width = shutil.get_terminal_size((80, 24)).columns
    layout.write(_lines(claim, chosen, width, arguments.limit), sys.stdout)
    return 0


def _lines(claim: str, found: Sequence[Entry], width: int, limit: int | None = None) -> Iterator[Line]:
    """A heading, then for each setting and backend its verdicts, the oldest first.

    A verdict that differs from the run before on the same setting and backend is
    marked, also where `limit` leaves that run out. No line is longer than `width`.
    """
    runs = sorted({(entry.finished, entry.run) for entry in found})
    newest = {run for _, run in runs[-limit if limit else 0 :]}
    shown = [pair for pair in _changes(found) if pair[0].run in newest]

    def laid_out(style: tuple[dict[str, str], int, bool]) -> list[Cells]:
        cells = [_cells(entry, *style) for entry, _ in shown]
        return layout.padded([{name: name for name in cells[0]}, *cells])

    header, *rows = layout.first_that_fits(
        _STYLES, laid_out, lambda rows: _MARK + layout.breadth(rows) <= width
    )
    statement = CATALOGUE[claim].statement if claim in CATALOGUE else "no longer in the catalogue"
    yield from wrapped(f"{claim}  {statement}", width, {"bold": True})
    yield layout.cut([(" " * _MARK, {}), *beside(header, {})], width)
    for place, group in groupby(zip(shown, rows, strict=True), key=lambda pair: pair[0][0].place):
        together = list(group)
        regions = dict.fromkeys(str(entry.verdict.region) for (entry, _), _ in together)
        yield []
        title = f"{' on '.join(place)}  [wanted: {', then '.join(regions)}]"
        yield [(layout.clip(title, width), {"bold": True})]
        for (entry, moved), cells in together:
            word, markup = WORDS[moved]
            looks = {"verdict": STYLES[entry.verdict.outcome].markup}
            yield layout.cut([(f"{word:<{_MARK}}", markup), *beside(cells, looks)], width)
    yield []
    said = f"{len(newest)} of {len(runs)} runs; a star: with local changes"
    ruled = sum(moved is Change.RULE for _, moved in shown)
    said += f"; rule: judged by another rule than the run before ({ruled}), no flip" if ruled else ""
    yield from wrapped(said, width)


def _changes(found: Sequence[Entry]) -> Iterator[tuple[Entry, Change]]:
    """Each verdict with how it differs from the one before in its place; they come in that order."""
    before: Entry | None = None
    for entry in found:
        same = before if before and before.place == entry.place else None
        yield entry, change((same.verdict, entry.verdict)) if same else Change.NONE
        before = entry


def _cells(entry: Entry, words: dict[str, str], digits: int, margin: bool) -> Cells:
    outcome = entry.verdict.outcome
    found = estimate(entry.verdict, digits, margin=margin, sides=False)
    return {
        "finished (UTC)": minute(entry.finished),
        "commit": commit(entry.revision, entry.dirty),
        "scale": entry.scale,
        "verdict": words.get(outcome, outcome),
        f"estimate [interval]{' margin' * margin}": found,
    }
