"""The figures of a report on disk: drawn once, and again only when the run or the drawing changes.

Layout of the folder: <name>.svg and <name>.csv for each figure, and index.json with,
for each name, the digest of all it was drawn from, the digests of the two files, and
the caption. A file that does not match its digest is drawn again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from models.run import Run
from models.sealed import DamageError
from models.stored import stored
from reports.figures import agreement, curves, distance
from reports.figures.drawing import Drawing
from reports.files import write_whole

__all__ = ["KINDS", "Shelf", "Shelved"]

KINDS: dict[str, Callable[[Run, str, str], Drawing]] = {
    "curves": curves.draw,
    "agreement": agreement.draw,
    "distance": distance.draw,
}
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
        self._runs: dict[str, Run | DamageError] = {}

    @cached_property
    def _index(self) -> dict[str, Any]:
        try:
            index = json.loads((self.folder / "index.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return index if isinstance(index, dict) else {}

    def figure(self, experiment: dict[str, Any], kind: str) -> Shelved:
        """The figure of this kind of an experiment as the report's provenance lists it."""
        name = self._name(experiment["key"], kind)
        title = f"{TITLES[kind]}: {experiment['name'] or experiment['key']}"
        source = f"{experiment['key']} {experiment['sha256']} {kind} {title} {_drawing_version()}"
        digest = hashlib.sha256(source.encode()).hexdigest()
        entry = self._kept(name, digest) or self._draw(experiment, kind, name, title, digest)
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

    def _name(self, key: str, kind: str) -> str:
        """Readable, and unique in the report: the key without its digest, unless another run has that too."""
        head = re.sub(r"-[0-9a-f]{20}$", "", key)
        plain = re.sub(r"[^a-z0-9-]+", "-", f"{head}-{kind}".lower()).strip("-")
        return plain if plain not in self._new else f"{plain}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"

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

    def _draw(
        self, experiment: dict[str, Any], kind: str, name: str, title: str, digest: str
    ) -> dict[str, str] | str:
        run = self._run(experiment)
        if isinstance(run, DamageError):
            return f"No figure: the run {experiment['key']} {run} ({self.store})."
        if kind == "agreement" and "train_agreement" not in run.arrays:
            return "No figure: a regression has no labels to agree on."
        drawing = KINDS[kind](run, name, title)
        self.folder.mkdir(parents=True, exist_ok=True)
        entry = {"from": digest, "caption": drawing.caption}
        for ending, text in (("svg", drawing.svg), ("csv", drawing.csv)):
            write_whole(self.folder / f"{name}.{ending}", text)
            entry[ending] = hashlib.sha256(text.encode()).hexdigest()
        self.drawn += 1
        return entry

    def _run(self, experiment: dict[str, Any]) -> Run | DamageError:
        key = experiment["key"]
        if key not in self._runs:
            try:
                self._runs[key] = stored(self.store, key, experiment["sha256"])
            except DamageError as damage:
                self._runs[key] = damage
        return self._runs[key]


@cache
def _drawing_version() -> str:
    """Digest of the code that draws: when it changes, every figure is drawn anew."""
    digest = hashlib.sha256(version("matplotlib").encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in ("forest", "paper", "shelf"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
