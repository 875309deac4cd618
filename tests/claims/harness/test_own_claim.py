"""A claim is one file: the one that docs/extending.md shows is judged, chosen and reported as any other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.recipes import copy_project, digests, recipes
from tests.helpers.recipes import pytest_in as run

RECIPE = recipes()["A claim on an existing network"]
CLAIM, CONTROLS = RECIPE.listed


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the two files and no other change."""
    copy = copy_project(tmp_path_factory.mktemp("checkout"))
    before = digests(copy)
    for path, block in RECIPE.files.items():
        (copy / path).write_text(block)
    assert sorted(digests(copy).keys() - before.keys()) == sorted(RECIPE.listed)
    return copy


def test_the_file_is_all_it_takes(checkout: Path) -> None:
    """Its claim is selected by id, trained, judged by its own rule, and printed with its statement."""
    done = run(checkout, *RECIPE.commands[0].split()[3:])
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads((checkout / "out" / "cpu-slice" / "verdicts.json").read_text())["verdicts"]
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
    done = run(checkout, *RECIPE.commands[1].split()[3:])
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((checkout / "out" / "controls.json").read_text())["controls"]
    assert [(each["claim"], each["outcome"], each["passed"]) for each in found] == [
        ("X1", "supported", True),
        ("X1", "refuted", True),
    ]


def test_two_claims_cannot_share_an_id(checkout: Path) -> None:
    """Their rows could not be told apart: a usage error names both."""
    other = (checkout / CLAIM).read_text().replace("most networks", "few networks")
    (checkout / "claims" / "test_other.py").write_text(other)
    done = run(checkout, "claims", "--collect-only")
    (checkout / "claims" / "test_other.py").unlink()
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "got two claims with the id 'X1' (Boston, 50 hidden units: most networks" in done.stderr
    assert "wanted one: give the second another id" in done.stderr
