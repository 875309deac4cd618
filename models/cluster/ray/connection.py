"""This process as a driver of a Ray cluster, found or started; the code goes with the job."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import Any

from models.cluster.errors import ClusterGoneError, OtherVersionsError
from models.cluster.parcel import parcel

__all__ = ["Connection"]

_START = (
    "start one with `ray start --head`, on further nodes with `ray start --address=HOST:6379`, and run "
    "pytest on one of them; or try --executor-option address=local, which starts one on this machine"
)
_REACHED = 5.0
"""Seconds within which the head of a cluster takes a connection."""


class Connection:
    """A connection, one a process; Ray's own log stays in its folder, and its usage statistics are off.

    Args:
        address: "HOST:PORT", "auto" for the cluster that this machine is a node of, "local" for one that is
            started here and ends with the connection.

    Raises:
        ValueError: an address that is none.
        ClusterGoneError: Ray is not installed, or there is no such cluster.
        OtherVersionsError: the cluster has another Ray or Python.
    """

    def __init__(self, address: str) -> None:
        host_and_port(address)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read where a cluster is started
        self.ray = _imported()
        if address not in ("auto", "local") and not reached(address):
            raise ClusterGoneError(
                f"got no answer from {address}, wanted the head of a Ray cluster: {_START}"
            )
        self._folder = tempfile.TemporaryDirectory(prefix="landscape-ray-", ignore_cleanup_errors=True)
        self._connect(address, Path(self._folder.name))
        self.head: str = self.ray.get_runtime_context().gcs_address

    def _connect(self, address: str, folder: Path) -> None:
        digest, content = parcel()
        code = folder / f"{digest}.zip"
        code.write_bytes(content)
        # Products split over threads add in another order; Ray would set as many as a task has CPUs.
        environment = {"working_dir": str(code), "env_vars": {"OMP_NUM_THREADS": "1"}}
        asked: dict[str, Any] = {"runtime_env": environment}
        if address == "local":
            asked |= {"include_dashboard": False, "_temp_dir": str(folder / "ray")}
        try:
            self.ray.init(address=address, log_to_driver=False, logging_level="error", **asked)
        except Exception as error:  # of many kinds, and by words
            if "Version mismatch" not in str(error):
                raise ClusterGoneError(
                    f"got no Ray cluster ({_first(error)}), wanted one: {_START}"
                ) from error
            raise OtherVersionsError(
                f"got a Ray cluster of other versions ({' '.join(str(error).split())}), wanted this "
                "process' own: install the same Ray and Python here and on all nodes"
            ) from error

    def close(self) -> None:
        """Ends the job, and a cluster that was started for it."""
        self.ray.shutdown()
        self._folder.cleanup()


def host_and_port(address: str) -> None:
    """Refuses what is no address.

    Raises:
        ValueError: so.
    """
    host, _, port = address.rpartition(":")
    if address not in ("auto", "local") and not (host and "/" not in host and port.isdecimal()):
        raise ValueError(
            f"got address={address}, wanted HOST:PORT of a Ray cluster's head that this machine is a node "
            "of, auto or local: address=10.0.0.1:6379"
        )


def reached(address: str) -> bool:
    """Whether somebody listens at HOST:PORT."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACHED).close()
    except OSError:
        return False
    return True


def _imported() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ClusterGoneError(
            "got no ray, wanted it to reach a cluster: pip install -e '.[ray]' in the checkout"
        ) from error
    return ray


def _first(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
