"""Keeps a cluster busy: the longest chain first, a second leg after its first, at most so many at a time.

One thread of the driver decides everything. Handles tell it through a queue when they are done, so that a
step costs the same however many tasks wait: adding, submitting and ending one is a heap's logarithm.
"""

from __future__ import annotations

import heapq
import math
import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Any

from models.cluster.errors import ClusterGoneError, ExecutorError, LateError, LostError

__all__ = ["TICK", "TRIES", "Scheduler", "Work"]

TRIES = 3
"""How often a task whose process or node is lost is submitted in all."""

TICK = 0.5
"""Seconds between two looks at who has run for too long."""


@dataclass(eq=False, slots=True)
class Work:
    """One task of the driver's.

    Attributes:
        key: its name among the others.
        label: for people.
        start: submits it; called again where it was lost.
        cost: expected seconds, by which the longest go first.
        after: key of the task without which it cannot begin, or "".
        limit: seconds of running after which it counts as hung.
        early: goes before the longest: short, and somebody goes on by it while those run.
    """

    key: str
    label: str
    start: Callable[[], Future[Any]]
    cost: float = 0.0
    after: str = ""
    limit: float = float("inf")
    early: bool = False
    rank: float = field(default=0.0, init=False)
    """Seconds of the longest chain that begins with it; infinite for an early one."""
    tries: int = field(default=0, init=False)
    error: BaseException | None = field(default=None, init=False)
    done: bool = field(default=False, init=False)
    running_since: float | None = field(default=None, init=False)
    handle: Future[Any] | None = field(default=None, init=False)
    ended: threading.Event | None = field(default=None, init=False)
    """Set at its end, where somebody waits: nobody is woken by the end of another task."""


class Scheduler:
    """Submits tasks and remembers how each ended.

    Args:
        slots: most tasks that are submitted at a time, or what gives them as nodes come and go.
        clock: seconds.

    Attributes:
        finished: keys of the tasks that have ended, well or not, in that order; for one reader.
    """

    def __init__(self, slots: int | Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        if not callable(slots) and slots < 1:
            raise ValueError(f"got {slots} slots, wanted 1 or more: a cluster without a place trains nothing")
        self._slots = slots if callable(slots) else lambda: slots
        self._clock = clock
        self._works: dict[str, Work] = {}
        self._followers: dict[str, list[Work]] = {}
        self._waiting: list[tuple[float, int, Work]] = []
        self._under_way: dict[str, Work] = {}
        self._count, self._looked = 0, 0.0
        self.finished: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._gone: ClusterGoneError | None = None
        self._events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    # -- the caller's side ----------------------------------------------------------------

    def add(self, works: Iterable[Work]) -> None:
        """Takes these tasks, each key once; what they wait for is among them or was added before."""
        fresh: list[Work] = []
        with self._lock:
            for work in works:
                if work.key not in self._works:
                    self._works[work.key] = work
                    fresh.append(work)
        if fresh:
            self._events.put(("add", fresh))
        if not self._thread.is_alive():
            self._thread.start()

    def known(self, key: str) -> bool:
        """Whether a task of this key was added."""
        return key in self._works

    def done(self, key: str) -> bool:
        """Whether the task has ended, well or not."""
        return self._works[key].done

    def wait(self, key: str) -> None:
        """Returns when the task has ended well.

        Raises:
            ExecutorError: it has not, and why.
            Exception: what the training itself raised.
        """
        work = self._works[key]
        with self._lock:
            if not work.done and work.ended is None:
                work.ended = threading.Event()
        if work.ended is not None:
            work.ended.wait()
        if work.error is not None:
            raise work.error

    def close(self) -> None:
        """Cancels what is under way; nothing is submitted any more."""
        self._events.put(("close", None))
        if self._thread.is_alive():
            self._thread.join()

    # -- the thread -----------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            try:
                event, about = self._events.get(timeout=TICK)
            except queue.Empty:
                event, about = "tick", None
            if event == "close":
                for work in list(self._under_way.values()):
                    self._cancel(work)
                self._end_all(ClusterGoneError("the run has ended: nothing is submitted any more"))
                return
            if event == "add":
                self._take(about)
            elif event == "ended":
                self._ended(*about)
            if self._clock() - self._looked >= TICK:
                self._looked = self._clock()
                self._look_at_limits()
            self._fill()

    def _take(self, works: list[Work]) -> None:
        for work in works:
            before = self._works.get(work.after) if work.after else None
            if before is not None and not before.done:
                self._followers.setdefault(work.after, []).append(work)
        # Those that follow come after those they follow: ranks are summed from the end of each chain.
        for work in reversed(works):
            followers = self._followers.get(work.key, ())
            chain = work.cost + max((one.rank for one in followers), default=0.0)
            work.rank = math.inf if work.early else chain
        for work in works:
            before = self._works.get(work.after) if work.after else None
            if self._gone is not None:
                self._finish(work, self._gone)
            elif before is None or before.done:
                self._after(work, before)

    def _after(self, work: Work, before: Work | None) -> None:
        """What it waits for has ended."""
        if before is not None and before.error is not None:
            self._finish(work, _behind(work, before))
        else:
            self._count += 1
            heapq.heappush(self._waiting, (-work.rank, self._count, work))

    def _fill(self) -> None:
        while self._waiting and len(self._under_way) < self._slots() and self._gone is None:
            _, _, work = heapq.heappop(self._waiting)
            work.tries += 1
            work.running_since = None
            self._under_way[work.key] = work
            try:
                handle = work.start()
            except Exception as error:
                self._ended(work, work.tries, error)
                continue
            work.handle = handle
            handle.add_done_callback(self._teller(work, work.tries))

    def _teller(self, work: Work, attempt: int) -> Callable[[Future[Any]], None]:
        def tell(handle: Future[Any]) -> None:
            error = CancelledError() if handle.cancelled() else handle.exception()
            self._events.put(("ended", (work, attempt, error)))

        return tell

    def _ended(self, work: Work, attempt: int, error: BaseException | None) -> None:
        if work.done or attempt != work.tries or work.key not in self._under_way:
            return  # of an attempt that was given up
        del self._under_way[work.key]
        work.handle = None
        if isinstance(error, ClusterGoneError):
            self._end_all(error)
        elif isinstance(error, LostError) and work.tries < TRIES:
            self._count += 1
            heapq.heappush(self._waiting, (-work.rank, self._count, work))
        elif isinstance(error, LostError):
            self._finish(work, ExecutorError(f"{error}; it was tried {work.tries} times"))
        else:
            self._finish(work, error)

    def _finish(self, work: Work, error: BaseException | None) -> None:
        ended = [(work, error)]
        while ended:
            work, error = ended.pop()
            self._end(work, error)
            for follower in self._followers.pop(work.key, ()):
                if error is None:
                    self._after(follower, work)
                else:
                    ended.append((follower, _behind(follower, work)))

    def _end_all(self, error: ClusterGoneError) -> None:
        self._gone = error
        self._under_way.clear()
        self._waiting.clear()
        self._followers.clear()
        with self._lock:
            works = list(self._works.values())
        for work in works:
            if not work.done:
                self._end(work, error)

    def _end(self, work: Work, error: BaseException | None) -> None:
        with self._lock:
            work.error, work.done = error, True
            if work.ended is not None:
                work.ended.set()
        self.finished.put(work.key)

    def _look_at_limits(self) -> None:
        now = self._clock()
        for work in list(self._under_way.values()):
            if work.handle is None or not work.handle.running():
                continue
            if work.running_since is None:
                work.running_since = now
            elif now - work.running_since > work.limit:
                self._cancel(work)
                del self._under_way[work.key]
                self._finish(work, _late(work, now - work.running_since))

    def _cancel(self, work: Work) -> None:
        if work.handle is not None:
            work.handle.cancel()
            work.handle = None


def _behind(work: Work, before: Work) -> ExecutorError:
    return ExecutorError(f"{work.label} begins where {before.label} ends: {before.error}")


def _late(work: Work, seconds: float) -> LateError:
    return LateError(
        f"{work.label} has run for {seconds:.0f} s without an end, wanted at most {work.limit:.0f} s: look "
        "at its node, or give it more with --executor-option time_limit=SECONDS"
    )
