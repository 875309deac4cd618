"""Reports made without a run, for what reads reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sample_options import options as default_options
from sample_verdicts import plain

from reports import files, provenance

SUPPORTED = {"estimate": 0.03, "interval": (0.02, 0.04)}
REFUTED = {"estimate": 0.17, "interval": (0.14, 0.22)}
INCONCLUSIVE = {"estimate": 0.05, "interval": (0.03, 0.2)}
PROVED = {"estimate": 0.0, "interval": None, "n": 1, "strength": "proof", "proved": True}
"""Evidence on E1, and a proof for H2."""

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&|`*_[a](b)\x1b[31m\u202e\ud800\n# end"
"""What no text in a report may do: close a tag, break a table, colour a terminal, turn the writing round."""


def verdict(
    id: str = "E1", protocol: str = "he", setting: str = "mnist-5k-500", **evidence: Any
) -> dict[str, Any]:
    """One verdict as a report holds it; evidence that supports unless told otherwise."""
    name = f"{setting}-{protocol}" if protocol else setting
    made = plain(id, name, protocol=protocol, **(SUPPORTED | evidence))
    return made | {"nodeid": f"claims/test_x.py::test_{id}[{name}]", "duration": 1.0, "experiments": []}


def report(*verdicts: dict[str, Any], options: dict[str, Any] | None = None, **about: Any) -> dict[str, Any]:
    """A report that satisfies the schema; `about` and `options` replace parts of its provenance."""
    merged = provenance.merge(
        [{"data": {"mnist-5k": "ab"}, "backend": "cpu", "device": "a CPU", "seeds": [0]}]
    )
    rest = {
        "commit": "0123456789" * 4,
        "dirty": False,
        "versions": provenance.versions(),
        "errors": [],
        "skipped": [],
        "durations": {"total": 1.0, "tests": {}},
        "complete": True,
        "interrupted": None,
        "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:10:00+00:00",
        "options": default_options(**{"protocols": ["std", "he"]} | (options or {})),
    }
    return files.compose(merged | rest | about, verdicts or [verdict()])


def old_report(*verdicts: dict[str, Any], **about: Any) -> dict[str, Any]:
    """A report as version 1 wrote it: no version, no p-values, no rules, replicates among its options."""
    made = report(*verdicts, **about)
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


def saved(folder: Path, made: dict[str, Any]) -> Path:
    """The report's folder, with its files as a run writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if "version" not in made:
            (folder / "verdicts.json").write_text(json.dumps(made))
        else:
            files.write(made, folder)
    except UnicodeEncodeError:  # a lone surrogate: no run writes one, but a file may hold its escape
        (folder / "verdicts.json").write_text(json.dumps(made))
    return folder
