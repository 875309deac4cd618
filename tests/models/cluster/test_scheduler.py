"""The scheduler: longest chains first, followers behind, lost tasks again, hung ones ended."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from models.cluster.errors import ClusterGoneError, ExecutorError, LateError, LostError
from models.cluster.scheduler import TRIES, Scheduler, Work


class Nodes:
    """Handles that the test ends by hand, in the order in which they were submitted."""

    def __init__(self) -> None:
        self.submitted: list[str] = []
        self.handles: dict[str, Future[None]] = {}
        self._more = threading.Condition()

    def starts(self, key: str):
        def start() -> Future[None]:
            with self._more:
                self.submitted.append(key)
                self.handles[key] = Future()
                self._more.notify_all()
                return self.handles[key]

        return start

    def work(self, key: str, cost: float = 1.0, after: str = "", **more) -> Work:
        return Work(key, f"the training {key}", self.starts(key), cost, after, **more)

    def await_submitted(self, count: int) -> list[str]:
        with self._more:
            assert self._more.wait_for(lambda: len(self.submitted) >= count, 10), self.submitted
            return list(self.submitted)


@pytest.fixture
def nodes():
    return Nodes()


@pytest.fixture
def scheduler():
    made = Scheduler(2)
    yield made
    made.close()


def test_the_longest_chain_goes_first_and_only_so_many_at_a_time(nodes, scheduler):
    """A short training with a long second leg is longer than a middling one alone."""
    scheduler.add(
        [
            nodes.work("short", 1),
            nodes.work("middling", 5),
            nodes.work("head", 2),
            nodes.work("tail", 9, after="head"),
        ]
    )
    assert nodes.await_submitted(2) == ["head", "middling"]
    nodes.handles["head"].set_result(None)
    assert nodes.await_submitted(3)[2] == "tail"
    nodes.handles["middling"].set_result(None)
    assert nodes.await_submitted(4)[3] == "short"
    for key in ("tail", "short"):
        nodes.handles[key].set_result(None)
        scheduler.wait(key)
    assert [scheduler.finished.get(timeout=10) for _ in range(4)][:2] == ["head", "middling"]


def test_places_that_come_are_filled(nodes):
    """With the next thing that happens; those that go are not waited for."""
    places = [1]
    scheduler = Scheduler(lambda: places[0])
    scheduler.add([nodes.work(key, cost) for cost, key in enumerate("dcba")])
    assert nodes.await_submitted(1) == ["a"]
    places[0] = 3
    scheduler.add([nodes.work("e", 0.5)])
    assert nodes.await_submitted(3) == ["a", "b", "c"]
    places[0] = 1
    nodes.handles["a"].set_result(None)
    scheduler.wait("a")
    nodes.handles["b"].set_result(None)
    scheduler.wait("b")
    assert nodes.submitted == ["a", "b", "c"]
    scheduler.close()


def test_what_is_early_goes_before_the_longest(nodes, scheduler):
    """Though it is short."""
    scheduler.add([nodes.work("long", 9), nodes.work("longer", 10), nodes.work("proof", 1, early=True)])
    assert nodes.await_submitted(2) == ["proof", "longer"]


def test_a_follower_waits_for_what_was_added_before(nodes, scheduler):
    """A later look's second leg; and one whose first leg has ended already begins at once."""
    scheduler.add([nodes.work("first")])
    nodes.await_submitted(1)
    scheduler.add([nodes.work("second", after="first")])
    scheduler.add([nodes.work("other")])
    assert nodes.await_submitted(2) == ["first", "other"]
    nodes.handles["first"].set_result(None)
    assert nodes.await_submitted(3)[2] == "second"
    nodes.handles["second"].set_result(None)
    scheduler.wait("second")
    scheduler.add([nodes.work("third", after="second")])
    assert nodes.await_submitted(4)[3] == "third"


def test_a_key_is_submitted_once(nodes, scheduler):
    """Whoever asks again waits for the same."""
    scheduler.add([nodes.work("one"), nodes.work("one")])
    scheduler.add([nodes.work("one"), nodes.work("two")])
    assert sorted(nodes.await_submitted(2)) == ["one", "two"]


def test_a_lost_task_is_tried_again_and_then_given_up(nodes, scheduler):
    """With the last word of what lost it; others go on."""
    scheduler.add([nodes.work("one"), nodes.work("other")])
    for attempt in range(TRIES):
        nodes.await_submitted(2 + attempt)
        nodes.handles["one"].set_exception(LostError("the node n7 is gone"))
    with pytest.raises(ExecutorError, match=f"the node n7 is gone; it was tried {TRIES} times"):
        scheduler.wait("one")
    assert nodes.submitted.count("one") == TRIES
    nodes.handles["other"].set_result(None)
    scheduler.wait("other")


def test_an_error_of_the_training_is_its_own_and_ends_what_follows(nodes, scheduler):
    """It is not tried again; the follower says what it begins with."""
    scheduler.add([nodes.work("one"), nodes.work("next", after="one"), nodes.work("last", after="next")])
    nodes.await_submitted(1)
    nodes.handles["one"].set_exception(ValueError("no such data"))
    with pytest.raises(ValueError, match="no such data"):
        scheduler.wait("one")
    with pytest.raises(ExecutorError, match="the training next begins where the training one ends: no such"):
        scheduler.wait("next")
    with pytest.raises(ExecutorError, match="the training last begins where the training next ends"):
        scheduler.wait("last")
    assert nodes.submitted == ["one"]


def test_a_task_that_cannot_be_submitted_is_its_own_error(nodes, scheduler):
    """And the place is free for the next."""

    def refused() -> Future[None]:
        raise ValueError("got no such partition")

    scheduler.add([Work("bad", "the bad one", refused, 9.0), nodes.work("good")])
    with pytest.raises(ValueError, match="no such partition"):
        scheduler.wait("bad")
    assert nodes.await_submitted(1) == ["good"]


def test_a_cluster_that_is_gone_ends_all_that_has_not_ended(nodes, scheduler):
    """At once, what is added later too; what had ended stays ended."""
    scheduler.add([nodes.work("done"), nodes.work("under way"), nodes.work("waiting", 0.5)])
    nodes.await_submitted(2)
    nodes.handles["done"].set_result(None)
    nodes.await_submitted(3)
    scheduler.wait("done")
    nodes.handles["under way"].set_exception(ClusterGoneError("the head does not answer"))
    for key in ("under way", "waiting"):
        with pytest.raises(ClusterGoneError, match="the head does not answer"):
            scheduler.wait(key)
    scheduler.add([nodes.work("late")])
    with pytest.raises(ClusterGoneError):
        scheduler.wait("late")
    scheduler.wait("done")


def test_a_result_that_never_comes_is_ended_by_its_limit(nodes):
    """Counted while it runs, not while it waits in a queue; it is cancelled, and the place is free."""
    now = [0.0]
    scheduler = Scheduler(1, clock=lambda: now[0])
    scheduler.add([nodes.work("hung", 9, limit=60), nodes.work("next", limit=60)])
    nodes.await_submitted(1)
    now[0] += 1e6  # it has not begun to run
    scheduler.add([])
    nodes.handles["hung"].set_running_or_notify_cancel()
    for _ in range(200):
        now[0] += 30
        if scheduler.done("hung"):
            break
        threading.Event().wait(0.05)
    with pytest.raises(
        LateError, match=r"the training hung has run for .* s without an end, wanted at most 60 s"
    ):
        scheduler.wait("hung")
    nodes.await_submitted(2)
    nodes.handles["hung"].set_result(None)  # too late: nobody listens
    nodes.handles["next"].set_result(None)
    scheduler.wait("next")
    scheduler.close()


def test_no_place_is_refused():
    """The cluster has to have one."""
    with pytest.raises(ValueError, match="got 0 slots"):
        Scheduler(0)
