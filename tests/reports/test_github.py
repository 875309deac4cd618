"""GitHub Actions: the job's summary, and an example workflow whose commands are real."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from reports.session import GITHUB_LIMIT as LIMIT
from reports.session import GITHUB_VARIABLE as VARIABLE
from reports.session import summarise

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = (ROOT / "docs" / "github-workflow.yml").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^ +run: (.+)$", WORKFLOW, flags=re.MULTILINE)
CUT = "**Cut here, because GitHub shows at most 1 MiB: the rest is in verdicts.md of the report.**\n"


def summary(tmp_path: Path, text: str, before: str = "") -> str:
    """The step's summary after the text was added to what stood there before."""
    source, target = tmp_path / "verdicts.md", tmp_path / "summary.md"
    source.write_text(text, encoding="utf-8")
    target.write_text(before, encoding="utf-8")
    assert summarise(source, {VARIABLE: str(target)}) is None
    return target.read_text(encoding="utf-8")


def test_the_markdown_is_added(tmp_path: Path) -> None:
    """As it is, below what the step wrote before."""
    assert summary(tmp_path, "# Verdicts\n") == "# Verdicts\n"
    assert summary(tmp_path, "# Verdicts\n", "earlier") == "earlier\n# Verdicts\n"


@pytest.mark.parametrize(
    "before", ["", "x" * 1000, "x" * (LIMIT - 1000)], ids=["alone", "little", "nearly-full"]
)
def test_a_long_summary_is_cut_at_a_line(tmp_path: Path, before: str) -> None:
    """Never beyond GitHub's limit in bytes, never within a line or a character, and it says so."""
    line = "| é | " + "x" * 90 + " |\n"
    found = summary(tmp_path, line * (LIMIT // 90), before)
    assert len(found.encode()) <= LIMIT
    assert len(found.encode()) > LIMIT - 400
    added = found[len(before) :].lstrip("\n")
    assert added.endswith(f"\n\n{CUT}")
    assert set(added.removesuffix(f"\n\n{CUT}").splitlines(keepends=True)) <= {line, line.rstrip("\n")}


def test_the_limit_itself_fits(tmp_path: Path) -> None:
    """The longest text that fits is not cut."""
    text = "x" * (LIMIT - 2) + "\n"
    assert summary(tmp_path, text) == text
    assert CUT in summary(tmp_path, "x\n" * (LIMIT // 2))


@pytest.mark.parametrize("size", [LIMIT - 10, LIMIT, 2 * LIMIT])
def test_a_full_summary_stays_as_it_is(tmp_path: Path, size: int) -> None:
    """What the step wrote is worth more than a sentence that breaks the limit."""
    before = "x" * size
    assert summary(tmp_path, "line\n" * 1000, before).rstrip("\n") == before


def test_outside_github_nothing_happens(tmp_path: Path) -> None:
    """Without the variable, or with an empty one, the report is not even read."""
    assert summarise(tmp_path / "absent.md", {}) is None
    assert summarise(tmp_path / "absent.md", {VARIABLE: ""}) is None


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_adds_its_summary_once(
    harness: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    """The whole verdicts.md, from the one process that reports."""
    monkeypatch.setenv(VARIABLE, str(harness.path / "summary.md"))
    assert harness.runpytest_subprocess("-n", workers).ret == 0
    written = (harness.path / "reports/out/cpu/verdicts.md").read_text()
    assert (harness.path / "summary.md").read_text() == written


def test_an_unwritable_summary_does_not_fail_the_run(
    harness: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence under the table instead."""
    monkeypatch.setenv(VARIABLE, str(harness.path / "no" / "summary.md"))
    result = harness.runpytest_inprocess()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["the job's summary could not be written: *No such file or directory*"])


def test_the_workflow_installs_what_is_locked() -> None:
    """Every file by its digest, then the checkout alone; and it judges by the README's command."""
    assert [command for command in COMMANDS if "pip install" in command] == [
        "python -m pip install --require-hashes -r .ci/constraints.txt",
        "python -m pip install --no-deps --no-build-isolation -e .",
    ]
    assert "python -m pytest claims/ -n auto" in COMMANDS
    assert "&& python -m pytest claims/ -n auto\n" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("command", [c for c in COMMANDS if "-m pytest" in c])
def test_its_pytest_commands_collect(command: str) -> None:
    """Every option it uses is understood."""
    listed = ["--collect-only", "-q", "-p", "no:cacheprovider", "-n", "0"]
    finished = subprocess.run(
        [sys.executable, *shlex.split(command)[1:], *listed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "tests collected" in finished.stdout


def test_its_options_are_this_plugins() -> None:
    """The options that its comments recommend exist."""
    from reports.session import FINDINGS

    recommended = re.findall(r"--fail-on (\w+)", WORKFLOW)
    assert set(recommended) == {"refuted", "changed"} <= set(FINDINGS)


def test_its_store_is_the_default_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it caches between jobs is where runs are kept on Linux."""
    if sys.platform != "linux":
        pytest.skip("the workflow runs on Linux, where the cache folder is another")
    from models.runs.store import default_store

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    (cached,) = re.findall(r"^ +path: (~.+)$", WORKFLOW, flags=re.MULTILINE)
    assert Path(cached).expanduser() in default_store().parents


def test_its_cache_key_covers_the_code_that_trains() -> None:
    """Each pattern it hashes matches files, the engine's among them."""
    patterns = re.findall(r"'([^']+)'", re.findall(r"hashFiles\((.+)\)", WORKFLOW)[0])
    found = {pattern: list(ROOT.glob(pattern)) for pattern in patterns}
    assert all(found.values()), found
    assert ROOT / "models" / "engines" / "trainer.py" in found["models/**/*.py"]


def test_it_is_well_formed() -> None:
    """No tabs, even indentation, actions by digest with their version, the report's own folder kept."""
    assert "\t" not in WORKFLOW
    lines = [line for line in WORKFLOW.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert all((len(line) - len(line.lstrip())) % 2 == 0 for line in lines)
    actions = re.findall(r"uses: (\S+)", WORKFLOW)
    assert [action.partition("@")[0] for action in actions] == [
        "actions/checkout",
        "actions/setup-python",
        "actions/cache",
        "actions/upload-artifact",
    ]
    pins = re.findall(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", WORKFLOW, flags=re.MULTILINE)
    assert len(pins) == len(actions)
    assert "path: reports/out\n" in WORKFLOW
