"""What the functional engine trains: see `models.engines.choice`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.experiment import Experiment

__all__ = ["unsupported"]


def unsupported(spec: Experiment, kind: str) -> str | None:
    """Why this engine does not train the experiment, None where it does: whatever it is composed of."""
    if hasattr(spec.optimiser, "step"):
        return f"{spec.optimiser.kind} is a full-batch optimiser, which descends (`models.descent`)"
    precision = spec.arithmetic.precision
    if precision not in ("fp32", "fp64"):
        return f"it computes in fp32 and fp64, not in {precision}"
    return None
