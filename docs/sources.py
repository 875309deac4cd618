"""The project's modules and what each imports, read from their syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["KNOWN", "ORDER", "ROOT", "SOURCES", "folder", "imports", "module_name", "parsed"]

ROOT = Path(__file__).resolve().parents[1]

ORDER = ("data", "models", "claims", "reports", "conftest")
"""A room imports from those on its left only."""

SOURCES = sorted(
    path.relative_to(ROOT)
    for path in [ROOT / "conftest.py", *(p for room in ORDER for p in (ROOT / room).rglob("*.py"))]
)


def module_name(path: Path) -> str:
    """The dotted name of a module, of a package for its __init__."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


KNOWN = {module_name(path) for path in SOURCES}


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file of SOURCES."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def folder(module: str) -> str:
    """The folder a module of the house lies in, "" for a name from outside."""
    path = ROOT.joinpath(*module.split("."))
    if path.is_dir():
        return module
    return module.rpartition(".")[0] if path.with_suffix(".py").is_file() else ""


def imports(tree: ast.AST, path: Path, anywhere: bool = True) -> set[str]:
    """Dotted names a file imports, in functions too if `anywhere`: `from a import b` gives a and a.b."""
    package = list(path.parent.parts)
    found: set[str] = set()
    for node in ast.walk(tree) if anywhere else _on_import(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            found |= {source} | {f"{source}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in _DYNAMIC:
            found |= {str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    return found


_DYNAMIC = {"__import__", "importlib.import_module"}


def _on_import(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a module is imported: not bodies of functions, nor what types alone need."""
    yield node
    children = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        children = iter(node.orelse)
    for child in children:
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _on_import(child)
