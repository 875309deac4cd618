"""A claim is one file: the one that CONTRIBUTING.md shows is judged, chosen and reported as any other."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FILES = ("claims/test_half.py", "tests/claims/test_half_controls.py")
"""Where the two Python blocks of CONTRIBUTING.md go."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the two files and no other change."""
    copy = tmp_path_factory.mktemp("checkout")
    for room in ("data", "models", "claims", "reports", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "out", "reference")
        shutil.copytree(ROOT / room, copy / room, ignore=ignored)
    for name in ("conftest.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy / name)
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text(), re.M | re.S)
    for path, block in zip(FILES, blocks, strict=True):
        (copy / path).write_text(block)
    return copy


def run(checkout: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """pytest in the copy, with its store and reports there."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *options]
    command += ["--store", str(checkout / "store"), "--report-dir", str(checkout / "out"), "--backend", "cpu"]
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "GITHUB_", "PYTHONPATH"))}
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, env=environ, timeout=170)


def test_the_file_is_all_it_takes(checkout: Path) -> None:
    """Its claim is selected by id, trained, judged by its own rule, and printed with its statement."""
    done = run(checkout, "claims", "--claims", "X1", "--protocols", "he", "--networks", "8")
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads((checkout / "out" / "cpu" / "verdicts.json").read_text())["verdicts"]
    assert (row["claim"], row["setting"], row["n"]) == ("X1", "boston-50-he", 8)
    assert (row["outcome"], row["margin"], row["estimate"]) == ("supported", 0.6, 1.0)
    assert row["nodeid"] == "claims/test_half.py::test_most_networks_explain_half[X1-boston-50-he]"
    assert "X1  Boston, 50 hidden units: most networks explain half" in done.stdout


def test_its_setting_is_collected_under_each_protocol(checkout: Path) -> None:
    """`-k` selects by the printed setting, among the other claims on that network."""
    done = run(checkout, "claims", "--collect-only", "-k", "boston-50-var")
    assert "test_most_networks_explain_half[X1-boston-50-var]" in done.stdout
    assert "test_regression_training_loss_goes_to_zero[E9-boston-50-var]" in done.stdout


def test_its_controls_are_counted(checkout: Path) -> None:
    """The page reads what the control tests declare."""
    done = run(checkout, FILES[1])
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((checkout / "out" / "controls.json").read_text())["controls"]
    assert [(each["claim"], each["outcome"], each["passed"]) for each in found] == [
        ("X1", "supported", True),
        ("X1", "refuted", True),
    ]


def test_two_claims_cannot_share_an_id(checkout: Path) -> None:
    """Their rows could not be told apart: a usage error names both."""
    other = (checkout / FILES[0]).read_text().replace("most networks", "few networks")
    (checkout / "claims" / "test_other.py").write_text(other)
    done = run(checkout, "claims", "--collect-only")
    (checkout / "claims" / "test_other.py").unlink()
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "got two claims with the id 'X1' (Boston, 50 hidden units: most networks" in done.stderr
    assert "wanted one: give the second another id" in done.stderr
