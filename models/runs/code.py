"""What code a result depends on: the digest of the project's own, found by following imports, and versions.

A module counts as its syntax tree, without comments, docstrings, layout and what is imported for annotations
only: rewording loses no result. Modules are followed through every import, inside functions too, from the
roots to the end; those that are imported by a computed name (`models/networks/<kind>.py`) are roots of their
own. Tests are never looked at, nor is anything that nothing imports.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["PROJECT", "closure", "code_and_versions", "code_digest", "version"]

PROJECT = Path(__file__).resolve().parents[2]
"""The checkout, whose folders are the project's packages."""

_DYNAMIC = ("import_module", "__import__")
_LAYOUT = ("ctx", "kind", "type_comment", "type_ignores")


@dataclass(frozen=True, slots=True)
class _Module:
    """The digest of a module's syntax tree, and all dotted names that it may import."""

    digest: str
    imports: frozenset[str]


@cache
def code_digest(modules: tuple[str, ...], project: Path = PROJECT) -> str:
    """SHA-256, hex, of these modules and of all modules of the project that they import, however far down.

    Args:
        modules: dotted names, in any order.
        project: the folder of the top-level packages.

    Raises:
        ValueError: a module that is not the project's, or a test.
    """
    digest = hashlib.sha256()
    for name in closure(modules, project):
        digest.update(f"{name} {_parsed(_file(name, project), name).digest}\n".encode())
    return digest.hexdigest()


def code_and_versions(modules: Iterable[str], libraries: Iterable[str]) -> dict[str, Any]:
    """What a new version of this project or of a library changes, as plain JSON.

    Args:
        modules: as for `code_digest`.
        libraries: names in the package index.

    Raises:
        ValueError: as `code_digest`.
    """
    return {
        "code": code_digest(tuple(modules)),
        "versions": {library: version(library) for library in libraries},
    }


def closure(modules: Sequence[str], project: Path = PROJECT) -> list[str]:
    """These modules and all that they import of the project, sorted; packages above a module are among them.

    Raises:
        ValueError: as `code_digest`.
    """
    for name in modules:
        if _file(name, project) is None:
            raise ValueError(
                f"got the module {name!r}, wanted one of the packages in {project}, and no test: a result "
                "depends on the code it names"
            )
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _file(name, project)
        if name in found or path is None:
            continue
        found.add(name)
        # To import a.b.c runs a and a.b too.
        waiting += [*_parsed(path, name).imports, *([name.rpartition(".")[0]] if "." in name else [])]
    return sorted(found)


@cache
def _file(name: str, project: Path) -> Path | None:
    """Where the module lies. None for other libraries' modules, tests, and names that are no modules."""
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts) or parts[-1].startswith("test_"):
        return None
    if parts[0] == "tests" or parts[-1] == "conftest" or not (project / parts[0]).is_dir():
        return None
    path = project.joinpath(*parts)
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


@cache
def _parsed(path: Path, name: str) -> _Module:
    tree = ast.parse(path.read_bytes(), str(path))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    words: list[str] = []
    imports: set[str] = set()
    _spell(tree, words, package, imports)
    digest = hashlib.sha256(" ".join(words).encode())
    return _Module(digest.hexdigest(), frozenset(imports))


def _spell(node: object, words: list[str], package: str, imports: set[str]) -> None:
    """Appends the tree in words that are the same in every version of Python, and adds names of imports.

    `ast.dump` writes empty fields in some versions and not in others.
    """
    if isinstance(node, ast.AST):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
            imports.update(_imported(node, package))
        words.append(type(node).__name__)
        hidden = isinstance(node, ast.If) and _for_annotations(node.test)
        for field in node._fields:
            value = getattr(node, field, None)
            if value is None or value == [] or field in _LAYOUT or (hidden and field == "body"):
                continue
            words.append(field)
            _spell(value, words, package, imports)
        words.append(")")
    elif isinstance(node, list):
        words.append("[")
        for child in node:
            if not _is_text(child):
                _spell(child, words, package, imports)
        words.append("]")
    else:
        words.append(repr(node))


def _is_text(node: object) -> bool:
    """A docstring, of a constant as well."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _for_annotations(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _imported(node: ast.Import | ast.ImportFrom | ast.Call, package: str) -> Iterable[str]:
    """`from a import b` may mean the module a.b or a name in a, so both are named."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        return [base, *(f"{base}.{alias.name}" for alias in node.names)]
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called in _DYNAMIC and node.args and isinstance(node.args[0], ast.Constant):
        return [str(node.args[0].value)]
    return []


@cache
def version(library: str) -> str:
    """Of a library, as it is named in the package index.

    importlib parses all that a library says of itself, its README included, to find it: about a millisecond,
    and the key of a run or of evidence asks for two to four. No library changes under a process that has
    imported it.

    Raises:
        importlib.metadata.PackageNotFoundError: it is not installed.
    """
    return metadata.version(library)
