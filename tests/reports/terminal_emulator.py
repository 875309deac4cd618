"""A command on a terminal of its own, and what a person would see there.

The emulator knows the codes that pytest and the live lines use and refuses any
other, so that a code which some terminal might not obey does not slip in.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["OnTerminal", "Screen"]

_TOKEN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[78DM]|[\r\n\x08]|[^\x1b\r\n\x08]+")
_BEGUN = re.compile(r"(\x1b(\[[0-9;?]*)?)?")
"""The start of a code whose end has not come yet."""
_TAKE_THE_TERMINAL = (
    # A session's first process owns the terminal that it opens: Ctrl-C then reaches its whole group.
    "import os, sys; os.close(os.open(os.ttyname(0), os.O_RDWR)); os.execv(sys.executable, sys.argv[1:])"
)


class Screen:
    """Rows of text as a terminal of this size shows them; what scrolled off the top is in `gone`."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.gone: list[str] = []
        self.row = self.column = 0
        self.saved = (0, 0)
        self._begun = ""

    def feed(self, text: str) -> None:
        """Obey text and codes.

        Raises:
            ValueError: a code that is not among those the lines should need.
        """
        text, at = self._begun + text, 0
        for token in _TOKEN.finditer(text):
            if token.start() != at:
                break
            at = token.end()
            self._obey(token.group())
        self._begun = text[at:]
        if not _BEGUN.fullmatch(self._begun):
            raise ValueError(f"got {self._begun[:20]!r}, wanted a code the emulator knows")

    def _obey(self, token: str) -> None:
        if token == "\r":
            self.column = 0
        elif token in ("\n", "\x1bD"):  # the terminal's driver sends \r\n for a newline
            self._down()
        elif token == "\x08":
            self.column = max(0, self.column - 1)
        elif token == "\x1b7":
            self.saved = (self.row, self.column)
        elif token == "\x1b8":
            self.row, self.column = self.saved
        elif token.startswith("\x1b["):
            self._control(token[2:-1], token[-1])
        else:
            for character in token:
                self._put(character)

    def _control(self, argument: str, what: str) -> None:
        if what == "A":
            self.row = max(0, self.row - int(argument or 1))
        elif what in ("J", "K") and argument in ("", "0"):
            column = min(self.column, self.columns - 1)
            self.cells[self.row][column:] = [" "] * (self.columns - column)
            if what == "J":
                for row in range(self.row + 1, self.rows):
                    self.cells[row] = [" "] * self.columns
        elif what != "m":  # colours do not move anything
            raise ValueError(f"got ESC[{argument}{what}, wanted a code the emulator knows")

    def _put(self, character: str) -> None:
        if self.column == self.columns:
            self.column = 0
            self._down()
        self.cells[self.row][self.column] = character
        self.column += 1

    def _down(self) -> None:
        if self.row + 1 < self.rows:
            self.row += 1
        else:
            self.gone.append("".join(self.cells.pop(0)).rstrip())
            self.cells.append([" "] * self.columns)

    def lines(self) -> list[str]:
        """Everything ever shown that is still there, scrolled off or not, without blank rows at the end."""
        text = "\n".join([*self.gone, *("".join(row).rstrip() for row in self.cells)])
        return text.rstrip("\n").split("\n")


class OnTerminal:
    """Runs `python <arguments>` in a folder, on a pseudo-terminal; use it in a `with`.

    Args:
        arguments: what follows the interpreter.
        cwd: the folder.
        environ: the environment.
        columns, rows: the terminal's size.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        cwd: Path,
        environ: Mapping[str, str],
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self.screen, self.raw = Screen(columns, rows), ""
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        command = [sys.executable, "-c", _TAKE_THE_TERMINAL, sys.executable, *arguments]
        try:
            self.process = subprocess.Popen(
                command, cwd=cwd, env=environ, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
            )
        finally:
            os.close(slave)

    def __enter__(self) -> OnTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        os.close(self._master)

    def press(self, keys: bytes) -> None:
        """Type on the keyboard; b"\\x03" is Ctrl-C."""
        os.write(self._master, keys)

    def until(self, seen: Callable[[list[str]], object], seconds: float = 60) -> list[str]:
        """The screen's lines once they satisfy `seen`.

        Raises:
            AssertionError: they did not in this time, or before the command ended.
        """
        deadline = time.monotonic() + seconds
        while not seen(lines := self.screen.lines()):
            assert self._read(deadline), "the command ended, or time was up:\n" + "\n".join(lines)
        return lines

    def end(self, seconds: float = 60) -> int:
        """Read to the end; the exit status."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        return self.process.wait(max(1.0, deadline - time.monotonic()))

    def _read(self, deadline: float) -> bool:
        """Feed the screen what has come; False at the end, or when the time is up."""
        if not select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux says so when the last process that had the terminal is gone
            data = b""
        self.raw += (text := self._decode(data))
        self.screen.feed(text)
        return bool(data)
