"""Where and in what arithmetic an ensemble trains. torch is imported only where something asks for it."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = [
    "Backend",
    "Execution",
    "check_precision",
    "cores",
    "folder_name",
    "resolve_backend",
    "thread_count",
    "torch_knows_cuda",
]


@dataclass(frozen=True, slots=True)
class Backend:
    """A device.

    Attributes:
        kind: "cpu", "cuda" or "mps".
        device_name: the hardware, for the report.
    """

    kind: str
    device_name: str

    @property
    def device(self) -> torch.device:
        import torch

        return torch.device(self.kind)


@dataclass(frozen=True, slots=True)
class Execution:
    """A device and the arithmetic of an experiment on it: what an engine computes with.

    Attributes:
        backend: the device.
        precision: see `models.experiment.Arithmetic`.
    """

    backend: Backend
    precision: str

    @property
    def kind(self) -> str:
        """Of the device."""
        return self.backend.kind

    @property
    def device(self) -> torch.device:
        return self.backend.device

    @property
    def dtype(self) -> torch.dtype:
        import torch

        return torch.float64 if self.precision == "fp64" else torch.float32

    @contextlib.contextmanager
    def arithmetic(self) -> Iterator[None]:
        """Sets the global arithmetic switches of torch for the duration of a training, then restores them.

        One intra-op thread on the CPU: matrix products split over threads add in
        another order, and the bytes must not depend on the number of workers.
        """
        import torch

        threads, matmul = torch.get_num_threads(), torch.get_float32_matmul_precision()
        torch.set_num_threads(1)
        torch.set_float32_matmul_precision("high" if self.precision == "tf32" else "highest")
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_float32_matmul_precision(matmul)


def folder_name(kind: str, precision: str) -> str:
    """Name of the report folder of a device and a precision: "cpu", "cuda-tf32"."""
    return kind if precision == "fp32" else f"{kind}-{precision}"


def torch_knows_cuda() -> bool:
    """Whether the torch that is installed can have been built for CUDA; read off its version."""
    try:
        return not version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False


def _available(kind: str) -> bool:
    if kind == "cpu":
        return True
    # To list or read what is in the store takes no torch, whose import costs two seconds.
    if "torch" not in sys.modules and not (
        torch_knows_cuda() if kind == "cuda" else sys.platform == "darwin"
    ):
        return False
    import torch

    return torch.cuda.is_available() if kind == "cuda" else torch.backends.mps.is_available()


def _allowed() -> int:
    """Logical cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores() -> int:
    """Physical cores, as many of them as this process may use: hyper-threads only slow matrix products."""
    import psutil

    allowed = _allowed()
    return max(1, min(psutil.cpu_count(logical=False) or allowed, allowed))


def thread_count(processes: int = 1) -> int:
    """Threads this process may train on: its share of the cores among processes that train side by side."""
    return max(1, _allowed() // processes)


def check_precision(kind: str, precision: str) -> None:
    """Raises ValueError for a precision that this kind of device cannot do."""
    if precision == "fp64" and kind == "mps":
        raise ValueError("got precision fp64 on mps, which has no float64: use fp32, or --backend cpu")
    if precision == "tf32" and kind != "cuda":
        raise ValueError(f"got precision tf32 on {kind}, wanted cuda: use fp32")


def resolve_backend(kind: str = "auto", worker: int = 0) -> Backend:
    """The backend asked for; "auto" takes cuda, else mps, else cpu.

    Args:
        kind: "auto", "cpu", "cuda" or "mps".
        worker: the number of this process among those that train side by side. They take turns with the CUDA
            devices and stay on theirs: worker w on device w modulo their number, so that several experiments
            share a device once there are more workers than devices. Which one it was is no part of the
            result.

    Raises:
        ValueError: a backend this machine lacks.
    """
    kinds = ("cuda", "mps", "cpu")
    if kind == "auto":
        kind = next(name for name in kinds if _available(name))
    if kind not in kinds:
        raise ValueError(f"got backend {kind!r}, wanted auto, cpu, cuda or mps")
    if not _available(kind):
        raise ValueError(f"got backend {kind!r}, which this machine lacks: use --backend auto or cpu")
    if kind == "cuda":
        # cuBLAS is deterministic only with a fixed workspace, read when it starts.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        import torch

        torch.cuda.set_device(worker % torch.cuda.device_count())
        return Backend(kind, torch.cuda.get_device_name())
    return Backend(kind, platform.processor() or platform.machine())
