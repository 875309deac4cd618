"""`python -m benchmarks.error_rates`: writes the results, exits 1 where a rate is beyond its limit."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
import scipy

from benchmarks.error_rates import alternatives, cells, tables

__all__ = ["main", "write"]

RESULT = Path(__file__).resolve().parents[1] / "results" / "error_rates.json"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.error_rates", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one population of each spread, fewer experiments"
    )
    parser.add_argument(
        "--to", type=Path, help=f"JSON, with a table beside it ({RESULT}; nowhere with --quick)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all experiments")
    parser.add_argument("--workers", type=int, default=1, help="processes; the results are the same")
    options = parser.parse_args(argv)
    rows, seconds = cells.simulated(quick=options.quick, seed=options.seed, workers=options.workers)
    content = {
        "seed": options.seed,
        "quick": options.quick,
        "processor_seconds": round(seconds, 1),
        "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__},
        "scenarios": tables.grouped(rows),
        "alternatives": {} if options.quick else alternatives.weighed(),
    }
    target = options.to or (None if options.quick else RESULT)
    if target is not None:
        write(content, target)
    print(tables.claims_table(content["scenarios"]))
    beyond = tables.failed(content["scenarios"])
    for scenario, design in beyond:
        about = ", ".join(str(scenario[k]) for k in ("claims", "data", "spread", "place", "holds"))
        print(f"beyond {scenario['limit']:.3f}: {about}, {design}: {scenario['designs'][design]}")
    return 1 if beyond else 0


def write(content: Mapping[str, Any], target: Path) -> None:
    """The JSON, a line a population, and the Markdown beside it."""
    lines = ",\n".join(json.dumps(scenario) for scenario in content["scenarios"])
    rest = json.dumps({k: v for k, v in content.items() if k != "scenarios"}, indent=1)
    target.write_text(f'{rest[:-2]},\n "scenarios": [\n{lines}\n ]\n}}\n', encoding="utf-8")
    target.with_suffix(".md").write_text(tables.document(content), encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
