"""How a run is ended early by the system: like Ctrl-C, so that what was judged so far is written."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from types import FrameType

import psutil
import pytest

__all__ = ["terminate_as_interrupt"]


def terminate_as_interrupt(config: pytest.Config) -> None:
    """SIGTERM ends a run like Ctrl-C, so that what was judged so far is written and called partial.

    It is what `timeout`, batch systems and `docker stop` send; Python's own answer is to die on the spot.
    From now until the end of the run, on the process that reports; not where someone else handles it.

    Workers are told as a terminal would tell them. Left to itself xdist gives a training five seconds
    before it tells them, and batch systems often kill after ten.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # Python sets handlers in the main thread only
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return
    signal.signal(signal.SIGTERM, _interrupt)

    def restore() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    config.add_cleanup(restore)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # `timeout` sends it twice, to the process and to its group: once the run is ending, let it end.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # gone in the meantime
            child.send_signal(signal.SIGINT)
    raise KeyboardInterrupt("SIGTERM")
