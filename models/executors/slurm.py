"""Trains as jobs of Slurm, through submitit: `--executor slurm --executor-option partition=gpu`.

A job runs this project's own node command, from a copy of the checkout that lies, by digest, in the folder of
jobs, which the nodes share with the driver. With `cluster=local` jobs are processes of this machine, with
`cluster=debug` they run one at a time: to try a set-up without Slurm.
"""

from __future__ import annotations

import secrets
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from models.cluster.elsewhere import Handle, Orders, time_limit, whole
from models.cluster.errors import ClusterGoneError, LateError, LostError, TooLargeError, named
from models.cluster.memory import human
from models.cluster.parcel import extracted

if TYPE_CHECKING:
    from models.backend import Backend
    from models.cluster.task import Task

__all__ = ["Executor"]

_CLUSTERS = ("slurm", "local", "debug")
_ASKED = 1.0
"""Seconds between two looks at the jobs."""

_SPARE = 1.3
"""Times the expected memory that a job asks for."""

_OVER = {"TIMEOUT": LateError, "OUT_OF_MEMORY": TooLargeError}
"""What Slurm says of a job that ended without a result, where another try would not help."""


class Executor:
    """Jobs of Slurm.

    Args:
        cluster: "slurm", "local" or "debug".
        folder: of jobs, orders, results and the code, shared by the nodes; by default one in the user's cache
            folder.
        jobs: most that are queued or run at a time.
        cpus: of a job, and threads.
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
        python: str = "",
        partition: str = "",
        account: str = "",
        qos: str = "",
        constraint: str = "",
    ) -> None:
        if cluster not in _CLUSTERS:
            raise ValueError(f"got cluster={cluster}, wanted one of {', '.join(_CLUSTERS)}")
        self.cluster, self._slots = cluster, 1 if cluster == "debug" else whole("jobs", jobs)
        self.cpus = whole("cpus", cpus)
        self._python = python or sys.executable
        self._folder = Path(folder).expanduser().resolve() if folder else _default_folder()
        known = {"partition": partition, "account": account, "qos": qos, "constraint": constraint}
        self._asked = {f"slurm_{name}": value for name, value in known.items() if value}
        self._orders = Orders(self.cpus)
        self._submitit = _executor(self._folder / "jobs", cluster)
        self._code = extracted(self._folder / "code")
        self._jobs: dict[Handle, tuple[Any, Path, str]] = {}
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._watching = threading.Thread(target=self._watch, name="slurm jobs", daemon=True)
        self._watching.start()

    @property
    def slots(self) -> int:
        """Jobs at a time."""
        return self._slots

    def backend(self, kind: str) -> Backend:
        """What a job finds on its node; a job is submitted to ask."""
        from models.backend import Backend

        handle, found = self._command("device", ["--device", kind], cpus_per_task=1, timeout_min=10)
        handle.result()
        return Backend(*msgspec.json.decode(found.read_bytes())["place"])

    def submit(self, task: Task) -> Handle:
        """A job that carries out the task."""
        order = self._orders.of(task)
        path = self._folder / "orders" / f"{secrets.token_hex(8)}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(order.encoded())
        asked: dict[str, Any] = {
            "cpus_per_task": self.cpus,
            "mem_gb": max(1, round(order.memory * _SPARE / 2**30)),
            "timeout_min": max(1, round(time_limit(task.spec) / 60)),
        }
        if order.backend[0] == "cuda":
            asked["gpus_per_node"] = 1
        handle, _ = self._command(f"{order.name}, which wants {human(order.memory)}", [str(path)], **asked)
        return handle

    def shutdown(self) -> None:
        """Cancels the jobs."""
        self._closed.set()
        self._watching.join()
        for handle in list(self._jobs):
            handle.cancel()

    # -- jobs -----------------------------------------------------------------------------

    def _command(self, what: str, arguments: list[str], **asked: Any) -> tuple[Handle, Path]:
        from submitit.core.utils import FailedSubmissionError
        from submitit.helpers import CommandFunction

        result = self._folder / "results" / f"{secrets.token_hex(8)}.json"
        result.parent.mkdir(parents=True, exist_ok=True)
        command = [self._python, "-m", "models.cluster.node", *arguments, str(result)]
        if self.cluster == "local":
            asked = {name: value for name, value in asked.items() if name in ("timeout_min", "cpus_per_task")}
        with self._lock:
            self._submitit.update_parameters(**asked, **(self._asked if self.cluster == "slurm" else {}))
            try:
                job = self._submitit.submit(CommandFunction(command, verbose=False, cwd=self._code))
            except (FailedSubmissionError, OSError) as error:
                raise ClusterGoneError(
                    f"got no job from Slurm ({error}), wanted one for {what}: what is finished is kept; call "
                    "again when Slurm answers"
                ) from error
            handle = Handle(job.cancel)
            self._jobs[handle] = (job, result, what)
        return handle, result

    def _watch(self) -> None:
        while not self._closed.wait(_ASKED if self.cluster == "slurm" else _ASKED / 10):
            with self._lock:
                waiting = list(self._jobs.items())
            for handle, (job, result, what) in waiting:
                if handle.cancelled() or self._ended(handle, job, result, what):
                    with self._lock:
                        del self._jobs[handle]

    def _ended(self, handle: Handle, job: Any, result: Path, what: str) -> bool:
        """Whether the job has; its handle then says how."""
        if self.cluster == "debug":
            with suppress(Exception):
                job.result()
        elif not handle.running() and str(job.state).upper() == "RUNNING":
            handle.set_running_or_notify_cancel()
        if not result.exists() and not job.done():
            return False
        if not result.exists():
            time.sleep(_ASKED)  # a network file system may show it late
        if result.exists():
            found = msgspec.json.decode(result.read_bytes())
            if "error" in found:
                handle.set_exception(named(found["error"], found["message"]))
            else:
                handle.set_result(None)
            return True
        state = str(job.state).upper().split()[0]
        message = f"the job {job.job_id} of {what} ended without a result ({state or 'no state'})"
        handle.set_exception(_OVER.get(state, LostError)(message))
        return True


def _executor(folder: Path, cluster: str) -> Any:
    try:
        import submitit
    except ImportError as error:
        raise ClusterGoneError(
            "got no submitit, wanted it to submit jobs: pip install -e '.[slurm]' in the checkout"
        ) from error
    try:
        return submitit.AutoExecutor(folder, cluster)
    except RuntimeError as error:  # no srun on the path
        raise ClusterGoneError(
            f"got no Slurm here ({error}), wanted to be on a machine that can submit jobs: log in to one, or "
            "try --executor-option cluster=local"
        ) from error


def _default_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("landscape-claims", appauthor=False)) / "slurm"
