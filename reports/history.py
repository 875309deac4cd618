"""Every run's verdicts in one SQLite file beside the reports' folders, to look back over commits.

A run is added whole or not at all, in one transaction, and processes that end at
the same moment wait for each other. A run never fails because of its history: what
went wrong is a sentence for the terminal. `python -m reports history CLAIM` shows it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from claims.catalogue import CATALOGUE
from claims.core.change import Change, change
from reports import layout
from reports.earlier import WORDS, harmless
from reports.formats import SHORT, STYLES, commit, estimate, minute
from reports.layout import Cells, Line, beside, printable, wrapped
from reports.records import Report, Row

if TYPE_CHECKING:
    import sqlite3

__all__ = ["NAME", "SCHEMA", "Entry", "HistoryError", "add", "add_arguments", "claims", "entries", "run"]

NAME = "history.sqlite"
SCHEMA = 3
"""In SQLite's user_version; a file without tables has 0. An earlier one is set aside, a later left."""

WAIT = 30.0
"""Seconds to wait for another process that is writing."""

_TABLES = (
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY, started TEXT NOT NULL, finished TEXT NOT NULL, revision TEXT, dirty INTEGER,
        backend TEXT NOT NULL, device TEXT, scale TEXT NOT NULL, complete INTEGER NOT NULL,
        errors INTEGER NOT NULL
    )""",
    """CREATE TABLE verdicts (
        run INTEGER NOT NULL REFERENCES runs (id), claim TEXT NOT NULL, setting TEXT NOT NULL,
        record TEXT NOT NULL
    )""",
    "CREATE INDEX verdicts_by_claim ON verdicts (claim, setting)",
    f"PRAGMA user_version = {SCHEMA}",
)
"""`record` is the verdict as verdicts.json has it."""


class HistoryError(Exception):
    """The history cannot be read or written; the text says why and what helps."""


class _BrokenError(HistoryError):
    """The file is no SQLite database of ours, a damaged one, or one of an earlier version."""

    def __init__(self, path: Path, why: object) -> None:
        super().__init__(
            f"got {path}, which is broken or old ({why}), wanted a history written by runs: move it away, "
            "and the next run begins a new one"
        )


class Entry(msgspec.Struct, frozen=True):
    """One verdict of one run."""

    run: int
    finished: str
    revision: str | None
    dirty: bool | None
    backend: str
    scale: str
    verdict: Row

    @property
    def place(self) -> tuple[str, str]:
        """What the verdicts of a claim are followed by."""
        return self.verdict.setting, self.backend


def add(report: Report, folder: Path) -> str | None:
    """Add a run and its verdicts; a sentence where that went wrong, or where a broken file was set aside."""
    path = folder / NAME
    try:
        try:
            _insert(report, path)
            aside = None
        except _BrokenError:
            aside = _set_aside(path)
            _insert(report, path)
    except (HistoryError, OSError, ImportError, ValueError, OverflowError) as error:
        return f"the history could not be written: {error}"
    return aside and f"the history was broken or old: set aside as {aside}, and a new one begun"


def entries(folder: Path, claim: str) -> list[Entry]:
    """All verdicts on a claim, by setting and backend, the oldest first; none where there is no history.

    Raises:
        HistoryError: the file is broken, of a newer version, or cannot be read.
    """
    query = """SELECT runs.*, verdicts.* FROM verdicts JOIN runs ON runs.id = verdicts.run
        WHERE claim = ? ORDER BY setting, backend, finished, runs.id"""
    return [_entry(dict(row)) for row in _select(folder, query, claim)]


def claims(folder: Path) -> list[str]:
    """The claims that the history knows.

    Raises:
        HistoryError: as `entries`.
    """
    return [row["claim"] for row in _select(folder, "SELECT DISTINCT claim FROM verdicts ORDER BY claim")]


def _select(folder: Path, query: str, *values: str) -> list[sqlite3.Row]:
    path = folder / NAME
    if not path.exists():
        return []
    with _opened(path) as connection:
        return connection.execute(query, values).fetchall() if _version(connection, path) else []


def _entry(row: dict[str, Any]) -> Entry:
    try:
        # Not strict: SQLite has no booleans.
        verdict = msgspec.json.decode(str(row["record"]))
        return msgspec.convert(harmless(row | {"verdict": verdict}), Entry, strict=False)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _BrokenError(Path(NAME), f"a verdict on {printable(str(row['claim']))}: {error}") from error


def _insert(report: Report, path: Path) -> None:
    about = report.provenance
    columns = "started, finished, revision, dirty, backend, device, scale, complete, errors"
    run: tuple[Any, ...] = (about.started, about.finished, about.commit, about.dirty, about.folder)
    run += (about.device, about.options.scale, about.complete, len(about.errors))
    rows = [(row.claim, row.setting, msgspec.json.encode(row).decode()) for row in report.verdicts]
    with _opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        if not _version(connection, path):
            for statement in _TABLES:
                connection.execute(statement)
        marks = ", ".join("?" * len(run))
        id = connection.execute(f"INSERT INTO runs ({columns}) VALUES ({marks})", run).lastrowid
        connection.executemany("INSERT INTO verdicts VALUES (?, ?, ?, ?)", [(id, *row) for row in rows])
        connection.execute("COMMIT")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that is closed at the end; SQLite's errors become ours."""
    import sqlite3

    try:
        with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection
    except sqlite3.Error as error:
        # The low byte is the kind of error, the rest its variant.
        kind = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise _BrokenError(path, error) from error
        raise HistoryError(f"{path}: {error}") from error


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version: ours, or 0 for a file that holds nothing yet."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    (check,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if check != "ok":
        raise _BrokenError(path, " ".join(check.split()))
    if version > SCHEMA:
        raise HistoryError(
            f"got {path} of version {version}, wanted at most {SCHEMA}: update this checkout, or move the "
            "file away"
        )
    if 0 < version < SCHEMA:
        raise _BrokenError(path, f"version {version}; those before {SCHEMA} are not read")
    kinds = connection.execute(
        "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'"
    ).fetchall()
    if acting := [name for kind, name in kinds if kind in ("trigger", "view")]:
        raise _BrokenError(path, f"with a trigger or view, {', '.join(acting)}, which no run makes")
    tables = {name for kind, name in kinds if kind == "table"}
    if not {"runs", "verdicts"} <= tables if version else tables:
        raise _BrokenError(path, f"version {version} with the tables {', '.join(sorted(tables)) or 'none'}")
    return version


def _set_aside(path: Path) -> str | None:
    """Rename the broken file, unless another process did so meanwhile; its new name."""
    from filelock import FileLock

    with FileLock(path.with_name(f".{NAME}.lock"), timeout=WAIT):
        try:
            with _opened(path) as connection:
                _version(connection, path)
            return None
        except _BrokenError:
            number = next(i for i in range(1, 10**6) if not path.with_name(f"{NAME}.broken-{i}").exists())
            aside = path.with_name(f"{NAME}.broken-{number}")
            os.replace(path, aside)
            for suffix in ("-journal", "-wal", "-shm"):  # left behind, they would be played into the new file
                if (journal := path.with_name(NAME + suffix)).exists():
                    os.replace(journal, aside.with_name(aside.name + suffix))
            return aside.name


# -- the command ----------------------------------------------------------------------

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
        found = entries(folder, claim)
        known = [*CATALOGUE, *(printable(name) for name in claims(folder) if name not in CATALOGUE)]
    except HistoryError as error:
        raise pytest.UsageError(str(error)) from error
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
    return {
        "finished (UTC)": minute(entry.finished),
        "commit": commit(entry.revision, entry.dirty),
        "scale": entry.scale,
        "verdict": words.get(outcome, outcome),
        f"estimate [interval]{' margin' * margin}": estimate(entry.verdict, digits, margin=margin),
    }
