"""The Dockerfile does what the README says, on a Python that the project supports, with all of its code."""

from __future__ import annotations

import json
import re
import tomllib
from fnmatch import fnmatch

from docs.sources import ORDER, ROOT

FILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def instruction(name: str) -> str:
    """The text of the only instruction of this name."""
    (found,) = re.findall(rf"^{name} (.+)$", FILE, re.M)
    return str(found)


def test_it_installs_and_runs_as_the_readme_does() -> None:
    """The line for a machine without a GPU, and the first of the two commands. An image compiles all modules
    once, for every container that starts from it."""
    install = README.replace(" --no-compile", "")
    assert f"\n{instruction('RUN').replace(' --no-cache-dir', '')}\n" in install
    assert f"&& {' '.join(json.loads(instruction('ENTRYPOINT')))}\n" in README


def test_its_python_is_supported() -> None:
    """At least the lowest that pyproject.toml allows, and below the bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    low, high = map(int, re.findall(r"3\.(\d+)", project["requires-python"]))
    (minor,) = re.findall(r"^python:3\.(\d+)-", instruction("FROM"))
    assert low <= int(minor) < high


def test_nothing_that_runs_is_left_out() -> None:
    """What .dockerignore names is no room of the house, and no file that the installation reads."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    for name in (*ORDER, "conftest.py", "pyproject.toml", "README.md", "LICENSE", "reports/reference"):
        assert not any(fnmatch(name, pattern) for pattern in ignored)
