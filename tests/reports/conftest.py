"""A small run of the harness inside a test, four claims with known verdicts; the page in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy  # noqa: F401 - a process loads it once, and runs inside a test forget what they loaded
import pytest
from msgspec.structs import replace

from claims.harness.launch.controls import Controls
from reports.page import build, screenshot
from tests.reports import page_samples as samples
from tests.reports.sample_verdicts import recorded_verdict

ROOT = Path(__file__).resolve().parents[2]

CASES = {
    "std": recorded_verdict(
        "E1", "mnist-5k-500-std", protocol="std", estimate=1.23e6, interval=(9.12e5, 2.12e6)
    ),
    "var": recorded_verdict("E1", "mnist-5k-500-var", protocol="var", estimate=0.04, interval=(0.01, 0.2)),
    "he": recorded_verdict("E1", "mnist-5k-500-he", protocol="he"),
    "H4": recorded_verdict(
        "H4", "mnist-5k", estimate=None, interval=None, n=1, failed=["H2 failed on mnist-5k"]
    ),
}

CLAIMS = f"""
import msgspec
import numpy  # noqa: ICN001, F401 - a process loads it once, and runs inside a test forget what they loaded
import pytest

from claims.core.verdict import Verdict

CASES = msgspec.json.decode({msgspec.json.encode(CASES)!r}, type=dict[str, Verdict])

@pytest.mark.parametrize("protocol", ["std", "var", "he"], ids=lambda p: "mnist-5k-500-" + p)
def test_loss_reaches_zero(protocol, record_verdict):
    run = {{"key": protocol, "trained": True, "seconds": 0.5}}
    record_verdict(CASES[protocol], data={{"mnist-5k": "ab12"}}, seeds=[0, 1], device="a CPU",
                   backend="cpu", precision="fp32", experiments=[run])

def test_eigenvalues_are_distinct(record_verdict):
    record_verdict(CASES["H4"], data={{"mnist-5k": "ab12"}})
"""
"""E1 refuted for std, inconclusive for var, supported for he; H4 not applicable."""


RECORDING = """
import pytest
from reports.collector import recording

@pytest.fixture
def record_verdict(request):
    def record(verdict, **provenance):
        request.node.user_properties.append(recording(verdict, provenance))
    return record
"""
"""`record_verdict(verdict, **provenance)` hands a verdict to the report as the claims' hook does."""


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
        "[pytest]\naddopts = -p claims.harness.launch.plugin -p reports.plugin"
        " -p xdist.plugin --strict-markers\nfilterwarnings = error"
    )
    pytester.makeconftest(RECORDING)
    pytester.makepyfile(test_claims=CLAIMS)
    return pytester


@pytest.fixture
def report_of(harness: pytest.Pytester) -> Callable[..., dict[str, Any]]:
    """The verdicts.json that the last run wrote."""

    def read(folder: str = "reports/out/cpu") -> dict[str, Any]:
        return json.loads((harness.path / folder / "verdicts.json").read_text())

    return read


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A report folder."""
    folder = tmp_path / "out" / "cpu"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser, or a reason to skip."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is in the dev extra")
    try:
        program = screenshot.program()
    except pytest.UsageError as missing:
        pytest.skip(str(missing))
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=list(screenshot.ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def browsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of every claim, with figures."""
    folder = tmp_path_factory.mktemp("browser") / "cpu"
    folder.mkdir()
    full = samples.full_report(folder / "store")
    first, *rest = full.verdicts
    first = replace(first, reason="W" * 3000, setting="mnist-5k-" + "500-" * 60 + "std")
    full = replace(full, verdicts=(first, *rest))
    for name in ("verdicts.json", "verdicts.csv", "verdicts.md"):
        (folder / name).write_text("{}")
    return build(full, folder, folder / "store", Controls())


@pytest.fixture
def opened(chromium: Any, browsed: Path) -> Iterator[Callable[..., Any]]:
    """`opened(width=, theme=)` opens the page; at the end it has logged nothing and asked for nothing."""
    contexts, noise = [], []

    def open_page(width: int = 1200, theme: str = "light", script: bool = True) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme=theme, java_script_enabled=script
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: noise.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: noise.append(f"error: {error}"))
        page.on("request", lambda request: noise.append(request.url) if _leaves(request.url) else None)
        page.goto(browsed.as_uri())
        return page

    def _leaves(url: str) -> bool:
        return not url.startswith(("data:", browsed.as_uri()))

    yield open_page
    for context in contexts:
        context.close()
    assert noise == []
