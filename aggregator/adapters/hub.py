"""Tells WebSub hubs that a document has changed, so that they fetch it and pass it on.

WebSub leaves it to hub and publisher how they talk (§6); the form that hubs take is a POST of
`hub.mode=publish` and `hub.url`. It is sent at once, and then at most once a minute for each
document, however often that changes: the last change is never kept back for good. Nobody waits
for it, and a hub that is down is asked again a few times.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from aggregator.core.errors import FetchError

PAUSE: Final = 60.0  # seconds between two pings about one document
BACKOFF: Final = (10.0, 60.0, 600.0)  # seconds before each further attempt
TIMEOUT: Final = 15.0  # seconds for one attempt
LAST_WORDS: Final = 5.0  # seconds that `close` waits for hubs to answer
AT_ONCE: Final = 4  # pings under way
_TRANSIENT: Final = frozenset({408, 425, 429})  # and every 5xx


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """How one ping ended. `error` is "" when the hub took it."""

    hub: str
    topic: str
    attempts: int
    error: str = ""


class Door(Protocol):
    """The guarded way out: a hub on a private address needs its range in `network.allow` (S8)."""

    async def post(self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str]) -> int:
        """Send a form and return the status of the answer; raises FetchError."""

    async def close(self) -> None: ...


class Hubs:
    """Pings hubs in the background. Make it inside the running loop, close it there.

    `report` is called on the event loop when a ping was taken or given up. `door` is closed with
    it.
    """

    def __init__(
        self,
        *,
        door: Door,
        user_agent: str,
        report: Callable[[Ping], None],
        pause: float = PAUSE,
        backoff: Sequence[float] = BACKOFF,
        timeout: float = TIMEOUT,
    ) -> None:
        self._report = report
        self._pause = pause
        self._backoff = tuple(backoff)
        self._timeout = timeout
        self._door = door
        self._headers = {"User-Agent": user_agent}
        self._free = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._news: set[tuple[str, str]] = set()  # changed, and no ping begun since
        self._closing = asyncio.Event()

    def changed(self, hub: str, topic: str) -> None:
        """Tell `hub` that the document at `topic` has changed; returns at once."""
        key = (hub, topic)
        self._news.add(key)
        task = self._tasks.get(key)
        if task is None or task.done():
            self._tasks[key] = asyncio.create_task(self._serve(key))

    async def close(self) -> None:
        """Send what is due without waiting out any pause, for a few seconds at most."""
        self._closing.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=LAST_WORDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._door.close()

    async def _serve(self, key: tuple[str, str]) -> None:
        """Ping as long as there is news, with a pause after each ping."""
        while key in self._news:
            self._news.discard(key)
            self._report(await self._ping(*key))
            await self._wait(self._pause)

    async def _ping(self, hub: str, topic: str) -> Ping:
        """Try until the hub takes it, refuses it for good, or the attempts are used up."""
        attempts, answer = 1, await self._post(hub, topic)
        for seconds in self._backoff:
            if not answer.is_passing or self._closing.is_set():
                break
            await self._wait(seconds)
            self._news.discard((hub, topic))  # this attempt tells of it as well
            attempts, answer = attempts + 1, await self._post(hub, topic)
        return Ping(hub=hub, topic=topic, attempts=attempts, error=answer.error)

    async def _post(self, hub: str, topic: str) -> _Answer:
        form = {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}
        try:
            async with self._free, asyncio.timeout(self._timeout):
                return _answer(await self._door.post(hub, form, headers=self._headers))
        except TimeoutError:
            return _Answer(f"no answer within {self._timeout:g} s", is_passing=True)
        except FetchError as error:
            return _Answer(str(error), is_passing=error.kind != "blocked_address")

    async def _wait(self, seconds: float) -> None:
        """Sleep, but not while the program is ending."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a hub said: error "" when it took the ping. What is passing may go well later."""

    error: str = ""
    is_passing: bool = False


def _answer(status: int) -> _Answer:
    if 200 <= status < 300:
        return _Answer()
    return _Answer(f"the hub answered {status}", status >= 500 or status in _TRANSIENT)
