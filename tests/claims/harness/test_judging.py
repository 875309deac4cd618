"""How `judge_runs` looks at a claim: as few networks as decide it, each trained once, in one design."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import claims.statistics  # noqa: F401  (NumPy, before a run inside a test: a process can load it only once)
from claims.core.margins import LOOK_WEIGHTS, NETWORKS, SHARE

ROOT = Path(__file__).resolve().parents[3]

PLANTED = '''
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.claims.planted import descended, planted, plateau

from models.runs.run import Run
from models.second_leg.descent import Descent

ARRIVE = {arrive!r}
"""Of so many networks in a row, how many arrive at zero."""

@pytest.fixture(scope="session")
def train():
    """Runs written down instead of trained, and which trainings were asked for; a descent is certified where
    its training ended."""
    asked = Path("trained.jsonl")

    def of(spec):
        if isinstance(spec, Descent):
            first = written(spec.experiment)
            second = descended(first).second
            own = dict(key=first.key + "-down", provenance=dict(sha256="cd"), seconds=0.5)
            return replace(second, spec=spec, **own)
        with asked.open("a") as file:
            which = [spec.networks.first, spec.networks.count, spec.objective.output]
            file.write(json.dumps(which) + chr(10))
        return written(spec)

    def written(spec):
        arrived, every = ARRIVE
        values = [0.01 if number % every < arrived else 0.5 for number in spec.numbers]
        arrays = planted(plateau(np.array(values), spec.budget.epochs)).arrays
        key = f"{{spec.objective.output}}-{{spec.networks.first}}"
        return Run(spec, arrays, key=key, provenance=dict(sha256="ab"), trained=True, seconds=1.5)

    return of
'''

CLAIMS = """
from claims.catalogue.experiments import BOSTON_50, LINEAR_500, SOFTMAX_500
from claims.evidence.trained.reaching import near_zero, same_behaviour
from claims.catalogue.declaration import claim

@claim("E9", BOSTON_50, protocols=("he",))
def test_reaches_zero(judge_runs):
    judge_runs(near_zero)

@claim("E5", (SOFTMAX_500, LINEAR_500), protocols=("he",), variant="planted")
def test_alike(judge_runs):
    judge_runs(same_behaviour)
"""


@pytest.fixture
def judged(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Runs the two claims above with so many networks arriving, and gives their rows by claim."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[3]))
    pytester.makeini(
        "[pytest]\naddopts = -p claims.harness.launch.plugin -p reports.plugin"
        " -p claims.conftest\nfilterwarnings = error"
    )
    pytester.makepyfile(test_claims=CLAIMS)

    def run(arrive: tuple[int, int], *options: str, passed: int = 2) -> dict[str, dict]:
        pytester.makeconftest(PLANTED.format(arrive=arrive))
        (pytester.path / "trained.jsonl").unlink(missing_ok=True)
        options += ("--store", "store", "--report-dir", "out", "--backend", "cpu")
        result = pytester.runpytest_inprocess(*options, "-q")
        assert result.parseoutcomes().get("passed", 0) == passed, result.stdout.str()
        written = (pytester.path / "out").glob("*/verdicts.json")
        written = sorted(written, key=lambda path: path.stat().st_mtime_ns)
        verdicts = json.loads(written[-1].read_text())["verdicts"] if written else []
        return {row["claim"]: row for row in verdicts} | {"output": result.stdout.str()}

    return run


@pytest.fixture
def trained(pytester):
    """What the last run trained: first network, how many, output."""
    return lambda: [
        tuple(json.loads(line)) for line in (pytester.path / "trained.jsonl").read_text().splitlines()
    ]


def row(of: dict) -> tuple:
    return of["outcome"], of["n"], of["look"]


def test_a_verdict_on_two_devices_is_refused(judged, monkeypatch):
    """The comparison of two outputs, each trained on another one; the claim on one of them is judged."""

    def device(run):
        return "cuda", getattr(run.spec, "experiment", run.spec).objective.output

    monkeypatch.setattr("claims.harness.provenance.device_of", device)
    rows = judged((1, 1), passed=1)
    assert "E9" in rows
    assert "E5" not in rows
    assert "got runs of different devices behind one verdict" in rows["output"]
    assert "Traceback" not in rows["output"]


def test_the_fixed_design_looks_once(judged, trained):
    """At the whole alpha, with all its networks; the p-value is the bound's own."""
    rows = judged((1, 1))
    assert row(rows["E9"]) == ("supported", NETWORKS, "")
    assert rows["E9"]["alpha"] == 0.05
    assert rows["E9"]["p_value"] == pytest.approx(SHARE**NETWORKS)
    assert (rows["E9"]["setting"], rows["E5"]["setting"]) == ("boston-50-he", "planted-mnist-1k-500-he")
    assert rows["E9"]["protocol"] == "he"
    assert sorted(trained()) == [(0, 32, "linear"), (0, 32, "linear"), (0, 32, "softmax")]


def test_another_number_of_networks(judged, trained):
    """`--networks 8` can support nothing, and says so."""
    rows = judged((1, 1), "--networks", "8")
    assert row(rows["E9"]) == ("inconclusive", 8, "")
    assert {networks for _, networks, _ in trained()} == {8}


def test_looks_stop_when_they_decide(judged, trained):
    """All arrive: 12 and 24 networks are too few for their shares of alpha, 48 are enough, and each look
    trains the new ones only."""
    rows = judged((1, 1), "--looks", "-k", "reaches", passed=1)
    assert row(rows["E9"]) == ("supported", 48, "3 of 4")
    assert trained()[-3:] == [(0, 12, "linear"), (12, 12, "linear"), (24, 24, "linear")]
    assert max(first + networks for first, networks, _ in trained()) == 48
    assert rows["E9"]["alpha"] == pytest.approx(0.05 * LOOK_WEIGHTS[2])
    assert rows["E9"]["p_value"] == pytest.approx(SHARE**48 / LOOK_WEIGHTS[2])


def test_looks_may_decide_at_once(judged, trained):
    """None arrives: twelve networks refute, at a tenth of alpha, and no more are trained."""
    rows = judged((0, 1), "--looks", "-k", "reaches", passed=1)
    assert row(rows["E9"]) == ("refuted", 12, "1 of 4")
    assert rows["E9"]["alpha"] == pytest.approx(0.005)
    assert trained() == [(0, 12, "linear")]


def test_what_is_open_after_the_last_look_stays_open(judged, trained):
    """Nine of ten arrive: 96 networks do not tell whether that is 85 %."""
    rows = judged((9, 10), "--looks", "-k", "reaches", passed=1)
    assert row(rows["E9"]) == ("inconclusive", 96, "4 of 4")
    assert max(first + networks for first, networks, _ in trained()) == 96
    assert rows["E9"]["p_value"] > 0.05


def test_each_compared_experiment_grows(judged, trained):
    """A comparison looks at the same networks of both."""
    rows = judged((1, 1), "--looks", "-k", "alike", passed=1)
    assert row(rows["E5"]) == ("supported", 48, "3 of 4")
    assert rows["E5"]["sampling_unit"] == "paired networks"
    grown = {
        output: [(a, n) for a, n, o in trained() if o == output][-3:] for output in ("softmax", "linear")
    }
    assert grown["softmax"] == grown["linear"] == [(0, 12), (12, 12), (24, 24)]


@pytest.mark.parametrize("later", [("--looks",), ("--networks", "48"), ("--networks", "12")], ids=" ".join)
def test_a_design_is_not_continued_by_another(judged, trained, pytester, later):
    """After 32 networks were looked at, the store refuses to go on, before anything is trained; with another
    seed the networks are new ones."""
    judged((9, 10))
    again = judged((9, 10), *later, passed=0)
    assert "going on after looking would spend alpha twice" in " ".join(again["output"].split())
    assert not (pytester.path / "trained.jsonl").exists()
    judged((9, 10), *later, "--seed", "1")
    judged((9, 10))


def test_looks_are_not_continued_by_a_fixed_number(judged):
    """Nor the other way round: 96 networks after an open answer at 48 is what the looks are for."""
    judged((1, 1), "--looks")
    refused = " ".join(judged((1, 1), "--networks", "96", passed=0)["output"].split())
    assert "got 96 networks for " in refused
    assert "judged at 12, 24, 48, 96 networks" in refused
    judged((1, 1), "--looks")


def test_a_run_that_failed_has_judged_nothing(judged, pytester):
    """An error before the first look leaves the choice of the design open."""
    pytester.makepyfile(test_claims=CLAIMS.replace("(near_zero)", "(lambda *a: 1 / 0)"))
    judged((1, 1), "-k", "reaches", passed=0)
    pytester.makepyfile(test_claims=CLAIMS)
    assert row(judged((1, 1), "--looks", "-k", "reaches", passed=1)["E9"])[0] == "supported"


def test_the_report_says_which_runs_it_rests_on(judged, pytester):
    """Every part of a joined run by its own key, with who trained it."""
    judged((1, 1), "--looks", "-k", "reaches", passed=1)
    report = json.loads((pytester.path / "out" / "cpu-slice" / "verdicts.json").read_text())
    text = json.dumps(report)
    assert all(f'"linear-{first}"' in text for first in (0, 12, 24))
    assert "linear-48" not in text
    assert report["provenance"]["options"]["design"]["kind"] == "looks"
