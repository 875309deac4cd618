"""Reading what mutmut says: names, files, samples and counts; nothing is mutated here."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from benchmarks import mutants

ROOT = Path(__file__).resolve().parents[2]

OUTPUT = """
    claims.core.verdict.x_decide__mutmut_1: survived
    claims.core.verdict.x_decide__mutmut_2: killed
    claims.core.verdict.xǁRegionǁcontains__mutmut_1: timeout
    claims.statistics.shares.xǁShareǁlower__mutmut_3: no tests
    models.runs.store.xǁRunStoreǁget__mutmut_12: not checked
"""
NAMES = list(mutants.parsed(OUTPUT))


def test_results_are_read_by_name():
    """Statuses of two words too; the rest of the output is left alone."""
    found = mutants.parsed("Generating mutants\n" + OUTPUT)
    assert len(found) == 5
    assert found["claims.core.verdict.x_decide__mutmut_1"] == "survived"
    assert found["claims.statistics.shares.xǁShareǁlower__mutmut_3"] == "no tests"


def test_a_name_tells_its_file():
    """Functions and methods alike."""
    assert [mutants.file_of(name) for name in NAMES] == [
        *["claims/core/verdict.py"] * 3,
        "claims/statistics/shares.py",
        "models/runs/store.py",
    ]


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ([], 5),
        (["claims/core/verdict.py"], 3),
        (["claims/statistics"], 1),
        (["claims/statistics/"], 1),
        (["claims/*"], 4),
        (["claims"], 4),
        (["models/runs/store.py", "claims/core/verdict.py"], 4),
    ],
    ids=str,
)
def test_files_folders_and_patterns(files, count):
    """A folder stands for what is in it, nothing for everything."""
    assert len(mutants.chosen(NAMES, files, None, 0)) == count


def test_a_seed_means_one_sample():
    """Whatever the order in which the mutants are listed; a larger sample than there are is all of them."""
    first = mutants.chosen(NAMES, [], 3, 7)
    assert first == mutants.chosen(NAMES[::-1], [], 3, 7)
    assert len(set(first)) == 3
    assert {tuple(mutants.chosen(NAMES, [], 3, seed)) for seed in range(20)} != {tuple(first)}
    assert sorted(mutants.chosen(NAMES, [], 99, 0)) == sorted(NAMES)


def test_files_that_are_not_mutated_are_refused():
    """A misspelt path must not count as everything killed."""
    with pytest.raises(ValueError, match=r"got claims/verdicts\.py, wanted files that are mutated"):
        mutants.chosen(NAMES, ["claims/verdicts.py"], None, 0)


def test_counts_by_file():
    """A test that never ends has noticed the fault; a fault that no test reaches is not noticed."""
    files = mutants.by_file(mutants.parsed(OUTPUT))
    assert files == {
        "claims/statistics/shares.py": {"no tests": 1},
        "claims/core/verdict.py": {"survived": 1, "killed": 2},
        "models/runs/store.py": {"not checked": 1},
    }
    last = mutants.table(files).splitlines()[-1].split()
    assert last == ["all", "5", "2", "0.40"]


def test_a_run_counts_the_sample_only(monkeypatch, tmp_path, capsys):
    """The whole command with mutmut's words in place of mutmut: the sample is run, counted and written."""
    asked = []

    def said(*arguments: str, quiet: bool = False) -> str:
        asked.append(arguments)
        return OUTPUT if quiet else ""

    monkeypatch.setattr(mutants, "_mutmut", said)
    monkeypatch.setattr(mutants, "version", lambda package: "3.8.0")  # the extra may not be installed
    path = tmp_path / "found.json"
    assert mutants.main(["claims/core/verdict.py", "--to", str(path), "--least", "0.6"]) == 0
    assert asked[0] == ("run", "--max-children", "1", mutants.FIRST)
    assert sorted(asked[2][3:]) == sorted(NAMES[:3])
    content = json.loads(path.read_text())
    assert (content["mutants"], content["killed"], content["sample"]) == (3, 2, None)
    assert content["survivors"] == {"claims.core.verdict.x_decide__mutmut_1": "survived"}
    assert "survived: claims.core.verdict.x_decide__mutmut_1" in capsys.readouterr().out
    assert mutants.main(["claims/core/verdict.py", "--least", "0.7"]) == 1


def test_the_configuration_names_what_exists():
    """A folder that was moved would silently be mutated, copied or tested no more."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    named = config["source_paths"] + config["also_copy"] + config["pytest_add_cli_args_test_selection"]
    named += [argument.partition("=")[2] for argument in config["pytest_add_cli_args"] if "=" in argument]
    named += [pattern.rstrip("*") for pattern in config["only_mutate"]]
    assert [path for path in named if not (ROOT / path).exists()] == []
