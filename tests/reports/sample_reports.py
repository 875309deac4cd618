"""Reports made without a run, for what reads reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sample_options import options as default_options
from sample_verdicts import row

from reports import files, provenance
from reports.records import Origin, Provenance, Report, Row

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
        "versions": provenance.versions(),
        "complete": True,
        "interrupted": None,
        "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:10:00+00:00",
        "options": default_options(**{"protocols": ("std", "he")} | (options or {})),
    }
    return files.compose(Provenance(**provenance.merge([origin]) | fields | about), rows or [verdict()])


def as_version_2(made: Report) -> dict[str, Any]:
    """The JSON of a report as version 2 wrote it: regions as text, no figures, no subjects."""
    found = json.loads(files.as_json(made)) | {"version": 2}
    for written, own in zip(found["verdicts"], made.verdicts, strict=True):
        written["region"] = str(own.region)
        del written["figures"], written["failed"]
    found["provenance"]["more"] = {}
    return found


def old_report(*rows: Row, **about: Any) -> dict[str, Any]:
    """A report as version 1 wrote it: no version, no p-values, no rules, replicates among its options."""
    made = as_version_2(report(*rows, **about))
    option = made["provenance"]["options"]
    for name in ("networks", "looks", "design", "scale_sizes"):
        del option[name]
    option["replicates"] = None
    dropped = (
        "p_value",
        "sampling_unit",
        "look",
        "rule",
        "rule_since",
        "cites",
        "p_bh",
        "p_holm",
        "survives",
    )
    kept = [{key: value for key, value in row.items() if key not in dropped} for row in made["verdicts"]]
    return {"provenance": made["provenance"], "verdicts": kept}


def saved(folder: Path, made: Report | dict[str, Any]) -> Path:
    """The report's folder, with its files as a run writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(made, Report):
        files.write(made, folder)
    else:
        (folder / "verdicts.json").write_text(json.dumps(made))
    return folder
