"""`python -m reports compare`: the command line around reading, comparing and showing."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from claims.harness.launch.command_line import comma_list
from reports import earlier, files
from reports.comparison import Comparison, gather, render, tally
from reports.layout import Line, printable, wrapped, write
from reports.summary import table

__all__ = ["FAIL_ON", "add_arguments", "run"]

FAIL_ON = ("flip", "change")
_EVERY = "reports/out/*"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The reports, what to show, where to write it, and what to fail on."""
    parser.add_argument(
        "reports",
        nargs="*",
        default=[_EVERY],
        metavar="REPORT",
        help=f"Folders with a verdicts.json, or such files, in any mix (default: {_EVERY}).",
    )
    parser.add_argument(
        "--only",
        choices=render.SHOWN,
        default="all",
        help="Rows to show; changes are flips and changed rules, too (default: all).",
    )
    parser.add_argument("--markdown", metavar="FILE", help="Write the comparison as Markdown, too.")
    parser.add_argument("--html", metavar="FILE", help="Write the comparison as a page, too.")
    parser.add_argument(
        "--fail-on",
        type=comma_list("difference", FAIL_ON),
        default=(),
        metavar="LIST",
        help="Exit with status 1 on these, comma separated, of flip, change; a verdict whose rule changed is "
        "neither (default: none).",
    )


def run(arguments: argparse.Namespace) -> int:
    """Compare, show, write; 1 where --fail-on found something.

    Raises:
        pytest.UsageError: no report, a file that is none, nothing to compare for --fail-on,
            or a target that cannot be written.
    """
    found = earlier.find(arguments.reports)
    for line in found.skipped:
        print(line, file=sys.stderr)
    _enough(len(found.files), arguments)
    comparison = gather(found.files)
    rows = render.selected(comparison.rows, arguments.only)
    width = shutil.get_terminal_size((80, 24)).columns
    alone = len(comparison.columns) == 1
    write(_alone(comparison, width) if alone else render.terminal(comparison, rows, width), sys.stdout)
    for target, rendered in ((arguments.markdown, render.markdown), (arguments.html, render.page)):
        if target:
            _write(Path(target), rendered(comparison, rows))
    return _failed(tally(comparison.rows), arguments.fail_on)


def _failed(number: Mapping[str, int], fail_on: Sequence[str]) -> int:
    found = [f"{number[kind]} {kind}{'s' if number[kind] > 1 else ''}" for kind in fail_on if number[kind]]
    if found:
        sys.stdout.flush()
        print(f"failed: {', '.join(found)} (--fail-on {','.join(fail_on)})", file=sys.stderr)
    return 1 if found else 0


def _enough(number: int, arguments: argparse.Namespace) -> None:
    asked = " ".join(map(printable, arguments.reports))
    if number == 0:
        raise pytest.UsageError(
            f"got no report in {asked}, wanted at least one: python -m pytest claims/ -n auto writes "
            "reports/out/<backend>"
        )
    if number == 1 and arguments.fail_on:
        raise pytest.UsageError(
            f"got one report in {asked} with --fail-on {','.join(arguments.fail_on)}, wanted at least two: "
            "name another one to compare it with"
        )


def _alone(comparison: Comparison, width: int) -> list[Line]:
    """One report has nothing to be compared with: its own table, and how to get another."""
    column = comparison.columns[0]
    hint = f"one report only, {column.name}: nothing to compare. Name another, or make one: "
    hint += "python -m tox -e cpu-fp64"
    return [
        *table([row.any for row in comparison.rows], width),
        [],
        *wrapped(hint, width),
    ]


def _write(path: Path, content: str) -> None:
    try:
        files.write_whole(path, content)
    except OSError as error:
        raise pytest.UsageError(
            f"got {printable(str(path))} to write, but that failed ({error.strerror}): "
            "name a file in a folder that exists"
        ) from error
    print(f"wrote {printable(str(path))}")
