"""The heartbeat's work: claim what is due, pace it by host, run the polls side by side.

Holds no truth. What is due, and who has it, stands in the store; what is lost here in a crash
is only the spacing of the last seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol, cast
from urllib.parse import urlsplit

from aggregator.core.errors import StoreError
from aggregator.core.model import PollReport, SourceState
from aggregator.core.settings import Limits, Source

_DEFAULT_PORTS = {"http": 80, "https": 443}

logger = logging.getLogger(__name__)


class Claim(Protocol):
    """Take due sources from the store, off the event loop."""

    def __call__(
        self, *, limit: int, accept: Callable[[str], bool]
    ) -> Awaitable[tuple[SourceState, ...]]: ...


Poll = Callable[[Source, SourceState], Awaitable[PollReport]]
Crash = Callable[[Source, SourceState, Exception], Awaitable[PollReport]]
Report = Callable[[PollReport], None]


def host_key(source: Source, effective_url: str = "") -> str:
    """Return host:port in lower case, what politeness is counted by; "" for a local file."""
    url = effective_url or source.url
    if not url:
        return ""
    parts = urlsplit(url)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    return f"{(parts.hostname or '').lower()}:{port}"


@dataclass(slots=True)
class _Host:
    in_flight: int = 0
    free_at: float = 0.0  # seconds of the monotonic clock


@dataclass(slots=True)
class Pacer:
    """Which host may be asked now: at most `per_host` in flight, starts `host_interval` apart.

    Called from the store's thread (`accept`) and from the event loop (`release`): locked.
    """

    limits: Limits
    ticks: Callable[[], float]  # a monotonic clock, seconds
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _refused_until: float | None = None

    def accept(self, host: str) -> bool:
        """Reserve a start on `host`, or refuse."""
        if not host:
            return True
        with self._lock:
            now = self.ticks()
            entry = self._hosts.setdefault(host, _Host())
            if entry.in_flight >= self.limits.per_host or entry.free_at > now:
                wait = max(entry.free_at, now)
                known = self._refused_until
                self._refused_until = wait if known is None else min(known, wait)
                return False
            entry.in_flight += 1
            entry.free_at = now + self.limits.host_interval.total_seconds()
            return True

    def release(self, host: str) -> None:
        """A poll on `host` has ended."""
        with self._lock:
            entry = self._hosts.get(host)
            if entry is None:
                return
            entry.in_flight -= 1
            if entry.in_flight <= 0 and entry.free_at <= self.ticks():
                del self._hosts[host]

    def take_refused(self) -> float | None:
        """Return when the first refused host may be asked (None: none was), and forget it."""
        with self._lock:
            refused, self._refused_until = self._refused_until, None
            return refused


class Dispatcher:
    """Runs the polls that are due, as many at once as the limits allow."""

    def __init__(
        self,
        *,
        sources: Mapping[str, Source],
        limits: Limits,
        claim: Claim,
        poll: Poll,
        crashed: Crash,
        report: Report,
        ticks: Callable[[], float],
    ) -> None:
        self._sources = sources
        self._limits = limits
        self._claim = claim
        self._poll = poll
        self._crashed = crashed
        self._report = report
        self._ticks = ticks
        self._pacer = Pacer(limits, ticks)
        self._running: set[asyncio.Task[None]] = set()
        self._ticking = asyncio.Lock()
        self._hungry = False
        self._stopping = False
        self._soon: asyncio.Task[None] | None = None
        self.store_error: StoreError | None = None  # the last time the database refused

    def reload(self, *, sources: Mapping[str, Source], limits: Limits) -> None:
        """Use other sources and limits from the next tick on; running polls end as they began."""
        self._sources = sources
        self._limits = limits
        self._pacer.limits = limits

    @property
    def in_flight(self) -> int:
        return len(self._running)

    @property
    def _free(self) -> int:
        return max(0, self._limits.concurrency - len(self._running))

    async def tick(self) -> int:
        """Start what is due and return how many polls were started. Never runs twice at once.

        A database that refuses is logged; the next tick asks again.
        """
        if self._ticking.locked() or self._stopping:
            return 0
        async with self._ticking:
            free = self._free
            try:
                started = await self._start_due(self._claim)
                self._hungry = started == free  # there may be more: ask again when a poll ends
                return started
            except StoreError as error:
                logger.error("claim failed error=%s", error)
                return 0

    async def _start_due(self, claim: Claim) -> int:
        free = self._free
        if free <= 0:
            return 0
        claimed = await self._claim_fairly(claim, free)
        for source, state, host in claimed:
            task = asyncio.create_task(self._run(source, state, host))
            self._running.add(task)
        return len(claimed)

    async def _claim_fairly(self, claim: Claim, free: int) -> list[tuple[Source, SourceState, str]]:
        """Claim within the spacing of hosts; a claim that fails gives its reservations back."""
        sources = self._sources
        reserved: dict[str, str] = {}

        def accept(source_id: str) -> bool:
            source = sources.get(source_id)
            if source is None:
                return False
            host = host_key(source)
            if self._pacer.accept(host):
                reserved[source_id] = host
                return True
            return False

        try:
            states = await claim(limit=free, accept=accept)
            return [(sources[state.source], state, reserved.pop(state.source)) for state in states]
        finally:
            for host in reserved.values():
                self._pacer.release(host)

    async def _run(self, source: Source, state: SourceState, host: str) -> None:
        try:
            self._report(await self._poll_safely(source, state))
        except StoreError as error:
            logger.error("poll not saved source=%s error=%s", source.id, error)
            self.store_error = error
        finally:
            self._pacer.release(host)
            self._running.discard(cast("asyncio.Task[None]", asyncio.current_task()))
            if self._hungry and not self._stopping:
                self._hungry = False
                self._soon = asyncio.create_task(self._tick_again())

    async def _tick_again(self) -> None:
        await self.tick()

    async def _poll_safely(self, source: Source, state: SourceState) -> PollReport:
        try:
            return await self._poll(source, state)
        except StoreError:
            raise
        except Exception as error:  # a bug: this source alone must suffer from it (P103)
            logger.exception("poll crashed source=%s", source.id)
            return await self._crashed(source, state, error)

    async def run_until_idle(self, claim: Claim | None = None) -> None:
        """Poll what `claim` gives until it gives nothing more and no poll is in flight.

        Raises StoreError as soon as the database has refused once.
        """
        claim = claim or self._claim
        while not self._stopping:
            if self.store_error is not None:
                raise self.store_error
            async with self._ticking:
                started = await self._start_due(claim)
            refused = self._pacer.take_refused()
            if not started and not self._running and refused is None:
                return
            await self._wait(refused)

    async def _wait(self, until: float | None) -> None:
        """Wait for a poll to end or for the first busy host to be free."""
        timeout = None if until is None else max(until - self._ticks(), 0.005)
        if self._running:
            await asyncio.wait(self._running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        elif timeout is not None:
            await asyncio.sleep(timeout)

    async def drain(self, seconds: float) -> int:
        """Start nothing more, wait for the polls in flight, cancel the rest; returns how many.

        A cancelled poll wrote nothing but its lease: it costs one interval (P106).
        """
        self._stopping = True
        if not self._running:
            return 0
        _, late = await asyncio.wait(self._running, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return len(late)
