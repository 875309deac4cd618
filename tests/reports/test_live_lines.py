"""The progress, the text of the lines, and what ends a run early, each by itself."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from claims.harness.launch import interrupt
from claims.harness.launch import live as watch
from claims.harness.launch.interrupt import end_early
from data import load
from models.backend import resolve_backend
from models.runs.progress import Progress, Reporter, read
from models.runs.store import RunStore
from reports.live import compose
from tests.helpers.specs import mlp

FIRST = Progress("mnist-5k-500-300-std softmax mse", 0.0, 3, 12, 0.0171, 80.0)
SECOND = Progress("boston-50-he linear mse", 0.0, 125, 400, 2.34e7, 7.2)
BEGUN = Progress("boston-50-var linear mse", 0.0, 0, 400, 250.0)
DIVERGED = Progress("boston-50-std linear mse", 0.0, 9, 400, math.inf, 5000.0)
WAITING = Progress(FIRST.name, 0.0)
ASKED = Progress("mnist-5k-10-10-he linear mse", 0.0)


@pytest.mark.parametrize(
    ("entries", "columns", "expected"),
    [
        (
            [FIRST, SECOND, BEGUN, DIVERGED],
            80,
            [
                "mnist-5k-500-300-std softmax mse     epoch 3 of 12  L/L0 0.017  1 min 18 s left",
                "boston-50-he linear mse           epoch 125 of 400  L/L0 2.3e7  6 s left",
                "boston-50-var linear mse            epoch 0 of 400  L/L0 250",
                "boston-50-std linear mse            epoch 9 of 400  L/L0 inf    1 h 23 min left",
            ],
        ),
        ([SECOND], 60, ["boston…e linear mse  epoch 125 of 400  L/L0 2.3e7  6 s left"]),
        (
            [SECOND, DIVERGED],
            60,
            [
                "boston-50-he linear mse   epoch 125 of 400  6 s left",
                "boston-50-std linear mse    epoch 9 of 400  1 h 23 min left",
            ],
        ),
        ([SECOND], 45, ["bosto…linear mse  epoch 125 of 400  6 s left"]),
        ([SECOND], 40, ["boston-…he linear mse  epoch 125 of 400"]),
        ([SECOND], 10, ["bosto…lin"]),
        (
            [FIRST, WAITING, ASKED],
            60,
            [
                "mnist-5k-…0-std softmax mse  epoch 3 of 12  1 min 18 s left",
                "mnist-5k-…0-std softmax mse  another worker trains it",
                "mnist-5k-…-10-he linear mse  starting, or trained elsewhere",
            ],
        ),
        ([], 80, []),
    ],
    ids=["80", "60, short name", "60, no loss", "45", "40, no time", "10", "waiting", "nothing"],
)
def test_lines_fit_the_terminal(entries: list[Progress], columns: int, expected: list[str]) -> None:
    """Names give way first, in the middle, then the loss, then the time; no line reaches the last column."""
    found = compose(entries, 2.0, columns, 8)
    assert found == expected
    assert all(len(line) < columns for line in found)


def test_a_short_wait_is_not_shown() -> None:
    """A run that the store has is there at once; its line would only flicker."""
    assert compose([ASKED], 0.5, 80, 8) == []


@pytest.mark.parametrize(
    ("most", "last"), [(4, BEGUN.name), (3, BEGUN.name), (2, "and 2 more"), (1, "and 3 more")]
)
def test_few_rows_hold_a_count_of_the_rest(most: int, last: str) -> None:
    """A low terminal shows the first experiments and how many there are besides."""
    found = compose([FIRST, SECOND, BEGUN], 2.0, 80, most)
    assert len(found) == min(3, most)
    assert found[-1].startswith(last)
    assert compose([FIRST, SECOND, BEGUN], 2.0, 80, 0) == []


def test_an_estimate_that_has_run_out_stays_at_a_second() -> None:
    """It is late, and nobody knows by how much."""
    assert compose([SECOND], 60.0, 80, 8)[0].endswith("  1 s left")


class Training:
    """A clock and a reporter, with a spec of ten epochs."""

    def __init__(self, folder: Path) -> None:
        self.now, self.folder = 100.0, folder
        self.spec = SimpleNamespace(name="a net", budget=SimpleNamespace(epochs=10))
        self.tell = Reporter(folder, "gw0", lambda: self.now)

    def reach(self, epoch: int, now: float, losses: Any = (4.0, 1.0, 3.0)) -> Progress | None:
        self.now = now
        self.tell(
            self.spec, epoch, SimpleNamespace(baseline=(2.0, 1.0), losses=[losses], progress=(epoch, 10))
        )
        return next(iter(read(self.folder)), None)


def test_the_progress_has_loss_and_time_left(tmp_path: Path) -> None:
    """L/L0's median over the models; time from the epochs trained here; the last epoch takes it away."""
    training = Training(tmp_path)
    assert training.reach(4, 100.0) == Progress("a net", 100.0, 4, 10, 1.5, None)  # resumed at epoch 4
    assert training.reach(6, 103.0) == Progress("a net", 103.0, 6, 10, 1.5, 6.0)
    assert training.reach(10, 109.0) is None
    assert training.reach(0, 110.0) == Progress("a net", 110.0, 0, 10, 1.5, None)
    assert list(tmp_path.glob("*")) == [tmp_path / "gw0.progress"]


def test_a_process_writes_a_few_times_a_second(tmp_path: Path) -> None:
    """Short epochs share a write."""
    training = Training(tmp_path)
    seen = [training.reach(epoch, 100 + epoch / 10) for epoch in range(7)]
    assert [progress and progress.epoch for progress in seen] == [0, 0, 0, 3, 3, 3, 6]


@pytest.mark.parametrize(
    ("losses", "shown"), [((math.nan, math.inf, 2.0), math.inf), ((math.nan, 2.0, 2.0), 1.0), ((), None)]
)
def test_a_diverged_model_counts_as_infinite(tmp_path: Path, losses: Any, shown: float | None) -> None:
    """The median says so once half of them have."""
    progress = Training(tmp_path).reach(0, 100.0, losses)
    assert progress is not None
    assert progress.loss == shown


def test_telling_cannot_fail(tmp_path: Path) -> None:
    """A folder that is gone, a trainer without losses: no line, no error; without a folder no file."""
    for folder in (tmp_path / "gone", tmp_path, None):
        tell = Reporter(folder)
        tell(SimpleNamespace(name="a net", budget=SimpleNamespace(epochs=3)), 0, object())
        with tell.wanted(object()):
            tell(object(), 1, object())
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_a_progress_is_no_line(tmp_path: Path) -> None:
    """A half, a foreign and an unreadable file are passed over."""
    for name, content in (("a", b"\x81\xa4name"), ("b", b"\x91\x01"), ("c", b'{"colour": 1}')):
        (tmp_path / f"{name}.progress").write_bytes(content)
    (tmp_path / "d.progress").mkdir()
    Reporter(tmp_path, "gw10")(SimpleNamespace(name="tenth", budget=SimpleNamespace(epochs=3)), 0, Trained())
    Reporter(tmp_path, "gw9")(SimpleNamespace(name="ninth", budget=SimpleNamespace(epochs=3)), 0, Trained())
    assert [progress.name for progress in read(tmp_path)] == ["ninth", "tenth"]


class Trained:
    progress = 0, 3
    baseline = (1.0, 1.0)
    losses = [[0.5]]  # noqa: RUF012


def test_telling_changes_no_byte_of_a_run(tmp_path: Path) -> None:
    """A real training with and without a reporter ends in the same file; it wrote meanwhile."""
    spec = mlp("boston", (2,), networks=4, epochs=2)
    (tmp_path / "progress").mkdir()
    tell, seen, found = Reporter(tmp_path / "progress"), [], []

    def progress(*told: Any) -> None:
        tell(*told)
        seen.append([entry.epoch for entry in read(tmp_path / "progress")])

    for name, callback in (("silent", None), ("told", progress)):
        store = RunStore(tmp_path / name, progress=callback)
        with tell.wanted(spec):
            run = store.get(spec, load("boston"), resolve_backend("cpu"))
        found.append((store.root / run.key / "run.safetensors").read_bytes())
    assert found[0] == found[1]
    assert seen[0] == [0]
    assert seen[-1] == []
    assert list((tmp_path / "progress").iterdir()) == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_is_an_interrupt_until_the_run_ends(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first says what happens and interrupts, a second does not; then the handler is as it was."""
    # The children of this process are other tests' and multiprocessing's, and stay.
    monkeypatch.setattr(interrupt.psutil.Process, "children", lambda self, recursive: [])
    number, cleanups, said = getattr(signal, name), [], []
    config: Any = SimpleNamespace(
        add_cleanup=cleanups.append,
        get_verbosity=lambda: 0,
        pluginmanager=SimpleNamespace(hasplugin=lambda name: True),
        get_terminal_writer=lambda: SimpleNamespace(line=lambda text, **markup: said.append(text)),
    )
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    usual = {
        each: signal.default_int_handler if each is signal.SIGINT else signal.SIG_DFL for each in numbers
    }
    outer = {each: signal.signal(each, handler) for each, handler in usual.items()}
    try:
        end_early(config)
        end_early(config)
        with pytest.raises(KeyboardInterrupt, match=r"SIG|Ctrl-C"):
            signal.raise_signal(number)
        signal.raise_signal(number)
        assert len(said) == 1
        assert "what was judged is written, as a partial report" in said[0]
        assert len(cleanups) == 3
        for restore in cleanups:
            restore()
        assert {each: signal.getsignal(each) for each in numbers} == usual
        signal.signal(number, signal.SIG_IGN)  # as under nohup
        end_early(config)
        assert signal.getsignal(number) is signal.SIG_IGN
        for restore in cleanups[3:]:
            restore()
    finally:
        for each, handler in outer.items():
            signal.signal(each, handler)


def test_a_worker_that_does_not_listen_is_killed() -> None:
    """As one in a long product: told first, and gone after the grace."""
    stubborn = (
        "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        try:
            interrupt._tell([psutil.Process(child.pid)], signal.SIGINT)
            assert child.poll() is None
            interrupt._kill([psutil.Process(child.pid)])
            assert child.wait(timeout=20) == -signal.SIGKILL
        finally:
            child.kill()


def test_a_terminal_that_is_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its descriptor cannot be had, nothing is watched and pytest's file stays pytest's."""
    file = SimpleNamespace(isatty=lambda: True, fileno=lambda: -1, encoding="utf-8")
    writer = SimpleNamespace(_file=file)
    option = SimpleNamespace(capture="fd", usepdb=False, trace=False)
    manager = SimpleNamespace(hasplugin=lambda name: True)
    config: Any = SimpleNamespace(
        option=option,
        stash={},
        pluginmanager=manager,
        get_terminal_writer=lambda: writer,
        get_verbosity=lambda: 0,
    )
    monkeypatch.setattr(watch.os, "environ", {"TERM": "xterm"})
    watch.set_up(config, compose)
    assert (config.stash, writer._file) == ({}, file)
