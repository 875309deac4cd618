"""Draws the pictures of docs/architecture.md from the code: `python -m docs.architecture`, or with `--check`.

The flow of data is read from signatures: an arrow from A to B is a public function that takes an A and
returns a B, or a B that is an A. The imports are those of the folders, without the ones that others imply.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from docs.sources import KNOWN, ORDER, ROOT, SOURCES, folder, imports, module_name, parsed

__all__ = ["FLOW", "KINDS", "PAGE", "drawn", "flow", "graph", "main", "reduced"]

PAGE = ROOT / "docs" / "architecture.md"

FLOW = ("Training", "Dataset", "Experiment", "Run", "Claim", "Evidence", "Verdict", "Row", "Report")
"""The values that data flows through, by the names of their classes."""

KINDS = (
    "data",
    "models.executors",
    "models.initialisations",
    "models.networks",
    "models.optimisers",
    "models.penalties",
    "models.recorders",
)
"""Folders whose files are found without being imported by name: those that are imported count for the
picture, so that a new kind changes none."""

_BLOCK = re.compile(r"(<!-- drawn: (\w+) -->\n).*?(<!-- end -->)", re.S)
_MANY = 3
"""More functions than this are named by their folder."""


def drawn(page: str) -> str:
    """The page with each of its pictures as the code is now.

    Raises:
        ValueError: a picture that there is not.
    """
    folders = graph()
    pictures = {"flow": _flow_picture(), "rooms": _rooms(folders)}
    pictures |= {room: _room(room, folders) for room in ORDER[1:-1]}

    def picture(match: re.Match[str]) -> str:
        if match[2] not in pictures:
            raise ValueError(f"got the picture {match[2]!r}, wanted one of {', '.join(pictures)}")
        return f"{match[1]}```mermaid\n{pictures[match[2]]}\n```\n{match[3]}"

    return _BLOCK.sub(picture, page)


# -- imports --------------------------------------------------------------------------


def graph() -> dict[str, set[str]]:
    """Folder -> the folders that its files import from, whether at once or inside a function."""
    found = {path: {name for name in imports(parsed(path), path) if name in KNOWN} for path in SOURCES}
    named = set().union(*(names - {module_name(path)} for path, names in found.items()))
    folders: dict[str, set[str]] = {}
    for path, names in found.items():
        own = folder(module_name(path)) or module_name(path)
        folders.setdefault(own, set())
        if own not in KINDS or module_name(path) in named:
            folders[own] |= {folder(name) for name in names - _above(own)} - {own}
    return folders


def _above(name: str) -> set[str]:
    """The packages that a folder lies in: to name one on the way to a module of it says nothing."""
    parts = name.split(".")
    return {".".join(parts[:depth]) for depth in range(1, len(parts))}


def reduced(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The edges that no path over other nodes implies; of a graph without circles."""

    def reached(node: str) -> set[str]:
        return edges.get(node, set()).union(*(reached(each) for each in edges.get(node, ())))

    return {
        node: {each for each in targets if not any(each in reached(other) for other in targets - {each})}
        for node, targets in edges.items()
    }


def _rooms(folders: Mapping[str, set[str]]) -> str:
    rooms: dict[str, set[str]] = {room: set() for room in ORDER}
    for own, targets in folders.items():
        room = own.partition(".")[0]
        rooms[room] |= {target.partition(".")[0] for target in targets} - {room}
    names = {room: f"{room}.py" if (ROOT / f"{room}.py").is_file() else f"{room}/" for room in ORDER}
    return "\n".join(["flowchart RL", *_nodes(names), *_arrows(rooms)])


def _room(room: str, folders: Mapping[str, set[str]]) -> str:
    """The folders of a room and what they import of it."""
    own = {
        name: {target for target in targets if target.partition(".")[0] == room}
        for name, targets in folders.items()
        if name.partition(".")[0] == room
    }
    names = {name: "/".join(name.split(".")[1:]) + "/" if "." in name else f"{room}/*.py" for name in own}
    return "\n".join(["flowchart RL", *_nodes(names), *_arrows(reduced(own))])


def _nodes(names: Mapping[str, str]) -> Iterator[str]:
    return (f'    {_id(node)}["{name}"]' for node, name in sorted(names.items()))


def _arrows(edges: Mapping[str, set[str]]) -> Iterator[str]:
    return (f"    {_id(node)} --> {_id(target)}" for node in sorted(edges) for target in sorted(edges[node]))


def _id(name: str) -> str:
    return name.replace(".", "_")


# -- the flow of data -----------------------------------------------------------------


def flow() -> dict[tuple[str, str], list[str]]:
    """(A, B) -> where an A becomes a B: "models/runs/store.py RunStore.get"."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in SOURCES:
        if path.name.startswith("test_") or "harness" in path.parts:  # they pass on what others make
            continue
        for owner, function in _functions(parsed(path)):
            name = ".".join(part for part in (owner, function.name) if part)
            given = _words(*(a.annotation for a in (*function.args.args, *function.args.kwonlyargs)))
            for made in _words(function.returns):
                for each in given - {made}:
                    found.setdefault((each, made), []).append(f"{path.as_posix()} {name}")
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef) and node.name in FLOW:
                for base in _words(*node.bases):
                    found.setdefault((base, node.name), []).append(f"{path.as_posix()} {node.name}")
    return dict(sorted(found.items()))


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Public functions, and public methods with their class."""
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        for each in inside:
            if isinstance(each, ast.FunctionDef) and not each.name.startswith("_"):
                yield (node.name if isinstance(node, ast.ClassDef) else ""), each


def _words(*annotations: ast.expr | None) -> set[str]:
    said = " ".join(ast.unparse(each) for each in annotations if each is not None)
    return set(re.findall(r"\w+", said)) & set(FLOW)


def _flow_picture() -> str:
    edges = flow()
    used = [name for name in FLOW if any(name in edge for edge in edges)]
    arrows = [f'    {a} -- "{_label(where)}" --> {b}' for (a, b), where in edges.items()]
    return "\n".join(["flowchart LR", *(f'    {name}["{name}"]' for name in used), *arrows])


def _label(where: list[str]) -> str:
    places = [each.partition(" ") for each in where]
    if len(places) > _MANY:
        parents = [Path(path).parent.parts for path, _, _ in places]
        shared = [level[0] for level in zip(*parents, strict=False) if len(set(level)) == 1]
        return f"functions of {'/'.join(shared)}/"
    return ", ".join(dict.fromkeys(name for _, _, name in places))


def main(arguments: list[str] | None = None) -> int:
    """Writes the pictures, or says whether they are in step."""
    parser = argparse.ArgumentParser(prog="python -m docs.architecture", description="Draws its pictures.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a picture is old")
    check = parser.parse_args(arguments).check
    page = PAGE.read_text(encoding="utf-8")
    if page == drawn(page):
        return 0
    if check:
        print(
            "docs/architecture.md: got pictures of older code, wanted the code's own: run "
            "`python -m docs.architecture`",
            file=sys.stderr,
        )
        return 1
    PAGE.write_text(drawn(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
