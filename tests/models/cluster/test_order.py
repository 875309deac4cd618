"""Orders: JSON there and back, and a node that is not like the driver is refused by name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from models.backend import Backend
from models.cluster.errors import OtherVersionsError
from models.cluster.order import TrainingOrder, decoded
from models.runs.key import code_identity
from models.second_leg.descent import spec_of
from tests.models.runs.counted_store import CPU


@pytest.mark.parametrize("descent", [False, True])
def test_an_order_comes_back_from_its_json(order, task, descent):
    """One line, and the spec in it is the task's."""
    before = order(descent=descent)
    text = before.encoded()
    assert "\n" not in text
    assert decoded(text) == before
    assert spec_of(json.loads(text)["spec"]) == task(descent=descent).spec


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"spec": 1}', '{"kind": "training"}', '{"kind": "other"}', "order.json"]
)
def test_the_json_of_none_is_refused(text):
    """It says what it got."""
    with pytest.raises(ValueError, match="wanted the JSON of an order"):
        decoded(text)


def own_code(order: TrainingOrder) -> dict:
    return json.loads(json.dumps(code_identity(spec_of(order.spec), "cpu")))


def test_a_node_like_the_driver_is_accepted(order):
    """The same device, code and versions."""
    order().check_device("n1", CPU)
    order().check_code("n1", own_code(order()))


def test_another_device_is_refused(order):
    """By the node's name and both devices: another kind, and another model of the same kind."""
    for other in (Backend("cuda", "H200"), Backend("cpu", "another chip")):
        with pytest.raises(
            OtherVersionsError,
            match=f"got the device {other.kind} {other.device_name} on the node n1, wanted {CPU.kind} ",
        ):
            order().check_device("n1", other)


def test_another_version_is_refused_by_name(order):
    """Only the library that differs is named."""
    code = own_code(order())
    wanted, code["versions"]["torch"] = code["versions"]["torch"], "1.0"
    with pytest.raises(OtherVersionsError) as caught:
        order().check_code("n1", code)
    assert f"got torch 1.0 in place of {wanted} on the node n1" in str(caught.value)
    assert "numpy" not in str(caught.value)


def test_other_code_is_refused(order):
    """Where versions agree, it is the project's own code."""
    with pytest.raises(OtherVersionsError, match="got other code of this project on the node n1"):
        order().check_code("n1", own_code(order()) | {"code": "0" * 64})


def test_the_order_names_what_the_node_must_share(order, task):
    """Store, session and refresh are the driver's."""
    of = task()
    of.store.refresh = True
    made = order(store=of.store)
    assert (made.store, made.session, made.refresh) == (str(of.store.root), "this run", True)
    assert made.data == ((of.data.name, of.data.training_digest),)
    assert replace(CPU, kind=made.backend[0], device_name=made.backend[1]) == CPU
