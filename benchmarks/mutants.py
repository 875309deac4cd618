"""How many planted faults the tests notice: `python -m benchmarks.mutants [FILE ...] [--sample N]`.

mutmut plants the faults (pyproject.toml, [tool.mutmut]) in a copy of the checkout, mutants/, and runs the
tests that reach each one. What it has no word for is here: files by their path, a sample drawn with a seed,
and counts by file as JSON. docs/decisions/0006-mutants.md says why mutmut, and which survivors are no faults.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path

from tabulate import tabulate

__all__ = ["FIRST", "by_file", "chosen", "file_of", "main", "parsed", "table"]

ROOT = Path(__file__).resolve().parents[1]

FIRST = "claims.statistics.checks.*"
"""A few mutants to begin with: the copy is made, and which tests reach which function is found out."""

CAUGHT = ("killed", "timeout", "segfault")
"""Ways to notice a fault: a test fails, or never ends, or the process dies."""

_NAME = re.compile(r"^ *(?P<name>\S+__mutmut_\d+): (?P<status>.+)$")


def parsed(output: str) -> dict[str, str]:
    """Status by mutant, from what `mutmut results --all true` prints."""
    return {found["name"]: found["status"] for line in output.splitlines() if (found := _NAME.match(line))}


def file_of(name: str) -> str:
    """The mutant's file: "claims.core.verdict.x_decide__mutmut_1" was planted in claims/core/verdict.py."""
    return re.split(r"\.x(?:_|ǁ)", name, maxsplit=1)[0].replace(".", "/") + ".py"


def chosen(names: Sequence[str], files: Sequence[str], sample: int | None, seed: int) -> list[str]:
    """The mutants in files that match any of these patterns (all without a pattern), or so many of them.

    A folder stands for what is in it. Names are sorted before they are drawn: a seed means one sample.
    """
    patterns = [pattern.rstrip("/") for pattern in files]
    found = sorted(
        name
        for name in names
        if not patterns
        or any(fnmatch(file_of(name), p) or file_of(name).startswith(f"{p}/") for p in patterns)
    )
    if not found:
        raise ValueError(f"got {', '.join(files)}, wanted files that are mutated: see [tool.mutmut]")
    return found if sample is None else random.Random(seed).sample(found, min(sample, len(found)))


def by_file(statuses: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """How many mutants of each file were caught, and how many were not, by what became of them."""
    counts: dict[str, Counter[str]] = {}
    for name, status in sorted(statuses.items()):
        counts.setdefault(file_of(name), Counter())["killed" if status in CAUGHT else status] += 1
    return {file: dict(count) for file, count in counts.items()}


def table(files: Mapping[str, Mapping[str, int]]) -> str:
    """A row a file: mutants, killed, and the share."""
    rows = [
        [file, sum(count.values()), count.get("killed", 0), count.get("killed", 0) / sum(count.values())]
        for file, count in files.items()
    ]
    mutants, killed = (sum(row[k] for row in rows) for k in (1, 2))
    rows.append(["all", mutants, killed, killed / mutants])
    return tabulate(rows, ["file", "mutants", "killed", "share"], floatfmt=".2f")


def _mutmut(*arguments: str, quiet: bool = False) -> str:
    """What mutmut prints. One thread a product: forked workers must not inherit a pool of them."""
    environ = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environ, text=True, stdout=subprocess.PIPE if quiet else None, check=True
    )
    return done.stdout or ""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mutants", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("files", nargs="*", help="paths, folders or patterns (default: all that are mutated)")
    parser.add_argument("--sample", type=int, help="so many mutants, drawn with the seed (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default: 0)")
    parser.add_argument("--processes", type=int, default=1, help="workers (default: 1)")
    parser.add_argument(
        "--least", type=float, default=0.0, help="share to be killed, else exit 1 (default: 0)"
    )
    parser.add_argument("--to", type=Path, help="write counts and survivors there, as JSON")
    options = parser.parse_args(arguments)
    workers = ("--max-children", str(options.processes))
    _mutmut("run", *workers, FIRST)
    names = chosen(
        list(parsed(_mutmut("results", "--all", "true", quiet=True))),
        options.files,
        options.sample,
        options.seed,
    )
    _mutmut("run", *workers, *names)
    results = parsed(_mutmut("results", "--all", "true", quiet=True))
    statuses = {name: results[name] for name in names}
    files = by_file(statuses)
    survivors = sorted(name for name, status in statuses.items() if status not in CAUGHT)
    print(table(files), *(f"{statuses[name]}: {name}" for name in survivors), sep="\n")
    killed = 1 - len(survivors) / len(names)
    if options.to:
        content = {
            "tool": f"mutmut {version('mutmut')}",
            "files": options.files,
            "sample": options.sample,
            "seed": options.seed,
            "mutants": len(names),
            "killed": len(names) - len(survivors),
            "by_file": files,
            "survivors": {name: statuses[name] for name in survivors},
        }
        options.to.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(killed < options.least)


if __name__ == "__main__":
    sys.exit(main())
