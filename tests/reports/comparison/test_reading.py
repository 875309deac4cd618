"""Reports that are broken, foreign or of another version."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.files import as_json
from tests.reports.sample_reports import report, saved, verdict

Run = Callable[..., tuple[int, str, str]]


BROKEN = {
    "empty": (b"", "is not JSON (Input data was truncated)"),
    "truncated": (b'{"provenance": {', "is not JSON (Input data was truncated)"),
    "binary": (b"\xff\xfe\x00", "is not JSON (JSON is malformed: invalid character"),
    "surrogate": (b'{"a": "\\ud800"}', "is not JSON ("),
    "encoding": (b'{"a": "\xff"}', "is not UTF-8 ("),
    "other": (b'{"name": "package"}', "is no report (Object missing required field `provenance`)"),
    "list": (b"[]", "is no report (Expected `object`, got `array`)"),
    "bare": (b'{"verdicts": []}', "is no report (Object missing required field `provenance`)"),
    "deep": (b"[" * 100_000, "is nested too deeply for a report"),
    "infinite": (b'{"verdicts": Infinity}', "is not JSON (JSON is malformed: invalid character"),
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
    ("outcome", "proved", "Invalid enum value 'proved'"),
    ("outcome", ["supported"], "Expected `str`, got `array`"),
    ("strength", None, "Expected `str`, got `null`"),
    ("estimate", "0.1", "Expected `float | null`, got `str`"),
    ("estimate", True, "Expected `float | null`, got `bool`"),
    ("interval", [1.0], "Expected `array` of length 2, got 1"),
    ("interval", [2.0, 1.0], "got the interval [2.0, 1.0], wanted its lower end first"),
    ("interval", "01", "Expected `array | null`, got `str`"),
    ("region", "near 0", "Expected `object`, got `str`"),
    ("region", {"low": 2.0, "high": 1.0}, "got the region [2.0, 1.0], wanted low <= high"),
    ("n", -1, "Expected `int` >= 0"),
    ("n", 1.5, "Expected `int`, got `float`"),
    ("claim", 3, "Expected `str`, got `int`"),
    ("setting", {}, "Expected `str`, got `object`"),
    ("rule", 3, "Expected `str`, got `int`"),
    ("rule_since", "2", "Expected `int`, got `str`"),
    ("p_value", 1.5, "Expected `float` <= 1.0"),
    ("survives", "yes", "Expected `bool | null`, got `str`"),
    ("sampling_unit", None, "Expected `str`, got `null`"),
]


@pytest.mark.parametrize(
    ("field", "value", "text"), FIELDS, ids=[f"{f[0]}-{i}" for i, f in enumerate(FIELDS)]
)
def test_a_wrong_field_is_named(run: Run, tmp_path: Path, field: str, value: Any, text: str) -> None:
    """Each field that is shown or compared is checked before."""
    broken = json.loads(as_json(report()))
    broken["verdicts"][0][field] = value
    (tmp_path / "bad.json").write_text(json.dumps(broken))
    status, _, err = run("compare", "bad.json")
    assert status == 2
    assert f"got bad.json, which is no report ({text}" in err
    assert "at `$.verdicts[0]" in err


@pytest.mark.parametrize("key", ["claim", "setting", "outcome", "interval", "region", "nodeid", "rule"])
def test_a_missing_field_is_named(run: Run, tmp_path: Path, key: str) -> None:
    """A verdict without it is refused."""
    broken = json.loads(as_json(report(verdict(), verdict("E4"))))
    del broken["verdicts"][1][key]
    (tmp_path / "bad.json").write_text(json.dumps(broken))
    assert f"(Object missing required field `{key}` - at `$.verdicts[1]`)" in run("compare", "bad.json")[2]


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 400, "-1e999"])
def test_a_number_too_large_is_refused(run: Run, tmp_path: Path, number: str) -> None:
    """JSON allows what no float holds."""
    text = as_json(report(verdict(estimate=12345.0))).replace("12345.0", number)
    (tmp_path / "bad.json").write_text(text)
    assert "got bad.json, which is no report (Number out of range" in run("compare", "bad.json")[2]


def test_fields_of_other_versions_are_let_through(run: Run, tmp_path: Path) -> None:
    """A report with more fields than today's compares."""
    newer = json.loads(as_json(report())) | {"future": {"x": 1}}
    newer["verdicts"][0]["more"] = 1
    assert run("compare", saved(tmp_path / "a", report()), saved(tmp_path / "b", newer))[0] == 0


@pytest.mark.parametrize("version", [1, 2])
def test_a_report_of_an_earlier_version_is_refused(run: Run, tmp_path: Path, version: int) -> None:
    """With what helps; version 1 did not say which it is."""
    old = json.loads(as_json(report())) | ({"version": version} if version > 1 else {})
    if version == 1:
        del old["version"]
    status, _, err = run("compare", saved(tmp_path / "old", old))
    assert status == 2
    assert f"is a report of version {version}; older than 3 they are not read: make it again" in err


@pytest.mark.parametrize(
    ("version", "text"),
    [("2", "Expected `int`, got `str`"), (0, "Expected `int` >= 1"), (1.5, "Expected `int`, got `float`")],
)
def test_a_version_that_is_none_is_refused(run: Run, tmp_path: Path, version: Any, text: str) -> None:
    """A whole number from 1 on."""
    saved(tmp_path / "a", json.loads(as_json(report())) | {"version": version})
    assert f"{text} - at `$.version`" in run("compare", "a")[2]


OPTIONS = [
    ("design", {"kind": "fixed"}, "missing required field `networks` - at `$.provenance.options.design`"),
    (
        "scale_sizes",
        {"mnist": 3},
        "Expected `object`, got `int` - at `$.provenance.options.scale_sizes[...]`",
    ),
    ("networks", "32", "Expected `int | null`, got `str` - at `$.provenance.options.networks`"),
]


@pytest.mark.parametrize(("field", "value", "text"), OPTIONS, ids=[name for name, *_ in OPTIONS])
def test_a_wrong_option_is_named(run: Run, tmp_path: Path, field: str, value: Any, text: str) -> None:
    """The design and the sizes are shown, so they are checked."""
    broken = json.loads(as_json(report()))
    broken["provenance"]["options"][field] = value
    (tmp_path / "bad.json").write_text(json.dumps(broken))
    assert text in run("compare", "bad.json")[2]
