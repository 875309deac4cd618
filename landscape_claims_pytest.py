"""Loaded by its entry point, in any folder, before pytest looks for its settings: a module by itself.

In `pytest -k boston --report-dir /elsewhere` pytest takes a folder that exists for one of tests, looks for
its settings there rather than here, and knows no `--report-dir`. Written `--report-dir=/elsewhere` there is
no doubt, so that is how pytest is started once more.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["PATHS", "bound", "pytest_addoption"]

PATHS = ("--baseline", "--data", "--report-dir", "--store")
"""The options that name a file or a folder."""

_HERE = Path(__file__).resolve().parent


def pytest_addoption() -> None:
    """The first hook there is: nothing is captured yet. In the checkout, where pytest is the program."""
    program, here = Path(sys.argv[0]), Path.cwd()
    if (
        os.name != "posix"
        or not here.is_relative_to(_HERE)
        or "pytest" not in (program.stem, program.parent.name)
    ):
        return
    whole = bound(sys.argv[1:], here)
    if whole != sys.argv[1:]:
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *whole])


def bound(arguments: Sequence[str], here: Path) -> list[str]:
    """The arguments, with paths that lead out of the checkout bound to the option that names them."""
    found: list[str] = []
    for argument in arguments:
        before = found[-1] if found else ""
        outside = (here / argument).exists() and not (here / argument).resolve().is_relative_to(_HERE)
        if outside and before in PATHS:
            found[-1] = f"{before}={argument}"
        else:
            found.append(argument)
    return found
