"""Async saves on one thread: polls that end together are committed together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from aggregator.core.errors import StoreError
from aggregator.core.outcome import Outcome, Saved

MOST_AT_ONCE = 64  # polls in one commit: bounds how long a claim may wait for its turn
GATHERING = 0.01  # seconds the first poll of a commit waits for others to join it
INTERVAL = 0.1  # seconds at least between two commits while documents come one after the other
LONGEST_INTERVAL = 0.4  # seconds, when commits take long
SHARE = 5  # times as long as the last commit took, the next one waits

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class SavesEach(Protocol):
    """The half of the store that the writer needs."""

    def save_each(self, outcomes: Sequence[Outcome], /) -> tuple[Saved | Exception | None, ...]: ...


@dataclass(frozen=True, slots=True)
class _Turn:
    outcome: Outcome
    result: asyncio.Future[Saved | None]


class Writer:
    """Owns the thread that writes. Made for one event loop.

    A save waits for others for a moment, at most GATHERING, and one with a document at least until
    INTERVAL after the last commit: what has come together goes into one transaction, and comes
    back in one go. The pages that documents touch are written once for all of a commit. Many
    documents make a commit long, as at a first import: then the next one waits for more of
    them, SHARE times as long as that took, at most LONGEST_INTERVAL. A document that comes
    alone finds the last commit long past, and waits for nothing.
    """

    def __init__(self, store: SavesEach) -> None:
        self._store = store
        self._turns: list[_Turn] = []
        self._timer: asyncio.TimerHandle | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._interval = INTERVAL
        self._last = -LONGEST_INTERVAL  # when the last commit was handed to the thread
        self._closed = False

    async def save(self, outcome: Outcome) -> Saved | None:
        """Save one poll, in one commit with others. Raises what its save raised.

        A caller that is cancelled stops waiting; its poll is saved all the same.
        """
        if self._closed:
            raise StoreError("the store is closing; this poll is not saved")
        loop = asyncio.get_running_loop()
        turn = _Turn(outcome, loop.create_future())
        self._turns.append(turn)
        if len(self._turns) >= MOST_AT_ONCE:
            self._flush()
        else:
            self._flush_at(self._moment_for(outcome, now=loop.time()))
        return await turn.result

    def _moment_for(self, outcome: Outcome, *, now: float) -> float:
        """When to commit at the latest. What brought nothing is cheap and holds up its host."""
        if outcome.reading is None:
            return now + GATHERING
        return max(now + GATHERING, self._last + self._interval)

    def _flush_at(self, moment: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= moment:
                return
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(moment, self._flush)

    async def run(
        self,
        function: Callable[_Arguments, _Result],
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> _Result:
        """Run any call of the store on the writing thread. Saves that still wait come later."""
        call = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def close(self) -> None:
        """Save everything that waits, then end the thread. Later saves are refused."""
        if self._closed:
            return
        self._closed = True
        self._flush()
        await asyncio.to_thread(self._thread.shutdown)

    def _flush(self) -> None:
        """Hand what waits to the thread, as one commit."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._turns:
            loop = asyncio.get_running_loop()
            self._last = loop.time()
            turns, self._turns = self._turns, []
            commit = self._thread.submit(self._commit, [turn.outcome for turn in turns])
            commit.add_done_callback(
                lambda done: loop.call_soon_threadsafe(_hand_back, turns, done)
            )

    def _commit(self, outcomes: Sequence[Outcome]) -> _Results:
        """Save in the thread; what documents cost there decides when the next ones are saved."""
        started = time.monotonic()
        results = self._store.save_each(outcomes)
        if any(outcome.reading is not None for outcome in outcomes):
            took = time.monotonic() - started
            self._interval = min(max(SHARE * took, INTERVAL), LONGEST_INTERVAL)
        return results


_Results = tuple[Saved | Exception | None, ...]


def _hand_back(turns: Sequence[_Turn], commit: Future[_Results]) -> None:
    """Give each turn its result: on the event loop, once for a commit."""
    for turn, result in zip(turns, _results(commit, len(turns)), strict=True):
        if turn.result.done():  # nobody waits any more
            continue
        if isinstance(result, Exception):
            turn.result.set_exception(result)
        else:
            turn.result.set_result(result)


def _results(commit: Future[_Results], count: int) -> _Results:
    """What a commit came to. A transaction that is refused is refused to all who wait."""
    error = commit.exception()
    if error is None:
        return commit.result()
    if isinstance(error, StoreError):
        return (error,) * count
    # A bug: one caller tells it, and none waits for ever.
    broken = StoreError("not saved: the commit with other polls was broken off")
    told = error if isinstance(error, Exception) else broken
    return (told, *(broken,) * (count - 1))
