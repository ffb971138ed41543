"""A pool of worker processes with a deadline for each call. Never blocks the event loop.

One thread for each worker does the pickling and the waiting.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, nullcontext
from threading import Lock
from typing import ParamSpec, TypeVar

from aggregator.adapters.workers import wire
from aggregator.adapters.workers.nursery import Bounds
from aggregator.adapters.workers.packing import pack, unpack
from aggregator.adapters.workers.processes import Nursery, Worker
from aggregator.core.errors import ParseError

P = ParamSpec("P")
T = TypeVar("T")

_PRELOAD = ("aggregator.core.chunk",)
_PATIENCE = 4  # times the deadline by the clock: another process may have the processor
_CALLS_PER_WORKER = 1000  # then a fresh one: whatever a C library leaks is given back
_LARGE = 256 * 1024  # bytes; whatever takes seconds to read is larger, most feeds are smaller
_OUT_OF_MEMORY = (signal.SIGKILL, signal.SIGABRT)  # by the kernel; by an allocator that gives up


class Workers:
    """Runs functions in `count` processes; each call gets `deadline` seconds of processor time.

    On a machine busy with other things that may be four times as long by the clock, not more.
    `memory` is the address space of one worker in bytes. `preload` names the modules that are
    imported once, before any worker is forked.
    """

    def __init__(
        self,
        count: int,
        deadline: float,
        memory: int,
        *,
        preload: Sequence[str] = _PRELOAD,
        calls_per_worker: int = _CALLS_PER_WORKER,
    ) -> None:
        self._count = count
        self._deadline = deadline
        self._bounds = Bounds(memory, deadline)
        self._preload = tuple(preload)
        self._calls_per_worker = calls_per_worker
        self._threads = ThreadPoolExecutor(max_workers=count, thread_name_prefix="worker")
        self._room_for_large = asyncio.Semaphore(max(count - 1, 1))
        self._lock = Lock()
        self._nursery: Nursery | None = None
        self._idle: list[Worker] = []
        self._closed = False

    async def start(self) -> None:
        """Have all workers ready. Optional: the first calls start what they need."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._warm_up)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return `function(*args, **kwargs)`, computed in a worker.

        Function, arguments and result must pickle. Raises ParseError when the deadline passes
        (kind "deadline"; it counts from when a worker gets the call), memory runs out
        ("memory") or the worker crashes ("damaged"). What the function raises arrives as it is;
        an exception that is not ours carries the worker's traceback as a note.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._call, function, args, kwargs)

    def room(self, size: int) -> AbstractAsyncContextManager[object]:
        """Wait, where needed, for room to read so many bytes.

        Large documents leave one worker free (where there are two), so that those that take
        seconds never hold up the small ones.
        """
        return self._room_for_large if size >= _LARGE else nullcontext()

    async def close(self) -> None:
        """End all workers; calls in flight fail. Closing twice does nothing."""
        await asyncio.to_thread(self._close)

    # --- in threads

    def _warm_up(self) -> None:
        workers = [self._hatch() for _ in range(self._count - len(self._idle))]
        with self._lock:
            self._idle.extend(workers)

    def _call(
        self, function: Callable[P, T], args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> T:
        request = pack((function, args, kwargs))
        worker = self._take()
        tag, answer = self._ask(worker, request)
        self._put_back(worker)
        if tag == wire.RAISED:
            raise _raised(answer)
        value: T = unpack(answer)
        return value

    def _ask(self, worker: Worker, request: Sequence[bytes]) -> tuple[int, bytearray]:
        """Return what the worker answers; bury it when it does not, and say why."""
        try:
            tag, answer = worker.ask(request, seconds=self._deadline * _PATIENCE)
        except TimeoutError:
            worker.bury()
            raise self._too_slow() from None
        except wire.ClosedError:
            raise self._why_dead(worker) from None
        except BaseException:
            worker.bury()
            raise
        if tag == wire.EXHAUSTED:
            worker.bury()
            raise _out_of_memory()
        return tag, answer

    def _take(self) -> Worker:
        while worker := self._pop():
            if worker.is_usable():
                return worker
            worker.bury()
        return self._hatch()

    def _pop(self) -> Worker | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _put_back(self, worker: Worker) -> None:
        with self._lock:
            if not self._closed and worker.calls < self._calls_per_worker:
                self._idle.append(worker)
                return
        worker.bury()

    def _hatch(self) -> Worker:
        """Return a new worker, from a new nursery where the old one has died."""
        try:
            return self._living_nursery().hatch()
        except wire.ClosedError:
            return self._living_nursery().hatch()

    def _living_nursery(self) -> Nursery:
        with self._lock:
            if self._closed:
                raise RuntimeError("the workers are closed")
            if self._nursery is None or not self._nursery.is_alive:
                self._bury_nursery()
                self._nursery = Nursery(self._preload, self._bounds)
            return self._nursery

    def _bury_nursery(self) -> None:
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None

    def _why_dead(self, worker: Worker) -> Exception:
        status = worker.bury()
        if self._closed:
            return RuntimeError("the workers are closed")
        number = os.WTERMSIG(status) if status and os.WIFSIGNALED(status) else 0
        if number == signal.SIGPROF:
            return self._too_slow()
        if number in _OUT_OF_MEMORY:
            return _out_of_memory()
        name = signal.Signals(number).name if number else "no reason given"
        return ParseError(f"reading it crashed the worker ({name})", kind="damaged")

    def _too_slow(self) -> ParseError:
        return ParseError(f"not read within {self._deadline:g} s", kind="deadline")

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            self._bury_nursery()
            workers, self._idle = self._idle, []
        for worker in workers:
            worker.bury()
        self._threads.shutdown()


def _out_of_memory() -> ParseError:
    return ParseError("reading it took more memory than a worker may have", kind="memory")


def _raised(answer: bytearray) -> Exception:
    error: Exception
    error, remote = unpack(answer)
    if remote:
        error.add_note(f"In the worker process:\n{remote}")
    return error
