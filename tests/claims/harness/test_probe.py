"""A backend's hardware is looked for before anything is installed for it."""

from __future__ import annotations

import configparser
import ctypes
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from claims.harness.launch import probe

ROOT = Path(probe.__file__).parents[3]


class Driver:
    """NVIDIA's, with so many GPUs."""

    def __init__(self, gpus: int, status: int = 0) -> None:
        self.gpus, self.status = gpus, status

    def cuInit(self, flags: int) -> int:  # noqa: N802 - the driver's own names
        return self.status

    def cuDeviceGetCount(self, number: Any) -> int:  # noqa: N802
        number._obj.value = self.gpus
        return 0


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would have been run; the second fails."""
    found: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda command: found.append(command) or len(found) // 2 * 3)
    return found


def absent(name: str) -> Driver:
    raise OSError(f"{name}: cannot open shared object file")


@pytest.mark.parametrize(
    ("driver", "why"),
    [
        (absent, "no NVIDIA driver (libcuda.so.1)"),
        (lambda name: object(), "no NVIDIA driver (libcuda.so.1)"),
        (lambda name: Driver(0), "the NVIDIA driver finds no GPU"),
        (lambda name: Driver(1, status=100), "the NVIDIA driver finds no GPU"),
        (lambda name: Driver(2), ""),
    ],
    ids=["no-driver", "no-such-function", "no-gpu", "hidden", "two"],
)
def test_a_gpu_is_asked_of_its_driver(monkeypatch: pytest.MonkeyPatch, driver: Any, why: str) -> None:
    """Which is there or not, and counts what it finds."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(ctypes, "CDLL", driver)
    assert probe.missing("cuda") == why


def test_what_is_absent_installs_nothing(
    monkeypatch: pytest.MonkeyPatch, calls: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason and status 0, as `run_backend` has it."""
    monkeypatch.setattr(ctypes, "CDLL", absent)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    for name in ("cuda-tf32", "mps"):
        assert probe.main([name]) == 0
    assert calls == []
    assert capsys.readouterr().out.splitlines() == [
        "skipped cuda-tf32: no NVIDIA driver (libcuda.so.1), nothing was installed",
        "skipped mps: no Apple GPU (this is Linux), nothing was installed",
    ]


def test_what_is_there_is_installed_and_run(monkeypatch: pytest.MonkeyPatch, calls: list[list[str]]) -> None:
    """The checkout first, then the claims on it; the last status counts."""
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver(1))
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    assert probe.main(["cuda-tf32", "-k", "E1"]) == 3
    run = ["claims.harness.launch.run_backend", "cuda-tf32", "-k", "E1"]
    python = [sys.executable, "-m"]
    assert calls == [[*python, "pip", "install", "--quiet", "-e", "."], [*python, *run]]
    with pytest.raises(SystemExit, match="got no environment"):
        probe.main([])


def test_it_needs_the_standard_library_only() -> None:
    """An environment in which nothing is installed yet runs it: no site packages (-S), isolated (-I)."""
    code = "import runpy, sys; sys.path.insert(0, '.'); sys.argv = ['probe', 'mps'];"
    code += "runpy.run_module('claims.harness.launch.probe', run_name='__main__')"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert platform.system() == "Darwin" or done.stdout.startswith("skipped mps")


def test_tox_probes_before_it_installs() -> None:
    """No package is made for a GPU's environment, and its command is the probe."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "tox.ini")
    of = settings["testenv:{cpu,cpu-fp64,cuda,cuda-tf32,mps}"]
    assert "cuda, mps: skip" in of["package"].splitlines()
    assert "cuda, mps: python -m claims.harness.launch.probe {envname} {posargs}" in of["commands"]
