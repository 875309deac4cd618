"""`python -m reports screenshot reports/out/cpu --to docs/report.png`: a picture of the page, for the README.

Needs a browser and playwright, which nothing else does: python -m pip install -e '.[dev]', and Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

__all__ = ["BrowserMissingError", "add_arguments", "browser", "run", "take"]

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""A browser that asks nothing of the network for itself."""
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


class BrowserMissingError(RuntimeError):
    """There is no browser, or nothing to drive it; the message says how to get them."""


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium with an empty profile, driven by playwright.

    The program is the one that CHROMIUM names, else the first found on the path.

    Raises:
        BrowserMissingError: playwright or the browser is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise BrowserMissingError(
            "got no playwright, wanted it to drive a browser: python -m pip install -e '.[dev]'"
        ) from error
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        raise BrowserMissingError(
            f"got no browser, wanted one of {', '.join(_NAMES)} on the path: apt-get install chromium, "
            "or name one in CHROMIUM"
        )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield started
        finally:
            started.close()


def take(folder: Path, target: Path, *, width: int = 1200, height: int = 1500, scheme: str = "light") -> None:
    """Write the top of the folder's page as a PNG, whole or not at all.

    Args:
        folder: of a report, with index.html.
        target: the PNG.
        width, height: of the window, in CSS pixels.
        scheme: "light" or "dark".

    Raises:
        FileNotFoundError: there is no page.
        BrowserMissingError: there is no browser.
    """
    page = folder.resolve() / "index.html"
    if not page.is_file():
        raise FileNotFoundError(
            f"got {folder}, which has no index.html, wanted a report's folder: python -m pytest claims/ "
            "writes one"
        )
    with browser() as started:
        view = started.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        view.goto(page.as_uri())
        picture = view.screenshot()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_bytes(picture)
    os.replace(temporary, target)


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
    """Take the picture and name it.

    Raises:
        pytest.UsageError: there is no page or no browser.
    """
    size = {"width": arguments.width, "height": arguments.height}
    try:
        take(arguments.folder, arguments.to, scheme=arguments.scheme, **size)
    except (BrowserMissingError, FileNotFoundError) as error:
        raise pytest.UsageError(str(error)) from error
    print(arguments.to)
    return 0
