"""Reports that are broken, foreign or of another version."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from claims.core.change import Change
from claims.core.verdict import Outcome
from reports.earlier import Baseline, read
from reports.files import as_json
from tests.reports.sample_reports import report, saved, verdict

Run = Callable[..., tuple[int, str, str]]


BROKEN = {
    "empty": (b"", "is not JSON (Input data was truncated)"),
    "truncated": (b'{"provenance": {', "is not JSON (Input data was truncated)"),
    "binary": (b"\xff\xfe\x00", "is not UTF-8 (invalid start byte at byte 0)"),
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


OLD = Path(__file__).parent
"""Parts of reports that runs wrote in versions 1 and 2: 223ff13's quick and 94d5ab4's paper scale."""


def old(version: int) -> dict[str, Any]:
    """The JSON of such a report."""
    return json.loads((OLD / f"version_{version}.json").read_text())


@pytest.mark.parametrize("version", [1, 2])
def test_a_report_of_an_earlier_version_is_read(version: int) -> None:
    """Its rows say what they said: regions as numbers, and rules only where it had any."""
    rows = {row.claim: row for row in read(OLD / f"version_{version}.json").verdicts}
    assert {str(row.region) for row in rows.values()} == {row["region"] for row in old(version)["verdicts"]}
    assert (rows["E6"].region.low, rows["H2"].region.high) == (2.0, 0.0)
    assert all(bool(row.rule) == (version == 2) for row in rows.values())
    assert rows["H2"].interval is None
    assert rows["E6"].experiments[0].startswith("mnist")


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"verdicts": {}}, "Expected `array`, got `object` - at `$.verdicts`"),
        ({"verdicts": [3]}, "Expected `object`, got `int` - at `$.verdicts[0]`"),
        ({"provenance": []}, "Expected `object`, got `array` - at `$.provenance`"),
    ],
    ids=["rows", "row", "provenance"],
)
def test_a_broken_report_of_an_earlier_version_is_named(
    run: Run, tmp_path: Path, version: int, part: dict[str, Any], text: str
) -> None:
    """As one of today's is."""
    status, _, err = run("compare", saved(tmp_path / "old", old(version) | part))
    assert (status, text in err) == (2, True)


def test_a_region_that_is_none_is_refused(run: Run, tmp_path: Path) -> None:
    """It is the text that was read."""
    broken = old(2)
    broken["verdicts"][0]["region"] = "[1, 2, 3]"
    assert "Expected `object`, got `str`" in run("compare", saved(tmp_path / "old", broken))[2]


@pytest.mark.parametrize("options", [None, {}, {"scale": "quick"}])
def test_options_of_version_1_that_lack_something_are_refused(run: Run, tmp_path: Path, options: Any) -> None:
    """What every version has is wanted of it."""
    broken = old(1)
    broken["provenance"]["options"] = options
    assert "$.provenance.options`" in run("compare", saved(tmp_path / "old", broken))[2]


def test_versions_compare_with_each_other(run: Run, tmp_path: Path) -> None:
    """The rules that hold since version 2 are others than version 1's, whatever the outcomes; and nothing of
    this trips a gate."""
    paths = [saved(tmp_path / f"v{version}", old(version)) for version in (1, 2)]
    status, out, _ = run("compare", *paths, "--fail-on", "flip,change")
    assert status == 0
    assert "mind: version differs: version 1 in v1; version 2 in v2" in out
    assert "design differs: the scale's own number of replicates of each model in v1;" in " ".join(
        out.split()
    )
    assert run("compare", paths[0], saved(tmp_path / "same", old(1)), "--fail-on", "flip,change")[0] == 0


def test_a_baseline_may_be_of_an_earlier_version() -> None:
    """A run's verdict by another rule did not move, by the same it did."""
    baseline = Baseline.read(OLD / "version_1.json")
    now = {row.claim: row for row in read(OLD / "version_2.json").verdicts}
    turned = replace(now["H2"], outcome=Outcome.REFUTED)
    assert baseline.moved(turned) == (Outcome.SUPPORTED, Outcome.REFUTED)
    assert baseline.change(replace(now["T2"], rule_since=2)) is Change.RULE


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
