"""The figures of a report: drawn once, kept in the run store under the digest of all they are drawn from.

Beside the page lie <name>.svg and <name>.csv of each. The store's folder figures/ holds
the drawings as values by content (`models.runs.content`): of the run, the kind and the code that
draws. What lies beside a page is always what was drawn, never what was found there.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from claims.core.origin import Subject, TrainedRun
from models.backend import cores
from models.runs.content import ValueStore
from models.runs.files import DamageError
from models.runs.run import Run, from_initial, join, two_legs
from models.runs.stored import stored
from reports.figures import agreement, curves, fields
from reports.figures.drawing import Drawing
from reports.figures.forest import forest
from reports.files import made
from reports.records import Row
from reports.rendering import TEMPLATES

__all__ = ["Figure", "FigureCache", "Source", "Wanted", "titles"]

MANY = 12
"""A process that draws starts in a second, mostly matplotlib's import; a figure takes a fraction of one."""


class Source(msgspec.Struct, frozen=True):
    """What is drawn as one run: the parts are the looks of a sequential design, each with other networks, and
    so are those of its second leg; of a descent from the initial weights there are no others."""

    name: str
    subject: Subject
    parts: tuple[TrainedRun, ...]
    second: tuple[TrainedRun, ...] = ()


class Wanted(msgspec.Struct, frozen=True):
    """A figure that a page has a place for."""

    source: Source
    kind: str

    @property
    def title(self) -> str:
        """Its accessible name."""
        return f"{titles()[self.kind]}: {self.source.name}"


class Figure(msgspec.Struct, frozen=True):
    """A figure as the page shows it, or why it is not there.

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


def titles() -> dict[str, str]:
    """Kind -> title: the figures with a drawing of their own, and the fields of recorders without one."""
    found = {"curves": "Learning curves", "agreement": "Labels of pairs", "distance": "Distance of weights"}
    found |= {"gradient": "Norm of the gradient along the descent"}
    return found | {name: field.title for name, field in fields.declared().items()}


class FigureCache:
    """Figures of runs in a store.

    Args:
        folder: where the files go, "figures" beside the page.
        store: the run store's folder.
    """

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder, self.store = folder, store
        self.drawn = 0
        self._values = ValueStore(store, "figures")

    def figures(self, wanted: Iterable[Wanted]) -> dict[Wanted, Figure | None]:
        """Each of these figures, written beside the page; None where the run lacks what it would show.

        Those that are not in the store are drawn, many at once.

        Raises:
            OSError: the folder cannot be written.
        """
        names = _names(dict.fromkeys(wanted))
        identities = {one: _identity(one) for one in names}
        found: dict[Wanted, Drawing | str | None] = {
            one: self._kept(name, identities[one]) for one, name in names.items()
        }
        missing: dict[Source, list[Wanted]] = {}
        for one, drawing in found.items():
            if drawing is None:
                missing.setdefault(one.source, []).append(one)
        orders = [
            (self.store, source, [(one.kind, names[one], one.title) for one in group])
            for source, group in missing.items()
        ]
        for group, drawings in zip(missing.values(), _drawn(orders), strict=True):
            for one, drawing in zip(group, drawings, strict=True):
                found[one] = drawing
                if isinstance(drawing, Drawing):
                    self._keep(names[one], identities[one], drawing)
        return {one: self._figure(names[one], one.title, drawing) for one, drawing in found.items()}

    def forest(self, rows: Sequence[Row], name: str) -> str:
        """The forest plot of a claim's verdicts as SVG, "" where none has a number."""
        said = [(row.setting, row.outcome, row.estimate, row.interval, row.survives) for row in rows]
        about = {"unit": rows[0].unit, "region": rows[0].region, "rows": said, "code": _drawing_version()}
        identity = msgspec.json.decode(msgspec.json.encode(about))
        if (drawing := self._kept(name, identity)) is None:
            drawing = Drawing(forest(rows, name), "", "")
            self._keep(name, identity, drawing)
        return drawing.svg

    def _figure(self, name: str, title: str, drawing: Drawing | str | None) -> Figure | None:
        if not isinstance(drawing, Drawing):
            return None if drawing is None else Figure(name, title, problem=drawing)
        made(self.folder)
        # Not synchronised one by one as the report's files are: there are hundreds, all drawn again at need.
        for path, text in ((f"{name}.svg", drawing.svg), (f"{name}.csv", drawing.csv)):
            if (self.folder / path).is_symlink():  # which would be followed
                (self.folder / path).unlink()
            (self.folder / path).write_bytes(text.encode())
        return Figure(name, title, drawing.svg, f"{self.folder.name}/{name}.csv", drawing.caption)

    def _kept(self, name: str, identity: dict[str, Any]) -> Drawing | None:
        found = self._values.find(name, identity)
        return None if found is None else msgspec.convert(found, Drawing)

    def _keep(self, name: str, identity: dict[str, Any], drawing: Drawing) -> None:
        self.drawn += 1
        with suppress(OSError):  # a store that cannot be written costs the next report its time
            self._values.value(name, identity, lambda: msgspec.to_builtins(drawing))


def _names(wanted: Iterable[Wanted]) -> dict[Wanted, str]:
    """Readable names, unique in the report: the key without its digest, unless another run has that too."""
    names: dict[Wanted, str] = {}
    for one in wanted:
        key = (one.source.parts or one.source.second)[0].key
        head = re.sub(r"-[0-9a-f]{20}$", "", key)
        plain = re.sub(r"[^a-z0-9-]+", "-", f"{head}-{one.kind}".lower()).strip("-")
        digest = hashlib.sha256(key.encode()).hexdigest()[:8]
        names[one] = f"{plain}-{digest}" if plain in names.values() else plain
    return names


def _identity(one: Wanted) -> dict[str, Any]:
    """All that a figure is drawn from."""
    runs = [[part.key, part.sha256] for part in (*one.source.parts, *one.source.second)]
    return {"runs": runs, "kind": one.kind, "title": one.title, "code": _drawing_version()}


@cache
def _drawing_version() -> str:
    """Digest of the code that draws, and of the words: when they change, every figure is drawn anew."""
    digest = hashlib.sha256(version("matplotlib").encode())
    here = Path(__file__).parent
    for path in (*sorted(here.glob("*.py")), here.parent / "formats.py", *sorted(TEMPLATES.glob("*.txt"))):
        if path.stem != "cache":
            digest.update(path.read_bytes())
    return digest.hexdigest()


# -- drawing --------------------------------------------------------------------------

Order = tuple[
    Path, Source, list[tuple[str, str, str]]
]  # the store, a run, (kind, name, title) of its figures


def _drawn(orders: Sequence[Order]) -> list[list[Drawing | str | None]]:
    """For each order its drawings, in a drawing's place the reason why there is none, or None."""
    workers = min(cores(), len(orders))
    if workers > 1 and sum(len(figures) for _, _, figures in orders) >= MANY:
        # Spawned, not forked: the process may hold threads and xdist's channels.
        context = multiprocessing.get_context("spawn")
        # No more processes to be had: this one draws them all the same.
        with suppress(BrokenProcessPool, OSError), ProcessPoolExecutor(workers, mp_context=context) as pool:
            return list(pool.map(_filled, orders))
    return [_filled(order) for order in orders]


def _filled(order: Order) -> list[Drawing | str | None]:
    store, source, figures = order
    legs = []
    for parts in filter(None, (source.parts, source.second)):
        runs = []
        for part in parts:
            try:
                # All but the weights; of the predictions only the number of samples is drawn.
                runs.append(stored(store, part.key, part.sha256, wanted=lambda name: name[:8] != "weights/"))
            except (DamageError, OSError) as damage:
                return [f"No figure: the run {part.key} {damage} ({store})."] * len(figures)
        try:
            legs.append(join(sorted(runs, key=lambda run: run.spec.networks.first)))
        except ValueError as error:
            problem = f"No figure: the runs of this name do not belong together ({error})."
            return [problem] * len(figures)
    run = two_legs(*legs) if len(legs) > 1 else legs[0] if source.parts else from_initial(legs[0])
    return [_one(run, *figure) for figure in figures]


def _one(run: Run, kind: str, name: str, title: str) -> Drawing | str | None:
    if kind == "curves":
        return curves.draw(run, name, title)
    if kind == "agreement":
        if "train_agreement" not in run.arrays:
            return "No figure: a regression has no labels to agree on."
        return agreement.draw(run, name, title)
    shown = fields.DISTANCE if kind == "distance" else (kind,)
    return fields.draw(run, shown, name, title) if all(fields.has(run, field) for field in shown) else None
