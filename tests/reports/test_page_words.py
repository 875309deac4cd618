"""What the page says: what survives, proofs in words, commands, prerequisites and controls."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from claims.core.verdict import Outcome, Strength
from claims.harness.launch.controls import read_controls
from models.runs.files import digest_of
from reports.page.words import again, judged, prerequisites, reproduce
from reports.rendering import anchor
from tests.reports import page_samples as samples
from tests.reports.page_reader import page
from tests.reports.sample_options import options

S, R, I, N = Outcome  # noqa: E741


def test_the_page_says_what_does_not_survive(out: Path) -> None:
    """A star beside the verdict in both tables, what it means below one, and the counts on top."""
    fell = samples.verdict("E1", "mnist-5k-500-he", S, protocol="he", p_value=0.04, look="2 of 4")
    found = page(samples.report(fell, samples.verdict("E4", "mnist-5k-500-300-he", I, protocol="he")), out)
    assert sum(a.get("class") == "fell" for _, a in found.tags) == 2
    for part in (
        "Of 1 decided rows among 2 with a p-value, 0 survive Benjamini and Hochberg's correction at 0.05",
        "* decided by its own error rate, but not once all 2 rows with a p-value are counted together",
        "0.04, 0.08, 0.08",
        "32 networks, look 2 of 4",
        "Fixed design: 32 networks, share 0.85, alpha 0.05; quick scale: mnist-5k 1000 training and",
    ):
        assert part in found.text
    whole = page(samples.report(replace(fell, p_value=1e-9)), out)
    assert not [a for _, a in whole.tags if a.get("class") == "fell"]
    assert "* decided" not in whole.text


def test_a_proof_in_words_is_cited_as_that(out: Path) -> None:
    """Exact at points is named as that, with the proof in words that it leans on."""
    row = samples.verdict("T5", "boston-raw", S, strength=Strength.POINTS, dataset="boston")
    row = replace(row, n=28, sampling_unit="points built", cites="written proof in claims/x.py")
    text = page(samples.report(row), out).text
    assert "Leans on written proof in claims/x.py" in text
    assert "supported boston by exact at points" in text
    assert "28 points built, exact at points." in text


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ("E1 a-he S, E1 a-std S", {S: (["he", "std"], [])}),
        ("E6 a-he R, E6 a-std I, E6 b-he R, E6 b-std R", {R: (["a (he)", "b"], []), I: (["a (std)"], [])}),
        ("E6 a-he R, E6 a-std I, E6 b-he R, E6 b-std I", {R: (["he"], []), I: (["std"], [])}),
        ("N1 a r, N1 b c", {R: (["mnist-5k"], ["proof", "certificate"])}),
    ],
)
def test_a_claims_verdicts_in_a_line(verdicts: str, expected: Any) -> None:
    """Where each outcome was found, and how where no network was drawn for it."""
    assert judged(samples.judged(verdicts)) == expected


def test_variants_of_a_data_set_are_named(out: Path) -> None:
    """In the line of a claim that trains nothing; the set alone is a variant too."""
    whole, part = (samples.verdict("T2", s, o) for s, o in (("mnist-5k", N), ("mnist-5k-independent", S)))
    assert judged([whole, part]) == {S: (["mnist-5k (independent)"], []), N: (["mnist-5k"], [])}


# -- commands -------------------------------------------------------------------------


def test_the_command_runs_just_this_claim() -> None:
    """The whole function where all of its tests are this claim's, else the tests by name, quoted."""
    one, two = (samples.verdict("E1", s, R) for s in ("a-he", "a-std"))
    other = samples.verdict("E2", "b-he", R)
    about = samples.report(one, two, other).provenance
    assert again([one, two], about) == "python -m pytest claims/test_x.py::test_E1"
    assert again([one], about) == "python -m pytest 'claims/test_x.py::test_E1[a-he]'"


def test_the_command_keeps_the_options_of_the_run() -> None:
    """All that decides what is judged, and the store, where they differ from the defaults."""
    one = samples.verdict("E1", "a-he", R)
    about = samples.report(one).provenance
    changed = options(scale="paper", protocols=("he",), networks=48, seed=3, store="/tmp/my runs; rm -rf ~")
    about = replace(about, options=changed)
    words = shlex.split(again([one], about))
    assert words[4:] == [
        "--scale", "paper", "--protocols", "he", "--networks", "48", "--seed", "3",
        "--store", "/tmp/my runs; rm -rf ~",
    ]  # fmt: skip
    about = replace(about, options=options(looks=True))
    assert shlex.split(again([one], about))[4:] == ["--looks"]


def test_the_report_can_be_reproduced() -> None:
    """From the commit, with the same arguments; outside a checkout there is no commit to name."""
    about = samples.report().provenance
    assert reproduce(about) == [
        f"git checkout {'0' * 40}",
        "python -m pip install -e .",
        "python -m pytest claims/ -n auto",
    ]
    assert len(reproduce(replace(about, commit=None))) == 2


# -- prerequisites and controls -------------------------------------------------------


def test_prerequisites_show_the_hypotheses_on_the_same_data() -> None:
    """The same variant of the data where it was judged, else the raw data; never another data set."""
    hypotheses = [
        samples.verdict("H2", f"{data}-{variant}", outcome, dataset=data)
        for data, variant, outcome in [("boston", "raw", S), ("boston", "bias", R), ("mnist-5k", "raw", R)]
    ]
    raw = samples.verdict("T2", "boston-raw-10-10", S, dataset="boston")
    other = samples.verdict("T2", "boston-whitened", S, dataset="boston")
    biased = samples.verdict("T2", "boston-bias", R, dataset="boston")
    for verdict, expected in (
        (raw, {"boston-raw": "supported"}),
        (other, {"boston-raw": "supported"}),
        (biased, {"boston-bias": "refuted"}),
    ):
        assert prerequisites([verdict], [*hypotheses, verdict]) == {
            "H1": {},
            "H2": expected,
            "H3": {},
            "H4": {},
        }


CONTROLS = {
    "finished": "2024-01-01",
    "commit": "f" * 40,
    "controls": [
        {"claim": "E1", "outcome": "refuted", "test": "t[E1-supported]", "passed": True},
        {"claim": "E1", "outcome": "refuted", "test": "t[E1-refuted]", "passed": True},
        {"claim": "E2", "outcome": "refuted", "test": "t[E2-refuted]", "passed": False},
        {"claim": "E2", "outcome": "refuted", "test": "t[E2-supported]", "passed": True},
    ],
}


@pytest.mark.parametrize(
    ("content", "claim", "said"),
    [
        (None, "E1", "not run here: python -m pytest tests/claims -k controls"),
        (
            CONTROLS | {"digest": digest_of(CONTROLS)},
            "E1",
            "all 2 planted cases came out as planted (finished 2024-01-01, commit ffffffffffff)",
        ),
        (
            CONTROLS,
            "E1",
            "all 2 planted cases came out as planted (finished 2024-01-01, commit ffffffffffff; without a "
            "digest, so that a change to it would not be seen)",
        ),
        (
            CONTROLS | {"digest": digest_of(CONTROLS | {"finished": "2024-01-02"})},
            "E1",
            "not known, since controls.json does not match its own digest: it was changed after it was "
            "written, run them again: python -m pytest tests/claims -k controls",
        ),
        ({}, "E1", "unreadable in controls.json, run them again"),
        (CONTROLS, "E2", "1 of 2 planted cases came out wrong: t[E2-refuted] (finished 2024-01-01"),
        (CONTROLS, "E3", "none on record"),
        ("{", "E1", "unreadable in controls.json, run them again"),
        ([], "E1", "unreadable in controls.json, run them again"),
        ({"controls": [{"claim": "E1"}]}, "E1", "unreadable in controls.json, run them again"),
    ],
    ids=[
        "absent",
        "passed",
        "no digest",
        "changed",
        "empty",
        "failed",
        "other claim",
        "no JSON",
        "list",
        "keys",
    ],
)
def test_the_controls_outcome_is_read(content: Any, claim: str, said: str, out: Path) -> None:
    """As the harness's own tests wrote it; absent or unreadable, the section says what to run."""
    path = out.parent / "controls.json"
    if content is not None:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    made = samples.report(samples.verdict(claim, "mnist-5k-500-he", R, protocol="he"))
    text = page(made, out, read_controls(path)).text
    assert f"Controls {said}" in text


def test_anchors_hold_no_blanks() -> None:
    """Whatever the claim is called."""
    assert anchor("E10-groups") == "E10-groups"
    assert anchor("</a> b") == "-a-b"
    assert anchor("") == "-"
