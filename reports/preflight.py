"""Everything that can be known to be wrong before training starts, as a usage error (exit status 4)."""

from __future__ import annotations

import tempfile
from argparse import Namespace
from pathlib import Path

import pytest

from reports import devices
from reports.options import CHANGED

__all__ = ["check", "make_absolute"]


def make_absolute(option: Namespace, here: Path) -> None:
    """Rewrite the options that name paths as seen from this folder, before a test changes it.

    Raises:
        pytest.UsageError: a home that nobody has.
    """
    for name in ("store", "report_dir", "baseline", "data"):
        value = getattr(option, name)
        # A data set may be named by a word as well as by its file.
        if value is None or (name == "data" and not value.endswith(".npz")):
            continue
        try:
            setattr(option, name, str((here / Path(value).expanduser()).resolve()))
        except RuntimeError as error:  # ~nobody/runs
            raise pytest.UsageError(
                f"got --{name.replace('_', '-')} {value}, but {error}: name the folder without ~"
            ) from error


def check(option: Namespace) -> None:
    """Refuse a command line that cannot work.

    Raises:
        pytest.UsageError: what was got, what was wanted, and the cure.
    """
    _check_device(option.backend, option.precision)
    if option.looks and option.networks is not None:
        raise pytest.UsageError(
            f"got --looks with --networks {option.networks}, wanted one of them: the looks fix how many "
            "networks each has, so drop --networks, or drop --looks for one look at that many"
        )
    if option.store is not None:
        # What is in a store can be read without writing; if something has to be trained, the store says so.
        _check_folder("--store", Path(option.store), written=False)
    if option.report_dir is not None:
        _check_folder("--report-dir", Path(option.report_dir), written=True)
    if CHANGED in option.fail_on and option.baseline is None:
        raise pytest.UsageError(
            "got --fail-on changed without --baseline, wanted an earlier report to compare with: "
            "add --baseline FILE, a verdicts.json of an earlier run"
        )


def _check_device(backend: str, precision: str) -> None:
    if reason := devices.contradiction(backend, precision):
        raise pytest.UsageError(
            f"got --backend {backend} with --precision {precision}, but {reason}: "
            "choose --precision fp32 or another backend"
        )
    if reason := devices.absence(backend):
        raise pytest.UsageError(
            f"got --backend {backend}, but {reason}: choose --backend auto or --backend cpu, "
            "or install a torch built for the device"
        )


def _check_folder(name: str, folder: Path, *, written: bool) -> None:
    """A folder that can be made, and, if it is to be `written`, one that can be where it is there.

    Tried rather than asked, since root is told yes everywhere.
    """
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        raise pytest.UsageError(
            f"got {name} {str(folder)!r}, whose name is no UTF-8 and cannot stand in a report: "
            "name another folder"
        ) from error
    try:
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
    except OSError as error:
        raise pytest.UsageError(f"got {name} {folder} ({error.strerror}): name another folder") from error
    if not nearest.is_dir():
        raise pytest.UsageError(
            f"got {name} {folder}, but {nearest} is a file: name a folder, existing or new"
        )
    if nearest == folder and not written:
        return
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise pytest.UsageError(
            f"got {name} {folder}, but {nearest} cannot be written ({error.strerror}): "
            "name a folder that can be, or change its permissions"
        ) from error
