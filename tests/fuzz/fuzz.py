"""One damaged file after another, through one door after another, and how each ended."""

from __future__ import annotations

import shutil
import signal
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.doors import CLEAN, DOORS, Door

__all__ = ["Case", "End", "bad", "fuzz", "table"]

LIMIT = 20.0
"""Seconds a case may take: a thousand times what it does."""


class End(StrEnum):
    """How a case ended."""

    RIGHT = "right"
    REMADE = "set aside, made again"
    ERROR = "clean error"
    TRACEBACK = "traceback"
    HANG = "hang"
    CHANGED = "silent change"


BAD = (End.TRACEBACK, End.HANG, End.CHANGED)


@dataclass(frozen=True, slots=True)
class Case:
    """What was done, and how it ended; `number` makes it again."""

    door: str
    number: int
    damage: str
    file: str
    end: End
    said: str = ""


class _TooLong(BaseException):
    """The time is up; no `except Exception` holds it."""


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fuzz(count: int, seed: int = 0, doors: tuple[str, ...] = tuple(DOORS)) -> Iterator[Case]:
    """So many cases, the doors in turn; a case depends on its door, its number and the seed alone."""
    with tempfile.TemporaryDirectory() as temporary:
        sound: dict[str, tuple[Path, Any]] = {}
        for number in range(count):
            name = doors[number % len(doors)]
            door = DOORS[name]
            if name not in sound:
                origin = Path(temporary) / f"sound-{len(sound)}"
                origin.mkdir()
                door.build(origin)
                sound[name] = origin, _used(door, _copied(origin))
            yield _case(name, number, seed, *sound[name])


def _copied(origin: Path) -> Path:
    target = origin.with_name("case")
    shutil.rmtree(target, ignore_errors=True)
    return Path(shutil.copytree(origin, target))


def _used(door: Door, folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return door.use(folder)


def _case(name: str, number: int, seed: int, origin: Path, wanted: Any) -> Case:
    door, draw = DOORS[name], Random(f"{name} {number} {seed}")
    folder = _copied(origin)
    file = draw.choice([path for path in sorted(folder.glob(door.pattern)) if path.stat().st_size])
    damage = draw.choice(list(door.damages))
    try:
        door.damages[damage](file, draw)
    except ValueError:  # a file that is no JSON
        damage = "bit"
        door.damages[damage](file, draw)
    about = (name, number, damage, str(file.relative_to(folder)))
    try:
        with _limited(LIMIT):
            found = _used(door, folder)
    except _TooLong:
        return Case(*about, End.HANG)
    except CLEAN as error:
        return Case(*about, End.ERROR, str(error))
    except Exception:
        return Case(*about, End.TRACEBACK, traceback.format_exc())
    if found == wanted:
        return Case(*about, End.REMADE if list(folder.glob("set-aside/*")) else End.RIGHT)
    return Case(*about, End.CHANGED)


def bad(cases: list[Case]) -> list[Case]:
    """Those that must not be."""
    return [case for case in cases if case.end in BAD]


def table(cases: list[Case]) -> list[list[str]]:
    """A row a door, a column an end, and the sums."""
    counts = Counter((case.door, case.end) for case in cases)
    doors = list(dict.fromkeys(case.door for case in cases))
    rows = [[door, *(counts[door, end] for end in End)] for door in doors]
    rows.append(["all", *(sum(counts[door, end] for door in doors) for end in End)])
    return [[str(cell) for cell in (row[0], sum(row[1:]), *row[1:])] for row in rows]
