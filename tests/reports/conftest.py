"""A small run of the harness inside a test: four claims with known verdicts, no training."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

CLAIMS = """
import pytest
from claims.catalogue import claim
from claims.verdict import Evidence, decide

CASES = {
    "std": Evidence(1.23e6, (9.12e5, 2.12e6), 12),
    "var": Evidence(0.04, (0.01, 0.2), 12),
    "he": Evidence(0.0123, (0.0101, 0.0301), 12),
}

@pytest.mark.parametrize("protocol", CASES, ids=lambda p: f"mnist-5k-500-{p}")
def test_loss_reaches_zero(protocol, record_verdict):
    verdict = decide(claim("E1"), CASES[protocol], setting=f"mnist-5k-500-{protocol}",
                     dataset="mnist-5k", protocol=protocol)
    record_verdict(verdict, data={"mnist-5k": "ab12"}, seeds=[0, 1], device="a CPU", backend="cpu",
                   precision="fp32", experiments=[protocol], trained=True, seconds=0.5)

def test_eigenvalues_are_distinct(record_verdict):
    verdict = decide(claim("H4"), Evidence(None, None, 1), setting="mnist-5k", dataset="mnist-5k",
                     failed_prerequisites=["H2 failed on mnist-5k"])
    record_verdict(verdict, data={"mnist-5k": "ab12"})
"""
"""E1 refuted for std, inconclusive for var, supported for he; H4 not applicable."""


@pytest.fixture(scope="session", autouse=True)
def heeded_interrupts() -> None:
    """A shell starts what it puts in the background with SIGINT ignored, which processes hand down to those
    they start: runs inside tests must hear it all the same."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def harness(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with the sample claims in it, where `pytest` loads the plugin."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("CI", raising=False)
    # On GitHub the runs inside tests must not add to the job's own summary.
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    # Third-party plugins other than xdist are none of these tests' business and cost time.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini(
        "[pytest]\naddopts = -p reports.plugin -p xdist.plugin --strict-markers\nfilterwarnings = error"
    )
    pytester.makepyfile(test_claims=CLAIMS)
    return pytester


@pytest.fixture
def report_of(harness: pytest.Pytester) -> Callable[..., dict[str, Any]]:
    """The verdicts.json that the last run wrote."""

    def read(folder: str = "reports/out/cpu") -> dict[str, Any]:
        return json.loads((harness.path / folder / "verdicts.json").read_text())

    return read
