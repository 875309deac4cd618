"""matplotlib's SVG as a small element that can stand in a page beside others, and always the same text."""

from __future__ import annotations

import hashlib
import io
import re
import xml.etree.ElementTree as ET
from functools import lru_cache
from typing import TYPE_CHECKING

from reports.figures.style import VARIABLES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["as_svg"]

_SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"
_SETTINGS = {"svg.fonttype": "none", "font.family": "sans-serif", "path.simplify": False}


def as_svg(figure: Figure, name: str, title: str, description: str) -> str:
    """The figure as one <svg> element: no date, no random ids, no fonts, no scripts.

    Text stays text, in the page's own font. Ids begin with the figure's name; looks
    become classes named by their content, so that equal looks in several figures agree.

    Args:
        figure: drawn on a `canvas`.
        name: unique in the page; letters, digits and hyphens.
        title: its accessible name.
        description: what it shows, for those who do not see it.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    text = io.StringIO()
    with mpl.rc_context(_SETTINGS | {"svg.hashsalt": name}):
        FigureCanvasSVG(figure).print_svg(text, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    drawn = ET.fromstring(text.getvalue())
    looks: dict[str, str] = {}
    root = ET.Element("svg", {"xmlns": _SVG, "viewBox": drawn.attrib["viewBox"], "role": "img"})
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    ET.SubElement(root, "title", {"id": f"{name}-title"}).text = title
    ET.SubElement(root, "desc", {"id": f"{name}-desc"}).text = description
    style = ET.SubElement(root, "style")
    for child in drawn:
        _copy(child, root, name, looks)
    style.text = "".join(f".{label}{{{look}}}" for look, label in sorted(looks.items()))
    return ET.tostring(root, encoding="unicode")


def _copy(source: ET.Element, parent: ET.Element, name: str, looks: dict[str, str]) -> None:
    """The element with what it needs and no more; a group that says nothing gives way to its children."""
    tag = source.tag.removeprefix(f"{{{_SVG}}}")
    if tag in ("metadata", "style") or "}" in tag:
        return
    found = {key: value for key, value in source.attrib.items() if key in _KEPT}
    if look := source.get("style"):
        found["class"] = looks.setdefault(
            _look(look), f"f{hashlib.sha256(_look(look).encode()).hexdigest()[:6]}"
        )
    if _HREF in source.attrib:
        found["href"] = f"#{name}-{source.attrib[_HREF][1:]}"
    if tag == "path" and "id" in source.attrib:
        found["id"] = f"{name}-{source.attrib['id']}"
    if "d" in found:
        found["d"] = _short(found["d"])
    if found.get("transform", "").startswith("rotate(-0 "):
        del found["transform"]
    if tag in ("g", "defs") and (tag == "g" and not found):
        target = parent
    else:
        target = ET.SubElement(
            parent, tag, {key: _short(value) if key in "xy" else value for key, value in found.items()}
        )
        target.text = source.text if tag == "text" else None
    for child in source:
        _copy(child, target, name, looks)


_KEPT = frozenset(("d", "x", "y", "transform"))


@lru_cache(maxsize=4096)
def _short(numbers: str) -> str:
    text = re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), numbers)
    return " ".join(text.split()).replace(" L ", "L").replace("M ", "M").replace(" z", "z")


@lru_cache(maxsize=4096)
def _look(style: str) -> str:
    parts = [part.strip() for part in style.split(";")]
    looks = ";".join(part.replace(": ", ":") for part in parts if part and not part.startswith("font-family"))
    for colour, variable in VARIABLES.items():
        looks = looks.replace(f":{colour}", f":var(--{variable},{colour})")
    return re.sub(r"font:(\d+)px[^;]*", r"font:\1px system-ui,sans-serif", looks).replace(
        "font-size:8px", "font:8px system-ui,sans-serif"
    )
