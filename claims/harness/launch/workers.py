"""How many workers there are, on how many threads, and which GPU each of them sees.

The controller asks the driver's own tool about GPUs instead of torch: importing
torch there would cost seconds and a CUDA context for nothing.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from models.backend import cores, torch_knows_cuda

__all__ = ["GPU", "automatic", "hand_out", "one_thread", "pin", "visible_gpus"]

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
