"""Remakes reports/reference/, the committed report that others are compared with: `python -m docs.reference`.

All claims are judged, the report is checked, and the folder is replaced as a whole or stays as it is.
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from claims.catalogue import CATALOGUE
from claims.harness.launch.command_line import SCALES
from models.checkout import checkout
from reports import earlier, files
from reports.formats import count
from reports.records import Report
from reports.rendering import rendered

__all__ = ["MOST", "main", "remake"]

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "reports" / "reference"
WORK = Path("reports", "out", "reference")
"""Where the run writes: below the checkout, on the same disk as the folder that it replaces."""

PAGE = "index.html"
MOST = 4_000_000
"""Bytes of the whole folder. Tables of curves are left out: the page holds what it draws."""

_TO_FIGURES = re.compile(r'<a [^>]*href="figures/[^>]*>[^<]*</a>|,"csv":\["figures/[^\]]*\]')


def main(arguments: list[str] | None = None) -> int:
    """Replaces the reference, or says what keeps it from being replaced."""
    parser = argparse.ArgumentParser(prog="python -m docs.reference", description="Remakes the reference.")
    parser.add_argument("--scale", choices=SCALES, default="standard", help="of the run (default: standard)")
    parser.add_argument(
        "--from", dest="made", type=Path, metavar="FOLDER", help="a finished report to take, without a run"
    )
    parser.add_argument(
        "--to", type=Path, default=COMMITTED, metavar="FOLDER", help="to replace (default: reports/reference)"
    )
    chosen = parser.parse_args(arguments)
    try:
        remake(chosen.made or _judged(chosen.scale), chosen.to)
    except pytest.UsageError as error:
        print(f"python -m docs.reference: {error}; {chosen.to} stays as it is", file=sys.stderr)
        return 1
    return 0


def remake(folder: Path, target: Path) -> None:
    """Puts the report of this folder in the place of the target.

    Raises:
        pytest.UsageError: there is no report, it is not whole, or it is too heavy.
    """
    report = earlier.read(folder / earlier.NAME)
    if reasons := list(_missing(report, folder)):
        raise pytest.UsageError(f"got the report in {folder}, which is no reference: {'; '.join(reasons)}")
    new = ROOT / WORK.with_name("reference-new")
    _assemble(report, folder, new)
    size = sum(path.stat().st_size for path in new.rglob("*") if path.is_file())
    if size > MOST:
        raise pytest.UsageError(
            f"got a report of {size / 1e6:.1f} MB in {new}, wanted at most {MOST / 1e6:g}"
        )
    _replace(target, new)
    note = "" if report.digest else f"; {earlier.NAME} {earlier.UNSEALED}"
    print(f"{len(report.verdicts)} verdicts, {size / 1e6:.1f} MB in {target}{note}")


def _judged(scale: str) -> Path:
    """Runs all claims at this scale on a clean checkout, and gives the folder of the report."""
    if checkout(ROOT)["dirty"] is not False:
        raise pytest.UsageError(
            "got a checkout that differs from its commit, wanted one that a reference can name: commit first"
        )
    shutil.rmtree(ROOT / WORK, ignore_errors=True)
    command = ["pytest", "claims/", "-n", "auto", "--scale", scale, "--report-dir", WORK.as_posix()]
    print("python -m", shlex.join(command), flush=True)
    status = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False).returncode
    found = sorted((ROOT / WORK).glob(f"*/{earlier.NAME}"))
    if status or len(found) != 1:
        raise pytest.UsageError(
            f"got exit status {status} and {len(found)} reports from the run, wanted 0 and one: see above, "
            "then run it again; what was trained is in the store"
        )
    return found[0].parent


def _missing(report: Report, folder: Path) -> list[str]:
    """What keeps this report from being a reference."""
    about, found = report.provenance, []
    if about.commit is None or about.dirty is not False:
        found.append("it names no commit, or files differed from it")
    if not about.complete or about.interrupted or about.errors:
        found.append(f"it is not complete ({about.interrupted or f'{len(about.errors)} tests with errors'})")
    if absent := [id for id in CATALOGUE if id not in {row.claim for row in report.verdicts}]:
        found.append(f"it judges no {', '.join(absent)}")
    options = about.options
    paths = {name: getattr(options, name) for name in ("data", "store", "baseline", "report_dir")}
    if outside := [f"--{name.replace('_', '-')}" for name, p in paths.items() if p and Path(p).is_absolute()]:
        found.append(f"it names folders of the machine ({', '.join(outside)})")
    found += [f"it has no {name}" for name in (*files.NAMES, PAGE) if not (folder / name).is_file()]
    return found


def _assemble(report: Report, folder: Path, new: Path) -> None:
    """The files of the reference, and the page that says how it was made."""
    about = report.provenance
    shutil.rmtree(new, ignore_errors=True)
    (new / about.folder).mkdir(parents=True)
    for name in files.NAMES:
        shutil.copyfile(folder / name, new / about.folder / name)
    page = (folder / PAGE).read_text(encoding="utf-8")
    (new / about.folder / PAGE).write_text(_TO_FIGURES.sub("", page), encoding="utf-8")
    command = "python -m pytest " + shlex.join(about.options.arguments)
    counts = count(report.verdicts)
    words = rendered("reference.md", about=about, folder=about.folder, count=counts, command=command)
    (new / "README.md").write_text(words.rstrip("\n") + "\n", encoding="utf-8")


def _replace(old: Path, new: Path) -> None:
    """Puts the new folder in the old one's place, which is back if that fails; nobody sees a half."""
    aside = new.with_name("reference-old")
    shutil.rmtree(aside, ignore_errors=True)
    if old.exists():
        old.rename(aside)
    try:
        new.rename(old)
    except OSError:
        if aside.exists():
            aside.rename(old)
        raise
    shutil.rmtree(aside, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
