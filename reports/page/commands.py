"""Commands that a reader can paste: run one claim again, or the whole report."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

__all__ = ["again", "reproduce"]

_DEFAULTS = {
    "scale": "quick",
    "data": None,
    "backend": "auto",
    "precision": "fp32",
    "networks": None,
    "seed": 0,
    "store": None,
}
_PROTOCOLS = ["std", "var", "he"]


def again(verdicts: Sequence[dict[str, Any]], about: dict[str, Any]) -> str:
    """The command that judges just these verdicts again, with this run's options.

    Whole test functions where all of their tests in this run belong to these verdicts, else the
    tests one by one.
    """
    mine = list(dict.fromkeys(v["nodeid"] for v in verdicts))
    by_function: dict[str, list[str]] = {}
    for test in mine:
        by_function.setdefault(test.partition("[")[0], []).append(test)
    everything = about["durations"]["tests"]
    chosen: list[str] = []
    for function, tests in by_function.items():
        others = [test for test in everything if test.partition("[")[0] == function and test not in tests]
        chosen += tests if others else [function]
    return shlex.join(["python", "-m", "pytest", *chosen, *_options(about["options"])])


def _options(options: dict[str, Any]) -> list[str]:
    found = [
        word
        for name, default in _DEFAULTS.items()
        if (value := options.get(name)) != default and value is not None
        for word in (f"--{name}", str(value))
    ]
    found += ["--looks"] if options.get("looks") else []
    protocols = options.get("protocols") or _PROTOCOLS
    return found if sorted(protocols) == sorted(_PROTOCOLS) else [*found, "--protocols", ",".join(protocols)]


def reproduce(about: dict[str, Any]) -> list[str]:
    """The commands that make the whole report again, one a line."""
    checkout = [shlex.join(["git", "checkout", about["commit"]])] if about["commit"] else []
    return [
        *checkout,
        "python -m pip install -e .",
        shlex.join(["python", "-m", "pytest", *about["options"]["arguments"]]),
    ]
