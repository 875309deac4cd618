"""Decayed Adam beside torch's Adam under an exponential schedule."""

from __future__ import annotations

import pytest
import torch

from models.backend import Backend
from models.engines.choice import engine_module
from models.engines.trainer import Trainer
from models.optimisers.decayed_adam import DecayedAdam
from tests.helpers.specs import mlp


def test_steps_are_torchs_under_an_exponential_schedule():
    """In float64 to 1e-10, over the whole decay and after it."""
    w = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    target = torch.linspace(-2, 2, 15, dtype=torch.float64).view(3, 5)
    ours, adam = {"w": w}, DecayedAdam(1e-1, 1e-3, 40)
    theirs = torch.nn.Parameter(w.clone())
    optimiser = torch.optim.Adam([theirs], lr=1e-1)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, (1e-3 / 1e-1) ** (1 / 40))
    state = adam.init(ours)
    for step in range(60):
        theirs.grad = (theirs.detach() - target) ** 3
        ours, state = adam.update(ours, {"w": (ours["w"] - target) ** 3}, state)
        optimiser.step()
        if step < 40:
            schedule.step()
        torch.testing.assert_close(ours["w"], theirs.detach(), rtol=0, atol=1e-10)
    assert adam.learning_rate(0) == 1e-1
    assert adam.learning_rate(40) == adam.learning_rate(10_000) == pytest.approx(1e-3)


def test_a_setting_names_it_and_the_functional_engine_trains_it(digits, tiny):
    """Its fields are in the name; a training that is stopped goes on with the same bytes."""
    spec = mlp(digits.name, (4,), networks=4, epochs=2, batch=10)
    spec = type(spec).from_json(
        spec.as_json() | {"optimiser": {"kind": "decayed_adam", "start": 0.01, "end": 1e-5, "steps": 12}}
    )
    assert spec.setting == "tiny-4-he-decayed-adam-0.01-1e-05-12"
    assert engine_module(spec, "cpu") == "models.engines.functional.engine"
    whole = Trainer(spec, digits, Backend("cpu", "cpu"), 1)
    whole.run_epoch()
    again = Trainer(spec, digits, Backend("cpu", "cpu"), 1, state=whole.state())
    for trainer in (whole, again):
        trainer.run_epoch()
    for name, tensor in whole.parameters().items():
        assert torch.equal(tensor, again.parameters()[name])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"start": 0}, "got start 0, wanted a finite number above 0"),
        ({"end": 1.0}, "above start 0.01, wanted a step size that falls"),
        ({"steps": 0}, "wanted a whole number of at least 1"),
    ],
)
def test_fields_that_make_no_schedule_are_refused(fields, said):
    """With what was got and what was wanted."""
    with pytest.raises(ValueError, match=said):
        DecayedAdam(**fields)
