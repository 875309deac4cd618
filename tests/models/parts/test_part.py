"""Parts of an experiment: kinds are found by file, say their JSON, and refuse what they are not."""

from __future__ import annotations

import json

import pytest

from models.experiment import Arithmetic, Budget, Experiment, Networks
from models.initialisations.std import Std
from models.networks.mlp import MLP
from models.objectives.objective import Objective
from models.optimisers.sgd import SGD
from models.parts.part import decoded, find, kinds
from models.penalties.l2 import L2

WHOLE = Experiment(
    data="boston",
    network=MLP((5, 4)),
    objective=Objective("softmax", "ce", L2(0.5)),
    optimiser=SGD(0.1, 0.9),
    initialisation=Std(),
    networks=Networks(8, 4, 3),
    budget=Budget(7, 20, (1, 5)),
    arithmetic=Arithmetic("fp64"),
)


def test_kinds_are_the_files_that_hold_one():
    """Protocols and helpers in the same folder are none."""
    assert {"mlp"} <= set(kinds("networks"))
    assert kinds("initialisations") == ["he", "std", "var", "xavier"]
    assert {"adam", "sgd"} <= set(kinds("optimisers"))
    assert "optimiser" not in kinds("optimisers")


def test_every_part_is_in_the_json_under_its_kind():
    """Nothing is left out, and what there is one of has no kind."""
    assert json.loads(WHOLE.canonical()) == {
        "data": "boston",
        "network": {"kind": "mlp", "widths": [5, 4]},
        "objective": {"output": "softmax", "loss": "ce", "penalty": {"kind": "l2", "strength": 0.5}},
        "optimiser": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9},
        "initialisation": {"kind": "std"},
        "networks": {"count": 8, "first": 4, "seed": 3},
        "budget": {"epochs": 7, "batch": 20, "checkpoints": [1, 5]},
        "arithmetic": {"precision": "fp64"},
    }


def test_the_json_makes_the_same_experiment():
    """As text and as values."""
    assert Experiment.from_json(WHOLE.canonical()) == WHOLE
    assert Experiment.from_json(WHOLE.as_json()) == WHOLE


def test_names_say_what_is_not_the_papers():
    """A penalty and another optimiser are in the name, the paper's own are not."""
    assert WHOLE.name == "boston-5-4-std-l2-0.5-sgd-0.1-0.9 softmax ce"
    assert Experiment("boston", MLP((5,))).name == "boston-5-he linear mse"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"network": {"kind": "transformer"}},
            "got the kind 'transformer', wanted one of models/networks/: ",
        ),
        ({"network": {"kind": "mlp"}}, "which is no mlp of models/networks/: "),
        ({"network": {"kind": "mlp", "widths": [0]}}, "wanted hidden layers of at least one unit each"),
        ({"optimiser": {"kind": "sgd", "momentum": 1}}, "got momentum 1.0, wanted a number below 1"),
        (
            {"optimiser": {"kind": "sgd", "learning_rate": 0}},
            "got learning_rate 0, wanted a finite number above 0",
        ),
        ({"objective": {"penalty": {"kind": "l2", "strength": -1}}}, "wanted a finite number of at least 0"),
        ({"budget": None}, "wanted the JSON of an experiment"),
        ({"strange": 1}, "wanted the JSON of an experiment"),
    ],
)
def test_the_json_of_no_experiment_is_refused(change, message):
    """The error says which part, and what would do."""
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        Experiment.from_json(WHOLE.as_json() | change)


def test_a_kind_is_found_by_its_file():
    """And nothing else is one: neither a helper's file nor a path."""
    assert find("penalties", "l2") is L2
    assert decoded("penalties", {"kind": "l2", "strength": 2}) == L2(2.0)
    for name in ("penalty", "../l2", "L2", ""):
        with pytest.raises(ValueError, match=r"wanted one of models/penalties/: l2; a new one is a file"):
            find("penalties", name)
