"""What a run's bytes depend on, and the name that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from data import Dataset
from models.backend import Backend
from models.engines.choice import engine_module
from models.experiment import Experiment
from models.recorders.field import CORE
from models.runs.code import code_and_versions
from models.runs.content import content_key
from models.second_leg.descent import Descent

__all__ = ["FORMAT", "code_identity", "run_identity", "run_key", "trainer_modules"]

FORMAT = 3
"""Of the run's files."""

LIBRARIES = ("numpy", "torch")
"""Libraries whose arithmetic and random numbers are in a run's bytes."""


def trainer_modules(spec: Experiment | Descent, kind: str) -> tuple[str, ...]:
    """The modules that train this experiment on this kind of device; their imports are followed.

    A descent depends on what trained the networks too, where it starts from what they became.
    """
    recorders = [f"models.recorders.{name}" for name in CORE]
    if isinstance(spec, Descent):
        methods = [type(method).__module__ for method in spec.methods]
        before = trainer_modules(spec.experiment, kind) if spec.start == "trained" else ()
        return ("models.second_leg.descender", *methods, *_kinds(spec.experiment), *recorders, *before)
    return ("models.engines.trainer", engine_module(spec, kind), *_kinds(spec), *recorders)


def _kinds(spec: Experiment) -> list[str]:
    """The modules of what the experiment is composed of."""
    parts = (spec.network, spec.optimiser, spec.initialisation, spec.objective.penalty)
    return [type(part).__module__ for part in parts if part is not None]


def run_identity(spec: Experiment | Descent, data: Dataset, backend: Backend) -> dict[str, Any]:
    """All that a run's bytes depend on, as plain JSON."""
    return {
        "format": FORMAT,
        "spec": spec.as_json(),
        "data": {"name": data.name, "arrays": data.training_digest},
        "backend": asdict(backend),
        **code_identity(spec, backend.kind),
    }


def code_identity(spec: Experiment | Descent, kind: str) -> dict[str, Any]:
    """The part of the identity that a new version of this project or of a library changes."""
    return code_and_versions(trainer_modules(spec, kind), LIBRARIES)


def run_key(identity: Mapping[str, Any], spec: Experiment | Descent) -> str:
    """The run's name in the store."""
    return content_key(spec.name.replace(" ", "-"), identity)
