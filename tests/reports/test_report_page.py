"""The page: complete, escaped, self-contained, and never in the way of the verdicts."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import page_samples as samples
import pytest
from sample_options import options

from claims.core.verdict import Outcome, Strength
from reports.page import commands, controls
from reports.page.answer import answer
from reports.page.build import NAME, build, duration, visible
from reports.page.sections import anchor, sections

S, R, I, N = Outcome  # noqa: E741


class Page(HTMLParser):
    """What a browser would make of the page, as far as these tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._inside = tag if tag in ("script", "style") else self._inside

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif not self._inside:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is to be read, with single spaces."""
        return " ".join(" ".join(self.texts).split())

    def values(self, attribute: str) -> Iterator[str]:
        """That attribute's values."""
        return (attributes[attribute] for _, attributes in self.tags if attribute in attributes)


def page(report: dict[str, Any], folder: Path) -> Page:
    """The page of a report without runs."""
    return Page(build(report, folder, folder / "store").read_text(encoding="utf-8"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A report folder."""
    folder = tmp_path / "out" / "cpu"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page]:
    """The page of every claim with figures."""
    folder = tmp_path_factory.mktemp("whole") / "cpu"
    folder.mkdir()
    path = build(samples.full_report(folder / "store"), folder, folder / "store")
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
    assert len(figures) >= 9
    assert all((path.parent / name).is_file() for name in figures)
    assert not re.search(r"https?:(?!//www\.w3\.org/)", path.read_text(encoding="utf-8"))


def test_scripts_are_the_one_that_the_policy_names(whole: tuple[Path, Page]) -> None:
    """The policy forbids everything else; the one script holds nothing from the report."""
    _, found = whole
    policy = next(a["content"] for t, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    (script,) = found.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "mnist" not in script
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]


def test_each_claim_has_its_section(whole: tuple[Path, Page]) -> None:
    """Statement, place, rule, margin, forest plot, the paper's reading, controls, n, run, command."""
    path, _ = whole
    text = path.read_text(encoding="utf-8")
    section = Page(
        text[text.index('<article class="claim" id="E1"') : text.index('<article class="claim" id="E2"')]
    )
    for part in (
        "E1 784-500-10, MSE, linear output: all models reach near zero loss",
        "The paper yes section 4.1, figure 1",
        "Rule share of networks whose L/L0 comes to 0.05, exact binomial bound at 0.05",
        "True when L/L0 <= 0.05; margin 0.05; alpha 0.05",
        "32 networks",
        "Controls not run here: python -m pytest tests/claims -k controls",
        "Figures Figure 1, redrawn",
        "mnist-5k-500-he linear mse",
        "Time 1.5 s in this run",
        "python -m pytest claims/test_x.py::test_E1",
    ):
        assert part in section.text
    described = [a for t, a in section.tags if t == "svg"]
    assert described[0]["aria-labelledby"] == "E1-forest-title E1-forest-desc"


def test_the_papers_nine_figures_have_their_places(whole: tuple[Path, Page]) -> None:
    """Those that these runs show are drawn; each of the others says why it is not there."""
    path, found = whole
    assert [f"figure-{n}" for n in range(1, 10)] == [
        i for i in found.values("id") if re.fullmatch(r"figure-\d", i)
    ]
    assert found.text.count("No run of this report shows it") == 6
    assert sum(t == "svg" and "viewbox" in a for t, a in found.tags) > 9
    assert path.stat().st_size < 5e6


def test_a_second_build_changes_nothing(out: Path) -> None:
    """The same report gives the same bytes."""
    report = samples.full_report(out / "store")
    first = build(report, out, out / "store").read_bytes()
    assert build(report, out, out / "store").read_bytes() == first


def test_proofs_show_their_witnesses(out: Path) -> None:
    """Proofs and certificates stand in a table of their own with the numbers that were found."""
    proof = samples.verdict("H2", "boston-raw", S, strength=Strength.PROOF, dataset="boston")
    sampled = samples.verdict("E1", "mnist-5k-500-he", R, protocol="he")
    report = samples.report(proof | {"reason": "rank 13 of 13"}, sampled | {"reason": "sampled"})
    text = page(report, out).text
    table = text[text.index("proofs and certificates") : text.index("The paper's figures")]
    assert "rank 13 of 13" in table
    assert "sampled" not in table
    assert "No claim of this run was decided by a proof" in page(samples.report(sampled), out).text


def test_a_partial_report_says_so(out: Path) -> None:
    """First of all, with the reason; tests that failed are listed."""
    made = samples.verdict("E1", "mnist-5k-500-he", R, protocol="he")
    why = {"complete": False, "interrupted": "KeyboardInterrupt: 1 of 9 tests finished"}
    text = page(samples.report(made, errors=["claims/test_y.py::test_z"], **why), out).text
    assert "Partial report. KeyboardInterrupt: 1 of 9 tests finished." in text
    assert "1 test could not judge its claim" in text
    assert "claims/test_y.py::test_z" in text
    assert "Partial report" not in page(samples.report(made), out).text


def test_a_missing_run_leaves_its_section(out: Path) -> None:
    """A store that was emptied costs the figures, not the page, and the page says why."""
    run = samples.experiment(
        "mnist-5k-500-he-linear-mse-00000000000000000000", "mnist-5k-500-he linear mse", "0"
    )
    made = samples.verdict("E1", "mnist-5k-500-he", R, protocol="he") | {"experiments": [run["key"]]}
    text = page(samples.report(made, experiments=[run]), out).text
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
FIELDS = ("claim", "setting", "statement", "unit", "region", "protocol", "dataset", "reason", "paper")
FIELDS += ("place", "kind", "nodeid")


def poisoned(text: str) -> dict[str, Any]:
    """A report with the text in every field that holds text."""
    made = samples.verdict("E1", "s", R, protocol="he")
    made |= {field: text for field in FIELDS} | {"experiments": [text], "margin": None}
    runs = [samples.experiment(text, text, text)]
    runs.append(samples.experiment(f"x{text}", "mnist-5k-500-he linear mse", text))
    found = samples.report(made, experiments=runs, errors=[text], skipped=[text], data={text: text})
    about = found["provenance"]
    about |= {name: text for name in ("commit", "device", "backend", "precision", "started", "finished")}
    about |= {"versions": {text: text}, "seeds": [text], "complete": False, "interrupted": text}
    about["options"] |= {"scale": text, "store": text, "protocols": [text], "arguments": [text], text: text}
    return found


def poisoned_page(text: str, out: Path) -> Page:
    """Its page, with the text in the controls' outcome too."""
    control = {"claim": text, "test": text, "passed": False}
    planted = {"finished": text, "commit": text, "controls": [control]}
    (out.parent / "controls.json").write_text(json.dumps(planted))
    return page(poisoned(text), out)


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
    made = samples.verdict("E1", "s", R, protocol="he") | {"reason": "a\u202eb\u2066c\x00d\x1b[31me\u200b"}
    path = build(samples.report(made), out, out)
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


# -- the answer -----------------------------------------------------------------------


def judged(text: str) -> list[dict[str, Any]]:
    """Verdicts from "claim setting letter", the letter small for a proof, "c" for a refuting certificate."""
    found = []
    for id, setting, letter in (entry.split() for entry in text.split(", ") if entry):
        outcome = {"S": S, "R": R, "C": R, "I": I, "N": N}[letter.upper()]
        strength = {"c": Strength.CERTIFICATE, letter.upper(): Strength.STATISTICAL}.get(
            letter, Strength.PROOF
        )
        protocol = setting.rpartition("-")[2] if "-" in setting else ""
        found.append(samples.verdict(id, setting, outcome, protocol=protocol, strength=strength))
    return found


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ("", "No claim was judged in this run."),
        (
            "N1 strict c, N1 dead r",
            "No: ReLU networks have local minima that are not global (certified and proved on mnist-5k, "
            "claim N1).",
        ),
        ("N1 a s", "Yes, as far as claim N1 was judged: every local minimum examined is global."),
        ("E2 a-he R, E2 a-std I", "Not in these runs: trained networks end at different losses (claim E2); "),
        ("E2 a-he S", "In these runs trained networks end at equal losses (claim E2), which does not settle"),
        ("E2 a-he I", "Open: whether trained networks end at equal losses stays undecided (claim E2); "),
        ("H1 a s, H2 a r", "Open: this run judged H1 and H2 only."),
        (
            "N1 a r, E1 a-he S, E9 a-he R, E1 a-std I",
            "claim N1); of the paper's statements about trained networks (decided is what survives Holm's "
            "correction for all 3 sampled rows), 1 hold, 1 fail and 0 stay open with He's "
            "initial weights; 0 hold, 0 fail and 1 stay open with the paper's at standard "
            "deviation i + 2.",
        ),
    ],
)
def test_the_answer_follows_from_the_verdicts(verdicts: str, expected: str) -> None:
    """One sentence; local minima themselves first, then the share of the paper's statements that hold."""
    said = answer(samples.report(*judged(verdicts))["verdicts"], 0.05)
    assert expected in said
    assert said.endswith(".")


def test_the_answer_counts_what_survives_holms_correction() -> None:
    """Decided at 0.03 each: one row alone counts, two rows are open in the headline, though they survive
    Benjamini and Hochberg's; so is E2 where it would lead. A proof needs no correction."""
    one, two = judged("E1 a-he S, E4 a-he R")
    rows = [one | {"p_value": 0.03}, two | {"p_value": 0.03}]
    assert "1 hold, 0 fail and 0 stay open" in answer(samples.report(rows[0])["verdicts"], 0.05)
    both = samples.report(*rows)["verdicts"]
    assert [row["survives"] for row in both] == [True, True]
    assert (
        "(decided is what survives Holm's correction for all 2 sampled rows), 0 hold, 0 fail and 2"
        in answer(both, 0.05)
    )
    equal = [row | {"p_value": 0.03} for row in judged("E2 a-he R, E2 b-he R")]
    assert answer(samples.report(*equal)["verdicts"], 0.05).startswith(
        "Open: whether trained networks end at equal"
    )
    assert answer(samples.report(*judged("N1 a r"), *rows)["verdicts"], 0.05).startswith("No: ReLU networks")


def test_the_page_says_what_does_not_survive(out: Path) -> None:
    """A star beside the verdict in both tables, what it means below the first, and the counts on top."""
    fell = samples.verdict("E1", "mnist-5k-500-he", S, protocol="he", p_value=0.04, look="2 of 4")
    found = page(samples.report(fell, samples.verdict("E4", "mnist-5k-500-300-he", I, protocol="he")), out)
    assert sum(a.get("class") == "fell" for _, a in found.tags) == 2
    for part in (
        "Of 1 decided rows among 2 with a p-value, 0 survive Benjamini and Hochberg's correction at 0.05",
        "* decided by its own error rate, but not once all 2 rows with a p-value are counted together",
        "0.04 0.08 0.08",
        "32 networks, look 2 of 4",
        "Fixed design: 32 networks, share 0.85, alpha 0.05; quick scale: mnist-5k 1000 training and",
    ):
        assert part in found.text
    whole = page(samples.report(fell | {"p_value": 1e-9}), out)
    assert not [a for _, a in whole.tags if a.get("class") == "fell"]
    assert "* decided" not in whole.text


def test_a_proof_in_words_is_cited_as_that(out: Path) -> None:
    """Exact at points is among the proofs under its own name, with the proof in words that it leans on."""
    row = samples.verdict("T5", "boston-raw", S, strength=Strength.POINTS, dataset="boston")
    row |= {"n": 28, "sampling_unit": "points built", "cites": "written proof in claims/x.py"}
    text = page(samples.report(row), out).text
    assert "Leans on written proof in claims/x.py" in text
    table = text[text.index("proofs and certificates") : text.index("The paper's figures")]
    assert "exact at points: 28 points built" in table.partition("Witness")[2]
    assert "Leans on: written proof in claims/x.py." in table
    assert "28 points built" in text


# -- commands -------------------------------------------------------------------------


def test_the_command_runs_just_this_claim() -> None:
    """The whole function where all of its tests are this claim's, else the tests by name, quoted."""
    one, two = (samples.verdict("E1", s, R) for s in ("a-he", "a-std"))
    other = samples.verdict("E2", "b-he", R)
    about = samples.report(one, two, other)["provenance"]
    assert commands.again([one, two], about) == "python -m pytest claims/test_x.py::test_E1"
    assert commands.again([one], about) == "python -m pytest 'claims/test_x.py::test_E1[a-he]'"


def test_the_command_keeps_the_options_of_the_run() -> None:
    """All that decides what is judged, and the store, where they differ from the defaults."""
    one = samples.verdict("E1", "a-he", R)
    about = samples.report(one)["provenance"]
    about["options"] |= {
        "scale": "paper",
        "protocols": ["he"],
        "networks": 48,
        "seed": 3,
        "store": "/tmp/my runs; rm -rf ~",
    }
    words = shlex.split(commands.again([one], about))
    assert words[4:] == [
        "--scale", "paper", "--networks", "48", "--seed", "3", "--store", "/tmp/my runs; rm -rf ~",
        "--protocols", "he",
    ]  # fmt: skip
    about["options"] = options(looks=True)
    assert shlex.split(commands.again([one], about))[4:] == ["--looks"]


def test_the_report_can_be_reproduced() -> None:
    """From the commit, with the same arguments; outside a checkout there is no commit to name."""
    about = samples.report()["provenance"]
    assert commands.reproduce(about) == [
        f"git checkout {'0' * 40}",
        "python -m pip install -e .",
        "python -m pytest claims/ -n auto",
    ]
    assert len(commands.reproduce(about | {"commit": None})) == 2


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
        (raw, [("boston-raw", "supported")]),
        (other, [("boston-raw", "supported")]),
        (biased, [("boston-bias", "refuted")]),
    ):
        parts = sections(samples.report(*hypotheses, verdict), controls.Controls())
        found = {s.id: s for _, group in parts for s in group}["T2"].prerequisites
        assert {p.claim: p.verdicts for p in found} == {"H1": [], "H2": expected, "H3": [], "H4": []}


CONTROLS = {
    "finished": "2024-01-01",
    "commit": "f" * 40,
    "controls": [
        {"claim": "E1", "test": "t[E1-supported]", "passed": True},
        {"claim": "E1", "test": "t[E1-refuted]", "passed": True},
        {"claim": "E2", "test": "t[E2-refuted]", "passed": False},
        {"claim": "E2", "test": "t[E2-supported]", "passed": True},
    ],
}


@pytest.mark.parametrize(
    ("content", "claim", "said"),
    [
        (None, "E1", "not run here: python -m pytest tests/claims -k controls"),
        (
            CONTROLS,
            "E1",
            "all 2 planted cases came out as planted (finished 2024-01-01, commit ffffffffffff)",
        ),
        (CONTROLS, "E2", "1 of 2 planted cases came out wrong: t[E2-refuted] (finished 2024-01-01"),
        (CONTROLS, "E3", "none on record"),
        ("{", "E1", "unreadable in controls.json, run them again"),
        ([], "E1", "unreadable in controls.json, run them again"),
        ({"controls": [{"claim": "E1"}]}, "E1", "unreadable in controls.json, run them again"),
    ],
    ids=["absent", "passed", "failed", "other claim", "no JSON", "list", "keys"],
)
def test_the_controls_outcome_is_read(content: Any, claim: str, said: str, tmp_path: Path) -> None:
    """As the harness's own tests wrote it; absent or unreadable, the section says what to run."""
    path = tmp_path / "controls.json"
    if content is not None:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    assert controls.read(path).of(claim).startswith(said)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "unknown"), (0.44, "0.4 s"), (75, "75 s"), (720, "12 min"), (12600, "3.5 h")],
)
def test_durations_are_for_people(seconds: float | None, text: str) -> None:
    """In the unit one would say."""
    assert duration(seconds) == text


def test_anchors_hold_no_blanks() -> None:
    """Whatever the claim is called."""
    assert anchor("E10-groups") == "E10-groups"
    assert anchor("</a> b") == "-a-b"
    assert anchor("") == "-"


# -- in a run -------------------------------------------------------------------------


def test_a_run_writes_the_page(harness: pytest.Pytester) -> None:
    """Beside verdicts.json, and the terminal says so; with -qq only the counts are printed."""
    result = harness.runpytest_inprocess("-p", "reports.page.plugin")
    result.stdout.fnmatch_lines(
        ["verdicts.json, verdicts.md, verdicts.csv in *", "index.html beside them, *"]
    )
    found = Page((harness.path / "reports/out/cpu" / NAME).read_text(encoding="utf-8"))
    assert "4 of 4 verdicts" in found.text
    quiet = harness.runpytest_inprocess("-p", "reports.page.plugin", "-qq")
    quiet.stdout.no_fnmatch_line("*index.html*")


def test_workers_build_it_once(harness: pytest.Pytester) -> None:
    """Only the controller has the verdicts."""
    result = harness.runpytest_inprocess("-p", "reports.page.plugin", "-n", "2")
    result.stdout.fnmatch_lines(["index.html beside them, *"])
    assert (harness.path / "reports/out/cpu" / NAME).is_file()


def test_a_page_that_fails_costs_no_verdict(harness: pytest.Pytester) -> None:
    """The reason is printed, the exit status and verdicts.json are what they were."""
    (harness.path / "reports/out/cpu" / NAME).mkdir(parents=True)
    result = harness.runpytest_inprocess("-p", "reports.page.plugin")
    result.stdout.fnmatch_lines(["the page could not be built: IsADirectoryError: *"])
    assert result.ret == 0
    assert len(json.loads((harness.path / "reports/out/cpu/verdicts.json").read_text())["verdicts"]) == 4


CONTROL_TESTS = """
import pytest

@pytest.mark.parametrize(
    ("claim", "outcome"),
    [("E1", "supported"), *((id, "refuted") for id in ("E1", "E10-groups", "E10", "N1"))],
)
def test_planted(claim, outcome, record_property):
    record_property("control", {"claim": claim, "outcome": outcome})
    assert (claim, outcome) != ("E1", "refuted")

@pytest.mark.parametrize("case", ["E2-supported"])
def test_other(case):
    pass
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_controls_are_written_down(harness: pytest.Pytester, workers: str) -> None:
    """By claim, with what failed; the page of the next run of the claims reads them."""
    folder = harness.mkpydir("tests").joinpath("claims")
    folder.mkdir()
    (folder / "test_planted_controls.py").write_text(CONTROL_TESTS)
    harness.runpytest_inprocess("-p", "reports.page.plugin", "-n", workers, "tests/claims")
    found = controls.read(harness.path / "reports/out/controls.json")
    assert {claim: [passed for _, passed in tests] for claim, tests in found.tests.items()} == {
        "E1": [False, True],
        "E10-groups": [True],
        "E10": [True],
        "N1": [True],
    }
    harness.runpytest_inprocess("-p", "reports.page.plugin", "test_claims.py")
    text = Page((harness.path / "reports/out/cpu" / NAME).read_text(encoding="utf-8")).text
    assert (
        "1 of 2 planted cases came out wrong: tests/claims/test_planted_controls.py::test_planted[E1-ref"
        in text
    )


def test_without_verdicts_there_is_no_page(harness: pytest.Pytester) -> None:
    """An earlier page stays as it is."""
    result = harness.runpytest_inprocess("-p", "reports.page.plugin", "-k", "nothing")
    result.stdout.no_fnmatch_line("*index.html*")
    assert not (harness.path / "reports").exists()
