"""`python -m tests.fuzz --count 5000`: damaged files through every door, and a table of how they ended."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from time import perf_counter

from tabulate import tabulate

from tests.fuzz.doors import DOORS
from tests.fuzz.fuzz import End, bad, fuzz, table


def main(arguments: Sequence[str]) -> int:
    """1 where a case ended in a traceback, a hang or a silent change; each is printed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="cases (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default: %(default)s)")
    parser.add_argument("--door", action="append", choices=DOORS, help="one door only; may be given again")
    parsed = parser.parse_args(arguments)
    started = perf_counter()
    cases = list(fuzz(parsed.count, parsed.seed, tuple(parsed.door or DOORS)))
    for case in bad(cases):
        print(f"{case.end}: {case.door}, case {case.number}, {case.damage} of {case.file}\n{case.said}")
    print(tabulate(table(cases), ["door", "cases", *End], tablefmt="github", disable_numparse=True))
    print(f"{len(cases)} cases, seed {parsed.seed}, {perf_counter() - started:.0f} s")
    return 1 if bad(cases) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
