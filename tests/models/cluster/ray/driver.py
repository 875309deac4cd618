"""`python -m tests.models.cluster.ray.driver ADDRESS STORE`: one of several drivers that want the same runs.

Says on standard output that it is connected, waits for a line, and prints how many it had trained.
"""

from __future__ import annotations

import sys
from pathlib import Path

from models.executors.executor import executor
from models.runs.store import RunStore
from tests.models.cluster.ray.clusters import SHORT, task, wait


def main(address: str, root: str) -> None:
    chosen = executor("ray", {"address": address})
    backend = chosen.backend("cpu")
    print("connected", flush=True)
    sys.stdin.readline()
    store = RunStore(Path(root))
    ended = wait(chosen, *(task(store, backend, SHORT, epochs=epochs) for epochs in (20, 40, 60, 80)))
    assert ended == [None] * 4, ended
    print(sum(place.trained for place in chosen.places), flush=True)
    chosen.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
