"""`python -m benchmarks.fresh_process CONTENDER WIDTHS MODELS`: start-up and memory, measured from inside.

Prints one line of JSON: seconds to import what the contender needs, to build it, of its
first epoch (compilation included) and of its second, and the process's peak memory in MiB.
"""

from __future__ import annotations

import json
import resource
import sys
import time


def main(name: str, widths: str, members: str) -> None:
    """Measures and prints."""
    started = time.perf_counter()
    from benchmarks.contenders import CONTENDERS
    from benchmarks.works import Work, all_digits

    contender = CONTENDERS[name]
    for package in contender.needs:
        __import__(package)
    imported = time.perf_counter()
    work = Work("fresh", tuple(map(int, widths.split("-"))), int(members))
    built = contender(work.spec, all_digits(), work.numbers)
    ready = time.perf_counter()
    built.epoch()
    first = time.perf_counter()
    built.epoch()
    second = time.perf_counter()
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    figures = {
        "import": imported - started,
        "build": ready - imported,
        "first_epoch": first - ready,
        "second_epoch": second - first,
        "peak_mib": kib / 1024,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
