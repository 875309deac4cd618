"""The recipes of docs/extending.md, and copies of the project in which they are followed."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "OUTPUTS",
    "PAGE",
    "ROOT",
    "Recipe",
    "copy_project",
    "digests",
    "pytest_in",
    "python_in",
    "recipes",
]

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "extending.md"

OUTPUTS = ("store", "out", "my.npz")
"""What runs in a copy leave there; the first two are where this module has them written."""

_BLOCK = re.compile(r"(?:^`(?P<path>[\w./]+)`:\n\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
_COPIED = ("data", "models", "claims", "reports", "tests", "docs")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A section of the page.

    Attributes:
        title: its heading.
        listed: the files that it says it touches.
        files: path -> text of the blocks that are files.
        snippets: the other Python blocks.
        commands: the lines of the plain blocks.
    """

    title: str
    listed: tuple[str, ...]
    files: dict[str, str]
    snippets: tuple[str, ...]
    commands: tuple[str, ...]


def recipes(page: str | None = None) -> dict[str, Recipe]:
    """The recipes by heading.

    Raises:
        ValueError: a section that does not say which files it touches.
    """
    _, *sections = re.split(r"^## ", PAGE.read_text() if page is None else page, flags=re.M)
    return {(recipe := _recipe(section)).title: recipe for section in sections}


def _recipe(section: str) -> Recipe:
    title = section.partition("\n")[0]
    said = re.search(r"^Files: (.+)$", section, re.M)
    if said is None:
        raise ValueError(f"got the recipe {title!r}, wanted a line 'Files: ...', or 'Files: none'")
    blocks = list(_BLOCK.finditer(section))
    return Recipe(
        title,
        tuple(re.findall(r"`([^`]+)`", said[1])),
        {block["path"]: block["text"] for block in blocks if block["path"]},
        tuple(b["text"] for b in blocks if b["language"] == "python" and not b["path"]),
        tuple(line for b in blocks if not b["language"] for line in b["text"].splitlines()),
    )


def copy_project(to: Path) -> Path:
    """The project's code, as far as it is needed to run claims and tests."""
    for room in _COPIED:
        ignored = shutil.ignore_patterns("__pycache__", "out", "reference", "*.png")
        shutil.copytree(ROOT / room, to / room, ignore=ignored)
    for name in ("conftest.py", "pyproject.toml", "README.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, to / name)
    return to


def digests(folder: Path) -> dict[str, str]:
    """Path -> SHA-256 of every file that a commit would see: no byte code, nothing that runs wrote."""
    return {
        path.as_posix(): hashlib.sha256((folder / path).read_bytes()).hexdigest()
        for path in sorted(found.relative_to(folder) for found in folder.rglob("*") if found.is_file())
        if path.parts[0] not in OUTPUTS and not {"__pycache__", ".pytest_cache"} & set(path.parts)
    }


def python_in(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy, as its own checkout; for minutes, as one recipe trains when the CPU is idle."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "GITHUB_", "PYTHONPATH"))}
    return subprocess.run(
        [sys.executable, *arguments], cwd=checkout, capture_output=True, text=True, env=environ, timeout=600
    )


def pytest_in(checkout: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """pytest in the copy, with its store and reports there."""
    places = ["--store", str(checkout / "store"), "--report-dir", str(checkout / "out"), "--backend", "cpu"]
    return python_in(checkout, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *options, *places)
