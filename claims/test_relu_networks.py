"""Section 2.2: do the theorem's conclusions and assumptions hold for ReLU networks?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from claims.catalogue.computed import Computed
from claims.catalogue.declaration import claim
from claims.catalogue.exact_sets import exact_sets, of_scale
from claims.catalogue.experiments import BOSTON_50, LINEAR_500, LINEAR_500_300
from claims.core.claim import Claim
from claims.core.verdict import Evidence
from claims.evidence.cache import of_run
from claims.evidence.computed.relu import counted, shown
from claims.evidence.relu import bernoulli_paths, relu_theorem
from claims.evidence.relu.path_activations import independence_in
from data import entry
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


def minima(claim: Claim, setting: str, name: str, construction: str) -> Computed:
    how = {"construction": construction, "units": UNITS[name]}
    return Computed(shown, claim, setting, name, how)


@claim("N1", computes=minima)
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            {"name": name, "construction": construction},
            id=f"{name}-{construction}",
            marks=[pytest.mark.xdist_group(f"relu-{name}"), *of_scale(name)],
        )
        for construction, names in CONSTRUCTIONS.items()
        for name in names
    ],
)
def test_every_local_minimum_is_global(judge_computed):
    """By exact local minima on the real data, and exact weights with a smaller loss."""
    judge_computed()


HOW = {"exact": bernoulli_paths.exact_evidence, "sampled": bernoulli_paths.sampled_evidence}


def paths(claim: Claim, setting: str, reading: str, evidence: Callable[..., Evidence]) -> Computed:
    how = {"reading": reading, "evidence": evidence}
    return Computed(counted, claim, setting, "synthetic", how)


@claim("N2", computes=paths)
@pytest.mark.xdist_group("relu-synthetic")
@pytest.mark.parametrize(
    "case",
    [
        pytest.param({"reading": reading, "evidence": evidence}, id=f"synthetic-{reading}-{how}")
        for how, evidence in HOW.items()
        for reading in bernoulli_paths.READINGS
    ],
)
def test_bernoulli_paths_give_the_deep_linear_loss(judge_computed):
    """In both readings, exactly on small networks and by sampling on a larger one."""
    judge_computed()


@claim("H7", LINEAR_500, LINEAR_500_300)
def test_path_activations_are_independent_of_the_input(judge_runs, evidence_cache):
    """Before and after training, by what the label explains of the activations."""

    def found(run, claim):
        return evidence_cache.evidence(
            f"{claim.id} {run.spec.name}", of_run(run, claim), independence_in, run, claim
        )

    judge_runs(found)
