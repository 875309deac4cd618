"""Experiments on fully connected networks from flat keywords, as tests and benchmarks write them down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models.experiment import Experiment
from models.initialisations.initialisation import initial_parameters
from models.networks.mlp import MLP, layers_of
from models.objectives.objective import Objective
from models.parts.part import find

__all__ = ["changed", "initial_weights", "mlp"]

_PLACES = {
    "output": "objective",
    "loss": "objective",
    "penalty": "objective",
    "learning_rate": "optimiser",
    "networks": "networks",
    "first": "networks",
    "seed": "networks",
    "epochs": "budget",
    "batch": "budget",
    "checkpoints": "budget",
    "precision": "arithmetic",
}


def mlp(
    data: str, widths: Any, output: str = "linear", loss: str = "mse", protocol: str = "he", **more: Any
) -> Experiment:
    """The experiment; `more` are the fields of its parts, by their own names, `networks` being how many."""
    drawn = find("initialisations", protocol)()
    return changed(Experiment(data, MLP(widths), Objective(output, loss), initialisation=drawn), **more)


def changed(spec: Experiment, **changes: Any) -> Experiment:
    """The experiment with other fields of its parts: `changed(spec, epochs=5, output="softmax")`."""
    by_part: dict[str, dict[str, Any]] = {}
    for name, value in changes.items():
        match name:
            case "widths":
                spec = replace(spec, network=MLP(value))
            case "protocol":
                spec = replace(spec, initialisation=find("initialisations", value)())
            case "data":
                spec = replace(spec, data=value)
            case _:
                field = "count" if name == "networks" else name
                by_part.setdefault(_PLACES[name], {})[field] = value
    return replace(spec, **{part: replace(getattr(spec, part), **own) for part, own in by_part.items()})


def initial_weights(sizes: Any, protocol: str, groups: Any, seeds: Any) -> Any:
    """Weights [M, fan_in, fan_out] and biases of the layers of fully connected networks of these sizes."""
    about = MLP(sizes[1:-1]).parameters((sizes[0],), sizes[-1])
    return layers_of(initial_parameters(about, find("initialisations", protocol)(), groups, seeds))
