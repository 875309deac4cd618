"""`python -m reports store`: what is there in a few lines, damage as a status, and room again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.runs.content import ValueStore
from reports.__main__ import main
from tests.reports import page_samples as samples


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A run of another version, and two values of evidence of one."""
    root = tmp_path / "store"
    samples.store(root, samples.run())
    for name in ("T2", "T3"):
        ValueStore(root, "evidence").value(name, {"code": "old"}, lambda: 1)
    return root


def test_a_list_has_a_line_a_run_and_one_for_all_evidence(store: Path, capsys: pytest.CaptureFixture) -> None:
    """With version, size and age, and what a prune would free."""
    assert main(["store", "list", "--store", str(store)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["kind", "version", "size", "age", "name"]
    assert lines[2].split()[:2] == ["run", "old"]
    assert lines[2].split()[-1].startswith("mnist-5k-500-")
    assert lines[3].split()[:2] == ["evidence", "old"]
    assert lines[3].endswith("2 files")
    assert lines[-1].endswith("MB of them old or stale")
    assert len(lines) == 5


def test_a_dry_run_removes_nothing(store: Path, capsys: pytest.CaptureFixture) -> None:
    """It shows what would go."""
    before = sorted(store.rglob("*"))
    assert main(["store", "prune", "--dry-run", "--store", str(store)]) == 0
    assert "nothing was removed; without --dry-run" in capsys.readouterr().out
    assert sorted(store.rglob("*")) == before


def test_a_prune_removes(store: Path, capsys: pytest.CaptureFixture) -> None:
    """It shows what went, and a second one finds nothing."""
    assert main(["store", "prune", "--store", str(store)]) == 0
    assert "2 files" in capsys.readouterr().out
    assert [path.name for path in store.rglob("*")] == ["evidence"]
    assert main(["store", "prune", "--store", str(store)]) == 0
    assert capsys.readouterr().out == "0.0 MB in all, 0.0 MB of them old or stale\n0.0 MB freed\n"


def test_damage_is_a_status(store: Path, capsys: pytest.CaptureFixture) -> None:
    """With the file and the reason; what a name holds cannot act on the terminal."""
    assert main(["store", "verify", "--store", str(store)]) == 0
    assert capsys.readouterr().out.startswith("0 sound, 0 damaged; 3 not checked")
    name = os.fsdecode(b"T2-\x1b[2J\xff.json")
    (store / "evidence" / name).write_bytes(b"{")
    assert main(["store", "verify", "--store", str(store)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("evidence T2-?[2J?.json ")
    assert "is not JSON" in out
    assert "1 damaged" in out
    assert out.isascii()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["list", "--store", "none"], "got the store none, wanted a folder that is there: see --store"),
        (["list", "--store", "n" * 300], "File name too long"),
        (
            ["list", "--store", "s3://b/x"],
            "got --store s3://b/x, wanted a folder, such as the one in front of",
        ),
        (["list", "--dry-run"], "got --dry-run with list, wanted it with prune"),
    ],
    ids=["missing", "long", "url", "dry list"],
)
def test_a_wrong_command_is_an_error(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture, monkeypatch, tmp_path: Path
) -> None:
    """Status 2, what was got and what was wanted."""
    monkeypatch.chdir(tmp_path)
    assert main(["store", *arguments]) == 2
    assert reason in capsys.readouterr().err
