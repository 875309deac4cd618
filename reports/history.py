"""Every run's verdicts in one SQLite file beside the reports' folders, to look back over commits.

A run is added whole or not at all, in one transaction, and processes that end at
the same moment wait for each other. A run never fails because of its history: what
went wrong is a sentence for the terminal.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports import files
from reports.rules import version_of

if TYPE_CHECKING:
    import sqlite3

__all__ = ["NAME", "VERSION", "Entry", "HistoryError", "add", "claims", "entries"]

NAME = "history.sqlite"
VERSION = 2
"""The schema's, in SQLite's user_version; a file without tables has 0."""

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
        outcome TEXT NOT NULL, strength TEXT NOT NULL, estimate REAL, has_interval INTEGER NOT NULL,
        low REAL, high REAL, margin REAL, region TEXT NOT NULL, unit TEXT NOT NULL, alpha REAL NOT NULL,
        n INTEGER NOT NULL, reason TEXT NOT NULL
    )""",
    "CREATE INDEX verdicts_by_claim ON verdicts (claim, setting)",
)
_SINCE_2 = (
    # Of the report's form: runs of a history of version 1 are of reports of version 1.
    "ALTER TABLE runs ADD COLUMN version INTEGER NOT NULL DEFAULT 1",
    *(
        f"ALTER TABLE verdicts ADD COLUMN {column}"
        for column in (
            *("rule TEXT", "rule_since INTEGER", "sampling_unit TEXT", "look TEXT"),
            *("p_value REAL", "p_bh REAL", "p_holm REAL", "survives INTEGER"),
        )
    ),
)
"""What version 2 added to the tables of version 1, in old files and new ones."""

_FIELDS = ("claim", "setting", "outcome", "strength", "estimate", "margin", "region", "unit", "alpha", "n")
_FIELDS += ("reason", "rule", "rule_since", "sampling_unit", "look", "p_value", "p_bh", "p_holm", "survives")
"""Of a verdict, stored under their own names."""

_READ = """
    SELECT finished, revision, dirty, backend, scale, complete, setting, outcome, strength, estimate,
           has_interval, low, high, margin, region, n, {rule}, runs.id AS run
    FROM verdicts JOIN runs ON runs.id = verdicts.run
    WHERE claim = ? ORDER BY setting, backend, finished, runs.id
"""
_RULE = {1: "NULL AS rule, NULL AS rule_since, 1 AS version", 2: "rule, rule_since, version"}
"""What a file of each version can say of rules; an old file is read as it is."""


class HistoryError(Exception):
    """The history cannot be read or written; the text says why and what helps."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One verdict of one run; `verdict` has the fields that `reports.estimates` reads, the outcome and the
    rule; `version` is that of the report's form."""

    run: int
    finished: str
    revision: str | None
    dirty: bool
    backend: str
    scale: str
    complete: bool
    setting: str
    version: int
    verdict: dict[str, Any]


def add(report: dict[str, Any], folder: Path) -> str | None:
    """Add a run and its verdicts; a sentence where that went wrong, or where a broken file was set aside."""
    path = folder / NAME
    try:
        try:
            _insert(report, path)
        except _BrokenError:
            aside = _set_aside(path)
            _insert(report, path)
            return f"the history was broken: set aside as {aside}, and a new one begun" if aside else None
    except (HistoryError, _BrokenError, OSError, ImportError, ValueError, OverflowError) as error:
        return f"the history could not be written: {error}"
    return None


def entries(folder: Path, claim: str) -> list[Entry]:
    """All verdicts on a claim, by setting and backend, the oldest first; none where there is no history.

    Raises:
        HistoryError: the file is broken, of a newer version, or cannot be read.
    """
    return [_entry(row) for row in _select(folder, _READ, claim)]


def claims(folder: Path) -> list[str]:
    """The claims that the history knows.

    Raises:
        HistoryError: as `entries`.
    """
    return [row["claim"] for row in _select(folder, "SELECT DISTINCT claim FROM verdicts ORDER BY claim")]


class _BrokenError(Exception):
    """The file is no SQLite database of ours, or a damaged one."""


def _select(folder: Path, query: str, *values: str) -> list[sqlite3.Row]:
    path = folder / NAME
    if not path.exists():
        return []
    try:
        with _opened(path) as connection:
            version = _version(connection, path)
            return connection.execute(query.format(rule=_RULE[version]), values).fetchall() if version else []
    except _BrokenError as error:
        raise HistoryError(
            f"got {path}, which is broken ({error}), wanted a history written by runs: move it away, and the "
            "next run begins a new one"
        ) from error


def _insert(report: dict[str, Any], path: Path) -> None:
    about = report["provenance"]
    run = [about[key] for key in ("started", "finished", "commit", "dirty")]
    run += [files.folder_name(about), about["device"], about["options"]["scale"], about["complete"]]
    with _opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        version = _version(connection, path)
        for statement in (*(() if version else _TABLES), *(() if version == VERSION else _SINCE_2)):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        columns = "started, finished, revision, dirty, backend, device, scale, complete, errors, version"
        values = [*run, len(about["errors"]), version_of(report)]
        added = connection.execute(f"INSERT INTO runs ({columns}) VALUES ({_marks(values)})", values)
        rows = [_row(added.lastrowid, verdict) for verdict in report["verdicts"]]
        columns = ", ".join(("run", "has_interval", "low", "high", *_FIELDS))
        connection.executemany(
            f"INSERT INTO verdicts ({columns}) VALUES ({_marks(range(4 + len(_FIELDS)))})", rows
        )
        connection.execute("COMMIT")


def _marks(values: Any) -> str:
    return ", ".join("?" * len(values))


def _row(run: int | None, verdict: dict[str, Any]) -> tuple[Any, ...]:
    ends = verdict["interval"]
    return (run, ends is not None, *(ends or (None, None)), *(verdict.get(name) for name in _FIELDS))


def _entry(row: sqlite3.Row) -> Entry:
    kept = ("outcome", "strength", "estimate", "margin", "region", "n", "rule", "rule_since")
    ends = [row["low"], row["high"]] if row["has_interval"] else None
    same = {
        key: row[key] for key in ("run", "finished", "revision", "backend", "scale", "setting", "version")
    }
    verdict = {key: row[key] for key in kept} | {"interval": ends}
    return Entry(**same, dirty=bool(row["dirty"]), complete=bool(row["complete"]), verdict=verdict)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that is closed at the end; SQLite's errors become ours."""
    import sqlite3

    try:
        with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection
    except sqlite3.Error as error:
        # The low byte is the kind of error, the rest its variant.
        kind = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise _BrokenError(str(error)) from error
        raise HistoryError(f"{path}: {error}") from error


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version: ours, or 0 for a file that holds nothing yet."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (check,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if check != "ok":
        raise _BrokenError(" ".join(check.split()))
    if version > VERSION:
        raise HistoryError(
            f"got {path} of version {version}, wanted at most {VERSION}: update this checkout, or move the "
            "file away"
        )
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    tables = {row[0] for row in connection.execute(query)}
    if not {"runs", "verdicts"} <= tables if version else tables:
        raise _BrokenError(f"version {version} with the tables {', '.join(sorted(tables)) or 'none'}")
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
