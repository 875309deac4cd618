"""`python -m claims.harness.launch.run_backend cuda-tf32`: run the claims on one backend, or say why not.

For tox, whose environments are named like the report's folders. An absent
backend is no failure: the same command serves machines with and without a GPU.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from claims.harness.launch.command_line import BACKENDS, PRECISIONS, absence

__all__ = ["command", "main"]


def command(name: str) -> tuple[str, str]:
    """Backend and precision of an environment's name: "cpu-fp64" is ("cpu", "fp64").

    Raises:
        SystemExit: the name is no backend with or without a precision.
    """
    backend, _, precision = name.partition("-")
    precision = precision or "fp32"
    if backend not in BACKENDS or precision not in PRECISIONS:
        raise SystemExit(
            f"got the environment {name!r}, wanted BACKEND or BACKEND-PRECISION with the backend one of "
            f"{', '.join(BACKENDS)} and the precision one of {', '.join(PRECISIONS)}: for instance cpu-fp64"
        )
    return backend, precision


def main(arguments: Sequence[str]) -> int:
    """The exit status: pytest's own, or 0 where the backend is absent."""
    if not arguments:
        raise SystemExit("got no environment, wanted its name first: for instance cpu-fp64")
    backend, precision = command(arguments[0])
    if reason := absence(backend):
        print(f"skipped {arguments[0]}: {reason}")
        return 0
    options = ["--backend", backend, "--precision", precision]
    pytest = [sys.executable, "-m", "pytest", "claims/", "-n", "auto"]
    return subprocess.call([*pytest, *options, *arguments[1:]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
