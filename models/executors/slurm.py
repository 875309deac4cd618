"""Trains as jobs of Slurm, through submitit: `--executor slurm --executor-option partition=gpu`.

A job runs this project's own node command, from a copy of the checkout that lies, by digest, in the folder of
jobs, which the nodes share with the driver. With `cluster=local` jobs are processes of this machine, with
`cluster=debug` they run one at a time: to try a set-up without Slurm.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
import subprocess
import sys
import threading
import time
from concurrent.futures import InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from models.cluster.elsewhere import Handle, Orders, limit_of, whole
from models.cluster.errors import (
    ClusterGoneError,
    LateError,
    LostError,
    OtherVersionsError,
    TooLargeError,
    named,
)
from models.cluster.memory import human
from models.cluster.parcel import extracted
from models.runs.files import write_whole

if TYPE_CHECKING:
    from models.backend import Backend
    from models.cluster.task import Computation, Task

__all__ = ["Executor"]

_CLUSTERS = ("slurm", "local", "debug")
_ASKED = 1.0
"""Seconds between two looks at the jobs of a cluster; at those of this machine it is a tenth."""

_SHOWN = 15.0
"""Seconds after which a network file system shows what an ended job has written."""

_SPARE = 1.3
"""Times the expected memory that a job asks for."""

_MINUTES = 3
"""That a job may take longer than its limit, which the driver holds it to: submitit ends a job some two
minutes before its time is over."""

_OVER = {"TIMEOUT": LateError, "OUT_OF_MEMORY": TooLargeError}
"""What Slurm says of a job that ended without a result, where another try would not help."""


@dataclass(eq=False, slots=True)
class _Job:
    """A job under way: submitit's own, where its result will lie, what it does, and when it was seen to have
    ended without one."""

    job: Any
    result: Path
    what: str
    ended: float | None = None


class Executor:
    """Jobs of Slurm.

    Args:
        cluster: "slurm", "local" or "debug".
        folder: of jobs, orders, results and the code, shared by the nodes; by default one in the user's cache
            folder. Nothing in it is needed once no test runs.
        jobs: most that are queued or run at a time.
        cpus: of a job, and threads.
        gpus: of a job; with `--backend cuda` at least one.
        python: the interpreter on the nodes; by default this one's path.
        partition, account, qos, constraint: as `sbatch` takes them.

    Raises:
        ValueError: an option that is none.
        ExecutorError: submitit is not installed, or Slurm is not here.
    """

    def __init__(
        self,
        cluster: str = "slurm",
        folder: str = "",
        jobs: str = "64",
        cpus: str = "2",
        gpus: str = "0",
        python: str = "",
        partition: str = "",
        account: str = "",
        qos: str = "",
        constraint: str = "",
    ) -> None:
        if cluster not in _CLUSTERS:
            raise ValueError(f"got cluster={cluster}, wanted one of {', '.join(_CLUSTERS)}")
        self.cluster, self._slots = cluster, 1 if cluster == "debug" else whole("jobs", jobs)
        self.cpus, self.gpus = whole("cpus", cpus), whole("gpus", gpus, least=0)
        self._python = python or sys.executable
        self._folder = Path(folder).expanduser().resolve() if folder else _default_folder()
        known = {"partition": partition, "account": account, "qos": qos, "constraint": constraint}
        self._asked = {f"slurm_{name}": value for name, value in known.items() if value}
        self._orders = Orders(self.cpus)
        self._submitit = _executor(self._folder / "jobs", cluster, python)
        self._code = extracted(self._folder / "code")
        self._jobs: dict[Handle, _Job] = {}
        self._leaving: list[_Job] = []
        self._device: Path | None = None
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._watching = threading.Thread(target=self._watch, name="slurm jobs", daemon=True)
        self._watching.start()

    @property
    def slots(self) -> int:
        """Jobs at a time."""
        return self._slots

    def backend(self, kind: str) -> Backend:
        """What a job finds on its node. A job is submitted to ask; where one was asked before with the same
        options, its answer holds until a node is found to be another."""
        from models.backend import Backend

        if kind == "cuda":
            self.gpus = max(1, self.gpus)
        asked = [self.cluster, kind, self.gpus, self._python, self._asked]
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:20]
        self._device = self._folder / "devices" / f"{digest}.json"
        with suppress(OSError, msgspec.DecodeError, LookupError, TypeError):
            return Backend(*msgspec.json.decode(self._device.read_bytes())["place"])
        what = f"the question which device ({kind}) a node has"
        handle, found = self._command(what, ["--device", kind], timeout_min=10)
        try:
            handle.result()
        except BaseException:  # Ctrl-C while it is queued
            handle.cancel()
            raise
        self._device.parent.mkdir(exist_ok=True)
        write_whole(self._device, found.read_bytes())
        return Backend(*msgspec.json.decode(found.read_bytes())["place"])

    def submit(self, task: Task | Computation) -> Handle:
        """A job that carries out the task."""
        order = self._orders.of(task)
        path = self._folder / "orders" / f"{secrets.token_hex(8)}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(order.encoded())
        handle, _ = self._command(
            f"{order.name}, which wants {human(order.memory)}",
            [str(path)],
            mem_gb=max(1, math.ceil(order.memory * _SPARE / 2**30)),
            timeout_min=math.ceil(limit_of(task) / 60) + _MINUTES,
            gpus_per_node=self.gpus if order.device == "cuda" else 0,
        )
        return handle

    def shutdown(self) -> None:
        """Cancels the jobs; those of Slurm end by themselves."""
        self._closed.set()
        with self._lock:
            left = list(self._jobs)
        for handle in left:
            handle.cancel()
        self._watching.join(_ASKED)
        if self.cluster == "local":
            end = time.monotonic() + _ASKED
            for one in [*self._leaving, *self._jobs.values()]:
                _stop(self.cluster, one.job, one.result)
                while not one.job.done() and time.monotonic() < end:
                    time.sleep(_ASKED / 100)

    # -- jobs -----------------------------------------------------------------------------

    def _command(self, what: str, arguments: list[str], **asked: Any) -> tuple[Handle, Path]:
        from submitit.core.utils import FailedSubmissionError
        from submitit.helpers import CommandFunction

        result = self._folder / "results" / f"{secrets.token_hex(8)}.json"
        command = [self._python, "-m", "models.cluster.node", *arguments, str(result)]
        asked = {"cpus_per_task": self.cpus, "gpus_per_node": self.gpus} | asked
        if self.cluster == "slurm":
            asked |= self._asked
        else:
            asked.pop("mem_gb", None)
        try:
            result.parent.mkdir(parents=True, exist_ok=True)
            with self._lock:
                self._submitit.update_parameters(**asked)
                job = self._submitit.submit(CommandFunction(command, verbose=False, cwd=self._code))
                handle = Handle(lambda: _stop(self.cluster, job, result))
                self._jobs[handle] = _Job(job, result, what)
        except (FailedSubmissionError, OSError) as error:
            raise ClusterGoneError(
                f"got no job from Slurm ({error}), wanted one for {what}: what is finished is kept; call "
                "again when Slurm answers"
            ) from error
        return handle, result

    def _watch(self) -> None:
        while not self._closed.wait(_ASKED if self.cluster == "slurm" else _ASKED / 10):
            with self._lock:
                waiting = list(self._jobs.items())
            for handle, one in waiting:
                try:
                    if not handle.cancelled() and not self._ended(handle, one):
                        continue
                except InvalidStateError:  # cancelled in this moment
                    pass
                except OSError:  # the file system does not answer
                    continue
                with self._lock:
                    self._leaving.append(self._jobs.pop(handle))
            if self.cluster != "local":  # their processes are not this one's to bury
                self._leaving.clear()
            else:
                self._leaving = [one for one in self._leaving if not one.job.done()]

    def _ended(self, handle: Handle, one: _Job) -> bool:
        """Whether the job has; its handle then says how."""
        if not handle.running() and (self.cluster == "debug" or _state(one.job) == "RUNNING"):
            handle.set_running_or_notify_cancel()
        if self.cluster == "debug":
            with suppress(Exception):  # not by job.result(), which would open a debugger
                one.job.submission().result()
        if one.result.exists():
            found = msgspec.json.decode(one.result.read_bytes())
            if "error" in found:
                error = named(found["error"], found["message"])
                if isinstance(error, OtherVersionsError) and self._device is not None:
                    self._device.unlink(missing_ok=True)
                handle.set_exception(error)
            else:
                handle.set_result(None)
            return True
        if self.cluster != "debug" and not one.job.done():
            return False
        if one.ended is None:
            one.ended = time.monotonic()
        if self.cluster == "slurm" and time.monotonic() - one.ended < _SHOWN:
            return False
        state = _state(one.job)
        message = f"ended without a result ({state}{_last_words(one.job)})"
        lost = _OVER.get(state, LostError)
        handle.set_exception(lost(f"the job {one.job.job_id} of {one.what} {message}"))
        return True


def _state(job: Any) -> str:
    """In one word, as Slurm says it: "CANCELLED by 1000" is CANCELLED."""
    return (str(job.state).upper().split() or ["UNKNOWN"])[0]


def _last_words(job: Any) -> str:
    """Of a job that ended without a result: the last line of its errors."""
    with suppress(OSError, UnicodeError):
        if lines := (job.stderr() or "").strip().splitlines():
            return f"; {lines[-1][:200]}"
    return ""


def _stop(cluster: str, job: Any, result: Path) -> None:
    """Ends a job, without waiting for it; on this machine, with all its processes: submitit would leave the
    training behind."""
    if cluster == "slurm":
        with open(os.devnull, "wb") as nowhere:
            subprocess.Popen(["scancel", str(job.job_id)], stdout=nowhere, stderr=nowhere)
        return
    import psutil

    job.cancel(check=False)  # so that it does not begin, where it has not
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if str(child.pid) == job.job_id or str(result) in child.cmdline()[-1:]:
                for process in [child, *child.children(recursive=True)]:
                    process.kill()


def _executor(folder: Path, cluster: str, python: str) -> Any:
    try:
        import submitit
    except ImportError as error:
        raise ClusterGoneError(
            "got no submitit, wanted it to submit jobs: pip install -e '.[slurm]' in the checkout"
        ) from error
    try:
        return submitit.AutoExecutor(folder, cluster, **({"slurm_python": python} if python else {}))
    except RuntimeError as error:  # no srun on the path
        raise ClusterGoneError(
            f"got no Slurm here ({error}), wanted to be on a machine that can submit jobs: log in to one, or "
            "try --executor-option cluster=local"
        ) from error


def _default_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("landscape-claims", appauthor=False)) / "slurm"
