"""What plots are drawn from, computed once: kept in the run store under the digest of all it depends on.

The store's folder figures/ holds these values by content (`models.runs.content`): of the runs, what is asked
of them and the code that answers. A report whose runs are known reads no run.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from claims.curves.shown import shown
from models.backend import cores
from models.runs.cache import Recent
from models.runs.code import code_digest
from models.runs.content import ValueStore
from models.runs.files import DamageError
from models.runs.remote.opened import at_hand
from models.runs.remote.place import Place
from models.runs.run import Run
from reports.plots.fields import Fields, fields_of
from reports.plots.records import Judged
from reports.plots.series import line
from reports.plots.sources import Source, read
from reports.rendering import TEMPLATES

if TYPE_CHECKING:
    from claims.curves.quantities import Quantity

__all__ = ["Asked", "Problem", "Values"]

MANY = 6
"""Runs that are worth a process of their own each; one starts in a second."""


class Problem(str):
    """Why there is no value, in words."""


class Asked(msgspec.Struct, frozen=True):
    """A claim's quantity on these runs, or with no claim all fields of a run."""

    sources: tuple[Source, ...]
    claim: str = ""

    @property
    def name(self) -> str:
        """Readable head of the value's name."""
        return f"{self.claim or 'fields'} {self.sources[0].name}"


class Values:
    """Values of runs in a store.

    Args:
        store: the run store, by its folder or its place.
    """

    def __init__(self, store: Path | Place) -> None:
        self.store, self.computed = store if isinstance(store, Place) else Place(store), 0
        root, remote = at_hand(self.store)
        self._values = ValueStore(root, "figures", remote=remote)

    def of(self, asked: Iterable[Asked]) -> dict[Asked, Fields | Judged | str]:
        """Each of these values, or why there is none; those that are not in the store are computed, many at
        once."""
        found: dict[Asked, Any] = {one: self._values.find(one.name, _identity(one)) for one in asked}
        missing: dict[tuple[Source, ...], list[Asked]] = {}
        for one, value in found.items():
            if value is None:
                missing.setdefault(one.sources, []).append(one)
        orders = [(self.store, sources, [one.claim for one in group]) for sources, group in missing.items()]
        for group, values in zip(missing.values(), _answers(orders), strict=True):
            for one, value in zip(group, values, strict=True):
                found[one] = value
                if not isinstance(value, Problem):
                    self._keep(one, value)
        return {one: _typed(one, value) for one, value in found.items()}

    def _keep(self, one: Asked, value: Any) -> None:
        self.computed += 1
        with suppress(OSError):  # a store that cannot be written costs the next report its time
            self._values.value(one.name, _identity(one), lambda: value)


def _typed(one: Asked, value: Any) -> Fields | Judged | str:
    if isinstance(value, Problem):
        return value
    try:
        return msgspec.json.decode(value, type=Judged if one.claim else Fields)
    except (msgspec.DecodeError, TypeError) as error:
        return f"what the store has of {one.name} is none of it ({error})"


def _identity(one: Asked) -> dict[str, Any]:
    """All that a value depends on."""
    runs = [[[part.key, part.sha256] for part in (*of.parts, *of.second)] for of in one.sources]
    return {"runs": runs, "claim": one.claim, "code": _version()}


_WORDS = ("agreement.txt", "curves.txt", "descent.txt")


@cache
def _version() -> str:
    """Digest of the code that computes, with all that it imports, and of the words of captions: what changes
    makes all anew."""
    words = b"".join((TEMPLATES / name).read_bytes() for name in _WORDS)
    return f"{code_digest((__name__,))} {hashlib.sha256(words).hexdigest()}"


# -- computing ------------------------------------------------------------------------

Order = tuple[Place, tuple[Source, ...], list[str]]
"""The store, runs side by side, and the claims whose quantity is asked; "" for all fields."""


_recent = Recent()  # of this process


def _answers(orders: Sequence[Order]) -> list[list[str]]:
    """For each order its values as JSON, or in a value's place the reason why there is none."""
    workers = min(cores(), len(orders))
    _recent.clear()
    if workers > 1 and len(orders) >= MANY:
        # Spawned, not forked: the process may hold threads and xdist's channels.
        context = multiprocessing.get_context("spawn")
        # No more processes to be had: this one computes them all the same.
        with suppress(BrokenProcessPool, OSError), ProcessPoolExecutor(workers, mp_context=context) as pool:
            return list(pool.map(_answer, orders))
    return [_answer(order) for order in orders]


def _answer(order: Order) -> list[str]:
    """JSON, which is kept as one text: the store digests a text in no time."""
    store, sources, claims = order
    try:
        runs = [_recent.get((store, source), partial(read, store, source)) for source in sources]
    except (DamageError, OSError) as damage:
        return [Problem(damage)] * len(claims)
    return [_encoded(_judged(runs, id) if id else fields_of(runs[0])) for id in claims]


def _judged(runs: Sequence[Run], id: str) -> Judged | str:
    """The quantity of the claim with this id on these runs, or why there is none."""
    # the arithmetic's time only where something is computed
    from claims.curves import quantities
    from claims.curves.moments import Moments

    quantity: Quantity = getattr(quantities, shown(id).judged)
    moments = Moments.of(runs)
    try:
        values = quantity(moments, runs)
    except (KeyError, ValueError) as error:
        return f"these runs lack what {id} is judged by ({error})"
    steps = np.concatenate([np.zeros(moments.epochs + 1, dtype=int), moments.steps])
    epochs = np.concatenate([np.arange(moments.epochs + 1), np.full(len(moments.steps), moments.epochs)])
    return Judged(*line(runs[0], values, epochs, steps))


def _encoded(value: Fields | Judged | str) -> str:
    return Problem(value) if isinstance(value, str) else msgspec.json.encode(value).decode()
