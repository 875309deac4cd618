"""Whether a run judges all tests of claims or a part of them: a part never stands for the whole.

What was asked for is read off the command line, in the process that reports; how many tests were chosen of
how many, the process that collects says (`claims.harness.selection`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claims.catalogue.experiments import PROTOCOLS

__all__ = ["COUNTED", "FOLDER", "chosen_by", "count", "described", "take"]

FOLDER = Path(__file__).parents[2]
"""The claims' tests."""

COUNTED = "claims_counted"
"""Where a worker tells how many tests were chosen of how many, for the process that started it."""

_COUNTED = pytest.StashKey[tuple[int, int]]()


def count(config: pytest.Config, chosen: int, there: int) -> None:
    """Remember how many tests of claims are left of those that were collected."""
    config.stash[_COUNTED] = (chosen, there)
    if hasattr(config, "workeroutput"):
        config.workeroutput[COUNTED] = (chosen, there)


def described(config: pytest.Config) -> str:
    """`29 of 240 tests: -k boston`, "" where the run judges all."""
    asked = list(chosen_by(config))
    chosen, there = config.stash.get(_COUNTED, (0, 0))
    if not asked and chosen == there:
        return ""
    # Where files or tests were named, the others were never collected.
    known = there > chosen and not any(word in _UNCOUNTED for word in asked)
    number = f"{chosen} of {there} tests" if known else "a part of the tests"
    return f"{number}: {', '.join(asked)}" if asked else number


_NAMED, _FAILED, _IGNORED = "tests named on the command line", "--last-failed", "--ignore"
_UNCOUNTED = (_NAMED, _FAILED, _IGNORED)


def chosen_by(config: pytest.Config) -> Iterator[str]:
    """What on the command line leaves tests out, as it is typed."""
    option = config.option
    if not _whole(config):
        yield _NAMED
    for flag, name in (("-k", "keyword"), ("-m", "markexpr")):
        if text := getattr(option, name, ""):
            yield f"{flag} {text}"
    if claims := getattr(option, "claims", ()):
        yield f"--claims {','.join(claims)}"
    if network := getattr(
        option, "network", None
    ):  # which leaves out what compares the paper's with each other
        yield f"--network {network}"
    protocols = getattr(option, "protocols", PROTOCOLS)
    if not set(PROTOCOLS) <= set(protocols):
        yield f"--protocols {','.join(protocols)}"
    if getattr(option, "lf", False):
        yield _FAILED
    if getattr(option, "ignore", None) or getattr(option, "ignore_glob", None):
        yield _IGNORED


def _whole(config: pytest.Config) -> bool:
    """Whether the arguments name the claims' folder, or one above it; each of its files will do."""
    if not FOLDER.is_relative_to(config.rootpath):
        return True  # a project of its own that loads the plugins
    here = config.invocation_params.dir
    named = [(here / str(argument).partition("::")[0]).resolve() for argument in config.args]
    if any("::" in str(argument) for argument in config.args):
        named = [path for path in named if path.is_dir()]
    files = {*FOLDER.glob("test_*.py")}
    return all(any(path == file or path in file.parents for path in named) for file in files)


def take(config: pytest.Config, node: Any) -> None:
    """On the controller: what a worker counted."""
    if counted := getattr(node, "workeroutput", {}).get(COUNTED):
        config.stash[_COUNTED] = tuple(counted)
