"""`--network 784-100-10`: the claims on the digits, asked of a network of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import pytest

from claims.catalogue.experiments import DIGITS, Training
from claims.core.claim import NOT_CLAIMED, Claim
from data import entry
from models.networks.mlp import MLP

__all__ = ["asked_of", "check", "replaced"]


def check(layers: str, data: str) -> None:
    """Refuses a network that does not fit the data.

    Raises:
        pytest.UsageError: another number of inputs or of outputs than the data have.
    """
    of = entry(data)
    inputs = prod(of.sample_shape)
    first, *hidden, last = map(int, layers.split("-"))
    if (first, last) != (inputs, of.outputs):
        raise pytest.UsageError(
            f"got --network {layers}, wanted a network for {of.name}, which has {inputs} inputs and "
            f"{of.outputs} labels: --network {'-'.join(map(str, (inputs, *hidden, of.outputs)))}"
        )


def replaced(
    alternatives: Sequence[tuple[Training, ...]], layers: str | None
) -> Sequence[tuple[Training, ...]]:
    """The alternatives of a claim, each on this network where it would train another on the digits.

    What has become the same, or a part of another comparison, is asked once; a comparison of architectures
    has nothing left to compare.
    """
    if layers is None:
        return alternatives
    network = MLP(tuple(map(int, layers.split("-")[1:-1])))

    def own(training: Training) -> Training:
        return replace(training, network=network, slow=False) if training.data == DIGITS else training

    found = list(dict.fromkeys(tuple(map(own, each)) for each in alternatives))
    found = [each for each in found if len(set(each)) == len(each)]
    return [each for each in found if not any(set(each) < set(other) for other in found)]


def asked_of(claim: Claim, layers: str | None) -> Claim:
    """The claim as it is asked of this network, of which the paper says nothing."""
    if layers is None:
        return claim
    statement = f"{claim.statement} (asked of {layers})"
    return replace(claim, statement=statement, paper=NOT_CLAIMED, silent=())
