"""The runs of a report as they are drawn: the looks of a design, and both legs, as one."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from claims.core.origin import Subject, TrainedRun
from models.runs.files import DamageError
from models.runs.remote.opened import at_hand
from models.runs.remote.place import Place
from models.runs.run import Run, from_initial, join, two_legs
from models.runs.stored import stored

__all__ = ["Source", "read", "sources"]


class Source(msgspec.Struct, frozen=True):
    """What is drawn as one run: the parts are the looks of a sequential design, each with other networks, and
    so are those of its second leg; of a descent from the initial weights there are no others."""

    name: str
    subject: Subject
    parts: tuple[TrainedRun, ...]
    second: tuple[TrainedRun, ...] = ()


def sources(runs: Iterable[TrainedRun]) -> list[Source]:
    """The runs of one name as one, each training with the descent from where it ended as its second leg; in
    the order in which they come. One without a subject shows nothing."""
    legs: tuple[dict[str, list[TrainedRun]], dict[str, list[TrainedRun]]] = {}, {}
    for run in runs:
        name = run.name or run.key
        if run.descent and run.descent.start == "trained":
            name = name.removesuffix(f" {'+'.join(run.descent.methods)}")
        # without what only a table says of descents
        legs[run.descent is not None].setdefault(name, []).append(msgspec.structs.replace(run, descent=None))
    first, second = legs
    return [
        Source(name, subject, tuple(first.get(name, ())), tuple(second.get(name, ())))
        for name, found in (first | {name: of for name, of in second.items() if name not in first}).items()
        if (subject := found[0].subject)
    ]


def _drawn(name: str) -> bool:
    return not name.startswith("weights/")


def read(store: Place, source: Source) -> Run:
    """Both legs of a source.

    Raises:
        DamageError: why it cannot be drawn, in words.
    """
    root, remote = at_hand(store)
    legs = []
    for parts in filter(None, (source.parts, source.second)):
        runs = []
        for part in parts:
            try:
                runs.append(stored(root, part.key, part.sha256, wanted=_drawn, remote=remote))
            except (DamageError, OSError) as damage:
                raise DamageError(f"the run {part.key} {damage} ({store.where})") from damage
        try:
            legs.append(join(sorted(runs, key=lambda run: run.spec.networks.first)))
        except ValueError as error:
            raise DamageError(f"the runs of this name do not belong together ({error})") from error
    return two_legs(*legs) if len(legs) > 1 else legs[0] if source.parts else from_initial(legs[0])
