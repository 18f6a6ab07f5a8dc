"""Concurrency that a seed decides: tasks run one at a time, in virtual time.

A task runs until it sleeps, waits for another task or ends; then the next one on the agenda has its
turn. Tasks are threads that hand one token on, so ordinary blocking code runs unchanged, and one
seed gives the same run on every machine. Only code that blocks outside of here (a real lock held
across a sleep, a real network call) would break that.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from random import Random
from typing import Any


class DeadlockError(Exception):
    """Tasks wait for each other, and nothing is left that could wake them."""


class Simulation:
    """now: virtual time in seconds. random: the run's only source of chance."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = 0.0
        self._agenda: list[tuple[float, int, _Task[Any]]] = []
        self._tickets = 0
        self._unfinished = 0
        self._current: _Task[Any] | None = None
        self._finished = threading.Lock()
        self._finished.acquire()
        self._failure: BaseException | None = None

    def spawn[T](
        self, work: Callable[[], T], *, after: float = 0.0, watched: bool = True
    ) -> Future[T]:
        """Run `work` as a task of its own in `after` seconds.

        watched: an error that ends the task ends `run` as well; otherwise only its future has it.
        """
        task = _Task(self, work, watched)
        self._unfinished += 1
        self._schedule(task, after)
        return task.future

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass for the current task, and others have their turn."""
        task = self._running()
        self._schedule(task, seconds)
        self._hand_over_from(task)

    def run(self) -> None:
        """Until no task is left. Raises what ended a watched task, or DeadlockError."""
        if self._agenda:
            self._next().resume()
            self._finished.acquire()
        self._current = None
        if self._failure is not None:
            raise self._failure
        if self._unfinished:
            raise DeadlockError(f"{self._unfinished} tasks wait")

    def _running(self) -> _Task[Any]:
        if self._current is None:
            raise RuntimeError("Only tasks of the simulation can wait in it")
        return self._current

    def _schedule(self, task: _Task[Any], after: float) -> None:
        self._tickets += 1
        heapq.heappush(self._agenda, (self.now + after, self._tickets, task))

    def _next(self) -> _Task[Any]:
        self.now, _, self._current = heapq.heappop(self._agenda)
        return self._current

    def _hand_over_from(self, task: _Task[Any]) -> None:
        """Give the turn to the next on the agenda; return when it is `task`'s again."""
        if self._give_turn(task):
            task.turn.acquire()

    def _give_turn(self, task: _Task[Any] | None) -> bool:
        """False when the next turn is `task`'s own."""
        if not self._agenda or self._failure is not None:
            self._finished.release()
            return True
        successor = self._next()
        if successor is task:
            return False
        successor.resume()
        return True

    def wait_for(self, future: _TaskFuture[Any]) -> None:
        """Park the current task until `future` is done."""
        if not future.done():
            task = self._running()
            future.waiting.append(task)
            self._hand_over_from(task)

    def ended(self, task: _Task[Any], failure: BaseException | None) -> None:
        """The task is over: wake who waits for it, and hand the turn on."""
        self._unfinished -= 1
        if failure is not None and task.watched:
            self._failure = self._failure or failure
        for waiter in task.future.waiting:
            self._schedule(waiter, 0.0)
        self._give_turn(None)


class _TaskFuture[T](Future[T]):
    """Waiting for it is waiting in virtual time."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__()
        # As if it ran from the start: it cannot be cancelled.
        self.set_running_or_notify_cancel()
        self._simulation = simulation
        self.waiting: list[_Task[Any]] = []

    def result(self, timeout: float | None = None) -> T:
        self._simulation.wait_for(self)
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._simulation.wait_for(self)
        return super().exception(timeout)


class _Task[T]:
    def __init__(self, simulation: Simulation, work: Callable[[], T], watched: bool) -> None:
        self.future: _TaskFuture[T] = _TaskFuture(simulation)
        self.watched = watched
        self.turn = threading.Lock()
        self.turn.acquire()
        self._simulation = simulation
        self._work = work
        self._started = False

    def resume(self) -> None:
        if self._started:
            self.turn.release()
        else:
            self._started = True
            _run_in_some_thread(self)

    def run(self) -> None:
        """The whole task, on the thread that it was given."""
        failure: BaseException | None = None
        try:
            self.future.set_result(self._work())
        except BaseException as error:
            failure = error
            self.future.set_exception(error)
        finally:
            # The thread may take the next task before this call has returned from here.
            self._work = _nothing
        self._failure = failure

    def end(self) -> None:
        self._simulation.ended(self, self._failure)


def _nothing() -> Any:
    return None


class _Thread(threading.Thread):
    """Runs one task after the other; starting a thread for each costs five times as much."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.turn = threading.Lock()
        self.turn.acquire()
        self.task: _Task[Any] | None = None

    def run(self) -> None:
        while True:
            self.turn.acquire()
            task, self.task = self.task, None
            if task is not None:
                task.run()
                _idle.append(self)
                task.end()


_idle: list[_Thread] = []


def _run_in_some_thread(task: _Task[Any]) -> None:
    if _idle:
        thread = _idle.pop()
    else:
        thread = _Thread()
        thread.start()
    thread.task = task
    thread.turn.release()


class SimulatedExecutor(Executor):
    """An executor whose calls are tasks of the simulation, as many at once as there are."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self._simulation.spawn(lambda: fn(*args, **kwargs), watched=False)
