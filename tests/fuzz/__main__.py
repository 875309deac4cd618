"""`python -m tests.fuzz --count 5000`: damaged files through every door, and a table of how they ended."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from tabulate import tabulate

from tests.fuzz.doors import DOORS
from tests.fuzz.fuzz import End, bad, fuzz, table

HEAD = """\
# Damaged files

{command}. Each case takes sound files, damages one and reads them as a user's command does: flipped bits, a
missing end, blocks of zeros, noise, something else in the file's place (a folder, a fifo, links to nothing,
to themselves and to devices, terabytes that are not there, a gzip file that unpacks to a gigabyte), values
of another type or size anywhere in JSON, nesting a hundred thousand deep, other people's SQL. A case has
twenty seconds.

*Right*: the result is that of sound files. *Set aside, made again*: so it is, after the damaged file was
moved to `set-aside/` and a warning. *Clean error*: it says what was got, what was wanted, and the cure; a
run of a history that was changed counts here, being left out and named. The last three must not be.
"""


def main(arguments: Sequence[str]) -> int:
    """1 where a case ended in a traceback, a hang or a silent change; each is printed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="cases (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default: %(default)s)")
    parser.add_argument("--door", action="append", choices=DOORS, help="one door only; may be given again")
    parser.add_argument("--to", type=Path, metavar="FILE", help="write the table, too, as Markdown")
    parsed = parser.parse_args(arguments)
    started = perf_counter()
    cases = list(fuzz(parsed.count, parsed.seed, tuple(parsed.door or DOORS)))
    for case in bad(cases):
        print(f"{case.end}: {case.door}, case {case.number}, {case.damage} of {case.file}\n{case.said}")
    shown = tabulate(table(cases), ["door", "cases", *End], tablefmt="github", disable_numparse=True)
    print(shown, f"{perf_counter() - started:.0f} s", sep="\n")
    if parsed.to:
        command = f"`python -m tests.fuzz --count {parsed.count} --seed {parsed.seed}`"
        parsed.to.write_text(f"{HEAD.format(command=command)}\n{shown}\n", encoding="utf-8")
    return 1 if bad(cases) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
