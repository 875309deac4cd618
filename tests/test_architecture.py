"""The house's rules that a reader cannot see in one file: who imports whom, and what never happens."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from docs.sources import KNOWN, ORDER, ROOT, SOURCES, folder, imports, module_name, parsed

LINES = 410
"""Most lines of a file."""

FILES = 10
"""Most modules of a folder, its __init__ apart."""

KINDS = {
    "data",
    "claims",
    "claims/catalogue/sections",
    "models/executors",
    "models/initialisations",
    "models/networks",
    "models/optimisers",
    "models/penalties",
    "models/recorders",
}
"""Folders that are lists, of data sets, sections of the paper, optimisers: a new item is a new file."""

CROWDED = {
    "models/curvature": 15,
    "models/linear": 16,
    "models/engines/mlp": 12,
    "models/runs": 12,
    "reports": 15,
}
"""Folders that hold more, each one subject whose files need each other. They may shrink and not grow."""

EVERY = pytest.mark.parametrize("path", SOURCES, ids=str)


def rooms(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import claims.core.verdict", {"claims.core.verdict"}),
        ("from claims import core", {"claims", "claims.core"}),
        ("from . import store", {"models.runs", "models.runs.store"}),
        ("from .store import RunStore", {"models.runs.store", "models.runs.store.RunStore"}),
        ("from .. import exact", {"models", "models.exact"}),
        ("def f():\n    import reports.table", {"reports.table"}),
        ("import importlib\nimportlib.import_module('reports')", {"importlib", "reports"}),
    ],
)
def test_imports_are_found(source, expected):
    """The walk sees absolute, relative, local and dynamic imports."""
    assert imports(ast.parse(source), Path("models/runs/run.py")) == expected


@EVERY
def test_imports_run_one_way(path):
    """data <- models <- claims <- reports <- conftest.py, in functions as well as at the top."""
    own = ORDER.index(path.parts[0].removesuffix(".py"))
    assert rooms(imports(parsed(path), path)) & {*ORDER[own + 1 :], "tests", "benchmarks"} == set()


@EVERY
def test_claims_and_reports_meet_in_verdicts_only(path):
    """From claims/ the reports know the verdict, the catalogue, which quantity a claim's plot shows, and what
    a run declares of itself: its design, its command line and the sizes of its scale. Of evidence and
    statistics they know nothing."""
    if path.parts[0] != "reports":
        return
    used = {name for name in imports(parsed(path), path) if name.startswith("claims.")}
    assert {".".join(name.split(".")[:3]) for name in used} <= {
        *(
            "claims.core",
            "claims.core.change",
            "claims.core.verdict",
            "claims.core.design",
            "claims.core.adjustment",
        ),
        *("claims.core.origin", "claims.catalogue.figures", "claims.catalogue.order"),
        *(
            "claims.catalogue",
            "claims.catalogue.CATALOGUE",
            "claims.catalogue.Kind",
            "claims.catalogue.Topic",
        ),
        "claims.catalogue.experiments",
        "claims.catalogue.scales",
        *("claims.curves", "claims.curves.shown", "claims.curves.moments", "claims.curves.quantities"),
        *("claims.harness", "claims.harness.launch"),
    }


def within(*folders: str) -> pytest.MarkDecorator:
    """Every file of these folders and theirs."""
    paths = [path for path in SOURCES if any(path.is_relative_to(folder) for folder in folders)]
    return pytest.mark.parametrize("path", paths, ids=str)


@within("data", "models")
def test_mathematics_knows_no_test_runner(path):
    """data/ and models/ serve any caller: they import neither pytest nor xdist, nor read what these set."""
    tree = parsed(path)
    assert rooms(imports(tree, path)) & {"pytest", "_pytest", "xdist"} == set()
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert [word for word in words if isinstance(word, str) and word.startswith("PYTEST_")] == []


@within("claims/core")
def test_what_a_claim_is_needs_neither_torch_nor_pytest(path):
    """claims/core decides verdicts from numbers: a report is read without either."""
    assert rooms(imports(parsed(path), path)) & {"torch", "pytest", "_pytest", "xdist"} == set()


@EVERY
def test_no_file_is_long(path):
    """One idea a file; what needs more lines than this holds several."""
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= LINES


def test_no_folder_is_crowded():
    """A folder that holds more files than fit a glance has sub-packages by subject, or is a list of kinds."""
    held: dict[str, int] = {}
    for path in SOURCES:
        held[path.parent.as_posix()] = held.get(path.parent.as_posix(), 0) + (path.name != "__init__.py")
    crowded = {name: count for name, count in held.items() if count > FILES and name not in KINDS}
    assert {name: count for name, count in crowded.items() if count > CROWDED.get(name, FILES)} == {}


def test_the_reports_stay_small():
    """What a template says, a library does or another room is about is not written in reports/ as well."""
    lines = [
        len((ROOT / p).read_text(encoding="utf-8").splitlines()) for p in SOURCES if p.parts[0] == "reports"
    ]
    assert len(lines) <= 35
    assert sum(lines) <= 5160


def test_no_module_needs_itself():
    """No module imports itself by way of others; a package's __init__ may gather its own modules."""
    graph = {}
    for path in SOURCES:
        found = {module_name(path)} | KNOWN & imports(parsed(path), path, anywhere=False)
        graph[module_name(path)] = set() if path.name == "__init__.py" else found - {module_name(path)}
    assert cycle_in(graph) == []


def test_no_folder_needs_itself():
    """No folder imports itself by way of other folders, not even inside functions."""
    graph: dict[str, set[str]] = {}
    for path in SOURCES:
        own = folder(module_name(path))
        found = {folder(name) for name in KNOWN & imports(parsed(path), path)}
        graph.setdefault(own, set()).update(found - {own})
    assert cycle_in(graph) == []


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    done: set[str] = set()

    def visit(node: str, trail: list[str]) -> list[str]:
        if node in trail:
            return [*trail[trail.index(node) :], node]
        if node in done:
            return []
        for target in sorted(graph.get(node, ())):
            if found := visit(target, [*trail, node]):
                return found
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := visit(node, []))), [])


def test_a_cycle_is_found():
    """The search itself sees a cycle, and none in a chain."""
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert cycle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


FORBIDDEN_IMPORTS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
FORBIDDEN_CALLS = {
    "torch.load",
    "torch.save",
    "eval",
    "exec",
    "np.random.seed",
    "numpy.random.seed",
    "torch.manual_seed",
}


@EVERY
def test_nothing_is_unpickled(path):
    """Files are safetensors, npz without objects, and JSON; no global random state is set."""
    tree = parsed(path)
    assert rooms(imports(tree, path)) & FORBIDDEN_IMPORTS == set()
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert {ast.unparse(call.func) for call in calls} & FORBIDDEN_CALLS == set()
    allowed = [k.value for call in calls for k in call.keywords if k.arg == "allow_pickle"]
    assert all(isinstance(value, ast.Constant) and value.value is False for value in allowed)


LIGHT = [
    "data",
    "models",
    "models.curvature",
    "models.curvature.dense",
    "claims.catalogue",
    "claims.core.verdict",
    "claims.catalogue.experiments",
    "claims.evidence.trained.reaching",
    "claims.evidence.linear.saddles",
    "claims.evidence.linear.dropped_hypotheses",
    "claims.evidence.linear.restarts",
    "claims.evidence.relu.relu_theorem",
    "claims.harness.launch.plugin",
    "reports.plugin",
]
HEAVY = {"torch", "pooch", "urllib.request", "http.client", "requests", "matplotlib", "mlxtend"}


@pytest.mark.parametrize("module", LIGHT)
def test_import_is_light(module):
    """Importing loads no torch, opens no socket and pulls in no downloader."""
    code = (
        "import socket, sys\n"
        "def refuse(*args, **kwargs): raise AssertionError('a socket was opened at import')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "before = set(sys.modules)\n"
        f"import {module}\n"
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) & HEAVY == set()


def test_the_install_claims_no_names():
    """`data` and `models` are names anyone may use: nothing of the checkout is installed. The one module
    that is has a name that nobody else has, and is pytest's door from any folder."""
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert (setup["packages"], setup["py-modules"]) == ([], ["landscape_claims_pytest"])


MIRRORED = ("data", "models", "claims", "reports")


def test_tests_mirror_the_folders():
    """What tests a file of models/runs/ lies in tests/models/runs/; only controls have a room of their own.

    Test files are no package: they are imported by their paths, so that two folders may use a name twice.
    """
    folders = {p.parent.relative_to(ROOT / "tests") for p in (ROOT / "tests").rglob("test_*.py")}
    mirrored = {folder for folder in folders if folder.parts and folder.parts[0] in MIRRORED}
    strange = {str(f) for f in mirrored if not (ROOT / f).is_dir()}
    assert strange <= {"claims/controls"}
    assert not list((ROOT / "tests").rglob("__init__.py"))
