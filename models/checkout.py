"""Which code runs: the commit of this checkout, and the versions of the packages it stands on."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["checkout", "versions"]

PACKAGES = (
    "landscape-claims",
    "torch",
    "numpy",
    "scipy",
    "pytest",
    "pytest-xdist",
    "python-flint",
    "safetensors",
)


def versions() -> dict[str, str | None]:
    """The interpreter's and the packages' versions; None for one that is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def checkout(root: Path) -> dict[str, Any]:
    """The commit and whether files differ from it; None for both outside a git checkout."""
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain") if commit else None
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def _git(root: Path, *command: str) -> str | None:
    # Without optional locks, `status` cannot get in the way of a commit being made meanwhile.
    environ = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *command],
            env=environ,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
