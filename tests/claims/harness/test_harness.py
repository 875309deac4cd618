"""What pytest needs of the claims: they run without reports, and a test that judges nothing has failed."""

from __future__ import annotations

from pathlib import Path

import pytest

import claims.statistics  # noqa: F401  (NumPy, before a run inside a test: a process can load it only once)
from claims.catalogue import CATALOGUE
from claims.catalogue.declaration import claim
from claims.core.claim import Claim
from claims.harness.options import Options

ROOT = Path(__file__).resolve().parents[3]

JUDGED = """
import pytest
from claims.catalogue.declaration import claim
from claims.core.verdict import Evidence, Strength

FOUND = Evidence(-1.0, None, 1, Strength.PROOF, True)

@claim("H1")
def test_judged(judge, setting):
    assert setting == ""
    judge(FOUND, dataset="boston")

@claim("H1")
@pytest.mark.parametrize("prepared", ["boston-raw"])
def test_named(judge, setting, prepared):
    assert judge(FOUND, dataset="boston").setting == setting == prepared
"""


class Listening:
    """Keeps the options of a run, its tests and its verdicts."""

    def __init__(self) -> None:
        self.verdicts: list[tuple[str, str, str]] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.options = Options.of(session.config)
        self.ids = [item.name for item in session.items]

    @pytest.hookimpl(optionalhook=True)
    def pytest_claims_verdict(self, item, verdict, provenance) -> None:
        self.verdicts.append((item.name, verdict.claim, provenance["data"].keys() == {"boston"}))


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Runs tests by the claims' harness, without any plugin but those named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.syspath_prepend(str(ROOT))

    def within(source: str, *plugins: str) -> tuple[pytest.RunResult, Listening]:
        named = " ".join(f"-p {name}" for name in (*plugins, "claims.conftest"))
        pytester.makeini(f"[pytest]\naddopts = {named} --strict-markers\nfilterwarnings = error")
        pytester.makepyfile(test_claims=source)
        listening = Listening()
        return pytester.runpytest_inprocess("-q", plugins=[listening]), listening

    return within


def test_claims_run_without_reports(run):
    """Whoever listens gets the verdicts; nobody has to."""
    result, heard = run(JUDGED)
    result.assert_outcomes(passed=2)
    assert heard.verdicts == [("test_judged[H1]", "H1", True), ("test_named[H1-boston-raw]", "H1", True)]


def test_without_the_plugin_its_defaults_hold(run):
    """The options are declared once; claims without the plugin take the same values."""
    _, alone = run(JUDGED)
    _, reported = run(JUDGED, "claims.harness.launch.plugin")
    assert alone.options == reported.options == Options()
    assert alone.ids == reported.ids


NO_VERDICT = "got {} verdicts from a test of H1, wanted one: hand its evidence to judge or judge_runs, once"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("pass", NO_VERDICT.format(0)),
        ("[judge(FOUND, dataset='boston') for _ in range(2)]", NO_VERDICT.format(2)),
    ],
    ids=["none", "two"],
)
def test_a_test_of_a_claim_reaches_one_verdict(run, body, said):
    """No test passes because it forgot to judge, and none judges twice: it has one row."""
    result, _ = run(JUDGED.partition("@claim")[0] + f'@claim("H1")\ndef test_it(judge):\n    {body}\n')
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*{said}*"])


def test_what_fails_on_the_way_is_the_only_failure(run):
    """An error before the verdict is reported as itself."""
    result, _ = run(JUDGED.partition("@claim")[0] + '@claim("H1")\ndef test_it(judge):\n    1 / 0\n')
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*wanted one*")


def test_judging_needs_a_claim(run):
    """The error names the decorator."""
    result, _ = run("def test_it(judge):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*got test_it without a claim, wanted @claim(...) over it*"])


@pytest.mark.parametrize("id", ["", "1X", "X 1", "X1,X2", "X[1]"])
def test_an_id_can_be_typed_in_a_list_and_a_name(id):
    """`--claims X1,X2` and `test_x[X1-setting]` must mean one thing."""
    known = CATALOGUE["H1"]
    with pytest.raises(ValueError, match=r"got the claim id '.*', wanted a letter, then letters, digits"):
        Claim(id, "a claim", "nowhere", known.kind, "none", known.region, "unit", "yes")


def test_a_claim_of_the_catalogue_is_not_declared_anew():
    """Another claim under its id would be taken for it; the very same one is it."""
    known = CATALOGUE["H1"]
    other = Claim("H1", "another", "nowhere", known.kind, "none", known.region, "unit", "yes")
    with pytest.raises(
        ValueError, match=r"got a claim with the id 'H1', which is taken .*, wanted another id"
    ):
        claim(other)
    assert claim(known).args[0] == claim("H1").args[0]
