"""Reports made without a run, for what reads reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from claims.core.origin import Origin, merge
from models.checkout import versions
from models.runs.files import digest_of
from reports import files
from reports.records import Provenance, Report, Row
from tests.reports.sample_options import options as default_options
from tests.reports.sample_verdicts import row

SUPPORTED = {"estimate": 0.03, "interval": (0.02, 0.04)}
REFUTED = {"estimate": 0.17, "interval": (0.14, 0.22)}
INCONCLUSIVE = {"estimate": 0.05, "interval": (0.03, 0.2)}
PROVED = {"estimate": 0.0, "interval": None, "n": 1, "strength": "proof", "proved": True}
"""Evidence on E1, and a proof for H2."""

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&|`*_[a](b)\x1b[31m\u202e\ud800\n# end"
"""What no text in a report may do: close a tag, break a table, colour a terminal, turn the writing round."""


def verdict(id: str = "E1", protocol: str = "he", setting: str = "mnist-5k-500", **evidence: Any) -> Row:
    """One verdict as a report holds it; evidence that supports unless told otherwise."""
    name = f"{setting}-{protocol}" if protocol else setting
    return row(id, name, protocol=protocol, **({"duration": 1.0} | SUPPORTED | evidence))


def report(*rows: Row, options: dict[str, Any] | None = None, **about: Any) -> Report:
    """A report; `about` and `options` replace parts of its provenance."""
    origin = Origin(data={"mnist-5k": "ab"}, backend="cpu", device="a CPU", seeds=(0,))
    fields = {
        "commit": "0123456789" * 4,
        "dirty": False,
        "versions": versions(),
        "complete": True,
        "interrupted": None,
        "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:10:00+00:00",
        "options": default_options(**{"protocols": ("std", "he")} | (options or {})),
    }
    return files.compose(Provenance(**merge([origin]) | fields | about), rows or [verdict()])


def sealed(made: dict[str, Any]) -> str:
    """The JSON of a report that was altered, with the digest of what it says now if it had any."""
    return json.dumps(made | ({"digest": digest_of(made)} if made.get("digest") else {}))


def saved(folder: Path, made: Report | dict[str, Any]) -> Path:
    """The report's folder, with its files as a run writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(made, Report):
        files.write(made, folder)
    else:
        (folder / "verdicts.json").write_text(sealed(made))
    return folder
