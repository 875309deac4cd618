"""Do verdicts flip when products round to bfloat16 or TF32? On digits, at a size that trains in a second.

fp32 stays the default: these verdicts stand, but an equality within 1 % that is nearer to
its margin than the rounding (2^-9 a product in bfloat16) need not.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from claims.catalogue import claim
from claims.core.margins import HALF_LOSS
from claims.core.verdict import Outcome, decide
from claims.evidence.trained.equality import equal_loss
from claims.evidence.trained.labels import fall_then_rise, same_labels
from claims.evidence.trained.reaching import near_zero
from claims.evidence.trained.speed import slowdown
from data import load
from models.backend import resolve_backend
from models.engines.trainer import Trainer
from models.runs.run import Run
from tests.helpers.specs import mlp

REDUCED = [
    pytest.param("cpu", "bf16", id="bf16 on the CPU"),
    *(
        pytest.param(
            "cuda",
            precision,
            id=f"{precision} on CUDA",
            marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device"),
        )
        for precision in ("tf32", "bf16")
    ),
]


@cache
def run(output: str, kind: str, precision: str) -> Run:
    """Twelve 784-30-10 networks with He's weights, 24 epochs of 1,000 digits."""
    spec = mlp("mnist-1k", (30,), output, networks=12, epochs=24, batch=32, precision=precision)
    trainer = Trainer(spec, load("mnist-1k"), resolve_backend(kind, precision), threads=1)
    while not trainer.finished:
        trainer.run_epoch()
    return Run(spec, trainer.result())


def outcomes(kind: str, precision: str) -> dict[str, Outcome]:
    """Verdicts on claims about losses, labels and speed."""
    linear, softmax = (run(output, kind, precision) for output in ("linear", "softmax"))
    found = {
        "E1": near_zero(linear, claim("E1")),
        "E2": equal_loss(linear, claim("E2")),
        "E3": fall_then_rise(linear, claim("E3")),
        "E6": slowdown({"squared error": (softmax, linear)}, HALF_LOSS, claim("E6")),
        "M2": same_labels(linear, claim("M2")),
    }
    return {
        name: decide(claim(name), evidence, setting="", dataset="mnist-1k").outcome
        for name, evidence in found.items()
    }


@pytest.mark.parametrize(("kind", "precision"), REDUCED)
def test_no_verdict_flips(kind, precision):
    """Each claim comes out as in float32, though the losses do not."""
    assert outcomes(kind, precision) == outcomes("cpu", "fp32")
    reduced, full = run("linear", kind, precision), run("linear", "cpu", "fp32")
    assert not np.array_equal(reduced.arrays["train_loss"], full.arrays["train_loss"])


def test_the_verdicts_compared_differ_among_themselves():
    """Some claim is refuted and some is not, so that a flip would show."""
    assert len(set(outcomes("cpu", "fp32").values())) > 1
