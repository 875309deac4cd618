"""The digest of code follows imports, sees what changes a result, and overlooks what does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.runs.code import closure, code_digest

FILES = {
    "house/__init__.py": "",
    "house/root.py": """
        from __future__ import annotations
        import math
        from typing import TYPE_CHECKING
        from house import beside
        from house.rooms.deep import VALUE
        if TYPE_CHECKING:
            from house.types_only import T

        def answer(x: T) -> float:
            from house.inside import late
            return late(x) + VALUE + beside.ONE
    """,
    "house/beside.py": "ONE = 1",
    "house/inside.py": "import importlib\ndef late(x): return importlib.import_module('house.dynamic').f(x)",
    "house/dynamic.py": "from .relative import g as f",
    "house/relative.py": "def g(x): return 2 * x",
    "house/rooms/__init__.py": "from house.rooms.gathered import G",
    "house/rooms/gathered.py": "G = 3",
    "house/rooms/deep.py": "from ..relative import g\nfrom . import near\nVALUE = g(near.N)",
    "house/rooms/near.py": "N = 4",
    "house/types_only.py": "T = int",
    "house/stranger.py": "S = 5",
    "house/test_root.py": "from house import root",
    "house/conftest.py": "",
}

FOLLOWED = [
    *("house", "house.beside", "house.dynamic", "house.inside", "house.relative", "house.root"),
    *("house.rooms", "house.rooms.deep", "house.rooms.gathered", "house.rooms.near"),
]


class Project:
    """A small project in a folder of its own; `digest` as another process would find it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            lines = text.strip("\n").splitlines()
            margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
            self.write(name, "\n".join(line[margin:] for line in lines))

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def digest(self, *modules: str) -> str:
        # Under another path, since a process reads a file once.
        copy = self.root.with_name(f"{self.root.name}-{len(list(self.root.parent.iterdir()))}")
        copy.mkdir()
        (copy / "house").symlink_to(self.root / "house")
        return code_digest(modules or ("house.root",), copy)


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path / "project")


def test_imports_are_followed(project):
    """Absolute, relative, in functions, by a name in a string, and packages above; not for types alone."""
    assert closure(["house.root"], project.root) == sorted(FOLLOWED)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("house/relative.py", "2 * x", "3 * x"),
        ("house/rooms/near.py", "4", "4.0"),
        ("house/rooms/near.py", "4", "'4'"),
        ("house/rooms/gathered.py", "3", "-3"),
        ("house/root.py", "+ VALUE", "- VALUE"),
        ("house/beside.py", "ONE = 1", "ONE = 1\nTWO = 2"),
        ("house/inside.py", "def late(x)", "def late(x, y=None)"),
    ],
)
def test_what_can_change_a_result_changes_the_digest(project, name, old, new):
    """Wherever it stands in what is imported."""
    before = project.digest()
    project.edit(name, old, new)
    assert project.digest() != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("house/relative.py", "2 * x", "2 * x  # twice"),
        (
            "house/relative.py",
            "def g(x): return 2 * x",
            'def g(x):\n    """Twice."""\n\n    return (2 *\n x)',
        ),
        ("house/beside.py", "ONE = 1", '"""Numbers."""\nONE = 1\n"""The least."""'),
        ("house/types_only.py", "int", "float"),
        ("house/stranger.py", "5", "6"),
        ("house/test_root.py", "root", "beside"),
        ("house/conftest.py", "", "X = 1"),
    ],
)
def test_what_cannot_change_a_result_does_not(project, name, old, new):
    """Comments, docstrings, layout, what is imported for types, what nothing imports, and tests."""
    before = project.digest()
    project.edit(name, old, new)
    assert project.digest() == before


def test_a_renamed_test_changes_nothing(project):
    """Nor does what an editor leaves: a lock that is a link to nowhere, a backup, a fifo."""
    before = project.digest()
    (project.root / "house/test_root.py").rename(project.root / "house/test_stem.py")
    (project.root / "house/.#root.py").symlink_to("someone@elsewhere:1")
    (project.root / "house/root.py~").write_text("not python {")
    os.mkfifo(project.root / "house/waiting.py")
    assert project.digest() == before


def test_a_module_that_appears_in_place_of_a_name_is_seen(project):
    """`from house import beside` is a module where there is one."""
    before = project.digest()
    project.write("house/math.py", "pi = 3")  # `import math` is the library's still
    assert project.digest() == before
    project.write("house/rooms/near/__init__.py", "N = 5")  # but a package comes before a module
    assert project.digest() != before


def test_roots_add_up_in_any_order(project):
    """Modules that are imported by a computed name are named as roots."""
    both = project.digest("house.root", "house.stranger")
    assert both == project.digest("house.stranger", "house.root")
    assert both != project.digest()
    project.edit("house/stranger.py", "5", "6")
    assert project.digest("house.root", "house.stranger") != both


@pytest.mark.parametrize(
    "name", ["numpy", "house.missing", "house.test_root", "house.conftest", "house.#x", ""]
)
def test_what_is_no_module_of_the_project_is_refused(project, name):
    """A root that names nothing would be a digest of nothing."""
    with pytest.raises(ValueError, match=r"got the module '.*', wanted one of .*, and no test"):
        closure([name], project.root)


def test_two_that_import_each_other_end(project):
    """A circle is followed once."""
    project.edit("house/relative.py", "def g", "import house.root\ndef g")
    assert closure(["house.relative"], project.root) == sorted(FOLLOWED)


def test_no_module_of_the_house_is_overlooked():
    """From the tests of the claims everything is reached that claims are judged with; reports are not."""
    found = closure(["claims.evidence.linear.restarts", "models.runs.store"])
    assert {"models.linear.lbfgs", "data.synthetic", "models.runs.files"} <= set(found)
    assert not [name for name in found if name.startswith(("reports", "tests"))]
