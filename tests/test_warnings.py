"""A warning fails a test of the project, and is shown by a run of the claims."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

PLUGIN = """
import warnings

def pytest_runtest_call(item):
    for category in (DeprecationWarning, FutureWarning, UserWarning):
        warnings.warn("a dependency has news", category)
"""


@pytest.mark.parametrize("category", [DeprecationWarning, FutureWarning, UserWarning, RuntimeWarning])
def test_a_warning_fails_a_test(category: type[Warning]) -> None:
    """Of any kind, unless the test expects it."""
    with pytest.raises(category, match="news"):
        warnings.warn("news", category, stacklevel=1)


def test_a_store_that_is_damaged_is_told() -> None:
    """What the run store says of itself goes by."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.warn("run store: something was set aside", UserWarning, stacklevel=1)
    assert len(caught) == 1


def test_a_warning_breaks_no_run_of_the_claims(tmp_path: Path) -> None:
    """A plugin stands for the dependency: the claim is judged, the warnings are listed, the status is 0."""
    (tmp_path / "news.py").write_text(PLUGIN)
    command = [sys.executable, "-m", "pytest", "claims/", "-k", "H1 and boston", "-p", "news", "-n", "0"]
    command += [
        "-p",
        "no:cacheprovider",
        "--report-dir",
        str(tmp_path / "out"),
        "--store",
        str(tmp_path / "s"),
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "FutureWarning: a dependency has news" in done.stdout
