"""What the site of the project says of the code, said by the code: a hook of mkdocs (`mkdocs.yml` loads it).

A page of `docs/` asks for such a part in a comment, and building the site fails where there is no such part:

    <!-- from: README.md "How to read a verdict" -->     a section of another file
    <!-- claims -->                                      every claim, with its rule
    <!-- margins -->                                     margins and shares, with their reasons
    <!-- scales -->                                      what each scale trains
    <!-- options -->                                     the command line
    <!-- modules: models -->                             the docstrings of a room
    <!-- notebook: report.ipynb -->                      the cells of a notebook of docs/
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import posixpath
import re
import sys
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # mkdocs loads this file by its path
    sys.path.insert(0, str(ROOT))

from docs.sources import SOURCES, module_name, parsed  # noqa: E402

__all__ = ["on_config", "on_page_markdown", "on_post_page", "section", "written"]

_PART = re.compile(r"^<!-- (from|claims|margins|scales|options|modules|notebook)(?:: (.+?))? -->$", re.M)
_PLACE = re.compile(r"(?<!\[)`docs/([\w./-]*\.md)`")
_FETCHED = re.compile(r'<script src="https://[^"]*/iframe-worker/shim"></script>')
_ELSEWHERE = re.compile(
    r'<(?:script|img|iframe)[^>]* src="(?:https?:)?//[^"]*"|<link[^>]*stylesheet[^>]*//[^>]*>'
)
_PICTURE = re.compile(r"```mermaid\n(.*?)```", re.S)


def on_config(config: Any) -> Any:
    """The rooms can be imported: mkdocs takes back what this file put on the path while it was loaded."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return config


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """The page with the parts it asks for, its pictures drawn, and the pages it names as links."""
    return written(markdown, page.file.src_uri)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """The theme fetches what lets search run from a disk; that is put into the page instead.

    Raises:
        ValueError: the page would still fetch something.
    """
    own = (ROOT / "docs" / "search_on_disk.js").read_text(encoding="utf-8")
    text = _FETCHED.sub(lambda _: f"<script>{own}</script>", output)
    if found := _ELSEWHERE.search(text):
        raise ValueError(f"got {found[0]} on {page.file.src_uri}, wanted a page that fetches nothing")
    return text


def written(markdown: str, page: str) -> str:
    """A page's text as the site shows it.

    Args:
        markdown: as it stands in `docs/`.
        page: its path there.

    Raises:
        ValueError: a part that there is not.
    """
    text = _PART.sub(lambda match: _PARTS[match[1]](match[2] or ""), markdown)
    text = _PICTURE.sub(lambda match: _arrows(match[1]), text)
    return _PLACE.sub(lambda match: _link(match[1], page), text)


def section(asked: str) -> str:
    """A section of another file, without its heading: `README.md "Two commands"`; "" is what comes first.

    Raises:
        ValueError: no such heading, or no heading asked for.
    """
    said = re.fullmatch(r'(\S+) "(.*)"', asked)
    if said is None:
        raise ValueError(f'got the part {asked!r}, wanted a file and a heading: README.md "Two commands"')
    parts = re.split(r"^## (.+)\n", (ROOT / said[1]).read_text(encoding="utf-8"), flags=re.M)
    found = {"": re.sub(r"^# .+\n", "", parts[0])} | dict(zip(parts[1::2], parts[2::2], strict=True))
    if said[2] not in found:
        raise ValueError(f"got the heading {said[2]!r} of {said[1]}, wanted one of {', '.join(found)}")
    return found[said[2]].strip().replace("](docs/", "](")


def _link(target: str, page: str) -> str:
    """A link to another page of the site."""
    return f"[`docs/{target}`]({posixpath.relpath(target, posixpath.dirname(page) or '.')})"


def _arrows(picture: str) -> str:
    """A mermaid flowchart as a table of its arrows: what draws it would be fetched from elsewhere."""
    names = dict(re.findall(r'^ +(\w+)\["(.+)"\]$', picture, re.M))
    arrows = re.findall(r'^ +(\w+) --(?: "(.+)" --)?> (\w+)$', picture, re.M)
    rows: list[tuple[str, ...]]
    if any(label for _, label, _ in arrows):
        rows = [(f"`{names[a]}`", f"`{names[b]}`", label) for a, label, b in arrows]
        head = ["| from | to | by |", "|---|---|---|"]
    else:
        targets: dict[str, list[str]] = {}
        for a, _, b in arrows:
            targets.setdefault(names[a], []).append(f"`{names[b]}`")
        rows = [(f"`{name}`", ", ".join(found)) for name, found in targets.items()]
        head = ["| folder | imports from |", "|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)])


# -- parts ----------------------------------------------------------------------------


def _claims(_: str) -> str:
    """Every claim of the catalogue in the report's order, under the paper's sections."""
    from claims.catalogue import CATALOGUE, Leg
    from claims.catalogue.order import SECTIONS

    judged = _judged_on()
    lines: list[str] = []
    for kind, heading in SECTIONS.items():
        lines += ["", f"## {heading}"]
        for claim in (claim for claim in CATALOGUE.values() if claim.kind == kind):
            lines += ["", f"### {claim.id}: {claim.statement} {{#{claim.id.lower()}}}", ""]
            on = judged.get(claim.id, [])
            ends = "the training's end, and a descent from there"
            facts = {
                "in the paper": claim.place,
                "the paper's reading": claim.paper,
                "rule": claim.rule,
                "true where": f"{claim.region} ({claim.unit})",
                "needs": ", ".join(f"[{id}](#{id.lower()})" for id in claim.prerequisites),
                "judged on": ", ".join(on),
                "leg": "" if not on else ends if claim.leg == Leg.END else "the training, epoch by epoch",
            }
            lines += [f"- **{name}**: {_cell(text)}" for name, text in facts.items() if text]
    return "\n".join(lines)


def _judged_on() -> dict[str, list[str]]:
    """Claim's id -> the networks that its tests declare, by name."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "claims").glob("test_*.py")):
        for value in vars(importlib.import_module(f"claims.{path.stem}")).values():
            for mark in getattr(value, "pytestmark", ()):
                if mark.name == "claim":
                    names = [" beside ".join(one.name for one in each) for each in mark.args[0].alternatives]
                    found.setdefault(mark.args[0].claim.id, []).extend(names)
    return {id: list(dict.fromkeys(names)) for id, names in found.items()}


def _margins(_: str) -> str:
    """The constants of claims/core/margins.py, each with the words below it."""
    from claims.core import margins

    body = parsed(Path("claims/core/margins.py")).body
    lines = ["| name | value | why |", "|---|---|---|"]
    for node, below in pairwise(body):
        if isinstance(node, ast.Assign) and isinstance(below, ast.Expr):
            name = ast.unparse(node.targets[0])
            words = inspect.cleandoc(ast.literal_eval(below.value))
            lines.append(f"| `{name}` | {_number(getattr(margins, name))} | {_cell(words)} |")
    return "\n".join(lines)


def _number(value: Any) -> str:
    return ", ".join(map(_number, value)) if isinstance(value, tuple) else f"{value:,g}"


def _scales(_: str) -> str:
    """What each scale trains on, and for how long."""
    from claims.catalogue.scales import SCALES

    lines = ["| scale | training and test samples | minibatch | epochs | Boston |", "|---|---|---|---|---|"]
    for scale in SCALES.values():
        sizes = "; ".join(f"{name}: {of['train']:,} and {of['test']:,}" for name, of in scale.sizes.items())
        epochs = ", ".join(f"{protocol} {number}" for protocol, number in scale.epochs.items())
        lines.append(f"| `{scale.name}` | {sizes} | {scale.batch} | {epochs} | {scale.boston} |")
    return "\n".join(lines)


def _options(_: str) -> str:
    """The options of the claims, with their defaults."""
    from claims.harness.launch.command_line import OPTIONS
    from reports.session import OPTIONS as OF_REPORTS

    lines = ["| option | meaning | default |", "|---|---|---|"]
    for one in (*OPTIONS, *OF_REPORTS):
        choices = one.more.get("choices")
        meaning = f"{one.help} ({', '.join(choices)})" if choices else one.help
        flag = f"{one.flag} {one.more.get('metavar', 'NAME' if choices else '')}".strip()
        lines.append(f"| `{flag}` | {_cell(meaning)} | {_cell(str(one.shown or one.default))} |")
    return "\n".join(lines)


def _modules(room: str) -> str:
    """A room's modules by folder, for mkdocstrings to say what they hold."""
    found = [path for path in SOURCES if path.parts[0] == room and not path.name.startswith("test_")]
    if not found:
        raise ValueError(f"got the room {room!r}, wanted a folder of the checkout with modules")
    lines: list[str] = []
    folder = None
    for path in sorted(found, key=lambda path: (path.parent.as_posix(), path.name)):
        if not ast.get_docstring(parsed(path)):
            continue
        if path.parent != folder:
            folder = path.parent
            lines += ["", f"## `{folder.as_posix()}/`"]
        lines += ["", f"::: {module_name(path)}"]
    return "\n".join(lines)


def _notebook(name: str) -> str:
    """A notebook's text and code, its headings one level down."""
    parts = []
    for cell in json.loads((ROOT / "docs" / name).read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        code = cell["cell_type"] == "code"
        parts.append(f"```python\n{source}\n```" if code else re.sub(r"^(#+ )", r"#\1", source, flags=re.M))
    return "\n\n".join(parts)


def _cell(text: str) -> str:
    """Text that can stand in a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


_PARTS: dict[str, Callable[[str], str]] = {
    "from": section,
    "claims": cache(_claims),
    "margins": _margins,
    "scales": _scales,
    "options": _options,
    "modules": _modules,
    "notebook": _notebook,
}
