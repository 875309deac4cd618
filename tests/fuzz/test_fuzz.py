"""A sample of `python -m tests.fuzz`: no damaged file ends in a traceback, a hang or a silent change."""

from __future__ import annotations

import os
import time
from pathlib import Path
from random import Random

import pytest

from reports.earlier import LIMIT as REPORT_LIMIT
from tests.fuzz import __main__ as command
from tests.fuzz import fuzz as module
from tests.fuzz.damages import DAMAGES, FOLDER_DAMAGES, JSON_DAMAGES, SQL_DAMAGES
from tests.fuzz.doors import DOORS, Door
from tests.fuzz.fuzz import End, bad, fuzz, table

EACH = 5
"""Cases a door here; by hand there are hundreds."""


@pytest.mark.parametrize("name", DOORS)
def test_a_damaged_file_does_no_harm(name: str) -> None:
    """Right, made again, or an error that says what was got and wanted."""
    cases = list(fuzz(EACH, 0, (name,)))
    assert len(cases) == EACH
    assert bad(cases) == []


def test_a_door_without_a_guard_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that trusts its file ends in all three ways that must not be."""

    def build(folder: Path) -> None:
        (folder / "number").write_text("12345678")

    def use(folder: Path) -> int:
        if not (folder / "number").is_file():
            time.sleep(5)  # as a fifo would keep it waiting
        return int((folder / "number").read_text())

    monkeypatch.setitem(DOORS, "naive", Door(build, use, "number", DAMAGES))
    monkeypatch.setattr(module, "LIMIT", 0.2)
    ends = {case.end for case in fuzz(40, 0, ("naive",))}
    assert ends >= {End.TRACEBACK, End.HANG, End.CHANGED}


def test_a_case_can_be_made_again() -> None:
    """Its door, its number and the seed are all that it depends on."""
    once, again = (list(fuzz(8, 3, ("IDX",))) for _ in range(2))
    assert [case.damage for case in once] == [case.damage for case in again]


def test_the_command_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A row a door and their sum; the status says whether something must not be."""
    to = tmp_path / "fuzz.md"
    assert command.main(["--count", "4", "--door", "IDX", "--door", "controls", "--to", str(to)]) == 0
    assert "`python -m tests.fuzz --count 4 --seed 0`. Each case" in to.read_text()
    assert to.read_text().count("\n| ") == 4
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [row.split("|")[1].strip() for row in rows] == ["door", "IDX", "controls", "all"]
    assert rows[-1].split("|")[2].strip() == "4"


def test_every_damage_damages(tmp_path: Path) -> None:
    """It leaves another file, or none; what it writes takes no room on the disk."""
    text = '{"a": {"b": [1, 2.5, "c"]}, "d": null}'
    for made in (DAMAGES | FOLDER_DAMAGES | JSON_DAMAGES).values():
        for number in range(4):
            path = tmp_path / f"{made.__name__}-{number}"
            path.write_text(text)
            made(path, Random(number))
            regular = path.is_file() and not path.is_symlink()
            assert (
                not regular
                or path.stat().st_size > REPORT_LIMIT
                or path.read_text("latin-1") != text
                or (made.__name__ in ("swapped", "exchanged", "zeros"))
            )
            if regular:
                assert os.stat(path).st_blocks * 512 < 2**24
    assert set(SQL_DAMAGES) == {"statement"}
    assert table([]) == [["all", "0", *["0"] * len(End)]]
