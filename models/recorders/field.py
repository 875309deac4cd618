"""What a recorder declares: the arrays it writes down after every epoch, with their axes, unit and title.

A recorder is a module of this folder with

    FIELDS: Mapping[str, Field]                                what it records after an epoch
    record(view: View) -> dict[str, np.ndarray]                these arrays, a row of each

and, where they apply, `applies(data)`, whether it records anything on this data set; `EARLY` and
`early(view)`, the same for the early steps inside the first epochs, where the view has the training side
only.

Nothing lists the recorders: a new file is found, recorded by the runs trained from then on, and drawn by the
report. Runs that were trained before stay as they are, without its fields.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    from models.recorders.view import View

__all__ = ["CORE", "Field", "Recorder", "fields", "recorders", "recorders_of"]

CORE = ("losses", "labels", "weights")
"""Recorders that the claims need: every run has their fields, in this order, before those of any other."""


@dataclass(frozen=True, slots=True)
class Field:
    """An array that runs hold.

    Attributes:
        dims: its axes in order, from "epoch" (T + 1 rows, the first before any training), "step" (the early
            steps), "network" (M), "pair" (the pairs of every quadruple), "sample", "side" (train, test); the
            first is the one that grows as training goes on.
        unit: of its numbers: "loss", "share", "samples", "weights", "distance".
        title: what it is, in words, as a figure's heading has it.
        dtype: NumPy's name of the type.
        log: whether a figure's axis is logarithmic.
    """

    dims: tuple[str, ...]
    unit: str
    title: str
    dtype: str = "float64"
    log: bool = False


class Recorder(Protocol):
    """A module of this folder."""

    __name__: str
    FIELDS: Mapping[str, Field]

    def record(self, view: View) -> dict[str, np.ndarray]:
        """A row of each field."""


@cache
def recorders() -> tuple[Recorder, ...]:
    """All that there are: the core's, then the others by name.

    Raises:
        TypeError: a field that two recorders declare.
    """
    package = importlib.import_module("models.recorders").__path__
    names = sorted(module.name for module in pkgutil.iter_modules(package))
    modules = [importlib.import_module(f"models.recorders.{name}") for name in (*CORE, *names) if name]
    found = list(dict.fromkeys(module for module in modules if hasattr(module, "FIELDS")))
    declared: dict[str, str] = {}
    for module in found:
        for name in (*module.FIELDS, *getattr(module, "EARLY", {})):
            if name in declared:
                raise TypeError(
                    f"got the field {name!r} in {module.__name__} and in {declared[name]}, wanted it in one: "
                    "give the new one another name"
                )
            declared[name] = module.__name__
    return tuple(found)


def recorders_of() -> dict[str, str]:
    """By array, the module that records it, of all recorders but the core's."""
    core = {f"models.recorders.{name}" for name in CORE}
    return {
        name: recorder.__name__
        for recorder in recorders()
        if recorder.__name__ not in core
        for name in (*recorder.FIELDS, *getattr(recorder, "EARLY", {}))
    }


def fields() -> dict[str, Field]:
    """Every field that a recorder declares, by name."""
    found: dict[str, Field] = {}
    for recorder in recorders():
        found |= {**recorder.FIELDS, **getattr(recorder, "EARLY", {})}
    return found
