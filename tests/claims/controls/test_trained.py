"""Planted controls that were really trained: tiny regressions whose end is known beforehand."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from claims.core.verdict import Outcome
from claims.evidence.trained.equality import equal_loss
from claims.evidence.trained.reaching import every_architecture, near_zero, same_behaviour
from data import Dataset
from models.backend import resolve_backend
from models.engines.trainer import Trainer
from models.runs.run import Run, join
from tests.claims.planted import altered, judged
from tests.helpers.specs import mlp

SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE


@cache
def trained(noise: float, epochs: int = 120, first: int = 0, networks: int = 32, width: int = 32) -> Run:
    """Networks on eight points: each point twice, with targets `noise` above and below one another."""
    rng = np.random.default_rng(0)
    x = np.tile(rng.normal(size=(8, 5)), (2, 1))
    y = np.tile(rng.normal(size=8), 2) + noise * np.repeat([1.0, -1.0], 8)
    data = Dataset("tiny", "regression", x, y, x, y, 0, "", "made up")
    spec = mlp("tiny", (width,), first=first, networks=networks, epochs=epochs, batch=16, learning_rate=0.03)
    trainer = Trainer(spec, data, resolve_backend("cpu"), threads=1)
    while not trainer.finished:
        trainer.run_epoch()
    return Run(spec, trainer.result())


@pytest.fixture(scope="module")
def realisable() -> Run:
    """A task that a zero loss solves, trained until it does."""
    return trained(0.0)


@pytest.fixture(scope="module")
def noisy() -> Run:
    """A task whose inputs each have two targets, trained to the plateau that this leaves."""
    return trained(0.5)


def test_a_realisable_task_reaches_zero(realisable):
    """E1, E2 and D2 are supported, E7 refuted, by networks that were really trained."""
    assert judged("E1", near_zero, realisable).outcome is SUPPORTED
    assert judged("E2", equal_loss, realisable).outcome is SUPPORTED
    assert judged("E7", equal_loss, realisable).outcome is REFUTED
    assert judged("D2", every_architecture, [realisable] * 3).outcome is SUPPORTED


def test_irreducible_noise_stays(noisy):
    """E1 and D2 are refuted by networks that settle at the loss the noise leaves."""
    verdict = judged("E1", near_zero, noisy)
    assert (verdict.outcome, verdict.estimate) == (REFUTED, 0.0), verdict.reason
    assert judged("D2", every_architecture, [noisy] * 3).outcome is REFUTED


def test_networks_of_different_worth_end_at_different_losses(realisable, noisy):
    """E2 is refuted and E7 supported where half of the networks were trained on the noisy task."""
    mixed = np.concatenate([realisable.normalised_loss()[:, :16], noisy.normalised_loss()[:, 16:]], 1)
    run = altered(realisable, train_loss=mixed * realisable.arrays["baseline"][0])
    assert judged("E2", equal_loss, run).outcome is REFUTED
    assert judged("E7", equal_loss, run).outcome is SUPPORTED


def test_another_task_behaves_otherwise(realisable, noisy):
    """E5 is supported by two widths that both arrive, and refuted where only one of them does."""
    assert judged("E5", same_behaviour, trained(0.0, width=24), realisable).outcome is SUPPORTED
    assert judged("E5", same_behaviour, noisy, realisable).outcome is REFUTED


def test_training_cut_short_refutes_nothing():
    """The realisable task after three epochs is inconclusive: more training would tell."""
    verdict = judged("E1", near_zero, trained(0.0, epochs=3))
    assert verdict.outcome is INCONCLUSIVE
    assert "32 of 32 networks had not converged" in verdict.reason


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_looks_joined_are_judged_as_one_training(noise):
    """The networks of two looks, trained apart, give the verdict of all of them trained at once."""
    joined = join([trained(noise, first=0, networks=12), trained(noise, first=12, networks=20)])
    for id, evidence in (("E1", near_zero), ("E2", equal_loss)):
        whole, parts = judged(id, evidence, trained(noise)), judged(id, evidence, joined)
        assert (whole.outcome, whole.n, whole.interval) == (parts.outcome, parts.n, parts.interval)
