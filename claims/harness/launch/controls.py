"""How the planted controls of the claims came out, kept for the page: controls.json above the reports.

A control is a test that says so by a property, `("control", {"claim": "E1", "outcome": "refuted"})`: what it
plants, and the verdict that must come out. `tests/claims` has the marker that records it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from models.checkout import checkout

__all__ = ["NAME", "Control", "Controls", "ControlsRecorder", "read_controls"]

NAME = "controls.json"
LIMIT = 2**24
"""Bytes of controls.json."""


class Control(msgspec.Struct, frozen=True):
    """How a planted control of a claim came out: a case of which the verdict is known."""

    claim: str
    outcome: str
    test: str
    passed: bool


class Controls(msgspec.Struct, frozen=True):
    """The planted controls, as the harness's own tests left them: controls.json. `digest` is what the file
    says, None of one that was written before it had any."""

    finished: str = ""
    commit: str | None = None
    dirty: bool | None = None
    controls: tuple[Control, ...] = ()
    digest: str | None = None


def read_controls(path: Path) -> Controls | str:
    """What the file says; a missing one is no problem, another form is a sentence."""
    from data.files import read  # its room loads NumPy, which must not be before `one_thread`
    from models.runs.files import DamageError, bears_digest

    try:
        content = read(path, LIMIT)
        found = msgspec.json.decode(content, type=Controls)
        bears_digest(msgspec.json.decode(content))
        return found if found.controls else f"unreadable in {path.name}"  # no run writes none
    except FileNotFoundError:
        return Controls()
    except DamageError as error:
        return f"not known, since {path.name} {error}"
    except (OSError, msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return f"unreadable in {path.name}"


@dataclass(eq=False)  # a plugin must be hashable
class ControlsRecorder:
    """A pytest plugin that listens to the controls' reports and writes them at the end.

    Args:
        root: of the checkout.
        folder: above the reports of the backends.
    """

    root: Path
    folder: Path
    passed: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    """Node id, claim, planted outcome -> whether the test passed so far."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in one phase of one test; a failure in any phase counts."""
        if report.skipped or not (report.when == "call" or report.failed):
            return
        for name, said in report.user_properties:
            if name == "control":
                control: Any = said
                key = report.nodeid, control["claim"], control["outcome"]
                self.passed[key] = self.passed.get(key, True) and report.passed

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the file, unless no control ran; where it cannot be, the page says they were not run."""
        if not self.passed:
            return
        from models.runs.files import digest_of, write_whole  # as above

        controls = tuple(
            Control(claim, outcome, test, passed)
            for (test, claim, outcome), passed in sorted(self.passed.items())
        )
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        found = Controls(finished, **checkout(self.root), controls=controls)
        made = replace(found, digest=digest_of(msgspec.to_builtins(found)))
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / NAME, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
