"""`--data`: the trained claims on a user's own arrays, or on another data set, in place of the digits."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The claims from a folder of the user's, one network of one claim under one protocol."""
    command = [sys.executable, "-m", "pytest", str(ROOT / "claims"), f"--rootdir={ROOT}", "-c"]
    command += [str(ROOT / "pyproject.toml"), "-q", "-p", "no:cacheprovider", "-k", "identically and 500-he"]
    command += ["--protocols", "he", "--networks", "8", "--backend", "cpu", "--store", "store"]
    command += ["--report-dir", "reports", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the user's with 240 images of 2 by 10 pixels in three classes, and a regression."""
    draw, labels = np.random.default_rng(0), np.arange(240) % 3
    x = np.clip(draw.normal(60 + 60 * labels[:, None], 25, (240, 20)), 0, 255).astype(np.uint8)
    np.savez(tmp_path / "my-set.npz", x=x.reshape(240, 1, 2, 10), y=labels)
    np.savez(tmp_path / "prices.npz", x=x, y=labels * 1.0)
    return tmp_path


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_claim_is_judged_on_the_users_arrays(folder: Path, workers: str) -> None:
    """None of the project's files changes; settings are named after the file, a relative path will do."""
    done = run(folder, "--data", "my-set.npz", "-n", workers)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((folder / "reports" / "cpu-slice" / "verdicts.json").read_text())
    (verdict,) = report["verdicts"]
    assert (verdict["claim"], verdict["setting"], verdict["dataset"]) == ("M2", "my-set-500-he", "my-set")
    assert (verdict["n"], verdict["estimate"] >= 0) == (4, True)
    about = report["provenance"]
    assert about["options"]["scale_sizes"]["my-set"] == {"train": 192, "test": 48}
    assert Path(about["options"]["data"]).name == "my-set.npz"
    assert list(about["data"]) == ["my-set"]
    assert "--data" in (folder / "reports" / "cpu-slice" / "index.html").read_text()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("prices.npz", "--data: got .*prices.npz, a regression, wanted labelled samples"),
        ("absent.npz", "--data: .*absent.npz: got No such file or directory, wanted a .npz file"),
        (
            "cifar",
            "--data: got the data set 'cifar', wanted one of boston, .*or a file whose name ends in .npz",
        ),
    ],
)
def test_data_that_cannot_be_used_are_a_usage_error(folder: Path, data: str, message: str) -> None:
    """Before anything is collected."""
    done = run(folder, "--data", data)
    assert done.returncode == 4
    assert re.search(message, done.stderr + done.stdout)
    assert not (folder / "store").exists()


def test_another_set_by_name(folder: Path) -> None:
    """A data set of the project stands in for the scale's digits as well."""
    done = run(folder, "--data", "mnist-5k", "--collect-only")
    assert "[M2-mnist-5k-500-he]" in done.stdout
    assert "mnist-1k" not in done.stdout
