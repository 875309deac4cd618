"""`--network`: the claims on the digits, asked of a network of the user's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from claims.catalogue import CATALOGUE
from claims.catalogue.experiments import BOSTON_50, LINEAR_10_10, LINEAR_500, LINEAR_500_300, SOFTMAX_500
from claims.harness.own_network import asked_of, check, replaced

ROOT = Path(__file__).parents[3]
LAYERS = "784-100-10"


def labels(*alternatives: tuple) -> list[list[str]]:
    """The networks and outputs that are left of these alternatives."""
    return [[training.name for training in each] for each in replaced(alternatives, LAYERS)]


def test_without_it_nothing_changes() -> None:
    """The declared alternatives themselves, the claim itself."""
    alternatives = ((LINEAR_500,), (LINEAR_10_10,))
    assert replaced(alternatives, None) is alternatives
    assert asked_of(CATALOGUE["E1"], None) is CATALOGUE["E1"]


def test_every_network_on_the_digits_is_replaced() -> None:
    """Once, trained as long as any other; networks on other data stay."""
    assert labels((LINEAR_500,), (LINEAR_500_300,), (LINEAR_10_10,), (SOFTMAX_500,), (BOSTON_50,)) == [
        ["100 linear mse"],
        ["100 softmax mse"],
        ["50 linear mse"],
    ]
    ((small,),) = replaced([(LINEAR_10_10,)], LAYERS)
    assert not small.slow


def test_a_comparison_of_outputs_stays_and_one_of_architectures_goes() -> None:
    """Two equal networks have nothing to compare; a part of a comparison is not asked by itself."""
    assert labels((SOFTMAX_500, LINEAR_500)) == [["100 softmax mse", "100 linear mse"]]
    assert labels((LINEAR_10_10, LINEAR_500)) == []
    assert labels((LINEAR_10_10,), (SOFTMAX_500, LINEAR_500)) == [["100 softmax mse", "100 linear mse"]]


def test_the_paper_says_nothing_of_it() -> None:
    """The statement says which network is asked; rule, region and alpha are the claim's."""
    claim, asked = CATALOGUE["E1"], asked_of(CATALOGUE["E1"], LAYERS)
    assert asked.statement == f"{claim.statement} (asked of {LAYERS})"
    assert asked.reading("linear") == "not claimed"
    assert (asked.id, asked.rule, asked.region) == (claim.id, claim.rule, claim.region)


@pytest.mark.parametrize("layers", ["20-100-10", "784-100-3"])
def test_a_network_that_does_not_fit_is_refused(layers: str) -> None:
    """With the one that would."""
    with pytest.raises(
        pytest.UsageError,
        match=rf"got --network {layers}, wanted a network for mnist-1k, which has 784 inputs and 10 labels: "
        "--network 784-100-10",
    ):
        check(layers, "mnist-1k")


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The claims from a folder of the user's."""
    command = [sys.executable, "-m", "pytest", str(ROOT / "claims"), f"--rootdir={ROOT}", "-c"]
    command += [str(ROOT / "pyproject.toml"), "-q", "-n", "0", "-p", "no:cacheprovider", "--backend", "cpu"]
    command += ["--store", "store", "--report-dir", "reports", "--networks", "8", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("layers", ["100", "784-10", "784-0-10", "784-100-10-", "784-٣-10", ""])
def test_what_is_no_network_is_a_usage_error(layers: str, tmp_path: Path) -> None:
    """Before anything is collected."""
    done = run(tmp_path, f"--network={layers}")
    assert done.returncode == 4
    assert "wanted inputs, hidden layers and outputs: for instance 784-100-10" in done.stderr


def test_a_students_own_question(tmp_path: Path) -> None:
    """Her network on her data under today's practice: the table, the JSON and the page say so."""
    draw, y = np.random.default_rng(0), np.arange(150) % 3
    np.savez(tmp_path / "my.npz", x=draw.normal(y[:, None], 0.3, (150, 8)), y=y)
    asked = ["--data", "my.npz", "--network", "8-6-3", "--protocols", "xavier", "--claims", "E6,M2"]
    done = run(tmp_path, *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "reports" / "cpu-slice"
    report = json.loads((folder / "verdicts.json").read_text())
    settings = {(row["claim"], row["setting"]): row for row in report["verdicts"]}
    assert list(settings) == [
        ("E6", "my-6-xavier"),
        ("M2", "my-6-linear-xavier"),
        ("M2", "my-6-softmax-xavier"),
    ]
    assert {row["paper"] for row in settings.values()} == {"not claimed"}
    assert report["provenance"]["options"]["network"] == "8-6-3"
    page = (folder / "index.html").read_text()
    assert "my-6-softmax-xavier" in page
    assert "(asked of 8-6-3)" in page
    assert "asked of 8-6-3" in done.stdout
