"""The commands of the README and of CONTRIBUTING work as they stand, and what the pages name is there."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reports import history
from tests.reports.sample_reports import report, saved

ROOT = Path(__file__).parents[1]


def commands(page: str) -> list[str]:
    """The commands in a page's blocks, without their comments."""
    blocks = re.findall(r"```\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line.partition("#")[0].strip() for line in lines if line.startswith("python -m ")]


def used(page: str) -> set[str]:
    """The modules that a page runs."""
    return set(re.findall(r"python -m ([\w.]+)", (ROOT / page).read_text()))


COMMANDS = commands("README.md")
STORE = [c for c in [*COMMANDS, *commands("CONTRIBUTING.md")] if "-m reports store" in c]
PYTEST = [
    part
    for line in dict.fromkeys([*COMMANDS, *commands("CONTRIBUTING.md")])
    for part in line.split(" && ")
    if "-m pytest" in part
]


def test_the_two_commands_are_there() -> None:
    """The README opens with one command for the claims and one for the tests; then it says how torch comes
    without CUDA, on 3.12 and 3.13 as well."""
    assert COMMANDS[:3] == [
        "python -m pip install -e . --no-compile && python -m pytest claims/ -n auto",
        "python -m pip install -e '.[dev]' && python -m pytest tests/ -n auto",
        "python -m pip install -e . --no-compile --extra-index-url https://download.pytorch.org/whl/cpu",
    ]


@pytest.mark.parametrize("command", [c for c in PYTEST if "claims/" in c])
def test_its_pytest_commands_collect(command: str, tmp_path: Path) -> None:
    """Every option it shows is understood; a backend that this machine lacks is refused as one."""
    arguments = shlex.split(command)[1:]
    if "--baseline" in arguments:
        earlier = ROOT / "reports" / "reference" / "cpu" / "verdicts.json"
        arguments[arguments.index("--baseline") + 1] = str(earlier)
    if "--data" in arguments:
        labels = [0, 1] * 5
        np.savez(tmp_path / "my.npz", x=np.arange(20).reshape(10, 2), y=labels)
        arguments[arguments.index("--data") + 1] = str(tmp_path / "my.npz")
    listed = [] if "--help" in arguments else ["--collect-only", "-q", "-p", "no:cacheprovider", "-n", "0"]
    finished = subprocess.run(
        [sys.executable, *arguments, *listed], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    output = finished.stdout + finished.stderr
    if "cuda" in arguments and finished.returncode == 4:
        assert "got --backend cuda" in output
        return
    assert finished.returncode == 0, output
    assert HEADING in output if "--help" in arguments else "tests collected" in output


@pytest.mark.parametrize("command", STORE)
def test_commands_on_the_store_run(command: str, tmp_path: Path) -> None:
    """Both pages' commands about the run store, on an empty one."""
    arguments = [sys.executable, *shlex.split(command)[1:], "--store", str(tmp_path)]
    finished = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert re.search(r"^0\.0 MB (in all|freed)", finished.stdout, flags=re.MULTILINE)


@pytest.mark.parametrize("command", [c for c in COMMANDS if re.search(r"-m reports (compare|history)", c)])
def test_commands_on_reports_run(command: str, tmp_path: Path) -> None:
    """On a report that was written here, and its history."""
    made = report()
    saved(tmp_path / "cpu", made)
    history.add(made, tmp_path)
    arguments = [arg.replace("reports/out/*", str(tmp_path / "*")) for arg in shlex.split(command)[1:]]
    here = ["--report-dir", str(tmp_path)] if "history" in arguments else []
    finished = subprocess.run(
        [sys.executable, *arguments, *here], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "E1" in finished.stdout


def test_every_command_is_run_by_a_test_or_by_ci() -> None:
    """Or, of tox, its environments are looked up below."""
    seen = (*STORE, *PYTEST, *(c for c in COMMANDS if "-m reports" in c or "-m tox" in c))
    rest = {part for line in COMMANDS for part in line.split(" && ")} - set(seen)
    assert all(part.startswith("python -m pip install -e ") for part in rest)


def test_both_pages_speak_of_the_store() -> None:
    """A line each."""
    assert len(STORE) == 3


def test_its_tox_environments_exist() -> None:
    """`tox -e` names environments of tox.ini."""
    tox = next(line for line in COMMANDS if "-m tox" in line)
    configured = (ROOT / "tox.ini").read_text()
    for name in tox.split("-e ")[1].split(","):
        assert name.strip() in configured


HEADING = "putting the paper on trial"


def test_the_help_is_where_the_readme_says() -> None:
    """Under the heading that the help prints."""
    said = f'`python -m pytest claims/ --help` lists the rest under "{HEADING}"'
    assert said in (ROOT / "README.md").read_text()


GENERATED = {"reports/out/cpu/index.html", "reports/out/cpu", "reports/out"}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_its_places_exist(page: str) -> None:
    """Each path it names in backticks or in a command is there."""
    text = (ROOT / page).read_text()
    named = [
        *re.findall(r"`((?:[\w.]+/)+[\w.*-]*)`", text),
        *re.findall(r"(?<= )(?:[a-z_]+/)+[\w.]*\b", text),
    ]
    there = [path for path in named if any(ROOT.glob(path))]
    rooms = {path.name for path in ROOT.iterdir()}
    missing = {path for path in named if path not in there and path.partition("/")[0] in rooms} - GENERATED
    assert not missing
    assert len(there) >= 5


MODULES = sorted({m for page in ("README.md", "CONTRIBUTING.md", "docs/architecture.md") for m in used(page)})


@pytest.mark.parametrize("module", MODULES)
def test_its_modules_are_there(module: str) -> None:
    """Each `python -m` of the pages names a module of the project or of its tools."""
    assert importlib.util.find_spec(module), module
