"""What CI installs is named to the byte, and in step with pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LINES = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
PINS = [line for line in LINES if line and not line.startswith("#")]
CURE = "python .ci/lock.py writes it anew"


def pinned() -> dict[str, list[Requirement]]:
    """By name; a package may have a version for each Python."""
    found: dict[str, list[Requirement]] = {}
    for line in PINS:
        requirement = Requirement(line.partition("--hash")[0])
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def test_every_file_has_its_digest() -> None:
    """One version a line, and at least one SHA-256; nothing from elsewhere."""
    for line in PINS:
        assert re.fullmatch(r"[a-z0-9-]+==\S+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+", line), line


def test_it_has_what_the_project_needs() -> None:
    """Each dependency of the project, of what CI adds and of the build, in a version that is allowed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (installed,) = re.findall(r"-e '\.\[([a-z,]+)\]'", run)
    wanted = [
        *project["project"]["dependencies"],
        *(one for extra in installed.split(",") for one in extras[extra]),
    ]
    held = pinned()
    for requirement in map(Requirement, [*wanted, *project["build-system"]["requires"]]):
        versions = held.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement.name} is not in .ci/constraints.txt: {CURE}"
        for of in versions:
            (pin,) = of.specifier
            assert requirement.specifier.contains(pin.version.partition("+")[0]), f"{of}: {CURE}"


def test_torch_is_the_build_for_the_cpu() -> None:
    """Nothing of CUDA beside it, and a wheel for each Python."""
    (torch,) = (line for line in PINS if line.startswith("torch=="))
    assert re.match(r"torch==[\d.]+\+cpu ", torch)
    assert torch.count("--hash=sha256:") == 3
    assert not [name for name in pinned() if name.startswith(("nvidia-", "cuda-", "triton"))]


def test_ci_installs_it() -> None:
    """With hashes required, before anything that is not named there."""
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    installs = re.findall(r"pip install (.+)", text)
    assert installs[0].startswith("--quiet --require-hashes -r .ci/constraints.txt >")
    assert 'grep -q "DO NOT MATCH THE HASHES"' in text, "other bytes are no reason to go on without hashes"
