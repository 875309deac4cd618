"""Whole runs of the sample claims: what is printed, what is written, how it exits."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reports import files
from tests.reports.sample_reports import sealed

SCHEMA = json.loads((Path(files.__file__).parent / "schema" / "verdicts.schema.json").read_text())
BROKEN = "\ndef test_broken(): assert 0\ndef test_plain(): pass\n"

Read = Callable[..., dict[str, Any]]


def outcomes(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(verdict["setting"], verdict["outcome"]) for verdict in report["verdicts"]]


def add(harness: pytest.Pytester, text: str) -> None:
    with (harness.path / "test_claims.py").open("a") as file:
        file.write(text)


EXPECTED = [
    ("mnist-5k", "not applicable"),
    ("mnist-5k-500-std", "refuted"),
    ("mnist-5k-500-var", "inconclusive"),
    ("mnist-5k-500-he", "supported"),
]


def test_a_run_prints_and_writes_its_verdicts(harness: pytest.Pytester, report_of: Read) -> None:
    """Findings pass, the table fits 80 columns, the files satisfy the schema."""
    result = harness.runpytest_inprocess("--protocols", "he,std,var")
    assert result.ret == 0
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "test_claims.py RISN*100%*",
            "*= verdicts =*",
            "4 verdicts: 1 supported, 1 refuted, 1 inconclusive, 1 not applicable",
            "fixed design: 32 networks, share 0.85, alpha 0.05; quick scale: *",
            "2 of 3 rows with a p-value are decided; counted together 2 survive",
            "    Benjamini-Hochberg at 0.05, 2 Holm",
            "Section 2: hypotheses*",
            "  mnist-5k  not applicable *",
            "E1  784-500-10, MSE, linear output: all models reach near zero loss",
            "    [[]paper: yes[]]  [[]true: L/L0 <= 0.05[]]",
            "  mnist-5k-500-std  refuted       1.23e6 [[]9.12e5, 2.12e6[]]  <1e-4  32",
            "Trained networks: of 1 claim under std, var, he 1 differs by setting (std, he:",
            "Against the paper: std: E1.",
            "1 open",
            "verdicts.json, verdicts.md, verdicts.csv in reports/out/cpu",
            "*= 4 passed in *",
        ]
    )
    table = result.outlines[result.outlines.index("Section 2: hypotheses, statistical") :]
    assert max(map(len, table)) <= 80
    report = report_of()
    jsonschema.validate(report, SCHEMA)
    assert outcomes(report) == EXPECTED
    assert [verdict["survives"] for verdict in report["verdicts"]] == [None, True, None, True]
    assert report["multiplicity"]["rows"] == 3
    about = report["provenance"]
    assert (about["complete"], about["device"], about["seeds"]) == (True, "a CPU", [0, 1])
    assert (about["trained"], about["seconds"]) == (3, 1.5)
    assert [run["key"] for run in about["experiments"]] == ["he", "std", "var"]
    assert [verdict["experiments"] for verdict in report["verdicts"]] == [[], ["std"], ["var"], ["he"]]
    assert about["options"]["protocols"] == ["std", "var", "he"]
    assert (about["options"]["networks"], about["options"]["design"]["networks"]) == (None, [32])
    assert set(about["options"]["scale_sizes"]) == {next(iter(about["options"]["scale_sizes"])), "boston"}
    assert {path.name for path in (harness.path / "reports/out/cpu").iterdir()} == set(files.NAMES)


def test_workers_change_nothing(harness: pytest.Pytester, report_of: Read) -> None:
    """`-n 2` writes the verdicts of `-n 0`, and `-v` shows the words and the ids as typed."""
    harness.runpytest_inprocess("-n", "0", "-q")
    alone = report_of()["verdicts"]
    result = harness.runpytest_subprocess("-n", "2", "-v")
    shared = report_of()["verdicts"]
    assert [v | {"duration": 0} for v in alone] == [v | {"duration": 0} for v in shared]
    result.assert_outcomes(passed=4)
    for word, name in [
        ("REFUTED", "test_loss_reaches_zero[[]mnist-5k-500-std[]]"),
        ("INCONCLUSIVE", "test_loss_reaches_zero[[]mnist-5k-500-var[]]"),
        ("SUPPORTED", "test_loss_reaches_zero[[]mnist-5k-500-he[]]"),
        ("NOT APPLICABLE", "test_eigenvalues_are_distinct"),
    ]:
        result.stdout.fnmatch_lines([f"*%] {word} test_claims.py::{name} "])


@pytest.mark.parametrize(
    ("options", "kind", "networks", "said"),
    [
        (["--networks", "48"], "fixed", [48], "fixed design: 48 networks, share 0.85, alpha 0.05; *"),
        (["--looks"], "looks", [12, 24, 48, 96], "looks at 12, 24, 48, 96 networks, share *"),
    ],
    ids=["networks", "looks"],
)
def test_the_design_that_was_chosen_stands_in_the_report(
    harness: pytest.Pytester, report_of: Read, options: list[str], kind: str, networks: list[int], said: str
) -> None:
    """In the JSON, on the terminal and in the Markdown."""
    harness.runpytest_inprocess(*options).stdout.fnmatch_lines([said])
    report = report_of()
    jsonschema.validate(report, SCHEMA)
    of = report["provenance"]["options"]["design"]
    assert (of["kind"], of["networks"], round(sum(of["weights"]), 9)) == (kind, networks, 1.0)
    assert (
        f"{', '.join(map(str, networks))} networks"
        in (harness.path / "reports/out/cpu/verdicts.md").read_text()
    )


@pytest.mark.parametrize(
    ("options", "table"), [(["-q"], True), (["-qq"], False), (["-p", "no:cacheprovider"], True)], ids=str
)
def test_quiet_keeps_the_table(harness: pytest.Pytester, options: list[str], table: bool) -> None:
    """`-q` still shows it, since that is what the run is for; `-qq` leaves the counts."""
    text = harness.runpytest_inprocess(*options).stdout.str()
    assert ("Section 4: empirical results" in text) is table
    assert ("verdicts.json" in text) is table
    assert "4 verdicts: 1 supported, 1 refuted, 1 inconclusive, 1 not applicable" in text


def test_the_plugin_works_without_xdist(harness: pytest.Pytester) -> None:
    """`-p no:xdist`: the hooks are optional, and the group marker is still known under --strict-markers."""
    harness.makeini(
        "[pytest]\naddopts = -p claims.harness.launch.plugin -p reports.plugin"
        " --strict-markers\nfilterwarnings = error"
    )
    add(harness, "\n@pytest.mark.xdist_group('g')\ndef test_grouped(): pass\n")
    harness.runpytest_inprocess("-p", "no:xdist", "-k", "grouped or eigen").assert_outcomes(
        passed=2, deselected=3
    )


def test_nothing_judged_is_nothing_said_or_written(harness: pytest.Pytester) -> None:
    """Neither ordinary tests nor --collect-only print a table or replace an earlier report."""
    harness.makepyfile(test_claims="def test_plain(): pass")
    for arguments in ([], ["--collect-only"]):
        assert "verdicts" not in harness.runpytest_inprocess(*arguments).stdout.str()
    assert not (harness.path / "reports").exists()


def test_errors_fail_and_are_counted(harness: pytest.Pytester, report_of: Read) -> None:
    """A test that cannot judge fails; one that records nothing passes; a failure voids a verdict."""
    add(harness, BROKEN + "def test_skipped(): pytest.skip('why')\n")
    add(
        harness,
        "def test_late(record_verdict):\n    test_eigenvalues_are_distinct(record_verdict)\n    assert 0\n",
    )
    result = harness.runpytest_inprocess("-k", "broken or plain or skipped or eigen or late")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2, failed=2, skipped=1, deselected=3)
    result.stdout.fnmatch_lines(["1 verdict: 1 not applicable; 2 errors, 1 skipped"])
    about = report_of("reports/out/cpu-slice")["provenance"]
    assert about["errors"] == ["test_claims.py::test_broken", "test_claims.py::test_late"]
    assert about["interrupted"] is None


@pytest.mark.parametrize("workers", [["-n", "0"], ["-n", "2"]], ids=" ".join)
def test_findings_fail_where_asked(harness: pytest.Pytester, report_of: Read, workers: list[str]) -> None:
    """`--fail-on refuted`: a reason, exit status 1, junitxml; the table keeps the verdict; --lf reruns it."""
    result = harness.runpytest_subprocess(*workers, "--fail-on", "refuted", "--junitxml", "out.xml")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1, passed=3)
    reason = "E1 [mnist-5k-500-std] refuted (--fail-on refuted): whole interval outside <= 0.05"
    assert reason in result.stdout.str()
    assert "4 verdicts: 1 supported, 1 refuted, 1 inconclusive, 1 not applicable\n" in result.stdout.str()
    assert outcomes(report_of()) == EXPECTED
    (failure,) = ET.parse(harness.path / "out.xml").iter("failure")
    assert failure.get("message") == reason
    recorded = ET.parse(harness.path / "out.xml").iterfind(".//property[@name='verdict']")
    assert {json.loads(p.get("value", ""))["verdict"]["outcome"] for p in recorded} == {
        outcome for _, outcome in EXPECTED
    }
    other = ["-n", "2"] if workers == ["-n", "0"] else ["-n", "0"]
    again = harness.runpytest_subprocess(*other, "--lf", "-v")
    assert again.ret == 0
    assert again.parseoutcomes()["passed"] == 1
    again.stdout.fnmatch_lines(["*REFUTED*" if other == ["-n", "2"] else "*test_claims.py::*std* REFUTED*"])


def test_a_changed_outcome_fails_where_asked(harness: pytest.Pytester, report_of: Read) -> None:
    """Only an outcome that differs from the baseline's; one the baseline lacks is counted as such."""
    harness.runpytest_inprocess("-k", "std or var")
    earlier = report_of("reports/out/cpu-slice")
    earlier["verdicts"][0]["outcome"] = "supported"
    (harness.path / "earlier.json").write_text(sealed(earlier))
    result = harness.runpytest_inprocess("--baseline", "earlier.json", "--fail-on", "changed")
    result.assert_outcomes(failed=1, passed=3)
    text = result.stdout.str()
    assert (
        "E1 [mnist-5k-500-std] changed from supported to refuted (--fail-on changed): whole interval" in text
    )
    assert (
        "changed since the baseline: 1 (2 of 4 not in it)\n  E1 [mnist-5k-500-std] supported -> refuted\n"
        in text
    )
    told = harness.runpytest_inprocess("--baseline", "earlier.json")
    assert told.ret == 0
    told.stdout.fnmatch_lines(["changed since the baseline: 1 (2 of 4 not in it)"])


def test_another_rule_is_no_change(harness: pytest.Pytester, report_of: Read) -> None:
    """An outcome that another rule reached trips no gate, and is counted."""
    harness.runpytest_inprocess()
    earlier = report_of()
    for verdict in earlier["verdicts"]:
        if verdict["claim"] == "E1":
            verdict["outcome"] = "supported"
            verdict["rule"] = "another rule"
    (harness.path / "earlier.json").write_text(sealed(earlier))
    result = harness.runpytest_inprocess("--baseline", "earlier.json", "--fail-on", "changed")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["changed since the baseline: none (3 judged by another rule)"])


def test_a_baseline_of_other_settings_does_not_pass(harness: pytest.Pytester, report_of: Read) -> None:
    """Nothing could be compared: a usage error, though every verdict is shown and written."""
    harness.runpytest_inprocess()
    earlier = report_of()
    for verdict in earlier["verdicts"]:
        verdict["setting"] += "-other"
    (harness.path / "earlier.json").write_text(sealed(earlier))
    result = harness.runpytest_inprocess("--baseline", "earlier.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = result.stdout.str()
    assert (
        "got a --baseline that has none of the 4 verdicts of this run, so that nothing was compared" in text
    )
    assert "changed since the baseline: none (4 of 4 not in it)" in text
    assert outcomes(report_of()) == EXPECTED


def test_a_baseline_may_be_the_report_that_the_run_writes(harness: pytest.Pytester, report_of: Read) -> None:
    """It is read before it is written over."""
    harness.runpytest_inprocess()
    path = harness.path / "reports/out/cpu/verdicts.json"
    earlier = report_of()
    earlier["verdicts"][1]["outcome"] = "supported"
    path.write_text(sealed(earlier))
    told = harness.runpytest_inprocess("--baseline", str(path))
    told.stdout.fnmatch_lines(["changed since the baseline: 1", "*supported -> refuted"])


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_that_stops_early_says_so(harness: pytest.Pytester, report_of: Read, workers: str) -> None:
    """`-x` on a finding: what was judged is written and called partial."""
    add(
        harness,
        "".join(
            f"\ndef test_later_{i}():\n    import threading; threading.Event().wait(0.3)\n" for i in range(6)
        ),
    )
    result = harness.runpytest_subprocess("-x", "-n", workers, "--fail-on", "refuted")
    assert result.ret != 0
    about = report_of()["provenance"]
    assert not about["complete"]
    assert re.fullmatch(r"stopping after 1 failures: \d+ of 10 tests finished", about["interrupted"])
    assert f"partial report: {about['interrupted']}" in result.stdout.str()
    assert "**Partial report: " in (harness.path / "reports/out/cpu/verdicts.md").read_text()
    assert ("mnist-5k-500-std", "refuted") in outcomes(report_of())


def test_a_complete_report_outlives_a_run_that_stops(harness: pytest.Pytester, report_of: Read) -> None:
    """What was judged until then goes beside it, again and again; where there is none, in its place."""
    harness.runpytest_inprocess()
    whole = report_of()
    for _ in range(2):
        result = harness.runpytest_inprocess("-x", "--fail-on", "refuted")
        result.stdout.fnmatch_lines(["*verdicts.json*in reports/out/cpu-partial"])
        assert report_of() == whole
        assert not report_of("reports/out/cpu-partial")["provenance"]["complete"]
    (harness.path / "reports/out/cpu/verdicts.json").write_text("{}")
    harness.runpytest_inprocess("-x", "--fail-on", "refuted")
    assert report_of()["provenance"]["interrupted"]


def test_an_interrupt_keeps_what_was_judged(harness: pytest.Pytester, report_of: Read) -> None:
    """Ctrl-C: the verdicts so far are shown and written."""
    os.mkfifo(harness.path / "ready")
    add(
        harness,
        "\ndef test_endless():\n    import signal\n    open('ready', 'w').close()\n    signal.pause()\n",
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    with subprocess.Popen(command, cwd=harness.path, stdout=subprocess.PIPE, text=True) as process:
        with open(harness.path / "ready"):  # until the test has opened its end
            process.send_signal(signal.SIGINT)
        text = process.communicate(timeout=30)[0]
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert "partial report: interrupted: 4 of 5 tests finished" in text
    assert outcomes(report_of()) == EXPECTED
    assert not report_of()["provenance"]["complete"]


def test_a_crashed_worker_is_an_error_of_its_test(harness: pytest.Pytester, report_of: Read) -> None:
    """It fails once, under the name that was typed; the other verdicts and the rest of its group are kept."""
    add(harness, "\n@pytest.mark.xdist_group('g')\ndef test_crash():\n    import os; os._exit(1)\n")
    add(harness, "\n@pytest.mark.xdist_group('g')\ndef test_after(): pass\n")
    result = harness.runpytest_subprocess("-n", "2", timeout=60)
    result.assert_outcomes(passed=5, failed=1)
    assert outcomes(report_of()) == EXPECTED
    assert report_of()["provenance"]["errors"] == ["test_claims.py::test_crash"]


def test_a_report_that_cannot_be_written_fails_the_run(harness: pytest.Pytester) -> None:
    """The table is still shown; the run does not pretend that the files exist."""
    (harness.path / "reports").write_text("a file where the folder should be")
    result = harness.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = result.stdout.str()
    assert "Section 4: empirical results" in text
    assert "the report could not be written: " in text


def test_report_dir_and_precision_choose_the_folder(harness: pytest.Pytester, report_of: Read) -> None:
    """`--report-dir` is meant from here; a precision other than fp32 gets a folder of its own."""
    harness.runpytest_inprocess("--report-dir", "elsewhere", "--precision", "fp64")
    assert outcomes(report_of("elsewhere/cpu-fp64")) == EXPECTED
    assert not (harness.path / "reports").exists()


@pytest.mark.parametrize(
    ("folder", "recorded"), [("kept/here", "kept/here"), ("../elsewhere", None)], ids=["inside", "outside"]
)
def test_folders_in_the_checkout_are_recorded_as_seen_from_it(
    harness: pytest.Pytester, folder: str, recorded: str | None
) -> None:
    """A report's commands work in any checkout; a folder elsewhere is recorded whole."""
    harness.runpytest_inprocess("--protocols", "he", "--report-dir", folder)
    written = (harness.path / folder / "cpu-slice" / "verdicts.json").read_text()
    found = json.loads(written)["provenance"]["options"]["report_dir"]
    assert found == (recorded or str((harness.path / folder).resolve()))
