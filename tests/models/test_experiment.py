"""The frozen spec: what it refuses, and how it is named and written."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

from models.experiment import Experiment
from tests.helpers.specs import mlp

REFUSED = [
    ({"output": "tanh"}, "got output 'tanh', wanted one of linear, softmax, relu"),
    ({"loss": "l1"}, "got loss 'l1', wanted one of mse, bce, ce"),
    (
        {"protocol": "gauss"},
        "got the kind 'gauss', wanted one of models/initialisations/: he, std, var",
    ),
    ({"precision": "fp16"}, "got precision 'fp16', wanted one of fp32, fp64, tf32, bf16"),
    ({"epochs": 0}, "got epochs 0, wanted a whole number of at least 1"),
    ({"epochs": 1.5}, "got epochs 1.5, wanted a whole number"),
    ({"batch": -3}, "got batch -3, wanted a whole number of at least 1"),
    ({"networks": "many"}, "got networks 'many', wanted a whole number"),
    ({"networks": None}, "got networks None, wanted a whole number"),
    ({"networks": 0}, "got networks 0, wanted a multiple of 4 of at least 4: networks come in quadruples"),
    ({"networks": 30}, "got networks 30, wanted a multiple of 4 of at least 4"),
    ({"first": 2}, "got first 2, wanted a multiple of 4 of at least 0"),
    ({"first": -4}, "got first -4, wanted a multiple of 4 of at least 0"),
    ({"seed": 0.5}, "got seed 0.5, wanted a whole number"),
    ({"widths": (500, 0)}, "got widths (500, 0), wanted hidden layers of at least one unit each"),
    ({"widths": 500}, "got widths 500, wanted a tuple of whole numbers"),
    ({"widths": (10.5,)}, "got widths 10.5, wanted a whole number"),
    ({"learning_rate": 0}, "got learning_rate 0, wanted a finite number above 0"),
    ({"learning_rate": float("nan")}, "got learning_rate nan, wanted a finite number above 0"),
    ({"learning_rate": float("inf")}, "got learning_rate inf, wanted a finite number above 0"),
    ({"learning_rate": "fast"}, "got learning_rate 'fast', wanted a finite number above 0"),
    ({"epochs": 4, "checkpoints": (5,)}, "got checkpoints (5,), wanted epochs between 0 and epochs=4"),
    ({"checkpoints": (-1,)}, "got checkpoints (-1,), wanted epochs between 0 and epochs=10"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[message[4:30] for _, message in REFUSED])
def test_a_wrong_spec_is_refused(changes, message):
    """The error says what was got and what was wanted."""
    with pytest.raises(ValueError, match=re.escape(message)):
        mlp(**({"data": "mnist-5k", "widths": (10,)} | changes))


@pytest.mark.parametrize(
    ("protocol", "populations", "groups"),
    [
        ("he", (0,), (0,) * 8),
        ("std", (0, 1, 2, 3), (0, 1, 2, 3) * 2),
        ("var", (0, 1, 2, 3), (0, 1, 2, 3) * 2),
    ],
)
def test_a_networks_number_says_its_population(protocol, populations, groups):
    """Under he all networks are one population; under std and var every quadruple has one of each i."""
    spec = mlp("boston", (5,), protocol=protocol, networks=8, first=12)
    assert spec.numbers == (12, 13, 14, 15, 16, 17, 18, 19)
    assert (spec.populations, spec.groups) == (populations, groups)


def test_a_spec_reads_like_the_paper():
    """The setting names data, widths and protocol, the name output and loss too."""
    spec = mlp("mnist-5k", (500, 300), "softmax", "ce", "std")
    assert spec.setting == "mnist-5k-500-300-std"
    assert spec.name == "mnist-5k-500-300-std softmax ce"


def test_json_is_one_canonical_line_of_all_fields():
    """Keys are sorted, nothing is left out, and the JSON makes the same spec."""
    spec = mlp("boston", (50,), checkpoints=(1, 5))
    text = spec.canonical()
    fields = json.loads(text)
    assert "\n" not in text
    assert list(fields) == sorted(field.name for field in dataclasses.fields(Experiment))
    assert Experiment.from_json(text) == Experiment.from_json(fields) == spec


EQUAL = {
    "lists": {"widths": [500]},
    "numpy numbers": {"widths": (np.int64(500),), "epochs": np.int64(10), "seed": np.int32(0)},
    "whole floats": {"epochs": 10.0, "batch": 100.0},
    "an integer rate": {"learning_rate": 1},
    "checkpoints out of order": {"checkpoints": (7, 2, 2)},
}


@pytest.mark.parametrize("changes", EQUAL.values(), ids=EQUAL)
def test_equal_specs_have_equal_json(changes):
    """However its numbers were typed, one experiment has one name in the store."""
    usual = {"data": "mnist-5k", "widths": (500,)}
    if "learning_rate" in changes:
        usual["learning_rate"] = 1.0
    if "checkpoints" in changes:
        usual["checkpoints"] = (2, 7)
    assert mlp(**(usual | changes)).canonical() == mlp(**usual).canonical()


def test_a_spec_cannot_be_changed():
    """It is a key: frozen and hashable."""
    spec = mlp("boston", (5,))
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.budget.epochs = 3
    assert spec in {mlp("boston", (5,))}
