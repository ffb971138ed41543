"""Changes gathered, so that one build does for many of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Gathering:
    """Builds soon after a change, and never twice within `rest` seconds.

    A lone change waits `settle` seconds, in which polls end that were answered together. Of a
    storm the first is built at once and the others at the end of a rest.
    """

    def __init__(self, build: Callable[[], Awaitable[None]], *, rest: float, settle: float) -> None:
        self._build = build
        self._rest = rest
        self._settle = settle
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """Something may have to be built."""
        self._changed.set()

    async def run(self) -> None:
        """Build what changes bring, for ever. A change during a build is for the next one."""
        loop = asyncio.get_running_loop()
        rested_at = loop.time()
        while True:
            await self._changed.wait()
            await asyncio.sleep(max(self._settle, rested_at - loop.time()))
            self._changed.clear()
            await self._build()
            rested_at = loop.time() + self._rest
