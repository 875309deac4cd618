"""`python .ci/lock.py`: write .ci/constraints.txt, what CI installs, each file by its SHA-256. Needs uv.

Resolved are the dependencies of pyproject.toml with the extras below, and setuptools, which builds the
editable install, for Linux on x86-64 and Python 3.11 to 3.13. torch is the build for the CPU, whose wheels
lie on an index of its own; the gigabytes of CUDA packages that the other one needs are left out.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / ".ci" / "constraints.txt"

EXTRAS = ("dev", "docs", "objects", "ray", "slurm")

TORCH = {
    "2.13.0+cpu": (
        "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",  # cp311
        "4ca4a9394b0c771238a4f73590fdbbc4debad85ed0fa63d026ae1b085da7d6e2",  # cp312
        "3fbf9c9d1f3c10c2d59d04aca426dee9ccc6ceb32d255c61e93acc3b4f75fae6",  # cp313
    )
}
"""Digests of torch's wheels for the CPU, manylinux_2_28_x86_64, as its index lists them."""

ENVIRONMENT = "sys_platform == 'linux' and platform_machine == 'x86_64' and python_version < '3.14'"
EVERYWHERE = (
    "sys_platform == 'linux'",
    "platform_machine == 'x86_64'",
    "python_full_version >= '3.11'",
    "python_full_version < '3.14'",
)
"""Conditions that hold wherever the file is for."""

CUDA = re.compile(r"(nvidia|cuda)-.*|triton")
WHEEL = re.compile(r"-(?:py2\.py3|py3|cp31[123]|cp3\d+-abi3)[-.].*(?:any|manylinux[\w.]*_x86_64[\w.]*)\.whl$")
HEAD = """\
# Written by `python .ci/lock.py`: the files that CI installs, for Linux on x86-64 and Python 3.11 to 3.13.
# pip install --require-hashes -r .ci/constraints.txt && pip install --no-deps --no-build-isolation -e .
"""


def main() -> None:
    """Resolve, keep what this platform takes, write."""
    (version,) = TORCH
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        (folder / "pyproject.toml").write_text(f'{project}\n[tool.uv]\nenvironments = ["{ENVIRONMENT}"]\n')
        (folder / "build.in").write_text("\n".join(tomllib.loads(project)["build-system"]["requires"]))
        (folder / "override.txt").write_text(f"torch=={version.partition('+')[0]}")
        command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
        command += ["--format", "pylock.toml", "--no-annotate"]
        command += [word for extra in EXTRAS for word in ("--extra", extra)]
        command += ["--override", "override.txt", "-o", "pylock.toml", "pyproject.toml", "build.in"]
        subprocess.run(command, cwd=folder, check=True)
        packages = tomllib.loads((folder / "pylock.toml").read_text(encoding="utf-8"))["packages"]
    lines = [line for package in packages if not CUDA.fullmatch(package["name"]) for line in pinned(package)]
    TARGET.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def pinned(package: dict[str, Any]) -> list[str]:
    """The package's version with the digests of its files, a line each."""
    name, version = package["name"], package["version"]
    wheels = [of for of in package.get("wheels", ()) if WHEEL.search(of["url"])]
    digests = [of["hashes"]["sha256"] for of in wheels or [package["sdist"]]]
    if name == "torch":
        ((version, digests),) = TORCH.items()
    clauses = [of for of in package.get("marker", "").split(" and ") if of and of not in EVERYWHERE]
    head = f"{name}=={version}{' ; ' * bool(clauses)}{' and '.join(clauses)}"
    return [
        f"{head} \\",
        *(f"    --hash=sha256:{of} \\" for of in digests[:-1]),
        f"    --hash=sha256:{digests[-1]}",
    ]


if __name__ == "__main__":
    main()
