"""The page: complete, escaped, self-contained, and never in the way of the verdicts."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from claims.catalogue import CATALOGUE
from claims.core.causes import Cause, Open
from claims.core.origin import Subject
from claims.core.verdict import Outcome, Strength
from claims.harness.launch.controls import Control, Controls
from reports.page import build
from reports.records import Report
from reports.rendering import visible
from tests.reports import page_samples as samples
from tests.reports.page_reader import Page, page

S, R, I, N = Outcome  # noqa: E741


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page]:
    """The page of every claim with figures."""
    folder = tmp_path_factory.mktemp("whole") / "cpu"
    folder.mkdir()
    path = build(samples.full_report(folder / "store"), folder, folder / "store", Controls())
    return path, Page(path.read_text(encoding="utf-8"))


# -- what it holds --------------------------------------------------------------------


def test_every_link_within_the_page_has_its_place(whole: tuple[Path, Page]) -> None:
    """Ids are unique, and each `#` link, label and description finds its id."""
    _, found = whole
    ids = list(found.values("id"))
    assert len(set(ids)) == len(ids)
    wanted = [link[1:] for link in found.values("href") if link.startswith("#")]
    wanted += [
        id for name in ("aria-labelledby", "for") for ids_ in found.values(name) for id in ids_.split()
    ]
    assert set(wanted) - set(ids) == set()


def test_every_link_out_of_it_is_a_file_beside_it(whole: tuple[Path, Page]) -> None:
    """No address on the network, and each CSV is there."""
    path, found = whole
    links = [link for name in ("href", "src", "action") for link in found.values(name)]
    beside = {link for link in links if not link.startswith(("#", "data:"))}
    assert {"verdicts.json", "verdicts.csv", "verdicts.md"} < beside
    figures = beside - {"verdicts.json", "verdicts.csv", "verdicts.md"}
    assert len(figures) >= 6
    assert all((path.parent / name).is_file() for name in figures)
    assert not re.search(r"https?:(?!//www\.w3\.org/)", path.read_text(encoding="utf-8"))


def test_scripts_are_those_that_the_policy_names(whole: tuple[Path, Page]) -> None:
    """The policy forbids everything else; no script holds anything from the report."""
    _, found = whole
    policy = next(a["content"] for t, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    digests = (hashlib.sha256(script.encode()).digest() for script in found.scripts)
    sources = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    assert f"; script-src {sources};" in policy
    assert not [script for script in found.scripts if "mnist-5k" in script]
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]


def test_each_claim_has_its_section(whole: tuple[Path, Page]) -> None:
    """Statement, verdicts by protocol, the paper's reading, plot, rule, margin, controls, n, run, command."""
    path, _ = whole
    text = path.read_text(encoding="utf-8")
    section = Page(
        text[text.index('<article class="claim" id="E1"') : text.index('<article class="claim" id="E2"')]
    )
    for part in (
        "E1 784-500-10, MSE, linear output: all models reach near zero loss",
        "The paper: yes (section 4.1, figure 1)",
        "Rule share of networks whose L/L0 comes to 0.05, exact binomial bound at 0.05",
        "True when L/L0 <= 0.05; margin 0.05; alpha 0.05",
        "32 networks",
        "Controls not run here: python -m pytest tests/claims -k controls",
        "Redrawn: figure 1",
        "mnist-5k-500-he linear mse",
        "Time 1.5 s in this run",
        "python -m pytest claims/test_x.py::test_E1",
    ):
        assert part in section.text
    plots = [a["data-plot"] for t, a in section.tags if t == "figure"]
    assert plots == ["E1", "E1-intervals", "E1-test", "E1-test-intervals"]


def test_the_papers_nine_figures_have_their_places(whole: tuple[Path, Page]) -> None:
    """Those that these runs show are drawn; each of the others says why it is not there."""
    path, found = whole
    assert [f"figure-{n}" for n in range(1, 10)] == [
        i for i in found.values("id") if re.fullmatch(r"figure-\d", i)
    ]
    assert found.text.count("No run of this report shows it") == 6
    figures = [
        a["data-plot"] for t, a in found.tags if t == "figure" and a["data-plot"].startswith("figure-")
    ]
    assert figures == ["figure-1", "figure-2", "figure-8"]
    (data,) = found.data
    assert {key for _, a in found.tags if (key := a.get("data-plot"))} == set(json.loads(data)["plots"])
    assert not [t for t, _ in found.tags if t == "svg"]
    assert path.stat().st_size < 2e6


def test_a_page_of_full_size_is_light(out: Path) -> None:
    """More verdicts, networks, epochs and words than a default run has: at most 2 MB, curves and all."""
    spec = {"epochs": 40}
    shapes = [
        {"widths": (500,)},
        {"widths": (500, 300)},
        {"widths": (10, 10)},
        {"data": "boston", "widths": (50,)},
    ]
    kinds = [(shape | spec, output) for shape in shapes for output in ("linear", "softmax")]
    runs = [
        (protocol, samples.store(out / "store", samples.run(protocol=protocol, output=output, **of)))
        for of, output in kinds
        for protocol in ("std", "var", "he")
    ]
    rows = [
        samples.verdict(
            id, f"{run.name}-{protocol}", R, protocol=protocol, experiments=(run.key,), reason="why " * 60
        )
        for k, id in enumerate(CATALOGUE)
        for protocol, run in (runs[(k + j) % len(runs)] for j in range(6))
    ]
    path = build(
        samples.report(*rows, experiments=tuple(run for _, run in runs)), out, out / "store", Controls()
    )
    assert len(rows) > 280
    assert 8e5 < path.stat().st_size < 2e6


def test_a_second_build_changes_nothing(out: Path) -> None:
    """The same report gives the same bytes."""
    report = samples.full_report(out / "store")
    first = build(report, out, out / "store", Controls()).read_bytes()
    assert build(report, out, out / "store", Controls()).read_bytes() == first


def test_proofs_show_their_witnesses(out: Path) -> None:
    """The card says that it is one; the numbers that were found stand below the setting."""
    proof = samples.verdict("H2", "boston-raw", S, strength=Strength.PROOF, dataset="boston")
    sampled = samples.verdict("E1", "mnist-5k-500-he", R, protocol="he")
    report = samples.report(replace(proof, reason="rank 13 of 13"), replace(sampled, reason="sampled"))
    text = page(report, out).text
    assert "supported boston by proof" in text
    assert "boston-raw 0.3 [0.1, 0.5] > 0" in text
    assert "rank 13 of 13. 32 data set, proof. Judged in 0.5 s." in text
    assert "refuted he The paper" in text


def test_an_open_verdict_says_what_would_decide_it(out: Path) -> None:
    """Its cause, the options and their cost below the setting; on top how many there are, and the command."""
    cause = Open(Cause.TOO_FEW, "--networks 128", (("a", 600.0),))
    row = samples.verdict("E6", "mnist-5k-500-he", I, protocol="he", open=cause, output="softmax")
    text = page(samples.report(row), out).text
    assert "Open, too few networks: --networks 128 (10 core minutes or more)." in text
    assert "Against the paper nothing. 1 open too few networks 1 Next python -m pytest claims/ -n " in text
    assert "mnist-5k-500-he he softmax 0.3" in text


def test_a_partial_report_says_so(out: Path) -> None:
    """First of all, with the reason; tests that failed are listed."""
    made = samples.verdict("E1", "mnist-5k-500-he", R, protocol="he")
    why = {"complete": False, "interrupted": "KeyboardInterrupt: 1 of 9 tests finished"}
    text = page(samples.report(made, errors=("claims/test_y.py::test_z",), **why), out).text
    assert "Partial report. KeyboardInterrupt: 1 of 9 tests finished." in text
    assert "1 test could not judge its claim" in text
    assert "claims/test_y.py::test_z" in text
    assert "Partial report" not in page(samples.report(made), out).text


def test_a_missing_run_leaves_its_section(out: Path) -> None:
    """A store that was emptied costs the figures, not the page, and the page says why."""
    run = samples.experiment(
        "mnist-5k-500-he-linear-mse-00000000000000000000",
        "mnist-5k-500-he linear mse",
        "0",
        subject=Subject("mnist-5k", "500", "linear", "mse", "he"),
    )
    made = samples.verdict("E1", "mnist-5k-500-he", R, protocol="he", experiments=(run.key,))
    text = page(samples.report(made, experiments=(run,)), out).text
    assert (
        "No figure: the run mnist-5k-500-he-linear-mse-00000000000000000000 is not in the run store" in text
    )


# -- escaping -------------------------------------------------------------------------

HOSTILE = {
    "script": "</script><script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "quotes": "\"'><b onmouseover='alert(1)'>&amp;&",
    "template": "{{ 7 * 7 }}{% raw %}",
    "comment": "--><!-- ]]>",
    "long": "W" * 4000,
}
FIELDS = ("claim", "setting", "statement", "unit", "protocol", "dataset", "reason", "paper")
FIELDS += ("place", "kind", "nodeid")


def poisoned(text: str) -> Report:
    """A report with the text in every field that holds text."""
    made = replace(
        samples.verdict("E1", "s", R, protocol="he"),
        **dict.fromkeys(FIELDS, text),
        experiments=(text,),
        margin=None,
    )
    subject = Subject("mnist-5k", "500", "linear", "mse", "he")
    runs = (
        samples.experiment(text, text, text),
        samples.experiment(f"x{text}", text + "x", text, subject=subject),
    )
    found = samples.report(made, experiments=runs, errors=(text,), skipped=(text,), data={text: text})
    names = ("commit", "device", "backend", "precision", "started", "finished", "interrupted")
    option = replace(
        found.provenance.options, scale=text, store=text, protocols=(text,), arguments=(text,), dist=text
    )
    about = replace(
        found.provenance,
        **dict.fromkeys(names, text),
        versions={text: text},
        complete=False,
        options=option,
    )
    return replace(found, provenance=about)


def poisoned_page(text: str, out: Path) -> Page:
    """Its page, with the text in the controls' outcome too."""
    return page(poisoned(text), out, Controls(text, text, None, (Control(text, "refuted", text, False),)))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_stays_text(text: str, out: Path) -> None:
    """From a spec, a path or an exception: shown as it is, and never a tag, an attribute or a script."""
    plain, found = poisoned_page("plain", out), poisoned_page(text, out)
    assert found.scripts == plain.scripts
    assert [(tag, [*names]) for tag, names in found.tags] == [(tag, [*names]) for tag, names in plain.tags]
    assert found.text.count(" ".join(text.split())) > 20
    ids = list(found.values("id"))
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[\w.-]+", id) for id in ids)


def test_marks_of_direction_are_written_out(out: Path) -> None:
    """A right-to-left override cannot turn the text beside it around; control characters cannot hide."""
    made = samples.verdict("E1", "s", R, protocol="he", reason="a\u202eb\u2066c\x00d\x1b[31me\u200b")
    path = build(samples.report(made), out, out, Controls())
    text = path.read_text(encoding="utf-8")
    assert r"a\u202eb\u2066c\u0000d\u001b[31me\u200b" in text
    assert not set("\u202e\u2066\x00\x1b\u200b") & set(text)


@pytest.mark.parametrize(
    ("value", "shown"),
    [("plain", "plain"), ("σ² ≤ 1\n\tx", "σ² ≤ 1\n\tx"), ("\ud800", r"\ud800"), (None, ""), (3, 3)],
    ids=["ascii", "unicode", "surrogate", "none", "number"],
)
def test_what_can_be_read_is_left_alone(value: Any, shown: Any) -> None:
    """Only what is invisible or moves text is written out."""
    assert visible(value) == shown
