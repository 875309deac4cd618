"""`--report-dir /elsewhere`, with a blank: pytest finds its settings in the checkout all the same."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from landscape_claims_pytest import bound

ROOT = Path(__file__).resolve().parents[3]


def test_paths_outside_are_bound_to_their_option(tmp_path: Path) -> None:
    """Those that exist, after an option that names one; nothing else of the command line changes."""
    outside = str(tmp_path)
    typed = [
        "-k",
        "boston",
        "--report-dir",
        outside,
        "claims",
        "--store",
        "reports",
        "-p",
        outside,
        "--verbose",
        outside,
    ]
    assert bound(typed, ROOT) == [
        *("-k", "boston", f"--report-dir={outside}", "claims", "--store", "reports", "-p", outside),
        *("--verbose", outside),
    ]
    assert bound(["--report-dir", str(tmp_path / "new")], ROOT) == ["--report-dir", str(tmp_path / "new")]


@pytest.mark.parametrize("name", ["with a space", "new/and deeper", "."])
def test_a_folder_elsewhere_needs_no_equals_sign(tmp_path: Path, name: str) -> None:
    """One that is there, one that is not yet, without a path to tests on the command line."""
    if "new" not in name:
        (tmp_path / name).mkdir(exist_ok=True)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (module,) = settings["project"]["entry-points"]["pytest11"].values()
    assert settings["tool"]["setuptools"]["py-modules"] == [module]
    command = [sys.executable, "-m", "pytest", "-p", module, "-q", "--collect-only", "-k", "H1"]
    command += ["-p", "no:cacheprovider", "--report-dir", str(tmp_path / name)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[H1-boston-raw]" in done.stdout
