"""Section 2.2: do the theorem's conclusions and assumptions hold for ReLU networks?"""

from __future__ import annotations

import pytest

from claims.catalogue.declaration import claim
from claims.catalogue.exact_sets import exact_sets, of_scale
from claims.catalogue.experiments import BOSTON_50, LINEAR_500, LINEAR_500_300
from claims.evidence.cache import of_run
from claims.evidence.relu import bernoulli_paths, relu_theorem
from claims.evidence.relu.path_activations import independence_in
from claims.evidence.sources import source
from data import entry, load
from models.networks.mlp import MLP
from models.networks.network import Network


def _hidden(network: Network) -> int:
    """Units of the one hidden layer."""
    assert isinstance(network, MLP)
    (units,) = network.widths
    return units


UNITS = {
    name: _hidden((LINEAR_500 if entry(name).task == "classification" else BOSTON_50).network)
    for name in exact_sets()
}
"""The paper's networks with one hidden layer: 784-500-10 and 13-50-1."""


CONSTRUCTIONS = {
    "dead-units": tuple(UNITS),
    "dead-units-no-bias": tuple(UNITS),
    "strict": relu_theorem.STRICT,
}
"""Local minima of each kind, and the data they are shown on; equation (1) prints no biases."""


@claim("N1")
@pytest.mark.parametrize(
    ("name", "construction"),
    [
        pytest.param(
            name,
            construction,
            id=f"{name}-{construction}",
            marks=[pytest.mark.xdist_group(f"relu-{name}"), *of_scale(name)],
        )
        for construction, names in CONSTRUCTIONS.items()
        for name in names
    ],
)
def test_every_local_minimum_is_global(judge, claim, setting, evidence_cache, name, construction):
    """By exact local minima on the real data, and exact weights with a smaller loss."""
    depends = {"data": load(name).exact_table.digest, "units": UNITS[name]}
    found = evidence_cache.evidence(
        f"{claim.id} {setting}", depends, relu_theorem.on_dataset, name, construction, UNITS[name]
    )
    judge(found, dataset=name)


HOW = {"exact": bernoulli_paths.exact_evidence, "sampled": bernoulli_paths.sampled_evidence}


@claim("N2")
@pytest.mark.xdist_group("relu-synthetic")
@pytest.mark.parametrize(
    ("reading", "evidence"),
    [
        pytest.param(reading, evidence, id=f"synthetic-{reading}-{how}")
        for how, evidence in HOW.items()
        for reading in bernoulli_paths.READINGS
    ],
)
def test_bernoulli_paths_give_the_deep_linear_loss(judge, claim, setting, evidence_cache, reading, evidence):
    """In both readings, exactly on small networks and by sampling on a larger one."""
    depends = {"data": source("synthetic").exact_table.digest, "rule": repr(claim)}
    found = evidence_cache.evidence(f"{claim.id} {setting}", depends, evidence, reading, claim)
    judge(found, dataset="synthetic")


@claim("H7", LINEAR_500, LINEAR_500_300)
def test_path_activations_are_independent_of_the_input(judge_runs, evidence_cache):
    """Before and after training, by what the label explains of the activations."""

    def found(run, claim):
        return evidence_cache.evidence(
            f"{claim.id} {run.spec.name}", of_run(run, claim), independence_in, run, claim
        )

    judge_runs(found)
