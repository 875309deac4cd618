"""What the fast engine trains: see `models.engines.choice`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.experiment import Experiment

__all__ = ["unsupported"]


def unsupported(spec: Experiment, kind: str) -> str | None:
    """Why this engine does not train the experiment, None where it does."""
    if spec.network.kind != "mlp":
        return f"it trains fully connected ReLU networks, not {spec.network.kind}"
    if spec.optimiser.kind != "adam":
        return f"it takes Adam's steps, not {spec.optimiser.kind}'s"
    if spec.objective.penalty is not None:
        # Under Adam the weights of an input that is 0 on all samples never move, and it leaves them out.
        return "it leaves out weights that get no gradient, which a penalty moves all the same"
    return None
