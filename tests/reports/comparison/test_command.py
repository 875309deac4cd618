"""`python -m reports compare`: what it shows on a terminal, passes over, refuses and fails on."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from claims.core.verdict import Outcome
from reports import __main__ as commands
from tests.reports.sample_reports import INCONCLUSIVE, PROVED, REFUTED, report, saved, verdict

ROOT = Path(__file__).resolve().parents[3]

Run = Callable[..., tuple[int, str, str]]


def test_the_terminal_shows_cells_side_by_side(run: Run, pair: list[Path]) -> None:
    """Outcomes, estimates below them, the region under the setting, flips marked at the left; what is
    beyond the intervals first."""
    _, out, err = run("compare", *pair)
    table = out.partition("mind: precision")[2].partition("\n\n")[2]
    assert table.splitlines()[:23] == [
        "        setting           cpu                cuda-tf32",
        "",
        "Beyond the intervals",
        "E1  784-500-10, MSE, linear output: all models reach near zero loss",
        "    [paper: yes]",
        "FLIP    mnist-5k-500-he   refuted            supported",
        "apart     <= 0.05         0.17 [0.14, 0.22]  0.03 [0.02, 0.04]",
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
        "interval": (-9.8e-7, 2.3e12),
    }
    flipped = verdict(outcome=Outcome.REFUTED)
    paths = [
        saved(
            tmp_path / f"{'cuda-tf32-' * 4}{i}",
            report(replace(verdict(), **long), flipped if i else verdict()),
        )
        for i in range(number)
    ]
    status, out, _ = run("compare", *paths, "--fail-on", "flip")
    assert status == 1
    assert max(map(len, out.splitlines())) <= width
    assert "FLIP    mnist" in out
    assert "cuda-tf32-" in out


def test_a_name_longer_than_its_column_stands_above(run: Run, tmp_path: Path) -> None:
    """Whole, with the word for what changed; the others stay beside their outcomes."""
    long = "mnist-5k-centred-pooled-independent"
    paths = [
        saved(tmp_path / name, report(verdict(**found), verdict("H2", "", long, **PROVED)))
        for name, found in (("a-report-of-a-name", REFUTED), ("another-report-of-a-name", {}))
    ]
    lines = run("compare", *paths)[1].splitlines()
    at = lines.index(f"        {long}")
    assert lines[at + 1].split() == ["supported", "supported"]
    assert any(re.match(r"FLIP    mnist-5k-500-he +refuted +supported", line) for line in lines)
    flipped = [
        saved(tmp_path / str(n), report(verdict(setting=f"{long}-500", **found)))
        for n, found in enumerate((REFUTED, {}))
    ]
    assert f"FLIP    {long}-500-he" in run("compare", *flipped)[1].splitlines()


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


def test_what_is_no_report_is_passed_over(run: Run, pair: list[Path], tmp_path: Path) -> None:
    """The history, other folders and a report named twice: one line each on stderr, and the table."""
    (tmp_path / "history.sqlite").write_bytes(b"SQLite format 3\0")
    (tmp_path / "controls.json").write_text('{"controls": []}')
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "figures").mkdir()
    status, out, err = run("compare", "*", pair[0] / "verdicts.json")
    assert status == 0
    assert "4 verdicts in 2 reports" in out
    assert err.splitlines() == [
        "skipped figures: a folder without a verdicts.json",
        "skipped notes.txt: neither a report's folder nor a JSON file",
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


def test_the_command_itself(pair: list[Path]) -> None:
    """`python -m reports compare` as typed, without torch, SciPy or jinja2 being imported for it."""
    code = (
        "import sys; from reports.__main__ import main; status = main(sys.argv[1:]); "
        "print(sorted({'torch', 'scipy', 'jinja2', 'sqlite3'} & set(sys.modules))); sys.exit(status)"
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
    assert {line.split()[0] for line in listed.splitlines() if line.startswith("    ")} >= set(
        commands.COMMANDS
    )
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
