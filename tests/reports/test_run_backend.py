"""The tox environments of the backends: named like the report's folders, skipped where absent."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

import pytest

from claims.harness.launch import run_backend

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


def test_tox_has_an_environment_for_each() -> None:
    """Style, site, tests, bench and five backends, whose names the script understands."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "tox.ini")
    backends = ["cpu", "cpu-fp64", "cuda", "cuda-tf32", "mps"]
    assert settings["tox"]["env_list"].split(", ") == ["lint", "docs", "tests", "bench", *backends]
    assert f"testenv:{{{','.join(backends)}}}" in settings.sections()
    assert all(run_backend.command(name) for name in backends)
