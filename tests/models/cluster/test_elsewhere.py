"""Handles, options, limits, and orders that send their data once."""

from __future__ import annotations

from concurrent.futures import CancelledError
from dataclasses import replace

import pytest

from data import entry
from models.cluster import luggage
from models.cluster.elsewhere import Handle, Orders, expected_seconds, limit_of, time_limit, whole
from models.cluster.memory import estimate
from models.runs.store import RunStore
from models.second_leg.descent import Descent
from tests.helpers.specs import changed, mlp


def test_a_handle_that_is_cancelled_is_stopped_there():
    """Whether it waits or runs; what stops it may fail."""
    stopped = []
    handle = Handle(lambda: stopped.append(1))
    assert handle.cancel()
    assert handle.cancelled()
    with pytest.raises(CancelledError):
        handle.result(0)
    running = Handle(lambda: stopped.append(2) or 1 / 0)
    running.set_running_or_notify_cancel()
    assert not running.cancel()
    assert stopped == [1, 2]


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "", "٣"])
def test_an_option_that_is_no_number_is_refused(text):
    """By its name and with one that would do."""
    with pytest.raises(ValueError, match=f"got jobs={text}, wanted a whole number from 1 on: jobs=4"):
        whole("jobs", text)
    assert whole("jobs", "12") == 12


def test_a_limit_follows_from_sizes():
    """More networks, epochs or samples take longer; what is small has the least limit."""
    small = mlp("boston", (10,), networks=4, epochs=1)
    for little in (small, changed(small, networks=8)):
        assert time_limit(expected_seconds(little)) == 900
    large = mlp("mnist", (500, 300), networks=96, epochs=50)
    for more in (changed(large, networks=192), changed(large, epochs=100)):
        assert expected_seconds(more) == pytest.approx(2 * expected_seconds(large))
        assert time_limit(expected_seconds(more)) > time_limit(expected_seconds(large)) > 900
    assert expected_seconds(Descent(large, products=200)) == pytest.approx(4 * expected_seconds(large))


def test_a_limit_that_was_given_holds(task):
    """In place of the one by size."""
    of = task()
    assert limit_of(of) == 900
    assert limit_of(replace(of, limit=3.0)) == 3.0


def test_an_order_knows_its_memory_and_its_data_is_there(task, monkeypatch, tmp_path):
    """It is looked for in the store once, for all orders of one data set."""
    sent = []
    send = luggage.send
    monkeypatch.setattr(luggage, "send", lambda *given: sent.append(send(*given)))
    orders, of = Orders(threads=3), task()
    first = orders.of(of)
    second = orders.of(task(epochs=7))
    assert (first.threads, first.memory) == (3, estimate(of.spec, entry("tiny"), 3))
    assert first.spec != second.spec
    assert luggage.arrived(of.store, *first.data[0]).name == "tiny"
    assert len(sent) == 1
    orders.of(task(store=RunStore(tmp_path / "other")))
    assert len(sent) == 2
