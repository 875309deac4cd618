"""A comparison as a page and as Markdown, colours, and texts that would do harm."""

from __future__ import annotations

import html.parser
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports import layout
from reports.files import as_json
from tests.reports.sample_reports import HOSTILE as UNPAIRED
from tests.reports.sample_reports import report, saved

HOSTILE = UNPAIRED.replace("\ud800", "")
"""A lone surrogate is no JSON, and refused as such."""

Run = Callable[..., tuple[int, str, str]]


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
    """The JSON of a report with hostile text in every field that takes text."""
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
    made = json.loads(as_json(report()))
    made["verdicts"][0] |= {field: f"{field}{HOSTILE}" for field in (*texts, "nodeid")}
    about = made["provenance"]
    about |= dict.fromkeys(("backend", "device", "finished", "interrupted"), HOSTILE)
    about |= {"commit": "0123456789" * 4, "complete": False, "data": {HOSTILE: HOSTILE}}
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
    lines = [" ".join(line.split()) for line in (tmp_path / "c.md").read_text().splitlines()]
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
    layout.write([line], stream)
    layout.write([line], file)
    assert stream.getvalue() == shown
    assert file.getvalue() == "FLIP …\n"
