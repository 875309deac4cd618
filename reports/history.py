"""Every run's verdicts in one SQLite file beside the reports' folders, to look back over commits.

A run is added whole or not at all, in one transaction, and processes that end at
the same moment wait for each other. A run never fails because of its history: what
went wrong is a sentence for the terminal. `python -m reports history CLAIM` shows it.
A run that does not match its own digest any more is left out and named.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from reports.earlier import harmless
from reports.layout import printable
from reports.records import Report, Row

if TYPE_CHECKING:
    import sqlite3

__all__ = ["NAME", "SCHEMA", "Entry", "HistoryError", "add", "claims", "sound"]

NAME = "history.sqlite"
SCHEMA = 4
"""In SQLite's user_version; a file without tables has 0. Version 3 had no digests and is converted when a run
is added, an earlier one is set aside, a later left."""

_UNDIGESTED = 3

WAIT = 30.0
"""Seconds to wait for another process that is writing; nothing that is asked of the file takes twice that."""

_WRITTEN = ("", "-journal", "-wal", "-shm")
"""Endings of the files that SQLite writes."""

_DIGEST = ", digest TEXT NOT NULL"

_RUN = "started, finished, revision, dirty, backend, device, scale, complete, errors"
_VERDICT = "claim, setting, record"

_TABLES = (
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY, started TEXT NOT NULL, finished TEXT NOT NULL, revision TEXT, dirty INTEGER,
        backend TEXT NOT NULL, device TEXT, scale TEXT NOT NULL, complete INTEGER NOT NULL,
        errors INTEGER NOT NULL, digest TEXT NOT NULL
    )""",
    """CREATE TABLE verdicts (
        run INTEGER NOT NULL REFERENCES runs (id), claim TEXT NOT NULL, setting TEXT NOT NULL,
        record TEXT NOT NULL
    )""",
    "CREATE INDEX verdicts_by_claim ON verdicts (claim, setting)",
)
"""`record` is the verdict as verdicts.json has it; `digest` is that of the run and all its verdicts."""


class HistoryError(Exception):
    """The history cannot be read or written; the text says why and what helps, and has nothing of the file in
    it that a terminal would act upon."""

    def __init__(self, text: str) -> None:
        super().__init__(printable(text))


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


def sound(folder: Path, claim: str) -> tuple[list[Entry], list[str]]:
    """All verdicts on a claim, by setting and backend, the oldest first; none where there is no history. Runs
    that are not as they were written are left out, with a sentence each.

    Raises:
        HistoryError: the file is broken, of another version, or cannot be read.
    """
    path = folder / NAME
    if not os.path.lexists(path):
        return [], []
    with _opened(path) as connection:
        if not (version := _version(connection, path)):
            return [], []
        left_out = _changed(connection) if version == SCHEMA else {}
        query = """SELECT runs.*, verdicts.* FROM verdicts JOIN runs ON runs.id = verdicts.run
            WHERE claim = ? ORDER BY setting, backend, finished, runs.id"""
        rows = [dict(row) for row in connection.execute(query, (claim,))]
    found = []
    for row in rows:
        try:
            if row["id"] not in left_out:
                found.append(_entry(row))
        except (msgspec.DecodeError, RecursionError) as error:
            left_out[row["id"]] = f"a verdict on {printable(str(row['claim']))}: {error}"
    sound = [entry for entry in found if entry.run not in left_out]
    return sound, [f"run {id}: {why}" for id, why in left_out.items()]


def claims(folder: Path) -> list[str]:
    """The claims that the history knows.

    Raises:
        HistoryError: as `sound`.
    """
    path = folder / NAME
    if not os.path.lexists(path):
        return []
    with _opened(path) as connection:
        query = "SELECT DISTINCT claim FROM verdicts ORDER BY claim"
        return [row["claim"] for row in connection.execute(query)] if _version(connection, path) else []


def _entry(row: dict[str, Any]) -> Entry:
    # Not strict: SQLite has no booleans.
    verdict = msgspec.json.decode(str(row["record"]))
    return msgspec.convert(harmless(row | {"verdict": verdict}), Entry, strict=False)


def _insert(report: Report, path: Path) -> None:
    about = report.provenance
    run: tuple[Any, ...] = (about.started, about.finished, about.commit, about.dirty, about.folder)
    run += (about.device, about.options.scale, about.complete, len(about.errors))
    rows = [(row.claim, row.setting, msgspec.json.encode(row).decode()) for row in report.verdicts]
    if links := [of.name for suffix in _WRITTEN if (of := path.with_name(NAME + suffix)).is_symlink()]:
        raise HistoryError(
            f"got the link {links[0]} in {path.parent}, wanted a file: what is added stays there"
        )
    with _opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        earlier = []
        if (version := _version(connection, path)) == _UNDIGESTED:
            verdicts = _verdicts(connection)
            earlier = [(tuple(values), verdicts.get(id, [])) for id, *values in _runs(connection)]
            connection.execute("DROP TABLE verdicts")
            connection.execute("DROP TABLE runs")
        if version != SCHEMA:
            for statement in (*_TABLES, f"PRAGMA user_version = {SCHEMA}"):
                connection.execute(statement)
        into = f"INSERT INTO runs ({_RUN}, digest) VALUES ({', '.join('?' * (len(run) + 1))})"
        for values, said in [*earlier, (run, rows)]:
            id = connection.execute(into, (*values, _digest(values, said))).lastrowid
            connection.executemany("INSERT INTO verdicts VALUES (?, ?, ?, ?)", [(id, *one) for one in said])
        connection.execute("COMMIT")


# -- digests --------------------------------------------------------------------------


def _runs(connection: sqlite3.Connection, more: str = "") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(f"SELECT id, {_RUN}{more} FROM runs ORDER BY id")]


def _verdicts(connection: sqlite3.Connection) -> dict[Any, list[tuple[Any, ...]]]:
    """By run, in the order in which they were added."""
    found: dict[Any, list[tuple[Any, ...]]] = {}
    for run, *values in connection.execute(f"SELECT run, {_VERDICT} FROM verdicts ORDER BY rowid"):
        found.setdefault(run, []).append(tuple(values))
    return found


def _digest(run: Sequence[Any], verdicts: Sequence[Sequence[Any]]) -> str:
    """Of a run's values and its verdicts, as SQLite hands them back."""
    plain = [int(value) if isinstance(value, bool) else value for value in run]
    return hashlib.sha256(msgspec.json.encode([plain, verdicts])).hexdigest()


def _changed(connection: sqlite3.Connection) -> dict[int, str]:
    """Runs that are not as they were written, and what is wrong with each."""
    every, verdicts = _runs(connection, ", digest"), _verdicts(connection)
    found = {
        id: "does not match its digest, it was changed after it was written"
        for id, *values, digest in every
        if _digest(values, verdicts.get(id, [])) != digest
    }
    lost = set(verdicts) - {id for id, *_ in every}
    return found | dict.fromkeys(lost, "is gone, only its verdicts are left")


# -- the file -------------------------------------------------------------------------


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that is closed at the end; SQLite's errors become ours."""
    import sqlite3

    if os.path.lexists(path) and not (path.is_file() or path.is_dir()):
        raise HistoryError(f"got {path}, which is no regular file, wanted a history written by runs")
    end = time.monotonic() + 2 * WAIT
    try:
        with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            connection.set_progress_handler(lambda: time.monotonic() > end, 100_000)
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection
    except sqlite3.Error as error:
        # The low byte is the kind of error, the rest its variant.
        kind = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise _BrokenError(path, error) from error
        raise HistoryError(f"{path}: {error}") from error
    except UnicodeDecodeError as error:  # in what SQLite says of a damaged file
        raise _BrokenError(path, error) from error


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
    if version and version < _UNDIGESTED:
        raise _BrokenError(path, f"version {version}; those before {_UNDIGESTED} are not read")
    schema = connection.execute("SELECT * FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'").fetchall()
    if acting := [row["name"] for row in schema if row["type"] in ("trigger", "view")]:
        raise _BrokenError(path, f"with a trigger or view, {', '.join(acting)}, which no run makes")
    tables = {row["name"] for row in schema if row["type"] == "table"}
    if tables != ({"runs", "verdicts"} if version else set()):
        raise _BrokenError(path, f"version {version} with the tables {', '.join(sorted(tables)) or 'none'}")
    made = {SCHEMA: set(_TABLES), _UNDIGESTED: {sql.replace(_DIGEST, "") for sql in _TABLES}, 0: set()}
    if {row["sql"] for row in schema} != made[version]:
        raise _BrokenError(path, "with tables of other columns than a run makes")
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
            for suffix in _WRITTEN[1:]:  # left behind, they would be played into the new file
                if (journal := path.with_name(NAME + suffix)).exists():
                    os.replace(journal, aside.with_name(aside.name + suffix))
            return aside.name
