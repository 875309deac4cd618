"""The figures of a report on disk: drawn once, and again only when the run or the drawing changes.

Layout of the folder: <name>.svg and <name>.csv for each figure, and index.json with,
for each name, the digest of all it was drawn from, the digests of the two files, and
the caption. A file that does not match its digest is drawn again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reports.figures.drawing import Drawing
from reports.figures.easel import KINDS, Order, drawn
from reports.files import write_whole

__all__ = ["KINDS", "Shelf", "Shelved"]

TITLES = {"curves": "Learning curves", "agreement": "Labels of pairs", "distance": "Distance of weights"}


@dataclass(frozen=True, slots=True)
class Shelved:
    """A figure as it lies in the report's folder, or why it is not there.

    Attributes:
        name: of its files, without the ending, and of its ids in the page.
        title: its accessible name.
        svg: one <svg> element; "" where there is none.
        csv: the data's path beside the page; "" where there is none.
        caption: what it shows.
        problem: why there is no figure, or "".
    """

    name: str
    title: str
    svg: str = ""
    csv: str = ""
    caption: str = ""
    problem: str = ""


class Shelf:
    """Figures of runs in a store.

    Args:
        folder: where the files go, "figures" beside the page.
        store: the run store's folder.
    """

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder, self.store = folder, store
        self.drawn = 0
        self._new: dict[str, dict[str, str]] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._ahead: dict[str, Drawing | str] = {}

    @cached_property
    def _index(self) -> dict[str, Any]:
        try:
            index = json.loads((self.folder / "index.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return index if isinstance(index, dict) else {}

    def draw(self, wanted: Iterable[tuple[dict[str, Any], str]]) -> None:
        """Draw those of these figures (experiment and kind) that do not lie here yet, many at once.

        `figure` then finds them; one that was not announced it draws itself.
        """
        missing: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {}
        for experiment, kind in wanted:
            name, title, digest = self._about(experiment, kind)
            if self._kept(name, digest) is None:
                missing.setdefault(experiment["key"], (experiment, []))[1].append((kind, name, title))
        orders = [Order(experiment, tuple(figures)) for experiment, figures in missing.values()]
        for order, drawings in zip(orders, drawn(self.store, orders), strict=True):
            for (_, name, _), drawing in zip(order.figures, drawings, strict=True):
                self._ahead[name] = drawing

    def figure(self, experiment: dict[str, Any], kind: str) -> Shelved:
        """The figure of this kind of an experiment as the report's provenance lists it."""
        name, title, digest = self._about(experiment, kind)
        entry = self._kept(name, digest) or self._drawn(experiment, kind, name, title, digest)
        if isinstance(entry, str):
            return Shelved(name, title, problem=entry)
        self._new[name] = entry
        svg = (self.folder / f"{name}.svg").read_text(encoding="utf-8")
        return Shelved(name, title, svg, f"{self.folder.name}/{name}.csv", entry["caption"])

    def close(self) -> None:
        """Write the index.

        Raises:
            OSError: it cannot be written.
        """
        if self._new and self._new != self._index:
            write_whole(
                self.folder / "index.json", json.dumps(self._new, indent=1, ensure_ascii=False) + "\n"
            )

    def _about(self, experiment: dict[str, Any], kind: str) -> tuple[str, str, str]:
        """A figure's name and title, and the digest of all it is drawn from."""
        name = self._name(experiment["key"], kind)
        title = f"{TITLES[kind]}: {experiment['name'] or experiment['key']}"
        source = f"{experiment['key']} {experiment['sha256']} {kind} {title} {_drawing_version()}"
        return name, title, hashlib.sha256(source.encode()).hexdigest()

    def _name(self, key: str, kind: str) -> str:
        """Readable, and unique in the report: the key without its digest, unless another run has that too."""
        if (key, kind) not in self._names:
            head = re.sub(r"-[0-9a-f]{20}$", "", key)
            plain = re.sub(r"[^a-z0-9-]+", "-", f"{head}-{kind}".lower()).strip("-")
            taken = plain in self._names.values()
            self._names[key, kind] = (
                f"{plain}-{hashlib.sha256(key.encode()).hexdigest()[:8]}" if taken else plain
            )
        return self._names[key, kind]

    def _kept(self, name: str, digest: str) -> dict[str, str] | None:
        entry = self._index.get(name)
        if not isinstance(entry, dict) or entry.get("from") != digest:
            return None
        for ending in ("svg", "csv"):
            try:
                content = (self.folder / f"{name}.{ending}").read_bytes()
            except OSError:
                return None
            if hashlib.sha256(content).hexdigest() != entry.get(ending):
                return None
        return entry if isinstance(entry.get("caption"), str) else None

    def _drawn(
        self, experiment: dict[str, Any], kind: str, name: str, title: str, digest: str
    ) -> dict[str, str] | str:
        if name not in self._ahead:
            self.draw([(experiment, kind)])
        drawing = self._ahead.pop(name)
        if isinstance(drawing, str):
            return drawing
        self.folder.mkdir(parents=True, exist_ok=True)
        entry = {"from": digest, "caption": drawing.caption}
        for ending, text in (("svg", drawing.svg), ("csv", drawing.csv)):
            write_whole(self.folder / f"{name}.{ending}", text)
            entry[ending] = hashlib.sha256(text.encode()).hexdigest()
        self.drawn += 1
        return entry


@cache
def _drawing_version() -> str:
    """Digest of the code that draws: when it changes, every figure is drawn anew."""
    digest = hashlib.sha256(version("matplotlib").encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in ("easel", "forest", "paper", "shelf"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
