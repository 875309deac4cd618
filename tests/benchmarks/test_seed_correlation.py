"""How alike the networks of a seed are: the correlation, the coverage, and what "shared" shares."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import seed_correlation as of
from tests.helpers.specs import changed


def test_independent_networks_have_no_correlation():
    """Over many seeds that of independent draws is 0, that of equal ones 1, and a half is a half."""
    rng = np.random.default_rng(0)
    own, seeds = rng.normal(size=(2000, 12)), rng.normal(size=(2000, 1))
    assert of.intraclass_correlation(own) == pytest.approx(0.0, abs=0.01)
    assert of.intraclass_correlation(np.tile(seeds, 12)) == pytest.approx(1.0)
    assert of.intraclass_correlation(own + seeds) == pytest.approx(0.5, abs=0.02)


def test_the_correlation_by_hand():
    """Two seeds of two: between 8, within 1 make (8 - 1) / (8 + 1)."""
    assert of.intraclass_correlation([[0, 2**0.5], [8**0.5, 18**0.5]]) == pytest.approx(7 / 9)


def test_intervals_of_correlated_seeds_cover_less():
    """95 % for independent networks; far less where a seed shifts all of its networks."""
    rng = np.random.default_rng(1)
    own, seeds = rng.normal(size=(1000, 12)), 3 * rng.normal(size=(1000, 1))
    assert of.coverage(own)["mean"] == pytest.approx(0.95, abs=0.025)
    assert of.coverage(own)["median"] >= 0.94
    assert max(of.coverage(own + seeds).values()) < 0.4


SMALL = changed(of.EXPERIMENT, widths=(20,), networks=4, learning_rate=1e-2, epochs=10)


def test_a_shared_order_is_another_training():
    """The first network is the same either way, the others see the samples in its order."""
    own, shared = (of.measured(SMALL, order) for order in of.ORDERS)
    assert own["final"][0] == pytest.approx(shared["final"][0], rel=1e-4)
    assert all(abs(a - b) > 1e-6 for a, b in zip(own["final"][1:], shared["final"][1:], strict=True))
    assert all(1 < step < 10 * 32 and step == int(step) for step in own["steps"])


def test_what_is_no_order_and_what_takes_too_long_are_errors():
    """A wrong name; and a network that has not got there yet has no step to compare."""
    with pytest.raises(ValueError, match="got the order 'none', wanted one of own, shared"):
        of.measured(SMALL, "none")
    with pytest.raises(ValueError, match=r"got networks above l = 0\.1 after 1 epochs: train longer"):
        of.measured(changed(SMALL, epochs=1, learning_rate=1e-5), "own")


def test_the_program_writes_both_orders(tmp_path, monkeypatch, capsys):
    """JSON with every network's value, and a table."""
    monkeypatch.setattr(of, "EXPERIMENT", SMALL)
    target = tmp_path / "seeds.json"
    assert of.main(["--seeds", "2", "--to", str(target)]) == 0
    content = json.loads(target.read_text())
    assert np.shape(content["values"]["shared"]["steps"]) == (2, 4)
    assert [(row["quantity"], row["order"]) for row in content["summary"]] == [
        ("steps", "own"), ("steps", "shared"), ("final", "own"), ("final", "shared")
    ]  # fmt: skip
    assert "steps to l = 0.1" in capsys.readouterr().out
