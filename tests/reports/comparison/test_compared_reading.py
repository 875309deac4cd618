"""Reports that are broken, foreign or of another version."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_reports import old_report, report, saved, verdict

Run = Callable[..., tuple[int, str, str]]


BROKEN = {
    "empty": (b"", "is not JSON (Expecting value"),
    "truncated": (b'{"provenance": {', "is not JSON (Expecting"),
    "binary": (b"\xff\xfe\x00", "is not UTF-8 (invalid start byte at byte 0)"),
    "other": (b'{"name": "package"}', "is no report (it holds no list 'verdicts')"),
    "list": (b"[]", "is no report (it holds no list 'verdicts')"),
    "bare": (b'{"verdicts": []}', "is no report (provenance is no object)"),
    "deep": (b"[" * 100_000, "is nested too deeply for a report"),
    "infinite": (b'{"verdicts": Infinity}', "is no report (Infinity is not JSON)"),
}


@pytest.mark.parametrize(("content", "text"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named(run: Run, tmp_path: Path, content: bytes, text: str) -> None:
    """Among good reports as well: a gate must not pass because its baseline is broken."""
    saved(tmp_path / "cpu", report())
    (tmp_path / "bad.json").write_bytes(content)
    status, out, err = run("compare", "cpu", "bad.json", "--fail-on", "flip")
    assert (status, out) == (2, "")
    assert f"got bad.json, which {text}" in err
    assert "wanted a verdicts.json written by a run" in err


FIELDS = [
    ("outcome", "proved", 'verdicts[0] has the outcome "proved"'),
    ("outcome", ["supported"], 'verdicts[0] has the outcome ["supported"]'),
    ("strength", None, "verdicts[0] has the strength null"),
    ("estimate", "0.1", 'verdicts[0] has the estimate "0.1"'),
    ("estimate", True, "verdicts[0] has the estimate true"),
    ("interval", [1.0], "verdicts[0] has the interval [1.0]"),
    ("interval", [2.0, 1.0], "verdicts[0] has the interval [2.0, 1.0]"),
    ("interval", "01", 'verdicts[0] has the interval "01"'),
    ("region", "near 0", "verdicts[0] has the region 'near 0'"),
    ("n", -1, "verdicts[0] has the n -1"),
    ("n", 1.5, "verdicts[0] has the n 1.5"),
    ("claim", 3, "verdicts[0] has the claim 3"),
    ("setting", {}, "verdicts[0] has the setting {}"),
    ("rule", 3, "verdicts[0] has the rule 3"),
    ("rule_since", "2", 'verdicts[0] has the rule_since "2"'),
    ("p_value", 1.5, "verdicts[0] has the p_value 1.5"),
    ("survives", "yes", 'verdicts[0] has the survives "yes"'),
    ("sampling_unit", None, "verdicts[0] has the sampling_unit null"),
]


@pytest.mark.parametrize(
    ("field", "value", "text"), FIELDS, ids=[f"{f[0]}-{i}" for i, f in enumerate(FIELDS)]
)
def test_a_wrong_field_is_named(run: Run, tmp_path: Path, field: str, value: Any, text: str) -> None:
    """Each field that is shown or compared is checked before."""
    broken = report()
    broken["verdicts"][0][field] = value
    (tmp_path / "bad.json").write_text(json.dumps(broken))
    status, _, err = run("compare", "bad.json")
    assert status == 2
    assert f"got bad.json, which is no report ({text})" in err


@pytest.mark.parametrize(
    "key", ["claim", "setting", "outcome", "interval", "region", "nodeid", "rule", "p_holm"]
)
def test_a_missing_field_is_named(run: Run, tmp_path: Path, key: str) -> None:
    """A verdict without it is refused."""
    broken = report(verdict(), verdict("E4"))
    del broken["verdicts"][1][key]
    (tmp_path / "bad.json").write_text(json.dumps(broken))
    assert f"(verdicts[1] has no '{key}')" in run("compare", "bad.json")[2]


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 400, "-1e999"])
def test_a_number_too_large_is_refused(run: Run, tmp_path: Path, number: str) -> None:
    """JSON allows what no float holds."""
    text = json.dumps(report(verdict() | {"estimate": 12345.0})).replace("12345.0", number)
    (tmp_path / "bad.json").write_text(text)
    assert "got bad.json, which is no report (" in run("compare", "bad.json")[2]


def test_fields_of_other_versions_are_let_through(run: Run, tmp_path: Path) -> None:
    """A report with more fields than today's compares."""
    newer = report(verdict() | {"experiments": ["k"]}, future={"x": 1})
    assert run("compare", saved(tmp_path / "a", report()), saved(tmp_path / "b", newer))[0] == 0


def test_a_report_of_version_1_is_read(run: Run, tmp_path: Path) -> None:
    """Without p-values, rules, units and a design; its own fields are still wanted."""
    path = saved(tmp_path / "old", old_report())
    assert run("compare", path, saved(tmp_path / "new", report()))[0] == 0
    broken = old_report()
    del broken["provenance"]["options"]["replicates"]
    assert "(provenance.options has no 'replicates')" in run("compare", saved(tmp_path / "b", broken))[2]


@pytest.mark.parametrize(
    ("version", "text"), [("2", 'the version "2"'), (0, "the version 0"), (1.5, "version 1.5")]
)
def test_a_version_that_is_none_is_refused(run: Run, tmp_path: Path, version: Any, text: str) -> None:
    """A whole number from 1 on."""
    saved(tmp_path / "a", report() | {"version": version})
    assert text in run("compare", "a")[2]


OPTIONS = [
    ("design", {"kind": "fixed"}, 'provenance.options has the design {"kind": "fixed"}'),
    ("scale_sizes", {"mnist": 3}, 'provenance.options has the scale_sizes {"mnist": 3}'),
    ("networks", "32", 'provenance.options has the networks "32"'),
]


@pytest.mark.parametrize(("field", "value", "text"), OPTIONS, ids=[name for name, *_ in OPTIONS])
def test_a_wrong_option_is_named(run: Run, tmp_path: Path, field: str, value: Any, text: str) -> None:
    """The design and the sizes are shown, so they are checked."""
    broken = report()
    broken["provenance"]["options"][field] = value
    (tmp_path / "bad.json").write_text(json.dumps(broken))
    assert text in run("compare", "bad.json")[2]
