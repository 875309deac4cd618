"""One at a time, by objects alone."""

from __future__ import annotations

import threading
import time

import pytest

from models.runs.files import StoreError
from models.runs.remote.lease import Lease

pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")


def test_it_is_free_at_first_and_afterwards(memory):
    """Nobody waits where nobody is, and nothing is left."""
    for _ in range(2):
        with Lease(memory, "run.lease/").held() as waited:
            assert not waited
            assert len(memory.names("run.lease/")) == 1
        assert memory.names("run.lease/") == []


def test_another_entry_is_another_lease(memory):
    """Two runs are trained side by side."""
    with Lease(memory, "a.lease/").held(), Lease(memory, "ab.lease/").held() as waited:
        assert not waited


def test_one_at_a_time(memory):
    """Of many that want it at once, each has it alone, and all but one of them waited."""
    inside, most, waits = 0, 0, []
    counting = threading.Lock()

    def want() -> None:
        nonlocal inside, most
        with Lease(memory, "run.lease/").held() as waited:
            with counting:
                inside += 1
                most = max(most, inside)
                waits.append(waited)
            time.sleep(0.02)
            with counting:
                inside -= 1

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, len(waits)) == (1, 8)
    assert memory.names("") == []


def test_who_chooses_is_waited_for(memory):
    """One that chooses its number may choose a lower one: it is waited for until it has, not longer."""
    memory.put("run.lease/z", b"0 1\n")
    got = threading.Event()

    def want() -> None:
        with Lease(memory, "run.lease/").held():
            got.set()

    thread = threading.Thread(target=want)
    thread.start()
    assert not got.wait(0.3)
    memory.put("run.lease/z", b"7 2\n")
    assert got.wait(10)
    thread.join()


def test_equal_numbers_go_by_name(memory):
    """Two that chose at once have one number; the first by name has the lease."""
    mine = Lease(memory, "run.lease/")
    mine._number = 3
    memory.put("run.lease/!", b"3 1\n")
    memory.put("run.lease/~", b"3 1\n")
    assert list(mine._ahead()) == ["!"]


@pytest.mark.parametrize("content", [b"1 1\n", b"0 1\n", b"", b"\xff of someone else's", b"9" * 99])
def test_a_dead_holder_is_taken_over(content, memory):
    """One that does not change for long is removed, whatever it says."""
    memory.put("run.lease/dead", content)
    with Lease(memory, "run.lease/", patience=0.3).held() as waited:
        assert waited
        assert "run.lease/dead" not in memory.names("run.lease/")


def test_a_living_holder_is_not(memory):
    """One that says something now and then is waited for, however long it takes."""
    holder, order = Lease(memory, "run.lease/", patience=1.2), []
    got = threading.Event()

    def want() -> None:
        with Lease(memory, "run.lease/", patience=1.2).held():
            order.append("waiter")
            got.set()

    with holder.held():
        thread = threading.Thread(target=want)
        thread.start()
        assert not got.wait(2.5)
        order.append("holder")
        assert memory.deleted == []
    assert got.wait(10)
    thread.join()
    assert order == ["holder", "waiter"]


def test_a_clock_is_compared_with_no_other(memory, monkeypatch):
    """How late it is elsewhere does not matter: only this process's own time runs."""
    monkeypatch.setattr(time, "time", lambda: 0.0)
    with Lease(memory, "run.lease/").held() as waited:
        assert not waited


def test_it_cannot_be_had_without_the_object_store(memory):
    """Nothing is trained in vain."""
    memory.gone = True
    with pytest.raises(StoreError), Lease(memory, "run.lease/").held():
        pass


def test_who_has_it_goes_on_without(memory):
    """The network goes: the training ends all the same, and its lease lapses."""
    with Lease(memory, "run.lease/", patience=0.1).held():
        memory.gone = True
        time.sleep(0.1)
    memory.gone = False
    assert len(memory.names("run.lease/")) == 1
