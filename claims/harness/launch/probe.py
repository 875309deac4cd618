"""`python -m claims.harness.launch.probe cuda-tf32`: look for a GPU before gigabytes are installed for it.

For tox, on the standard library alone: where the machine has no such device nothing is installed and the
status is 0; where it has one, the checkout is installed and `claims.harness.launch.run_backend` asks torch.
"""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
from collections.abc import Sequence

__all__ = ["main", "missing"]

_DRIVERS = {"Windows": "nvcuda.dll"}
"""The library that comes with NVIDIA's driver, where it is not that of Linux."""


def missing(backend: str) -> str:
    """Why this machine cannot have the backend, "" where it may."""
    system = platform.system()
    if backend == "mps":
        return "" if system == "Darwin" else f"no Apple GPU (this is {system or 'no macOS'})"
    if backend != "cuda":
        return ""
    name = _DRIVERS.get(system, "libcuda.so.1")
    try:
        driver = ctypes.CDLL(name)
        number = ctypes.c_int()
        if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(number)) == 0 and number.value:
            return ""
    except (OSError, AttributeError):
        return f"no NVIDIA driver ({name})"
    return "the NVIDIA driver finds no GPU"


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 where the device is missing, else that of the installation or of the run."""
    if not arguments:
        raise SystemExit("got no environment, wanted its name first: for instance cuda-tf32")
    if why := missing(arguments[0].partition("-")[0]):
        print(f"skipped {arguments[0]}: {why}, nothing was installed")
        return 0
    python = [sys.executable, "-m"]
    return subprocess.call([*python, "pip", "install", "--quiet", "-e", "."]) or subprocess.call(
        [*python, "claims.harness.launch.run_backend", *arguments]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
