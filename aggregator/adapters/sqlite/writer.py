"""Async saves on one thread: polls that end together are committed together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from aggregator.core.errors import StoreError
from aggregator.core.outcome import Outcome, Saved

MOST_AT_ONCE = 64  # polls in one commit: bounds how long a claim may wait for its turn

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class SavesEach(Protocol):
    """The half of the store that the writer needs."""

    def save_each(self, outcomes: Sequence[Outcome], /) -> tuple[Saved | Exception | None, ...]: ...


@dataclass(slots=True)
class _Turn:
    outcome: Outcome
    waiting: bool = True
    result: Saved | Exception | None = None


class Writer:
    """Owns the thread that writes.

    A save waits for nothing but the transaction that is running: then everything that has
    queued up meanwhile goes into the next one.
    """

    def __init__(self, store: SavesEach) -> None:
        self._store = store
        self._turns: deque[_Turn] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._closed = False

    async def save(self, outcome: Outcome) -> Saved | None:
        """Save one poll, in one commit with others that wait. Raises what its save raised.

        A caller that is cancelled stops waiting; its poll is saved all the same.
        """
        if self._closed:
            raise StoreError("the store is closing; this poll is not saved")
        turn = _Turn(outcome)
        self._turns.append(turn)
        await self.run(self._flush, turn)
        if turn.waiting:
            raise StoreError("not saved: the commit with other polls was broken off")
        if isinstance(turn.result, Exception):
            raise turn.result
        return turn.result

    async def run(
        self,
        function: Callable[_Arguments, _Result],
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> _Result:
        """Run any call of the store on the writing thread, after what was asked for before."""
        call = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def close(self) -> None:
        """Save everything that waits, then end the thread. Later saves are refused."""
        if self._closed:
            return
        self._closed = True
        await self.run(self._flush, None)
        await asyncio.to_thread(self._thread.shutdown)

    def _flush(self, own: _Turn | None) -> None:
        """Commit what waits until our own turn is done: mostly an earlier flush has done it."""
        while self._turns and (own is None or own.waiting):
            size = min(MOST_AT_ONCE, len(self._turns))
            self._commit([self._turns.popleft() for _ in range(size)])

    def _commit(self, turns: Sequence[_Turn]) -> None:
        """Give each turn its result; a transaction that is refused is refused to all of them."""
        results: Sequence[Saved | Exception | None]
        try:
            results = self._store.save_each([turn.outcome for turn in turns])
        except StoreError as error:
            results = [error] * len(turns)
        for turn, result in zip(turns, results, strict=True):
            turn.result = result
            turn.waiting = False
