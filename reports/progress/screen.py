"""A terminal with lines under the cursor that come and go, while pytest writes above them.

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
import threading
from contextlib import suppress
from typing import Any, TextIO

__all__ = ["Screen"]

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
