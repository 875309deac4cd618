"""Every claim can be refuted and every claim can be supported: what the declarations of the controls say."""

from __future__ import annotations

from pathlib import Path

import pytest

from claims.catalogue import CATALOGUE
from claims.core.verdict import Outcome
from tests.claims.controls.declared import control, controls_of

BOTH = {str(Outcome.SUPPORTED), str(Outcome.REFUTED)}


class Watching:
    """Keeps what the collected tests are controls of."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.planted = [each for item in session.items for each in controls_of(item)]


def test_every_claim_has_both_controls(monkeypatch):
    """A claim of the catalogue without a planted support and a planted refutation fails here."""
    watching = Watching()
    folder = Path(__file__).parents[1]
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    assert pytest.main(["--collect-only", "-qq", str(folder)], plugins=[watching]) == 0
    planted = {id: {each["outcome"] for each in watching.planted if each["claim"] == id} for id in CATALOGUE}
    assert {id for id, outcomes in planted.items() if not outcomes >= BOTH} == set()


def test_a_control_of_an_unknown_claim_is_refused():
    """A misspelt id would leave the claim without its control."""
    with pytest.raises(KeyError, match="got the claim id 'E99'"):
        control("E99", Outcome.SUPPORTED)


def test_what_a_control_plants_is_recorded(pytester):
    """As properties of its report, of the test itself and of its parameters."""
    pytester.makeconftest((Path(__file__).parents[1] / "conftest.py").read_text())
    pytester.makepyfile(
        """
        import pytest
        from tests.claims.controls.declared import control
        from claims.core.verdict import Outcome

        @control("E1", Outcome.SUPPORTED)
        @pytest.mark.parametrize("case", [pytest.param(1, marks=control("E2", Outcome.REFUTED)), 2])
        def test_planted(case):
            pass
        """
    )
    reports = pytester.inline_run().getreports("pytest_runtest_logreport")
    recorded = [report.user_properties for report in reports if report.when == "call"]
    supported, refuted = {"claim": "E1", "outcome": "supported"}, {"claim": "E2", "outcome": "refuted"}
    assert recorded == [[("control", supported), ("control", refuted)], [("control", supported)]]
