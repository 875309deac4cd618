"""While it runs: a line for each experiment in training, on a terminal and nowhere else, and a clean end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.reports.terminal_emulator import OnTerminal

TRAINING = """
import os, threading
from types import SimpleNamespace

import pytest
from claims.harness.launch import live
from models.runs import progress

progress.EVERY = 0.05
pause = threading.Event()  # never set

@pytest.fixture
def training_progress(pytestconfig): return live.reporter(pytestconfig)

def wait_for(gate):
    with open(gate, "rb", buffering=0) as pipe:
        pipe.read(1)

def train(name, training_progress):
    spec = SimpleNamespace(name=f"{name} net", budget=SimpleNamespace(epochs=4))
    trainer = SimpleNamespace(baseline=(2.0, 2.0), losses=[[8.0, 1.0, 0.5]])
    with training_progress.wanted(spec):
        for epoch in (0, 1):
            trainer.progress = epoch, 4
            training_progress(spec, epoch, trainer)
            pause.wait(2 * progress.EVERY)  # the second write of a process is due after a while
        wait_for("go")

def test_first(training_progress): train("first", training_progress)
def test_second(training_progress): train("second", training_progress)
def test_crash(training_progress):
    training_progress(SimpleNamespace(name="lost net", budget=SimpleNamespace(epochs=4)), 0,
    SimpleNamespace(baseline=(1.0,), losses=[[1.0]], progress=(0, 4))); wait_for("fall"); os._exit(1)
def test_breakpoint(training_progress): train("first", training_progress); breakpoint()
"""
LINE = re.compile(r"first net +epoch 1 of 4  L/L0 0.5  \d+ s left")
CODES = "\x1b7"
"""Saving the cursor: in whatever the lines draw, and in nothing that pytest writes."""

Start = Callable[..., Any]
Gate = Callable[[str], None]


@pytest.fixture
def open_gate(harness: pytest.Pytester) -> Iterator[Gate]:
    """Lets trainings that wait at a gate go on, those that have yet to come there too."""
    gates = {}
    for name in ("go", "fall"):
        os.mkfifo(harness.path / name)
        gates[name] = os.open(harness.path / name, os.O_RDWR)  # held open, so that what is written stays
    yield lambda name: (os.write(gates[name], b"." * 8), None)[1]
    for pipe in gates.values():
        os.close(pipe)


@pytest.fixture
def on_terminal(harness: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, open_gate: Gate) -> Start:
    """`with on_terminal(*options, columns=, **environ) as run` runs the sample claims and trainings there."""
    harness.makepyfile(test_training=TRAINING)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)

    @contextmanager
    def start(*options: str, columns: int = 80, **environ: str) -> Iterator[OnTerminal]:
        arguments = ["-m", "pytest", "-p", "no:cacheprovider", *options]
        with OnTerminal(arguments, harness.path, {**os.environ, **environ}, columns=columns) as run:
            yield run

    return start


def has(pattern: str | re.Pattern[str]) -> Callable[[list[str]], bool]:
    return lambda lines: any(re.search(pattern, line) for line in lines)


def without_times(lines: list[str]) -> list[str]:
    return [re.sub(r"=+ (.*) in [\d.]+s =+", r"\1", re.sub(r"\b\d+\.\d\ds", "?s", line)) for line in lines]


def test_a_training_has_a_line_while_it_lasts(
    harness: pytest.Pytester, on_terminal: Start, open_gate: Gate
) -> None:
    """Under pytest's own line; afterwards the terminal shows what it shows where nothing is drawn."""
    options = ("-n", "0", "--durations=1", "-v", "-k", "first or eigenvalues")
    with on_terminal(*options) as run:
        lines = run.until(has(LINE))
        at = next(i for i, line in enumerate(lines) if LINE.search(line))
        assert re.match(r"\[=*> *\] [01] of 2 tests, .* left$", lines[at - 1])
        assert lines[at - 2].startswith("test_training.py::test_first")
        assert at == len(lines) - 1
        open_gate("go")
        assert run.end() == 0
    with on_terminal(*options, TERM="dumb") as plain:
        assert plain.end() == 0
    assert CODES not in plain.raw
    assert has("slowest 1 durations")(run.screen.lines())
    assert without_times(run.screen.lines()) == without_times(plain.screen.lines())


def test_each_worker_has_a_line(harness: pytest.Pytester, on_terminal: Start, open_gate: Gate) -> None:
    """`-n 2`: both at once, aligned; a worker that crashed is shown no longer; all are gone at the end."""
    with on_terminal("-n", "2", "-k", "first or crash or eigenvalues") as run:
        lines = run.until(lambda lines: has(LINE)(lines) and has("lost net   epoch 0 of 4  L/L0 1$")(lines))
        assert lines[-1].index("epoch") == lines[-2].index("epoch")
        open_gate("fall")
        run.until(lambda lines: has("node down")(lines) and not has("lost net")(lines))
        run.until(has(LINE))
        open_gate("go")
        assert run.end() == pytest.ExitCode.TESTS_FAILED
    assert not has("epoch|L/L0")([line for line in run.screen.lines() if "Namespace" not in line])
    assert has("2 passed|1 failed")(run.screen.lines())


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_pipe_gets_no_line(
    harness: pytest.Pytester, on_terminal: Start, open_gate: Gate, workers: str
) -> None:
    """Captured output holds neither codes nor lines."""
    open_gate("go")
    command = [sys.executable, "-m", "pytest", "-n", workers, "-k", "first or second"]
    done = subprocess.run(command, cwd=harness.path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "epoch" not in done.stdout


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        (["-s"], {}),
        (["--capture=tee-sys"], {}),
        (["--pdb"], {}),
        (["-qq"], {}),
        ([], {"TERM": ""}),
        ([], {"CI": "true"}),
    ],
    ids=str,
)
def test_some_terminals_get_no_line(
    harness: pytest.Pytester, on_terminal: Start, open_gate: Gate, options: list[str], environ: dict[str, str]
) -> None:
    """Where tests or a debugger write to it too, where it obeys no codes, or where silence was asked for."""
    open_gate("go")
    with on_terminal("-k", "first", *options, **environ) as run:
        assert run.end() == 0
    assert CODES not in run.raw


def test_lines_have_no_colour(harness: pytest.Pytester, on_terminal: Start, open_gate: Gate) -> None:
    """NO_COLOR is about colours: the lines are drawn, without any. `-q` keeps them, a narrow terminal too."""
    with on_terminal("-q", "-k", "first", columns=30, NO_COLOR="1") as run:
        run.until(has("^first net  epoch 1 of 4$"))
        open_gate("go")
        assert run.end() == 0
    assert not re.search(r"\x1b\[[\d;]*m", run.raw)


def test_a_breakpoint_ends_the_lines(harness: pytest.Pytester, on_terminal: Start, open_gate: Gate) -> None:
    """The debugger gets the terminal to itself, even without --pdb."""
    with on_terminal("-n", "0", "-k", "breakpoint") as run:
        run.until(has(LINE))
        open_gate("go")
        run.until(has(r"\(Pdb\)"))
        drawn = run.raw.count(CODES)
        run.press(b"c\n")
        assert run.end() == 0
    assert run.raw.count(CODES) == drawn


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("way", ["Ctrl-C", "SIGTERM"])
def test_a_run_cut_short_in_training_leaves_a_partial_report(
    harness: pytest.Pytester,
    report_of: Callable[[], dict[str, Any]],
    on_terminal: Start,
    way: str,
    workers: str,
) -> None:
    """What was judged is written and called partial, the status is 2, the terminal is clean."""
    with on_terminal("-n", workers, "-k", "eigenvalues or first") as run:
        run.until(lambda lines: has(LINE)(lines) and has(r"N\b")(lines))
        if way == "Ctrl-C":
            run.press(b"\x03")
        else:
            for _ in range(2):  # as `timeout` sends it
                run.process.send_signal(signal.SIGTERM)
        assert run.end() == pytest.ExitCode.INTERRUPTED
    lines = run.screen.lines()
    assert not has("epoch 1 of 4")(lines)
    assert has("^partial report: interrupted: 1 of 2 tests finished$")(lines)
    about = report_of("reports/out/cpu-slice")["provenance"]
    assert (about["complete"], about["interrupted"]) == (False, "interrupted: 1 of 2 tests finished")
