"""Reports: collected, written, drawn, compared. `load` reads one in Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.records import Report

__all__ = ["load"]


def load(path: str | Path) -> Report:
    """The report in a folder, or of a `verdicts.json`, of this version or an earlier one.

    Raises:
        ValueError: there is none, or it is no report; says what was got, what was wanted, and the cure.
    """
    import pytest

    from reports.earlier import NAME, read

    try:
        return read(file / NAME if (file := Path(path)).is_dir() else file)
    except pytest.UsageError as error:
        raise ValueError(str(error)) from error
