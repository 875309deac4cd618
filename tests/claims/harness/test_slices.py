"""A part of the tests never stands for the whole: it says what it is, and has a folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claims.harness.launch import slices

ROOT = Path(__file__).resolve().parents[3]
NAMED = "tests named on the command line"
PROTOCOLS = ("std", "var", "he")


def config(*arguments: str, counted: tuple[int, int] | None = None, **options: Any) -> Any:
    """The command line of a run in the checkout."""
    option = SimpleNamespace(
        **({"protocols": PROTOCOLS, "keyword": "", "markexpr": "", "claims": ()} | options)
    )
    found = SimpleNamespace(
        option=option,
        rootpath=ROOT,
        invocation_params=SimpleNamespace(dir=ROOT),
        args=list(arguments or ("claims/",)),
        stash=pytest.Stash(),
    )
    if counted:
        slices.count(found, *counted)
    return found


@pytest.mark.parametrize(
    "arguments", [(), (".",), (str(ROOT),), ("claims", "tests/x.py"), ("claims/test_boston.py", "claims")]
)
def test_the_whole_is_no_slice(arguments: tuple[str, ...]) -> None:
    """The folder, or one above it, without anything left out."""
    assert slices.described(config(*arguments, counted=(240, 240))) == ""
    assert slices.described(config(*arguments)) == ""


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (config(keyword="boston", counted=(29, 240)), "29 of 240 tests: -k boston"),
        (config(claims=("E1", "E2"), counted=(6, 240)), "6 of 240 tests: --claims E1,E2"),
        (config(protocols=("he",), counted=(90, 240)), "90 of 240 tests: --protocols he"),
        (config(markexpr="x", counted=(0, 240)), "0 of 240 tests: -m x"),
        (config(counted=(239, 240)), "239 of 240 tests"),
        (
            config("claims/test_boston.py", counted=(6, 6)),
            "a part of the tests: tests named on the command line",
        ),
        (
            config("claims/test_boston.py::test_x", counted=(3, 6)),
            "a part of the tests: tests named on the command line",
        ),
        (config(lf=True, counted=(240, 240)), "a part of the tests: --last-failed"),
        (config(ignore=["claims/test_boston.py"], counted=(234, 234)), "a part of the tests: --ignore"),
        (config(keyword="boston"), "a part of the tests: -k boston"),
    ],
)
def test_a_part_says_which(of: Any, said: str) -> None:
    """By how many of how many where that was counted, and by what was typed."""
    assert slices.described(of) == said


@pytest.mark.parametrize(
    "chosen", [["claims/test_hypotheses.py", "-k", "H1"], ["claims", "--claims", "H1", "-n", "2"]]
)
def test_a_slice_leaves_the_full_report_alone(tmp_path: Path, chosen: list[str]) -> None:
    """Its files stand in a folder of their own, each says that it is a part; a path with a space, or with
    folders that are not there yet, works, whether given with a blank or with =."""
    folder = tmp_path / "of mine" / "new"
    command = [sys.executable, "-m", "pytest", *chosen, "--report-dir", str(folder), "-p", "no:cacheprovider"]
    done = subprocess.run([*command, "-q"], cwd=ROOT, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (folder / "cpu").exists()
    about = json.loads((folder / "cpu-slice" / "verdicts.json").read_text())["provenance"]
    assert (about["complete"], about["interrupted"]) == (False, None)
    assert about["selection"].endswith(f"{' '.join(chosen[1:3])}")
    assert "part of the whole" in done.stdout
    for name in ("verdicts.md", "index.html"):
        assert "A part of the whole" in (folder / "cpu-slice" / name).read_text()
