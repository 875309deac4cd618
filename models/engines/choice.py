"""Which engine trains an experiment: the first that supports it.

The fast one trains the paper's networks, the functional one any network with any objective and optimiser. To
say which takes no torch, so that a run is found in the store without importing it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.experiment import Experiment

__all__ = ["ENGINES", "engine_module"]

ENGINES = ("mlp", "functional")
"""Packages in `models/engines/`, the fastest first: `support.py` says what they train, `engine.py` trains."""


def engine_module(spec: Experiment, kind: str) -> str:
    """The module whose `Engine` trains this experiment.

    Args:
        spec: the experiment.
        kind: of the device.

    Raises:
        ValueError: no engine does, with each one's reason.
    """
    reasons = []
    for name in ENGINES:
        support: Any = importlib.import_module(f"models.engines.{name}.support")
        reason = support.unsupported(spec, kind)
        if reason is None:
            return f"models.engines.{name}.engine"
        reasons.append(f"{name}: {reason}")
    raise ValueError(f"got the experiment {spec.name}, which no engine trains: {'; '.join(reasons)}")
