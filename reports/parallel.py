"""Everything xdist: how many workers, which GPU each of them sees, which tests stay together.

Tests that share an experiment stay on one worker, and keep their names. xdist's own
loadgroup writes the group into the node id, "test_x[he]@group", by setting a private
attribute: with older pytest the terminal, the reports and --lf then show names that
nobody typed, and pytest 9.2 does not read the attribute any more, so that groups are
silently lost. Here a worker sends "id SEPARATOR group" in the one message that lists
its tests, the scheduler takes the two apart, and every other message carries the plain id.

The controller asks the driver's own tool about GPUs instead of torch: importing
torch there would cost seconds and a CUDA context for nothing.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from models.backend import torch_knows_cuda

__all__ = [
    "GPU",
    "SEPARATOR",
    "announce",
    "automatic",
    "choose_distribution",
    "cores",
    "hand_out",
    "labelled",
    "one_thread",
    "pin",
    "scheduler",
    "split",
    "take_over",
    "visible_gpus",
]

# -- groups ---------------------------------------------------------------------------

SEPARATOR = "\x1f"
"""ASCII's own "unit separator", which pytest escapes in node ids, so none can hold it."""

_GROUPED = pytest.StashKey[bool]()
_GROUPS_INPUT = "landscape_grouped"


def choose_distribution(config: pytest.Config) -> None:
    """On the controller: keep groups together unless --dist says otherwise, in the order of collection.

    The order of collection is the longest experiment first; xdist would sort by the number of tests.
    """
    option = config.option
    if getattr(option, "numprocesses", None) and option.dist == "no" and not option.distload:
        option.dist = "loadgroup"
    if getattr(option, "dist", "no") == "loadgroup":
        option.loadscopereorder = False


def announce(config: pytest.Config, workerinput: dict[str, object]) -> None:
    """On the controller: tell a worker, which parses the command line anew, whether groups count."""
    workerinput[_GROUPS_INPUT] = config.option.dist == "loadgroup"


def take_over(config: pytest.Config, workerinput: Mapping[str, object]) -> None:
    """On a worker: remember whether groups count, and keep xdist from writing them into node ids."""
    config.stash[_GROUPED] = bool(workerinput.get(_GROUPS_INPUT, False))
    config.option.loadgroup = False


@dataclass(frozen=True, slots=True)
class _Listed:
    """Stands in for an item where only its id is asked for."""

    nodeid: str


@contextmanager
def labelled(session: pytest.Session) -> Iterator[None]:
    """On a worker: while xdist lists the tests for the controller, each id carries its group."""
    if not session.config.stash.get(_GROUPED, False):
        yield
        return
    items = session.items
    session.items = [_Listed(_label(item)) for item in items]  # type: ignore[misc]
    try:
        yield
    finally:
        session.items = items


def _label(item: pytest.Item) -> str:
    groups = {str(_name(mark)) for mark in item.iter_markers("xdist_group")}
    return SEPARATOR.join([item.nodeid, "_".join(sorted(groups))]) if groups else item.nodeid


def _name(mark: pytest.Mark) -> object:
    return mark.args[0] if mark.args else mark.kwargs.get("name", "default")


def split(label: str) -> tuple[str, str]:
    """The node id and its group; a test without one is a group of its own."""
    nodeid, _, group = label.partition(SEPARATOR)
    return nodeid, group or nodeid


def scheduler(config: Any, log: Any = None) -> object:
    """xdist's scheduler by groups, for node ids that do not hold their group."""
    from xdist.scheduler import LoadScopeScheduling  # imported only when xdist runs

    class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
        """Sends each group to one worker, groups in the order of collection."""

        def __init__(self, config: Any, log: Any = None) -> None:
            super().__init__(config, log)
            self._groups: dict[str, str] = {}

        def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
            """Take the groups off the ids that a worker lists, so that everything after sees plain ids."""
            listed = dict(map(split, collection))
            self._groups |= listed
            super().add_node_collection(node, list(listed))

        def remove_node(self, node: Any) -> str | None:
            """Give a lost worker's remaining tests to the others, without the test that it crashed in.

            xdist would hand that one out again, to crash the next worker as well.
            """
            left = [
                test
                for unit in self.assigned_work.pop(node).values()
                for test, done in unit.items()
                if not done
            ]
            for test in left[1:]:
                self.workqueue.setdefault(self._split_scope(test), {})[test] = False
            for other in self.nodes:
                self._reschedule(other)
            return left[0] if left else None

        def _split_scope(self, nodeid: str) -> str:
            return self._groups[nodeid]

    return GroupScheduling(config, log)


# -- workers --------------------------------------------------------------------------

WORKERS_PER_GPU = 2
"""One worker prepares and judges while the other trains."""

MIB_PER_WORKER = 15 * 1024
"""16 GiB cards report a little less than 16 GiB."""

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_GPUS_INPUT = "landscape_gpus"


@dataclass(frozen=True, slots=True)
class GPU:
    """One GPU as CUDA_VISIBLE_DEVICES names it."""

    name: str
    memory_mib: float

    @property
    def workers(self) -> int:
        """How many share it."""
        return max(1, min(WORKERS_PER_GPU, int(self.memory_mib // MIB_PER_WORKER)))


def automatic(config: pytest.Config) -> int | None:
    """The number for `-n auto`; None leaves it to xdist, as for `-n logical` or its environment variable."""
    if config.option.numprocesses != "auto" or os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return None
    gpus = visible_gpus(config.option.backend, os.environ)
    return min(cores(), sum(gpu.workers for gpu in gpus)) if gpus else cores()


def one_thread() -> None:
    """Before numpy starts: one thread a product, in every process.

    Products split over threads add in another order, and verdicts must not depend on how many there were;
    workers that all split theirs over the same cores also hold each other up.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ[name] = "1"


def cores() -> int:
    """Physical cores, as many of them as this process may use: hyper-threads only slow matrix products."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(psutil.cpu_count(logical=False) or allowed, allowed))


def visible_gpus(backend: str, environ: Mapping[str, str]) -> list[GPU]:
    """The NVIDIA GPUs that workers may use; CUDA_VISIBLE_DEVICES, where set, narrows them."""
    if backend not in ("auto", "cuda") or (backend == "auto" and not torch_knows_cuda()):
        return []
    present = _ask_driver()
    if not (allowed := environ.get(_VISIBLE)):
        return present if allowed is None else []
    memory = {gpu.name: gpu.memory_mib for gpu in present}
    least = min(memory.values(), default=0.0)
    names = [name.strip() for name in allowed.split(",") if name.strip()]
    # CUDA itself stops reading at the first index that does not exist, -1 most of all.
    stop = next(
        (i for i, name in enumerate(names) if name.lstrip("-").isdigit() and name not in memory), len(names)
    )
    return [GPU(name, memory.get(name, least)) for name in names[:stop]] if present else []


def _ask_driver() -> list[GPU]:
    """Index and memory of each GPU; none where there is no driver."""
    command = ["nvidia-smi", "--query-gpu=index,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
        return [
            GPU(index.strip(), float(mib)) for index, mib in (line.split(",") for line in answer.splitlines())
        ]
    except (OSError, subprocess.SubprocessError, ValueError):
        return []


def hand_out(config: pytest.Config, workerinput: dict[str, object]) -> None:
    """On the controller: tell a worker which GPUs there are."""
    workerinput[_GPUS_INPUT] = [gpu.name for gpu in visible_gpus(config.option.backend, os.environ)]


def pin(workerinput: Mapping[str, object]) -> None:
    """On a worker, before CUDA starts: see one GPU only, dealt out in turn."""
    gpus = workerinput.get(_GPUS_INPUT)
    if isinstance(gpus, list) and gpus:
        index = int(str(workerinput["workerid"]).removeprefix("gw"))
        os.environ[_VISIBLE] = str(gpus[index % len(gpus)])
