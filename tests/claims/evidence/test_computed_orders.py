"""Evidence that nodes compute: as JSON there and back, made once, and found by the process that judges."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest

from claims.catalogue import claim
from claims.catalogue.computed import Computed
from claims.evidence.cache import EvidenceCache, NotKeptError
from claims.evidence.computed.linear import concluded, proved
from claims.evidence.computed.orders import as_json, carry_out, computation, of_json
from claims.evidence.computed.relu import counted
from claims.evidence.linear import hypotheses
from claims.evidence.linear.convexity import convexity_evidence
from claims.evidence.linear.preparation import on_moments
from claims.evidence.relu.bernoulli_paths import exact_evidence
from data import load
from data.packed import packed_digest
from models.cluster.elsewhere import Orders, limit_of
from models.cluster.errors import OtherVersionsError, TooLargeError
from models.cluster.node import carry_out as carried_out
from models.runs.store import RunStore


def rank(setting: str = "boston-raw", **changes) -> Computed:
    """H2 on Boston."""
    how = {"preparation": "raw", "evidence": hypotheses.gram_rank_evidence, "instead": ""}
    return Computed(proved, claim("H2"), setting, "boston", how | changes)


CONVEX = Computed(
    concluded,
    claim("T1"),
    "boston",
    "boston",
    {"preparation": "raw", "on": on_moments, "evidence": convexity_evidence, "instead": ""},
)
PATHS = Computed(
    counted,
    claim("N2"),
    "synthetic-expected-output-exact",
    "synthetic",
    {"reading": "expected-output", "evidence": exact_evidence},
)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "store", session="a test")


def kept(store) -> EvidenceCache:
    return EvidenceCache(store.root, makes=False)


@pytest.mark.parametrize("of", [rank(), CONVEX, PATHS], ids=["H2", "T1", "N2"])
def test_it_comes_back_from_its_json(of):
    """Functions by name and claims by id."""
    assert of_json(json.loads(json.dumps(as_json(of)))) == of


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (replace(CONVEX, claim=replace(claim("T1"), alpha=0.5)), "got the claim T1, wanted one of the cat"),
        (rank(evidence=lambda of: of), "got the function <lambda>, wanted one at the top of a module"),
        (rank(instead=b"bytes"), "got b'bytes', wanted text, a number or a function"),
        (rank(evidence=kept), "wanted one of the packages"),
    ],
    ids=["claim", "lambda", "bytes", "test"],
)
def test_what_a_node_could_not_make_is_refused(of, words, store):
    """When it is submitted: the process that judges makes it then."""
    with pytest.raises(ValueError, match=words):
        Orders(1).of(computation("x", [of], store, None))


@pytest.mark.parametrize("of", [rank(), CONVEX, PATHS], ids=["H2", "T1", "N2"])
def test_a_node_makes_what_the_driver_finds(of, store, tmp_path, monkeypatch):
    """The very evidence of one machine, prerequisites and all; the node never heard of the set."""
    there = load(of.data) if of.data == "boston" else None
    text = Orders(1).of(computation("H2", [of], store, None)).encoded()
    with pytest.raises(NotKeptError, match=r"got no .* wanted it made before"):
        of.found(kept(store))
    monkeypatch.setattr("data.registry._added", {})
    place = json.loads(carried_out(text))
    assert place["key"] == "H2"
    assert of.found(kept(store)) == of.found(EvidenceCache(tmp_path / "alone"))
    if there is not None:
        assert load("boston") is not there
        assert packed_digest(load("boston")) == packed_digest(there)


def test_it_is_made_once_but_for_a_refresh(store):
    """By its file."""
    order = Orders(1).of(computation("H2", [rank()], store, None))
    carried_out(order.encoded())
    files = {path: path.stat().st_ino for path in store.root.glob("evidence/*.json")}
    assert files
    carried_out(order.encoded())
    assert {path: path.stat().st_ino for path in files} == files
    carried_out(msgspec.structs.replace(order, refresh=True).encoded())
    assert all(path.stat().st_ino != inode for path, inode in files.items())


def test_one_that_fails_leaves_the_others(store):
    """Its own error is raised at the end."""
    wrong = rank(preparation="stirred")
    with pytest.raises(ValueError, match="got the preparation 'stirred'"):
        carry_out(store, [as_json(wrong), as_json(rank())])
    assert rank().found(kept(store))
    with pytest.raises(NotKeptError):
        CONVEX.found(kept(store))


def test_a_node_with_other_versions_is_refused(store):
    """By name, before anything is computed."""
    order = Orders(1).of(computation("H2", [rank()], store, None))
    versions = order.code["versions"] | {"python-flint": "0.1"}
    other = msgspec.structs.replace(order, code=order.code | {"versions": versions})
    with pytest.raises(OtherVersionsError, match=r"got python-flint [\d.]+ in place of 0\.1 on the node"):
        carried_out(other.encoded())
    other = msgspec.structs.replace(order, code=order.code | {"code": "0" * 64})
    with pytest.raises(OtherVersionsError, match="got other code of this project on the node"):
        carried_out(other.encoded())
    assert not list(store.root.glob("evidence/*"))


def test_what_is_too_large_is_refused_before_it_begins(store):
    """Without advice on networks: there are none."""
    order = Orders(1).of(computation("H2 boston", [rank()], store, None))
    with pytest.raises(TooLargeError, match=r"got no memory for H2 boston .* choose larger nodes$"):
        carried_out(msgspec.structs.replace(order, memory=10**15).encoded())


def test_all_sets_of_a_task_travel(store):
    """Those that are planted are made where they are needed."""
    order = Orders(1).of(computation("x", [PATHS, rank(), replace(rank(), data="mnist-5k")], store, None))
    assert [name for name, _ in order.data] == ["boston", "mnist-5k"]


def test_cost_and_limit_follow_from_sizes(store):
    """More inputs and more of it take longer; a limit that was given holds."""
    small, large = computation("x", [rank()], store, None), replace(rank(), data="mnist-5k")
    many = computation("x", [large] * 3, store, None)
    one = computation("x", [large], store, None)
    assert many.seconds == pytest.approx(3 * one.seconds)
    assert small.seconds < one.seconds / 2
    assert small.memory < one.memory
    assert limit_of(small) == 900
    assert limit_of(computation("x", [rank()], store, 3.0)) == 3.0
