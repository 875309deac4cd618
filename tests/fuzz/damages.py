"""What can be wrong with a file: its bits, its length, its text, its JSON, or that it is no file at all."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

__all__ = ["DAMAGES", "FOLDER_DAMAGES", "JSON_DAMAGES", "SQL_DAMAGES"]

Damage = Callable[[Path, Random], None]

DEEP = 100_000
"""Levels of nesting: a hundred times what Python's own recursion allows."""

HUGE = 2**40
"""Bytes of a sparse file, of which the disk holds none."""


# -- bytes ----------------------------------------------------------------------------


def bit(path: Path, draw: Random) -> None:
    """One bit is another."""
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def bits(path: Path, draw: Random) -> None:
    """Sixteen bits are."""
    for _ in range(16):
        bit(path, draw)


def shorter(path: Path, draw: Random) -> None:
    """The end is missing, or all of it."""
    content = path.read_bytes()
    path.write_bytes(content[: draw.choice((0, 1, draw.randrange(len(content)), len(content) - 1))])


def longer(path: Path, draw: Random) -> None:
    """Something follows."""
    path.write_bytes(path.read_bytes() + draw.choice((b"\0", b"\n\n{}", draw.randbytes(999))))


def zeros(path: Path, draw: Random) -> None:
    """A block was never written."""
    content = bytearray(path.read_bytes())
    at, size = draw.randrange(len(content)), draw.choice((1, 64, 4096))
    content[at : at + size] = bytes(len(content[at : at + size]))
    path.write_bytes(content)


def noise(path: Path, draw: Random) -> None:
    """Another file altogether: text in an old encoding, or no text at all."""
    path.write_bytes(("ä" * 99).encode("latin-1") if draw.random() < 0.3 else draw.randbytes(2048))


def swapped(path: Path, draw: Random) -> None:
    """Two pieces have changed places."""
    content = path.read_bytes()
    a, b = sorted((draw.randrange(len(content)), draw.randrange(len(content))))
    path.write_bytes(content[b:] + content[a:b] + content[:a])


# -- no file --------------------------------------------------------------------------


def _away(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def gone(path: Path, draw: Random) -> None:
    """It is missing."""
    _away(path)


def directory(path: Path, draw: Random) -> None:
    """A folder, empty or not."""
    _away(path)
    path.mkdir()
    if draw.random() < 0.5:
        (path / "file").write_text("mine")


def fifo(path: Path, draw: Random) -> None:
    """A pipe that nobody writes to."""
    _away(path)
    os.mkfifo(path)


def link(path: Path, draw: Random) -> None:
    """A link to nothing, to itself, to a device that never ends, to one that is empty, to a folder."""
    _away(path)
    path.symlink_to(draw.choice(("/nowhere/at/all", path.name, "/dev/zero", "/dev/null", "..")))


def sparse(path: Path, draw: Random) -> None:
    """Terabytes that are not there, after the content or in its place."""
    if draw.random() < 0.5:
        path.write_bytes(b"")
    os.truncate(path, HUGE)


def bomb(path: Path, draw: Random) -> None:
    """A gzip file of some kilobytes that unpacks to a gigabyte; elsewhere half a gigabyte of blanks."""
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(bytes(2**20)) * 1024)
    else:
        os.truncate(path, 2**29)


DAMAGES: dict[str, Damage] = {
    made.__name__: made
    for made in (bit, bits, shorter, longer, zeros, noise, swapped, gone, directory, fifo, link, sparse, bomb)
}

FOLDER_DAMAGES = {made.__name__: made for made in (gone, directory, fifo, link)}
"""What can be in a folder's place."""


# -- JSON -----------------------------------------------------------------------------

_WRONG: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 10**400, 2**63, float("nan"), float("inf"), -0.0, 1e308),
    *("", "\x1b[2J\u202e", "proved", "x" * 70_000, "\ud800", "../../x", "=1+1", [], {}, [[]], {"": {}}),
)
"""A value of another type, or beyond what anyone expects."""


def value(path: Path, draw: Random) -> None:
    """One value, anywhere, is of another type or size."""
    _edit(path, draw, lambda holder, at: holder.__setitem__(at, draw.choice(_WRONG)))


def lost(path: Path, draw: Random) -> None:
    """One entry, anywhere, is missing."""
    _edit(path, draw, lambda holder, at: holder.pop(at))


def added(path: Path, draw: Random) -> None:
    """One entry more, or one twice."""

    def more(holder: Any, at: Any) -> None:
        if isinstance(holder, list):
            holder.append(holder[at])
        else:
            holder["never heard of"] = draw.choice(_WRONG)

    _edit(path, draw, more)


def exchanged(path: Path, draw: Random) -> None:
    """Two values have changed places."""

    def swap(holder: Any, at: Any) -> None:
        other = draw.choice(list(range(len(holder)) if isinstance(holder, list) else holder))
        holder[at], holder[other] = holder[other], holder[at]

    _edit(path, draw, swap)


def deep(path: Path, draw: Random) -> None:
    """Lists or objects in one another, whole or as one value; closed or not."""
    inner = draw.choice(("[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, "[" * DEEP))
    text = path.read_text(encoding="utf-8")
    path.write_text(inner if draw.random() < 0.3 else text.replace("{", '{"x": ' + inner + ", ", 1))


def constant(path: Path, draw: Random) -> None:
    """Another document: valid JSON that is nothing of ours."""
    path.write_text(draw.choice(("null", "[]", "{}", "NaN", "1e999", '"text"', "[" * 9, '{"version": 99}')))


def _edit(path: Path, draw: Random, change: Callable[[Any, Any], None]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    places = list(_places(document))
    holder, at = draw.choice(places)
    change(holder, at)
    path.write_text(json.dumps(document), encoding="utf-8", errors="surrogatepass")


def _places(value: Any) -> Any:
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for at, inner in list(entries):
        yield value, at
        yield from _places(inner)


JSON_DAMAGES: dict[str, Damage] = {
    made.__name__: made for made in (value, lost, added, exchanged, deep, constant)
}


# -- SQLite ---------------------------------------------------------------------------

_STATEMENTS = (
    "CREATE TRIGGER t AFTER INSERT ON verdicts BEGIN UPDATE verdicts SET record = '{}'; END",
    "CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM verdicts; END",
    "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n",
    "UPDATE verdicts SET record = replace(record, 'supported', 'proved')",
    "UPDATE verdicts SET record = replace(record, 'supported', 'refuted') WHERE run = 2",
    "UPDATE verdicts SET record = x'ff00ff'",
    "UPDATE verdicts SET record = zeroblob(1000000)",
    "UPDATE verdicts SET claim = char(27) || '[2J', setting = char(8238)",
    "UPDATE verdicts SET run = 1",
    "UPDATE runs SET finished = 12345, dirty = 'x', errors = 1e999",
    "UPDATE runs SET digest = NULL",
    "UPDATE runs SET digest = ''",
    "DELETE FROM runs WHERE id = 2",
    "DELETE FROM verdicts WHERE claim = 'H2'",
    "INSERT INTO verdicts SELECT * FROM verdicts",
    "ALTER TABLE runs RENAME COLUMN scale TO size",
    "ALTER TABLE runs ADD COLUMN more",
    "DROP TABLE verdicts",
    "DROP INDEX verdicts_by_claim",
    "PRAGMA user_version = 3",
    "PRAGMA user_version = 1",
    "PRAGMA user_version = 99",
    "PRAGMA user_version = 0",
    "PRAGMA journal_mode = WAL",
    "PRAGMA encoding = 'UTF-16'",
)


def statement(path: Path, draw: Random) -> None:
    """Someone else's statements, where the file still takes them."""
    import sqlite3
    from contextlib import closing, suppress

    with suppress(sqlite3.Error), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for _ in range(draw.choice((1, 1, 2))):
            with suppress(sqlite3.Error):
                connection.execute(draw.choice(_STATEMENTS))


SQL_DAMAGES: dict[str, Damage] = {"statement": statement}
