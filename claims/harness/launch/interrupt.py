"""How a run is ended early, by Ctrl-C or by the system: at once, and with what was judged so far written.

SIGTERM is what `timeout`, batch systems and `docker stop` send, SIGHUP what a terminal that closes does;
Python's own answer to both is to die on the spot. Here they end a run as Ctrl-C does.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import psutil
import pytest

__all__ = ["GRACE", "end_early"]

GRACE = 0.8
"""Seconds that workers have to stop by themselves. Whatever is killed then, a training most of all, goes on
from its last checkpoint: the store survives that at any moment."""

_AGAIN = 5.0
"""Seconds after which a second Ctrl-C ends even what writes the report."""

_NAMES = (
    {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "SIGHUP"}
    if os.name == "posix"
    else {}
)


def end_early(config: pytest.Config) -> None:
    """From now until the end of the run, on the process that reports, unless someone else handles a signal.

    Workers are told as a terminal would tell them, and killed where they do not listen: exact arithmetic and
    long products do not. Left to itself xdist waits for them for ten seconds, and batch systems often kill
    after as many.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # Python sets handlers in the main thread only
    usual = (signal.SIG_DFL, signal.default_int_handler)
    handler = _Handler(lambda text: _say(config, text))
    for number in _NAMES:
        if (before := signal.getsignal(number)) in usual:
            signal.signal(number, handler)
            config.add_cleanup(partial(_restore, number, before))


def _restore(number: int, before: Any) -> None:
    signal.signal(number, before)


def _say(config: pytest.Config, text: str) -> None:
    """On the terminal, whatever it is doing; a terminal that is gone is no reason to stop here."""
    if config.get_verbosity() > -2 and config.pluginmanager.hasplugin("terminalreporter"):
        with suppress(OSError, RuntimeError, ValueError):
            config.get_terminal_writer().line(f"\n{text}", yellow=True)


class _Handler:
    """Of signals: the first says what happens and ends the run, later ones let it end."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._first = say, 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        # `timeout` sends its signal twice, to the process and to its group, and people press keys twice.
        if self._first:
            if number == signal.SIGINT and time.monotonic() - self._first > _AGAIN:
                raise KeyboardInterrupt
            return
        self._first = time.monotonic()
        name = _NAMES[signal.Signals(number)]
        children = psutil.Process().children(recursive=True)
        busy = "trainings stop and can go on from their last checkpoint; " if children else ""
        self._say(f"{name}: {busy}what was judged is written, as a partial report")
        if number != signal.SIGINT:  # which a terminal sends to all of them itself
            _tell(children, signal.SIGINT)
        threading.Thread(target=_kill, args=(children,), name="interrupt", daemon=True).start()
        raise KeyboardInterrupt(name)


def _tell(children: list[psutil.Process], number: int) -> None:
    for child in children:
        with suppress(psutil.Error):  # gone in the meantime
            child.send_signal(number)


def _kill(children: list[psutil.Process]) -> None:
    _, left = psutil.wait_procs(children, timeout=GRACE)
    for child in left:
        with suppress(psutil.Error):
            child.kill()
