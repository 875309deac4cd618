"""The progress of the trainings on the terminal while tests run.

A thread of the process that the terminal belongs to draws lines under the cursor that
come and go, while pytest writes above them. Nothing of this exists where output goes to a
file or a pipe, where the terminal understands no codes, and where others write to it: -s, --pdb.

pytest's terminal writer gets a `Screen` in place of its file. The cursor stays
where pytest left it: to draw, the screen makes room below by moving down, which
scrolls at the bottom and keeps the column, moves up again, and writes the lines
between saving and restoring the cursor. Everything below the cursor is ours, so
erasing is one code, right even after the terminal was resized.

pytest's capture points file descriptor 1 elsewhere while a test runs. The lines,
and the code that erases them, go to a descriptor of our own, so that none of it
ever lands in captured output.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import pytest

from models.runs import progress
from models.runs.progress import Progress, Reporter

__all__ = ["Compose", "Screen", "Watch", "announce", "follow", "reporter", "set_up", "suits"]

Compose = Callable[[Sequence[Progress], float, int, int], list[str]]
"""Says how far trainings are at a time, in seconds since the Unix epoch: for so many columns, at most so many
lines."""

_INPUT = "landscape_progress"
_PART_OF_THE_TERMINAL = 3
"""The lines take at most one in so many rows."""


def set_up(config: pytest.Config, compose: Compose) -> None:
    """On the process that reports, before anything is captured: watch, if the terminal is one to draw on."""
    if not config.pluginmanager.hasplugin("terminalreporter"):
        return
    writer = config.get_terminal_writer()
    # pytest has no public name for the writer's file; without one there are no lines.
    file = getattr(writer, "_file", None)
    if file is not None and suits(config, file, os.environ):
        with suppress(OSError):
            config.stash[_WATCH] = Watch(writer, compose)
            config.pluginmanager.register(config.stash[_WATCH])


def suits(config: pytest.Config, file: Any, environ: Mapping[str, str]) -> bool:
    """Whether lines can be drawn: a terminal that obeys codes, all to ourselves, and someone looking on."""
    option = config.option
    return (
        os.name == "posix"
        and file.isatty()
        and environ.get("TERM") not in (None, "", "dumb")
        and not (environ.get("CI") or environ.get("BUILD_NUMBER"))  # as pytest itself decides
        and getattr(option, "capture", "no") not in ("no", "tee-sys")  # tests print where the lines are
        and not (getattr(option, "usepdb", False) or getattr(option, "trace", False))
        and config.get_verbosity() > -2
    )


def announce(config: pytest.Config, workerinput: dict[str, object]) -> None:
    """On the controller: tell a worker where the progress goes, if anywhere."""
    if folder := _folder_of(config):
        workerinput[_INPUT] = str(folder)


def reporter(config: pytest.Config) -> Reporter:
    """What this process writes its progress by; it does nothing where nobody watches."""
    given: Mapping[str, str] | None = getattr(config, "workerinput", None)
    if given is None:
        return Reporter(_folder_of(config))
    return Reporter(Path(given[_INPUT]), given["workerid"]) if _INPUT in given else Reporter(None)


def follow(config: pytest.Config, elsewhere: Callable[[], list[Progress]]) -> None:
    """Show what these say besides, where anybody looks on."""
    if watch := config.stash.get(_WATCH, None):
        watch.elsewhere = elsewhere


def _folder_of(config: pytest.Config) -> Path | None:
    watch = config.stash.get(_WATCH, None)
    return watch.start() if watch else None


class Watch:
    """A pytest plugin that draws the progress until the tests have ended, however they end.

    Args:
        writer: pytest's terminal writer, whose file is replaced until `stop`.
        compose: writes the lines.

    Raises:
        OSError: the terminal's descriptor cannot be duplicated.
    """

    def __init__(self, writer: Any, compose: Compose) -> None:
        self._writer, self._compose = writer, compose
        self._screen = Screen(writer._file)
        self._folder: Path | None = None
        self.elsewhere: Callable[[], list[Progress]] = list
        """What trains on other machines says of its progress."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live lines", daemon=True)
        writer._file = self._screen

    def start(self) -> Path | None:
        """Begin to draw, the first time; the folder, None where it cannot be made or all is over."""
        if self._folder is None and not self._ended.is_set():
            with suppress(OSError):
                self._folder = Path(tempfile.mkdtemp(prefix="landscape-claims-"))
                self._thread.start()
        return None if self._ended.is_set() else self._folder

    def stop(self) -> None:
        """Erase the lines and give the terminal back; a second time does nothing."""
        if self._ended.is_set():
            return
        self._ended.set()
        if self._folder is not None:
            self._thread.join()
            shutil.rmtree(self._folder, ignore_errors=True)
        self._screen.close()
        if self._writer._file is self._screen:
            self._writer._file = self._screen.file

    def _run(self) -> None:
        assert self._folder is not None
        with suppress(Exception):  # no drawing is worth a warning, which pytest makes of a thread's error
            while not self._ended.wait(progress.EVERY):
                size = self._screen.size()
                most = size.lines // _PART_OF_THE_TERMINAL
                found = progress.read(self._folder) + self.elsewhere()
                self._screen.show(self._compose(found, time.time(), size.columns, most))

    # -- hooks ------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """All tests ended, or Ctrl-C: before the reports are written and shown."""
        self.stop()

    def pytest_enter_pdb(self) -> None:
        """A breakpoint in a test: the debugger needs the terminal."""
        self.stop()

    def pytest_unconfigure(self) -> None:
        """Whatever else ended the run."""
        self.stop()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker that crashed left its file behind."""
        if self._folder is not None:
            progress.erase(self._folder, node.workerinput["workerid"])


_WATCH = pytest.StashKey[Watch]()


# -- lines under the cursor -----------------------------------------------------------

_ERASE, _ERASE_LINE = "\x1b[J", "\x1b[K"
_DOWN, _UP = "\x1bD", "\x1b[{}A"
_SAVE, _RESTORE = "\x1b7", "\x1b8"


class Screen:
    """Stands in for a terminal's text file.

    Args:
        file: a file on a terminal, with a descriptor.

    Raises:
        OSError: its descriptor cannot be duplicated.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self._descriptor = os.dup(file.fileno())
        self._encoding = file.encoding or "utf-8"
        self._lock = threading.RLock()
        self._lines: list[str] = []
        self._drawn_at: os.terminal_size | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def write(self, text: str) -> int:
        """What pytest writes: the lines make way for it and are back at once.

        It is flushed each time: what waited in a buffer would come out on top of the lines.
        """
        with self._lock:
            if self._lines:
                self._send(_ERASE)
            written = self.file.write(text)
            self.file.flush()
            self._draw()
            return written

    def show(self, lines: list[str]) -> None:
        """Draw these lines in place of those that are there; not while a shell has the terminal."""
        with self._lock:
            size = self.size()
            if self._in_front() and (lines, size) != (self._lines, self._drawn_at):
                if self._lines and not lines:
                    self._send(_ERASE)
                self._lines, self._drawn_at = lines, size
                self._draw()

    def size(self) -> os.terminal_size:
        """Columns and lines of the terminal now."""
        return os.get_terminal_size(self._descriptor)

    def close(self) -> None:
        """Leave the terminal as pytest wrote it; what is written from now on passes straight through."""
        with self._lock:
            if self._descriptor < 0:
                return
            if self._lines:
                self._send(_ERASE)
            self._lines = []
            os.close(self._descriptor)
            self._descriptor = -1

    def _draw(self) -> None:
        if not self._lines:
            return
        room = _DOWN * len(self._lines) + _UP.format(len(self._lines))
        # The last code clears what is left of longer lines, and of more lines, from an earlier drawing.
        rest = "".join(f"\r\n{line}{_ERASE_LINE}" for line in self._lines) + _ERASE
        self._send(room + _SAVE + rest + _RESTORE)

    def _send(self, text: str) -> None:
        with suppress(OSError):  # a terminal that is gone is pytest's to notice
            os.write(self._descriptor, text.encode(self._encoding, "replace"))

    def _in_front(self) -> bool:
        """False while this process is in the background of its terminal."""
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:  # a terminal that controls no one
            return True
