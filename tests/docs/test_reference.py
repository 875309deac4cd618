"""`python -m docs.reference`: the committed report is remade as a whole, or stays as it is."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claims.catalogue import CATALOGUE
from docs import reference
from docs.reference import main
from reports.earlier import UNSEALED
from reports.files import as_json
from tests.reports.sample_reports import report, saved, verdict

ARGUMENTS = ("claims/", "-n", "auto", "--scale", "quick", "--report-dir", "reports/out/reference")

PAGE = (
    '<p>E1</p><a href="figures/a-networks.csv">networks as CSV</a><a href="verdicts.json">verdicts.json</a>'
    '<script type="application/json">{"caption":"c","csv":["figures/a-networks.csv"]}</script>'
)

Run = Callable[..., int]


def whole(**about: Any) -> Any:
    """A report of every claim of the catalogue."""
    options = {"scale": "quick", "arguments": ARGUMENTS, "numprocesses": 2} | about.pop("options", {})
    return report(*(verdict(id) for id in CATALOGUE), options=options, **about)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clean checkout with a committed reference."""
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    monkeypatch.setattr(reference, "checkout", lambda _: {"commit": "a" * 40, "dirty": False})
    old = tmp_path / "reports" / "reference"
    (old / "cpu").mkdir(parents=True)
    (old / "README.md").write_text("old")
    (old / "cpu" / "left-over").write_text("old")
    return tmp_path


@pytest.fixture
def remade(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, where the run of the claims gives this report, page and exit status."""

    def remake(made: Any, page: str | None = PAGE, status: int = 0) -> int:
        def pretended(command: list[str], *, cwd: Path, check: bool) -> subprocess.CompletedProcess[bytes]:
            assert tuple(command[2:]) == ("pytest", *ARGUMENTS)
            if made is not None:
                folder = saved(cwd / "reports" / "out" / "reference" / "cpu", made)
                (folder / "figures").mkdir()
                (folder / "figures" / "a-networks.csv").write_text("1")
                if page is not None:
                    (folder / "index.html").write_text(page)
            return subprocess.CompletedProcess(command, status)

        monkeypatch.setattr(reference.subprocess, "run", pretended)
        return main(["--scale", "quick", "--to", str(checkout / "reports" / "reference")])

    return remake


def there(checkout: Path) -> list[str]:
    """The files below reports/, apart from what the run wrote."""
    found = (path.relative_to(checkout / "reports") for path in (checkout / "reports").rglob("*"))
    return sorted(p.as_posix() for p in found if p.parts[:2] != ("out", "reference") and p.suffix)


def test_the_folder_is_replaced(remade: Run, checkout: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """By the run's report, its page without what is left out, and how it was made; nothing of the old one."""
    made = whole()
    assert remade(made) == 0
    assert f"{len(made.verdicts)} verdicts, " in capfd.readouterr().out
    names = ("index.html", "verdicts.csv", "verdicts.json", "verdicts.md")
    kept = [f"reference/cpu/{name}" for name in names]
    assert there(checkout) == ["reference/README.md", *kept]
    folder = checkout / "reports" / "reference"
    assert (folder / "cpu" / "index.html").read_text() == (
        '<p>E1</p><a href="verdicts.json">verdicts.json</a>'
        '<script type="application/json">{"caption":"c"}</script>'
    )
    words = (folder / "README.md").read_text()
    assert words.startswith("# A reference report at the quick scale\n")
    outcomes = [row.outcome for row in made.verdicts]
    assert f"{outcomes.count('supported')} supported, {outcomes.count('refuted')} refuted." in words
    assert str(made.provenance.commit) in words
    assert "python -m docs.reference --scale quick\n" in words
    assert "python -m pytest " + " ".join(ARGUMENTS) in words


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (report(verdict("E1")), "it judges no H1, H2"),
        (whole(complete=False, interrupted="Ctrl-C"), r"it is not complete \(Ctrl-C\)"),
        (whole(errors=("a::b",)), r"it is not complete \(1 tests with errors\)"),
        (whole(dirty=True), "it names no commit, or files differed from it"),
        (whole(commit=None, dirty=None), "it names no commit"),
        (whole(options={"store": "/somewhere"}), r"it names folders of the machine \(--store\)"),
    ],
)
def test_a_report_that_is_not_whole_replaces_nothing(
    made: Any, reason: str, remade: Run, checkout: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It says why, and the committed one stays."""
    before = there(checkout)
    assert remade(made) == 1
    said = " ".join(capfd.readouterr().err.split())
    assert re.search(reason, said)
    assert "stays as it is" in said
    assert there(checkout) == before
    assert (checkout / "reports" / "reference" / "README.md").read_text() == "old"


def test_a_run_that_failed_replaces_nothing(remade: Run, checkout: Path, capfd: Any) -> None:
    """Nor one that wrote no report, or no page."""
    for made, page, status, reason in (
        (whole(), PAGE, 1, "got exit status 1 and 1 reports from the run, wanted 0 and one"),
        (None, PAGE, 0, "got exit status 0 and 0 reports"),
        (whole(), None, 0, "it has no index.html"),
    ):
        assert remade(made, page, status) == 1
        assert reason in capfd.readouterr().err
        assert (checkout / "reports" / "reference" / "README.md").read_text() == "old"


def test_a_heavy_one_replaces_nothing(
    remade: Run, checkout: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays beside, to be looked at."""
    monkeypatch.setattr(reference, "MOST", 1000)
    assert remade(whole()) == 1
    assert "reports/out/reference-new, wanted at most 0.001" in capfd.readouterr().err
    assert (checkout / "reports" / "reference" / "README.md").read_text() == "old"


def test_a_changed_checkout_runs_nothing(
    remade: Run, checkout: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No commit could be named."""
    monkeypatch.setattr(reference, "checkout", lambda _: {"commit": "a" * 40, "dirty": True})
    assert remade(whole()) == 1
    assert "got a checkout that differs from its commit" in capfd.readouterr().err
    assert not (checkout / "reports" / "out").exists()


def test_a_finished_report_can_be_taken(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without a run; it is left where it is. Of one that bears no digest, that is said."""
    folder = saved(tmp_path_factory.mktemp("out") / "cpu", whole())
    (folder / "index.html").write_text(PAGE)
    target = checkout / "reports" / "reference"
    assert main(["--from", str(folder), "--to", str(target)]) == 0
    assert (target / "cpu" / "verdicts.json").read_bytes() == (folder / "verdicts.json").read_bytes()
    assert "digest" not in capfd.readouterr().out
    before = json.loads(as_json(whole()))
    del before["digest"]
    saved(folder, before)
    assert main(["--from", str(folder), "--to", str(target)]) == 0
    assert f"verdicts.json {UNSEALED}" in capfd.readouterr().out


def test_a_swap_that_fails_puts_the_old_one_back(
    remade: Run, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is left without a reference."""
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name == "reference-new":
            raise OSError("no space")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="no space"):
        remade(whole())
    assert (checkout / "reports" / "reference" / "README.md").read_text() == "old"
