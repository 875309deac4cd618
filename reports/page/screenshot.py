"""`python -m reports screenshot reports/out/cpu --to docs/report.png`: a picture of the page, by Chromium."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

__all__ = ["ARGUMENTS", "add_arguments", "program", "run"]

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
"""A browser that asks nothing of the network for itself."""
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def program() -> str:
    """The browser: the one that CHROMIUM names, else the first found on the path.

    Raises:
        pytest.UsageError: there is none; the message says how to get one.
    """
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise pytest.UsageError(
            f"got no browser, wanted one of {', '.join(_NAMES)} on the path: apt-get install chromium, "
            "or name one in CHROMIUM"
        )
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("folder", type=Path, help="A report's folder, such as reports/out/cpu.")
    parser.add_argument("--to", type=Path, required=True, metavar="PNG", help="Where the picture goes.")
    parser.add_argument("--width", type=int, default=1200, help="Of the window, in pixels (default: 1200).")
    parser.add_argument("--height", type=int, default=1500, help="Of the window, in pixels (default: 1500).")
    parser.add_argument(
        "--scheme", choices=("light", "dark"), default="light", help="Theme (default: light)."
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the top of the folder's page as a PNG, whole or not at all, and name it.

    Raises:
        pytest.UsageError: there is no page, no browser, or no picture came of it.
    """
    page, target = arguments.folder.resolve() / "index.html", arguments.to
    if not page.is_file():
        raise pytest.UsageError(
            f"got {arguments.folder}, which has no index.html, wanted a report's folder: python -m pytest "
            "claims/ writes one"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".picture-") as folder:
        taken = Path(folder) / "page.png"
        window = [f"--window-size={arguments.width},{arguments.height}", "--hide-scrollbars"]
        window += ["--force-dark-mode"] if arguments.scheme == "dark" else []
        files = [f"--user-data-dir={folder}/profile", f"--screenshot={taken}", page.as_uri()]
        command = [program(), *ARGUMENTS, *window, *files]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode or not taken.is_file():
            raise pytest.UsageError(f"got no picture from {command[0]}: {done.stderr.strip()[-500:]}")
        os.replace(taken, target)
    print(target)
    return 0
