"""In which order tests run: the longest descents and trainings first, so that all workers end at about the
same time.

Then comparisons, when most of what they compare is trained, and last what trains nothing: many short tests,
which even out when the workers end.
"""

from __future__ import annotations

import pytest

from claims.catalogue.experiments import Scale
from claims.harness.collection import group, specs_of
from data import entry
from models.experiment import Experiment

__all__ = ["priority", "work"]

LAUNCH = 5_000
"""Narrow networks cost their launches rather than their arithmetic: some 5,000 weights a sample, measured."""


def priority(item: pytest.Item, scale: Scale) -> tuple[int, float, float, str]:
    """The key to sort by; tests of one experiment share it, and keep their order."""
    specs = specs_of(item)
    if not specs:
        return (2, 0.0, 0.0, "")
    # A comparison's cost is what only it trains; its first experiment stands for the order.
    return (1 if len(specs) > 1 else 0, -scale.length(specs[0]), -work(specs[0]), group(specs))


def work(spec: Experiment) -> float:
    """Relative training time of an experiment: weights times samples passed through them."""
    of = entry(spec.data)
    weights = spec.network.cost(of.sample_shape, of.outputs)
    return float(spec.budget.epochs * of.train * spec.networks.count * (weights + LAUNCH))
