"""`python -m reports compare`: what differs, how it is shown, what is refused."""

from __future__ import annotations

import html.parser
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sample_reports import HOSTILE, INCONCLUSIVE, PROVED, REFUTED, report, saved, verdict

from reports import __main__ as commands
from reports import terminal
from reports.comparison.cells import compare, interval, tally
from reports.comparison.columns import gather
from reports.shift import Shift, shift

ROOT = Path(__file__).resolve().parents[2]
NO_INTERVAL = {"estimate": 0.04, "interval": None}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command in an empty folder on 80 columns; its status, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: object) -> tuple[int, str, str]:
        status = commands.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    """Two backends: E1 flips for he and changes for std, H2 agrees, E4 stands on one side only."""
    ours = report(
        verdict(**REFUTED), verdict("E1", "std", **INCONCLUSIVE), verdict("H2", "", "raw", **PROVED)
    )
    theirs = report(
        *(verdict(), verdict("E1", "std", **REFUTED), verdict("H2", "", "raw", **PROVED), verdict("E4")),
        backend="cuda",
        options={"precision": "tf32"},
    )
    return [saved(tmp_path / "cpu", ours), saved(tmp_path / "cuda-tf32", theirs)]


def test_the_samples_satisfy_the_published_schema() -> None:
    """What is compared below is what runs write."""
    schema = json.loads((ROOT / "reports" / "schema" / "verdicts.schema.json").read_text())
    sample = report(verdict(), verdict("H2", "", "raw", **PROVED))
    schema["$defs"]["verdict"]["required"] = list(verdict())
    schema["$defs"]["provenance"]["required"] = list(sample["provenance"])
    jsonschema.validate(sample, schema)


@pytest.mark.parametrize(
    ("outcomes", "found"),
    [
        (["supported", "refuted"], Shift.FLIP),
        (["refuted", "inconclusive", "supported"], Shift.FLIP),
        (["supported", "inconclusive"], Shift.CHANGE),
        (["refuted", "not applicable"], Shift.CHANGE),
        (["inconclusive", "not applicable"], Shift.CHANGE),
        (["refuted", "refuted"], Shift.NONE),
        (["supported"], Shift.NONE),
        ([], Shift.NONE),
    ],
    ids=str,
)
def test_only_decided_outcomes_flip(outcomes: list[str], found: Shift) -> None:
    """Supported against refuted is a flip; any other difference is a change."""
    assert shift(outcomes) is found


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
        (row,) = compare([[verdict(**found)] for found in evidence[::order]])
        assert row.apart is apart


def test_an_open_interval_is_infinite() -> None:
    """JSON's null is an end that nothing passes."""
    assert interval(verdict(interval=(float("-inf"), 2.0))) == (float("-inf"), 2.0)


def test_a_verdict_on_one_side_only_is_no_flip() -> None:
    """It has a row, with nothing where the other report lacks it."""
    rows = compare([[verdict("E4", **REFUTED)], [verdict("E1")]])
    assert [row.any["claim"] for row in rows] == ["E1", "E4"]
    assert [row.verdicts.index(None) for row in rows] == [0, 1]
    assert tally(rows) == {"flip": 0, "change": 0, "apart": 0, "one-sided": 2, "unlike": 0}


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("n", 48, "n: 12 | 48"),
        ("alpha", 0.01, "alpha: 0.05 | 0.01"),
        ("region", "<= 0.1", "region: <= 0.05 | <= 0.1"),
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
    paths = [saved(tmp_path / "a", report()), saved(tmp_path / "b", report(verdict() | {field: value}))]
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
        ({"options": {"protocols": ["he"]}}, "mind: protocols differ: std, he in a; he in b"),
        ({"options": {"replicates": 2}}, "mind: replicates differ: the scale's own number in a; 2 in b"),
        ({"data": {"mnist-5k": "cd"}}, "mind: the bytes of data set mnist-5k differ"),
        (
            {"complete": False, "interrupted": "interrupted: 1 of 2"},
            "mind: b is partial: interrupted: 1 of 2",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_runs_that_are_not_alike_are_pointed_out(
    run: Run, tmp_path: Path, change: dict[str, Any], shown: str
) -> None:
    """Before the table: what differs between the runs as a whole."""
    paths = [saved(tmp_path / "a", report()), saved(tmp_path / "b", report(**change))]
    assert shown in run("compare", *paths)[1].splitlines()


def test_a_verdict_that_stands_twice_is_pointed_out(run: Run, tmp_path: Path) -> None:
    """The last one counts, as for a baseline, and the reader is told."""
    paths = [saved(tmp_path / "a", report(verdict(**REFUTED), verdict())), saved(tmp_path / "b", report())]
    _, out, _ = run("compare", *paths)
    assert "mind: a holds E1 [mnist-5k-500-he] 2 times: the last counts" in out
    assert "no flips" in out


def test_the_terminal_shows_cells_side_by_side(run: Run, pair: list[Path]) -> None:
    """Outcomes, estimates below them, the region under the setting, flips marked at the left."""
    _, out, err = run("compare", *pair)
    table = out.partition("mind: precision")[2].partition("\n\n")[2]
    assert table.splitlines()[:19] == [
        "        setting           cpu                cuda-tf32",
        "",
        "Section 2: hypotheses",
        "H2  X X^T has full rank  [paper: yes]",
        "        raw               supported          supported",
        "          <= 0            0                  0",
        "",
        "Section 4: empirical results",
        "E1  784-500-10, MSE, linear output: all models reach near zero loss",
        "    [paper: yes]",
        "change  mnist-5k-500-std  inconclusive       refuted",
        "          <= 0.05         0.05 [0.03, 0.2]   0.17 [0.14, 0.22]",
        "FLIP    mnist-5k-500-he   refuted            supported",
        "apart     <= 0.05         0.17 [0.14, 0.22]  0.03 [0.02, 0.04]",
        "E4  784-500-300-10, MSE, linear output: all models reach near zero loss",
        "    [paper: yes]",
        "        mnist-5k-500-he   -                  supported",
        "          <= 0.05                            0.03 [0.02, 0.04]",
        "",
    ]
    assert "4 verdicts in 2 reports: 1 flip, 1 change, 1 apart, 1 not in every report" in out
    assert "two of the intervals do not overlap" in out
    assert not err


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("number", [2, 3, 5, 8, 40])
def test_no_line_is_wider_than_the_terminal(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, width: int
) -> None:
    """However many reports there are, with long names, long settings and extreme numbers."""
    monkeypatch.setenv("COLUMNS", str(width))
    long = {
        "setting": "mnist-5k-" + "500-" * 30 + "he",
        "estimate": -1.2345e-7,
        "interval": [-9.8e-7, 2.3e12],
    }
    flipped = verdict() | {"outcome": "refuted"}
    paths = [
        saved(tmp_path / f"{'cuda-tf32-' * 4}{i}", report(verdict() | long, flipped if i else verdict()))
        for i in range(number)
    ]
    status, out, _ = run("compare", *paths, "--fail-on", "flip")
    assert status == 1
    assert max(map(len, out.splitlines())) <= width
    assert "FLIP    mnist" in out
    assert "cuda-tf32-" in out


def test_many_reports_show_each_estimate_once(run: Run, tmp_path: Path) -> None:
    """Where cells are too narrow for estimates, they stand below with the reports that have them."""
    paths = [
        saved(tmp_path / name, report(verdict(**REFUTED))) for name in ("cpu", "cpu-fp64", "cuda", "mps")
    ]
    paths.append(saved(tmp_path / "cuda-tf32", report(verdict())))
    lines = run("compare", *paths)[1].splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("FLIP"))
    assert lines[at].split() == ["FLIP", "mnist-5k-500-he", *["refuted"] * 4, "supported"]
    assert lines[at + 1 : at + 3] == [
        "apart     0.17 [0.14, 0.22] > 0.05  (cpu, cpu-fp64, cuda, mps)",
        "          0.03 [0.02, 0.04] <= 0.05  (cuda-tf32)",
    ]


@pytest.mark.parametrize(
    ("only", "settings"),
    [("all", 4), ("changes", 2), ("flips", 1)],
)
def test_only_chooses_rows(run: Run, pair: list[Path], tmp_path: Path, only: str, settings: int) -> None:
    """--only flips, changes (flips among them) or all, in every rendering; the counts stay those of all."""
    _, out, _ = run("compare", *pair, "--only", only, "--markdown", "c.md", "--html", "c.html")
    assert len(re.findall(r"^ {10}<= ", out.replace("apart ", " " * 6), flags=re.MULTILINE)) == settings
    assert (f"shown: {settings} of 4 verdicts" in out) is (only != "all")
    assert "4 verdicts in 2 reports: 1 flip, 1 change" in out
    assert (tmp_path / "c.md").read_text().count("<br>") == 2 * settings - (only == "all")
    assert (tmp_path / "c.html").read_text().count('<th scope="row">') == settings


@pytest.mark.parametrize(
    ("fail_on", "status", "said"),
    [
        ([], 0, ""),
        (["--fail-on", "flip"], 1, "failed: 1 flip (--fail-on flip)\n"),
        (["--fail-on", "change,flip"], 1, "failed: 1 flip, 1 change (--fail-on flip,change)\n"),
        (["--only", "flips", "--fail-on", "change"], 1, "failed: 1 change (--fail-on change)\n"),
    ],
    ids=["never", "flip", "both", "hidden"],
)
def test_fail_on_sets_the_exit_status(
    run: Run, pair: list[Path], fail_on: list[str], status: int, said: str
) -> None:
    """1 where a named difference occurs, with the count; --only hides nothing from it."""
    found, _, err = run("compare", *pair, *fail_on)
    assert (found, err) == (status, said)


def test_a_change_is_no_flip_for_fail_on(run: Run, tmp_path: Path) -> None:
    """Supported, then inconclusive: `--fail-on flip` passes, `--fail-on change` does not."""
    paths = [saved(tmp_path / "a", report()), saved(tmp_path / "b", report(verdict(**INCONCLUSIVE)))]
    assert [run("compare", *paths, "--fail-on", kind)[0] for kind in ("flip", "change")] == [0, 1]


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


def test_what_is_no_report_is_passed_over(run: Run, pair: list[Path], tmp_path: Path) -> None:
    """The history, other folders and a report named twice: one line each on stderr, and the table."""
    (tmp_path / "history.sqlite").write_bytes(b"SQLite format 3\0")
    (tmp_path / "figures").mkdir()
    status, out, err = run("compare", "*", pair[0] / "verdicts.json")
    assert status == 0
    assert "4 verdicts in 2 reports" in out
    assert err.splitlines() == [
        "skipped figures: a folder without a verdicts.json",
        "skipped history.sqlite: neither a report's folder nor a JSON file",
        f"skipped {pair[0] / 'verdicts.json'}: the same report as cpu/verdicts.json",
    ]


def test_one_report_is_shown_without_comparison(run: Run, pair: list[Path]) -> None:
    """Its own table, and how to get another."""
    status, out, _ = run("compare", pair[0])
    assert status == 0
    assert "mnist-5k-500-he   refuted" in out
    assert "FLIP" not in out
    assert "one report only, cpu: nothing to compare. Name another, or make one: python -m" in out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "got no report in reports/out/*, wanted at least one: python -m pytest claims/"),
        (["empty"], "got no report in empty, wanted at least one"),
        (["absent"], "got absent, which does not exist, wanted folders or files of reports"),
        (["cpu", "--fail-on", "flip"], "got one report in cpu with --fail-on flip, wanted at least two"),
        (["cpu", "--html", "no/such/c.html"], "got no/such/c.html to write, but that failed (No such file"),
        (["cpu", "--markdown", "empty"], "got empty to write, but that failed (Is a directory"),
    ],
    ids=["nothing", "empty-folder", "absent", "alone", "no-folder", "folder"],
)
def test_what_cannot_work_is_a_usage_error(run: Run, tmp_path: Path, arguments: list[str], text: str) -> None:
    """Status 2 with what was got and wanted; nothing is left half written."""
    saved(tmp_path / "cpu", report())
    (tmp_path / "empty").mkdir()
    status, _, err = run("compare", *arguments)
    assert status == 2
    assert f"python -m reports compare: {text}" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cpu", "empty"]


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
]


@pytest.mark.parametrize(
    ("field", "value", "text"), FIELDS, ids=[f"{f[0]}-{i}" for i, f in enumerate(FIELDS)]
)
def test_a_wrong_field_is_named(run: Run, tmp_path: Path, field: str, value: Any, text: str) -> None:
    """Each field that is shown or compared is checked before."""
    (tmp_path / "bad.json").write_text(json.dumps(report(verdict() | {field: value})))
    status, _, err = run("compare", "bad.json")
    assert status == 2
    assert f"got bad.json, which is no report ({text})" in err


@pytest.mark.parametrize("key", ["claim", "setting", "outcome", "interval", "region", "nodeid"])
def test_a_missing_field_is_named(run: Run, tmp_path: Path, key: str) -> None:
    """A verdict without it is refused."""
    broken = verdict()
    del broken[key]
    (tmp_path / "bad.json").write_text(json.dumps(report(verdict(), broken)))
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


class Page(html.parser.HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile() -> dict[str, Any]:
    """A report with hostile text in every field that takes text."""
    texts = (
        "claim",
        "setting",
        "statement",
        "unit",
        "protocol",
        "dataset",
        "reason",
        "paper",
        "place",
        "kind",
    )
    changed = verdict() | {field: f"{field}{HOSTILE}" for field in (*texts, "nodeid")}
    made = report(changed, backend=HOSTILE, device=HOSTILE, commit=HOSTILE, finished=HOSTILE)
    about = made["provenance"]
    about |= {"complete": False, "interrupted": HOSTILE, "data": {HOSTILE: HOSTILE}}
    about["options"] |= {"scale": HOSTILE, "precision": HOSTILE, "protocols": [HOSTILE]}
    return made


@pytest.fixture
def hostile_pair(tmp_path: Path) -> list[Path]:
    """A hostile report under a hostile name beside a good one, which it flips."""
    name = "<img src=x onerror=alert(1)>|*\x1b[31m\u202e"
    bad = hostile()
    other = json.loads(json.dumps(bad))
    other["verdicts"][0] |= {"outcome": "refuted", "statement": HOSTILE * 2}
    other["provenance"]["data"] = {HOSTILE: "other"}
    return [
        saved(tmp_path / name, bad),
        saved(tmp_path / "b" / name, other),
        saved(tmp_path / "cpu", report()),
    ]


def test_hostile_texts_do_nothing_on_a_terminal(run: Run, hostile_pair: list[Path]) -> None:
    """No escape sequence, no turned writing, no line that is not ours, and everything can be encoded."""
    status, out, err = run("compare", *hostile_pair)
    assert status == 0
    assert "FLIP" in out
    assert all(char.isprintable() or char == "\n" for char in out + err)
    assert out.encode("utf-8")
    assert max(map(len, out.splitlines())) <= 80


def test_hostile_texts_do_nothing_in_html(run: Run, hostile_pair: list[Path], tmp_path: Path) -> None:
    """The page has our tags and attributes only, and shows the texts as texts."""
    run("compare", *hostile_pair, "--html", "c.html")
    page = Page((tmp_path / "c.html").read_text(encoding="utf-8"))
    assert not {"script", "img", "a", "iframe", "link"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "statement</script><img src=x onerror=alert(1)>" in page.text
    assert "\u202e" not in page.text
    assert "\x1b" not in page.text


def test_hostile_texts_do_nothing_in_markdown(run: Run, hostile_pair: list[Path], tmp_path: Path) -> None:
    """No tag but our line breaks, no link, no extra column, no heading of their own."""
    run("compare", *hostile_pair, "--markdown", "c.md")
    text = (tmp_path / "c.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?<!\\)<[a-z/]+", text)) == {"<br"}
    assert not re.search(r"(?<!\\)\]\(", text)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}
    assert sum(line.startswith("#") for line in text.splitlines()) == 1 + len(
        re.findall(r"^#{2,3} ", text, re.M)
    )


def test_the_page_stands_alone(run: Run, pair: list[Path], tmp_path: Path) -> None:
    """No script, no request, both themes, a label for each control, a scope for each header cell."""
    run("compare", *pair, "--html", "c.html")
    text = (tmp_path / "c.html").read_text()
    page = Page(text)
    assert not [
        value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")
    ]
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert text.count("<input") == text.count("<label>") == 3
    assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th")
    assert '<tr class="flip">' in text
    assert '<span class="mark flip">flip</span>' in text
    assert "0.17 [0.14, 0.22] > 0.05" in page.text


def test_markdown_has_a_column_a_report(run: Run, pair: list[Path], tmp_path: Path) -> None:
    """Outcome over estimate, and what differs in words."""
    run("compare", *pair, "--markdown", "c.md")
    lines = (tmp_path / "c.md").read_text().splitlines()
    assert "| setting | cpu | cuda-tf32 | difference |" in lines
    assert (
        r"| mnist-5k-500-he | refuted<br>0.17 \[0.14, 0.22\] \> 0.05 "
        r"| supported<br>0.03 \[0.02, 0.04\] \<= 0.05 | **FLIP**, apart |" in lines
    )
    assert "- Mind: precision differs: fp32 in cpu; tf32 in cuda-tf32" in lines


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "ascii"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        ({}, "\x1b[31;1mFLIP\x1b[0m \\u2026\n"),
        ({"NO_COLOR": "1"}, "FLIP \\u2026\n"),
        ({"TERM": "dumb"}, "FLIP \\u2026\n"),
        ({"NO_COLOR": ""}, "\x1b[31;1mFLIP\x1b[0m \\u2026\n"),
    ],
    ids=["terminal", "no-color", "dumb", "empty-no-color"],
)
def test_colours_are_for_terminals(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], shown: str
) -> None:
    """On a terminal unless NO_COLOR is set; what the encoding lacks is escaped; a file gets plain text."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    line = [("FLIP", {"red": True, "bold": True}), (" …", {})]
    stream, file = Terminal(), io.StringIO()
    terminal.write([line], stream)
    terminal.write([line], file)
    assert stream.getvalue() == shown
    assert file.getvalue() == "FLIP …\n"


def test_the_command_itself(pair: list[Path]) -> None:
    """`python -m reports compare` as typed, without torch, NumPy or jinja2 being imported for it."""
    code = (
        "import sys; from reports.__main__ import main; status = main(sys.argv[1:]); "
        "print(sorted({'torch', 'numpy', 'jinja2', 'sqlite3'} & set(sys.modules))); sys.exit(status)"
    )
    for start in (["-m", "reports"], ["-c", code]):
        done = subprocess.run(
            [sys.executable, *start, "compare", *map(str, pair), "--fail-on", "flip"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 1, done.stderr
        assert "\x1b" not in done.stdout
    assert done.stdout.endswith("[]\n")


def test_a_reader_that_leaves_is_no_traceback(pair: list[Path]) -> None:
    """`| head -1` ends the command quietly."""
    command = [sys.executable, "-u", "-m", "reports", "compare", *map(str, pair)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
    assert process.returncode in (0, 1)


def test_every_command_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m reports --help` names each command; without one it is a usage error."""
    with pytest.raises(SystemExit, match="0"):
        commands.main(["--help"])
    listed = capsys.readouterr().out
    assert all(f"    {name} " in listed for name in commands.COMMANDS)
    with pytest.raises(SystemExit, match="2"):
        commands.main([])
    assert "the following arguments are required: COMMAND" in capsys.readouterr().err


def test_a_wrong_choice_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown words are refused with what is known."""
    for arguments, text in {
        ("--fail-on", "flips"): "got the difference 'flips', wanted a comma list of flip, change",
        ("--only", "new"): "argument --only: invalid choice: 'new'",
    }.items():
        with pytest.raises(SystemExit, match="2"):
            commands.main(["compare", *arguments])
        assert text in capsys.readouterr().err


def test_tox_compares_what_there_is() -> None:
    """`tox -e report` runs the command on every report folder; the pattern is expanded by the command."""
    assert "commands = python -m reports compare {posargs:reports/out/*}" in (ROOT / "tox.ini").read_text()
