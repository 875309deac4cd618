"""What counts as a flip, a change, apart and unlike: pure comparing, and reports told apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from claims.core.change import Change, change
from claims.core.verdict import Outcome, Region
from reports.comparison import compare, gather, interval, tally
from reports.files import as_json
from reports.records import Design, Sizes
from tests.reports.sample_reports import PROVED, REFUTED, report, saved, verdict

NO_INTERVAL = {"estimate": 0.04, "interval": None}

Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("outcomes", "found"),
    [
        (["supported", "refuted"], Change.FLIP),
        (["refuted", "inconclusive", "supported"], Change.FLIP),
        (["supported", "inconclusive"], Change.CHANGE),
        (["refuted", "not applicable"], Change.CHANGE),
        (["inconclusive", "not applicable"], Change.CHANGE),
        (["refuted", "refuted"], Change.NONE),
        (["supported"], Change.NONE),
        ([], Change.NONE),
    ],
    ids=str,
)
def test_only_decided_outcomes_flip(outcomes: list[str], found: Change) -> None:
    """Supported against refuted is a flip; any other difference is a change."""
    rows = [verdict(outcome=Outcome(outcome)) for outcome in outcomes]
    assert change(rows) is found


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ({"interval": (0.0, 0.1)}, {"interval": (0.2, 0.3)}, True),
        ({"interval": (0.0, 0.1)}, {"interval": (0.1, 0.3)}, False),
        ({"interval": (0.0, 0.1)}, {"interval": (0.05, 0.06)}, False),
        ({"interval": (0.2, float("inf"))}, {"interval": (1e9, 2e9)}, False),
        ({"interval": (0.2, float("inf"))}, {"interval": (0.0, 0.1)}, True),
        (PROVED, PROVED, False),
        (PROVED, PROVED | {"estimate": 1.0}, True),
        (PROVED, {"interval": (-1.0, 1.0)}, False),
        (NO_INTERVAL, {"interval": (0.2, 0.3)}, None),
        ({"estimate": None, "interval": None}, {"interval": (0.2, 0.3)}, None),
    ],
    ids=[
        *("apart", "touching", "inside", "open-end", "open-end-apart", "same-proof", "other-proof"),
        *("proof-inside", "no-interval", "nothing"),
    ],
)
def test_apart_means_that_intervals_do_not_overlap(one: Any, other: Any, apart: bool | None) -> None:
    """Open ends reach to infinity, a proof has no width, and without an interval nothing is claimed."""
    evidence = [{"estimate": 0.05} | one, {"estimate": 0.25} | other]
    for order in (1, -1):
        (row,) = compare([report(verdict(**found)) for found in evidence[::order]])
        assert row.apart is apart


def test_an_open_interval_is_infinite() -> None:
    """It is an end that nothing passes."""
    assert interval(verdict(interval=(float("-inf"), 2.0))) == (float("-inf"), 2.0)


def test_a_verdict_on_one_side_only_is_no_flip() -> None:
    """It has a row, with nothing where the other report lacks it."""
    rows = compare([report(verdict("E4", **REFUTED)), report(verdict("E1"))])
    assert [row.any.claim for row in rows] == ["E1", "E4"]
    assert [row.verdicts.index(None) for row in rows] == [0, 1]
    assert tally(rows) == {"rule": 0, "flip": 0, "change": 0, "apart": 0, "one-sided": 2, "unlike": 0}


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("n", 48, "n: 32 | 48"),
        ("sampling_unit", "disjoint pairs", "sampling_unit: networks | disjoint pairs"),
        ("alpha", 0.01, "alpha: 0.05 | 0.01"),
        ("region", Region(high=0.1), "region: <= 0.05 | <= 0.1"),
        ("unit", "L", "unit: L/L0 | L"),
        ("strength", "certificate", "strength: statistical | certificate"),
        ("protocol", "var", "protocol: he | var"),
        ("dataset", "mnist", "dataset: mnist-5k | mnist"),
        ("statement", "another", "the statement differs"),
    ],
)
def test_what_was_not_judged_alike_is_pointed_out(
    run: Run, tmp_path: Path, field: str, value: Any, shown: str
) -> None:
    """A difference in the rule or the sample is named beside the outcomes, wherever they are shown."""
    paths = [
        saved(tmp_path / "a", report()),
        saved(tmp_path / "b", report(replace(verdict(), **{field: value}))),
    ]
    status, out, _ = run("compare", *paths, "--markdown", "c.md", "--html", "c.html")
    assert status == 0
    assert f"unlike  {shown}\n" in out
    assert "1 unlike" in out
    assert f"unlike: {shown}" in (tmp_path / "c.md").read_text().replace("\\", "")
    assert f"unlike: {shown.replace('<', '&lt;')}" in (tmp_path / "c.html").read_text()


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"options": {"scale": "paper"}}, "mind: scale differs: quick in a; paper in b"),
        ({"options": {"precision": "fp64"}}, "mind: precision differs: fp32 in a; fp64 in b"),
        ({"precision": "tf32"}, "mind: precision differs: fp32 in a; tf32 in b"),
        ({"options": {"protocols": ("he",)}}, "mind: protocols differ: std, he in a; he in b"),
        (
            {"options": {"design": Design("fixed", (48,), (1.0,), 0.9, 0.05)}},
            "mind: design differs: fixed design: 32 networks, share 0.85, alpha 0.05 in a;",
        ),
        (
            {"options": {"scale_sizes": {"mnist-5k": Sizes(4000, 1000)}}},
            "mind: samples differ: quick scale: mnist-5k 1000 training and 4000 test samples,",
        ),
        ({"data": {"mnist-5k": "cd"}}, "mind: the bytes of data set mnist-5k differ"),
        (
            {"complete": False, "interrupted": "interrupted: 1 of 2"},
            "mind: b is partial: interrupted: 1 of 2",
        ),
        (
            {"complete": False, "selection": "29 of 240 tests: -k boston"},
            "mind: b is partial: 29 of 240 tests: -k boston",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_runs_that_are_not_alike_are_pointed_out(
    run: Run, tmp_path: Path, change: dict[str, Any], shown: str
) -> None:
    """Before the table: what differs between the runs as a whole."""
    paths = [saved(tmp_path / "a", report()), saved(tmp_path / "b", report(**change))]
    assert any(line.startswith(shown) for line in run("compare", *paths)[1].splitlines())


def test_a_verdict_that_stands_twice_is_pointed_out(run: Run, tmp_path: Path) -> None:
    """The last one counts, as for a baseline, and the reader is told."""
    paths = [saved(tmp_path / "a", report(verdict(**REFUTED), verdict())), saved(tmp_path / "b", report())]
    _, out, _ = run("compare", *paths)
    assert "mind: a holds E1 [mnist-5k-500-he] 2 times: the last counts" in out
    assert "no flips" in out


def test_runs_of_one_backend_are_told_apart(run: Run, tmp_path: Path) -> None:
    """Equal folder names: the time and commit stand beside; equal in everything: a number."""
    old = saved(tmp_path / "old" / "cpu", report(finished="2026-01-01T10:00:00+00:00"))
    new = saved(
        tmp_path / "new" / "cpu", report(verdict(**REFUTED), finished="2026-01-08T11:30:00+00:00", dirty=True)
    )
    copy = saved(tmp_path / "copy" / "cpu", json.loads((new / "verdicts.json").read_text()))
    baseline = tmp_path / "last-week.json"
    baseline.write_text((old / "verdicts.json").read_text())
    names = [
        column.name for column in gather([p / "verdicts.json" for p in (old, new, copy)] + [baseline]).columns
    ]
    stamp = "cpu 2026-01-08 11:30 0123456*"
    assert names == ["cpu 2026-01-01 10:00 0123456", f"{stamp} (2)", f"{stamp} (3)", "last-week"]
    assert run("compare", old, new, "--fail-on", "flip")[0] == 1


# -- rules ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ({"rule": "a"}, {"rule": "a"}, False),
        ({"rule": "a"}, {"rule": "b"}, True),
        ({"rule": "a"}, {"rule": " a\n"}, False),
        ({"rule": "", "rule_since": 1}, {"rule": "a", "rule_since": 2}, True),
        ({"rule": "", "rule_since": 1}, {"rule": "a", "rule_since": 1}, False),
        ({"rule": "", "rule_since": 2}, {"rule": "a", "rule_since": 2}, False),
        ({"rule": "", "rule_since": 1}, {"rule": "", "rule_since": 1}, False),
    ],
    ids=["same", "text", "spaces", "since-2", "since-1", "silent-of-today", "both-old"],
)
def test_what_counts_as_another_rule(one: Any, other: Any, found: bool) -> None:
    """Another text; or, beside a verdict of version 1, which has none, a rule that holds only since a later
    version."""
    rows = [replace(verdict(), **one), replace(verdict(), **other)]
    for order in (1, -1):
        assert (change(rows[::order]) is Change.RULE) is found


def test_a_changed_rule_is_no_flip(run: Run, tmp_path: Path) -> None:
    """Against another rule: E1, whose rule is new, is marked and counted, and trips no gate, though
    its outcome turned round; H2, whose rule is old, still flips where it does. Intervals of other quantities
    are not called apart."""
    proof = verdict("H2", "", "raw", **PROVED)
    old = [replace(row, rule="another") for row in (verdict(**REFUTED), verdict("E4"))]
    before = json.loads(as_json(report(old[0], proof, old[1])))
    paths = [
        saved(tmp_path / "old", before),
        saved(tmp_path / "new", report(verdict(), proof, verdict("E4"))),
    ]
    status, out, err = run(
        "compare", *paths, "--fail-on", "flip,change", "--markdown", "c.md", "--html", "c.html"
    )
    assert (status, err) == (0, "")
    lines = out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("rule "))
    assert lines[at].split() == ["rule", "mnist-5k-500-he", "refuted", "supported"]
    assert lines[at + 1].startswith("changed   <= 0.05")
    assert "3 verdicts in 2 reports: no flips, no changes, none apart, 2 with another rule" in out
    assert "| rule changed" in (tmp_path / "c.md").read_text()
    assert '<span class="mark ruled">rule changed</span>' in (tmp_path / "c.html").read_text()
    before["verdicts"][1]["outcome"] = "refuted"
    saved(tmp_path / "old", before)
    assert run("compare", *paths, "--fail-on", "flip")[0] == 1


def test_a_changed_rule_is_shown_among_changes(run: Run, tmp_path: Path) -> None:
    """--only changes leaves it, --only flips does not."""
    rows = [verdict(), verdict("E4")]
    paths = [
        saved(tmp_path / "a", report(*rows)),
        saved(tmp_path / "b", report(replace(rows[0], rule="x"), rows[1])),
    ]
    assert "shown: 1 of 2 verdicts" in run("compare", *paths, "--only", "changes")[1]
    assert "shown: 0 of 2 verdicts" in run("compare", *paths, "--only", "flips")[1]
