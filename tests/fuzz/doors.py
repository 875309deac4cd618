"""The doors through which files come in: what lies behind each, and what it has to make of a damaged one."""

from __future__ import annotations

import contextlib
import gzip
import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from claims.core.design import FIXED
from claims.core.ledger import Ledger
from claims.harness.launch.controls import ControlsRecorder, read_controls
from data.errors import DataError
from data.idx import IdxFile, verify
from data.npz import load_npz
from models.runs.content import ValueStore
from models.runs.files import DamageError, StoreError
from models.runs.stored import stored
from reports import __main__ as commands
from reports import history
from reports.earlier import UNSEALED, Baseline, read
from reports.live import costs
from tests.fuzz.damages import DAMAGES, FOLDER_DAMAGES, JSON_DAMAGES, SQL_DAMAGES, Damage
from tests.models.runs.counted_store import CPU, DATA, SPEC, Counted
from tests.models.runs.damages import stop
from tests.reports.sample_reports import INCONCLUSIVE, PROVED, REFUTED, report, saved, verdict

__all__ = ["DOORS", "Door"]

CLEAN = (pytest.UsageError, DataError, StoreError, DamageError, history.HistoryError)
"""Errors that say what was got, what was wanted, and the cure."""


@dataclass(frozen=True, slots=True)
class Door:
    """Files that are read, and how.

    A digest holds what lies behind each, so that another content must not be taken for it.

    Attributes:
        build: writes sound files into an empty folder.
        use: reads them; what it gives is compared with what sound files give.
        pattern: the files that are damaged.
        damages: by name.
    """

    build: Callable[[Path], None]
    use: Callable[[Path], Any]
    pattern: str
    damages: dict[str, Damage] = field(default_factory=lambda: DAMAGES)


# -- the run store --------------------------------------------------------------------


def _trained(folder: Path) -> None:
    Counted(folder, checkpoint_seconds=0).run()


def _run(folder: Path) -> dict[str, bytes]:
    """The run's bytes, read or trained."""
    run = Counted(folder, checkpoint_seconds=0).run()
    return {name: array.tobytes() for name, array in sorted(run.arrays.items())}


def _stopped(folder: Path) -> None:
    stop(Counted(folder, checkpoint_seconds=0))


def _stored(folder: Path) -> dict[str, bytes]:
    """What the page reads of the run, by the digest that a report names."""
    key = next(path.name for path in folder.iterdir() if not path.name.endswith(("lock", "sha256")))
    sha = (folder / "sha256").read_text()
    return {name: array.tobytes() for name, array in sorted(stored(folder, key, sha).arrays.items())}


def _named(folder: Path) -> None:
    _trained(folder)
    (path,) = folder.glob("*/run.safetensors")
    (folder / "sha256").write_text(sha256(path.read_bytes()).hexdigest())


def _upkeep(folder: Path) -> None:
    """`list` and `verify` go on to the next, whatever lies there; only their status says what they found."""
    for action in ("list", "verify", "prune"):
        _said("store", action, "--store", str(folder))


def _value(folder: Path) -> Any:
    return ValueStore(folder, "evidence").value(
        "T2 boston", {"code": "c"}, lambda: {"shares": [0.5, float("inf")]}
    )


def _judged(folder: Path) -> None:
    Ledger(folder).record(SPEC, DATA, CPU, FIXED)


def _design(folder: Path) -> bytes:
    """What the store says after the experiment was judged by its design once more."""
    ledger = Ledger(folder)
    ledger.check(SPEC, DATA, CPU, FIXED)
    ledger.record(SPEC, DATA, CPU, FIXED)
    (path,) = ledger.folder.iterdir()
    return path.read_bytes()


# -- reports --------------------------------------------------------------------------


def _said(*arguments: str) -> str:
    """What `python -m reports` prints; nothing of it is what a terminal acts upon."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = commands.main(list(arguments))
    text = out.getvalue() + err.getvalue()
    assert all(char.isprintable() or char == "\n" for char in text), "printed what a terminal acts upon"
    if status == commands.USAGE_ERROR:
        raise pytest.UsageError(err.getvalue())
    return text


def _reports(folder: Path) -> None:
    ours = report(
        verdict(**REFUTED), verdict("E1", "std", **INCONCLUSIVE), verdict("H2", "", "raw", **PROVED)
    )
    saved(folder / "cpu", ours)
    saved(folder / "other", report(verdict(), verdict("E1", "std"), verdict("H2", "", "raw", **PROVED)))


def _baseline(folder: Path) -> Any:
    found = Baseline.read(folder / "cpu" / "verdicts.json")
    found.change(verdict()), found.foreign([verdict()])
    return dict(found.verdicts)


def _reread(folder: Path) -> Any:
    """The report; of one whose digest is gone, that is said."""
    said = _said("compare", str(folder / "other"), str(folder / "cpu"), "--html", str(folder / "c.html"))
    found = read(folder / "cpu" / "verdicts.json")
    assert found.digest or UNSEALED in " ".join(said.split())
    return replace(found, digest=None)


def _costs(folder: Path) -> Any:
    """An earlier report's times, or those known of another machine; no report is worth a word here."""
    costs(folder, "quick")


def _histories(folder: Path) -> None:
    for n in (1, 2, 3):
        history.add(report(verdict(n=n), verdict("H2", "", "raw", **PROVED)), folder)


def _history(folder: Path) -> Any:
    """The runs that are there, each as it was written; one less only where that is said."""
    found, left_out = history.sound(folder, "E1")
    _said("history", "E1", "--report-dir", str(folder))
    added = history.add(report(), folder)
    assert not left_out or len(found) < 3
    if left_out or added or not found:  # an empty file is no history yet, and that is what is said of it
        raise history.HistoryError("; ".join([*left_out, str(added)]))
    return [(entry.run, entry.verdict) for entry in found]


def _controls(folder: Path) -> Any:
    found = read_controls(folder / "controls.json")
    if isinstance(found, str) or not found.controls:
        raise DamageError(found or "not run here")  # in these words on the page
    return replace(found, digest=None)  # of one without, the page says so


def _planted(folder: Path) -> None:
    recorder = ControlsRecorder(folder, folder)
    recorder.passed = {(f"t[{claim}]", claim, "refuted"): True for claim in ("E1", "E2", "H2")}
    recorder.pytest_sessionfinish()


# -- data -----------------------------------------------------------------------------

_ARRAY = (np.arange(5 * 28 * 28) % 251).astype(np.uint8).reshape(5, 28, 28)
_RAW = bytes([0, 0, 8, 3]) + struct.pack(">3I", 5, 28, 28) + _ARRAY.tobytes()
_IDX = IdxFile("images", (5, 28, 28), sha256(_RAW).hexdigest())


def _images(folder: Path) -> None:
    (folder / "images.gz").write_bytes(gzip.compress(_RAW, mtime=0))


def _own(folder: Path) -> None:
    draw = np.random.default_rng(0)
    np.savez(folder / "my.npz", x=draw.normal(size=(40, 6)), y=np.arange(40) % 4)


def _npz(folder: Path) -> Any:
    data = load_npz(folder / "my.npz")
    return data.checksum, data.x_train.tobytes()


DOORS: dict[str, Door] = {
    "store: a run": Door(_trained, _run, "*/*", DAMAGES | JSON_DAMAGES),
    "store: a folder": Door(_trained, _run, "*[0-9a-f]", FOLDER_DAMAGES),
    "store: checkpoints": Door(_stopped, _run, "*.partial/*"),
    "store: the page's run": Door(_named, _stored, "*/*", DAMAGES | JSON_DAMAGES),
    "store: evidence": Door(
        lambda folder: _value(folder) and None, _value, "evidence/*.json", DAMAGES | JSON_DAMAGES
    ),
    "store: upkeep": Door(_trained, _upkeep, "*/*", DAMAGES | JSON_DAMAGES),
    "store: designs": Door(_judged, _design, "designs/*.json", DAMAGES | JSON_DAMAGES),
    "baseline": Door(_reports, _baseline, "cpu/verdicts.json", DAMAGES | JSON_DAMAGES),
    "compare": Door(_reports, _reread, "cpu/verdicts.json", DAMAGES | JSON_DAMAGES),
    "time left": Door(_reports, _costs, "cpu/verdicts.json", DAMAGES | JSON_DAMAGES),
    "history": Door(_histories, _history, "history.sqlite", DAMAGES | SQL_DAMAGES),
    "controls": Door(_planted, _controls, "controls.json", DAMAGES | JSON_DAMAGES),
    "npz": Door(_own, _npz, "my.npz"),
    "IDX": Door(_images, lambda folder: verify(folder / "images.gz", _IDX).tobytes(), "images.gz"),
}
