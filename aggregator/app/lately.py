"""What takes long to find out: once for all who ask meanwhile, and good for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")

AT_ONCE = 0.1  # seconds: what takes less is found out for everybody anew
KEPT = 10.0  # times what it took: then at most a tenth of a processor goes into it


class Lately(Generic[Value]):
    """Keeps the last answer. Anybody may ask for the pages that show it, as often as they like."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._finding = asyncio.Lock()
        self._about: object = None
        self._good_until = float("-inf")
        self._value: Value | None = None

    async def ask(self, find: Callable[[], Value], *, about: object) -> Value:
        """Return what `find` says, called in a thread, or what it said lately about the same."""
        async with self._finding:
            kept = self._value
            if kept is not None and self._about is about and self._ticks() < self._good_until:
                return kept
            before = self._ticks()
            found = await asyncio.to_thread(find)
            took = self._ticks() - before
            self._about, self._value = about, found if took >= AT_ONCE else None
            self._good_until = self._ticks() + KEPT * took
            return found
