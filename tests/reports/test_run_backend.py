"""The tox environments of the backends: named like the report's folders, skipped where absent."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from claims.harness.launch import run_backend
from tests.reports.sample_reports import report, saved

ROOT = Path(run_backend.__file__).parents[3]


@pytest.mark.parametrize(
    ("name", "found"),
    [("cpu", ("cpu", "fp32")), ("cpu-fp64", ("cpu", "fp64")), ("cuda-tf32", ("cuda", "tf32"))],
)
def test_a_name_is_a_backend_and_a_precision(name: str, found: tuple[str, str]) -> None:
    """fp32 goes without saying."""
    assert run_backend.command(name) == found


@pytest.mark.parametrize("name", ["tpu", "cpu-fp8", ""])
def test_another_name_is_refused(name: str) -> None:
    """The message has the names that exist."""
    with pytest.raises(
        SystemExit, match=r"wanted BACKEND or BACKEND-PRECISION .* auto, cpu, cuda, mps .* cpu-fp64"
    ):
        run_backend.command(name)
    with pytest.raises(SystemExit, match="got no environment, wanted its name first"):
        run_backend.main([])


def test_an_absent_backend_is_skipped_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 0 and no run: the same command serves machines with and without a GPU."""
    monkeypatch.setattr(run_backend, "absence", lambda backend: f"no {backend} here")
    monkeypatch.setattr(subprocess, "call", pytest.fail)
    assert run_backend.main(["cuda-tf32", "-x"]) == 0
    assert capsys.readouterr().out == "skipped cuda-tf32: no cuda here\n"


def test_a_present_backend_runs_the_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest gets the backend, the precision and what else was asked, and its exit status is ours."""
    calls: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda command: calls.append(command) or 3)
    assert run_backend.main(["cpu-fp64", "-k", "E1"]) == 3
    options = ["--backend", "cpu", "--precision", "fp64", "-k", "E1"]
    assert calls == [[sys.executable, "-m", "pytest", "claims/", "-n", "auto", *options]]


def tox() -> configparser.ConfigParser:
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "tox.ini")
    return settings


def test_a_comparison_needs_no_more_than_its_environment_installs(tmp_path: Path) -> None:
    """A few of the project's packages; without all others, torch first, reports are compared all the same."""
    installed = tox()["testenv:report"]["deps"].split()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(installed) < set(project["dependencies"])
    others = {re.split(r"[^\w-]", of)[0] for of in set(project["dependencies"]) - set(installed)}
    owners = metadata.packages_distributions()
    absent = sorted(name for name, of in owners.items() if others & {each.lower() for each in of})
    assert {"torch", "scipy"} < set(absent)
    paths = [str(saved(tmp_path / name, report())) for name in ("a", "b")]
    asked = ["compare", *paths, "--html", str(tmp_path / "c.html"), "--markdown", str(tmp_path / "c.md")]
    code = f"import sys; sys.modules |= dict.fromkeys({absent!r}); from reports.__main__ import main; "
    done = subprocess.run(
        [sys.executable, "-c", code + f"sys.exit(main({asked!r}))"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_tox_has_an_environment_for_each() -> None:
    """Style, site, tests, bench and five backends, whose names the script understands."""
    settings = tox()
    backends = ["cpu", "cpu-fp64", "cuda", "cuda-tf32", "mps"]
    assert settings["tox"]["env_list"].split(", ") == ["lint", "docs", "tests", "bench", *backends]
    assert f"testenv:{{{','.join(backends)}}}" in settings.sections()
    assert all(run_backend.command(name) for name in backends)
