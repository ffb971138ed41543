"""The heartbeat's work: claim what is due, pace it by host, run the polls side by side.

Holds no truth. What is due, who has it, which hosts are parked stands in the store; what is
lost here in a crash is only the spacing of the last seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol, cast

from aggregator.core.errors import StoreError
from aggregator.core.model import PollReport, SourceState
from aggregator.core.settings import Limits, Source
from aggregator.dispatch.backlog import Backlog
from aggregator.dispatch.hosts import Pacer, host_key

_STALL = timedelta(seconds=10)  # no tick for so long: downtime, sleep, or a clock set forward

logger = logging.getLogger(__name__)


class Claim(Protocol):
    """Take due sources from the store, off the event loop."""

    def __call__(
        self, *, limit: int, accept: Callable[[str], bool]
    ) -> Awaitable[tuple[SourceState, ...]]: ...


Poll = Callable[[Source, SourceState], Awaitable[PollReport]]
Crash = Callable[[Source, SourceState, Exception], Awaitable[PollReport]]
Report = Callable[[PollReport], None]
DueCount = Callable[[], Awaitable[int]]
Parked = Callable[[], Awaitable[Mapping[str, datetime]]]
Move = tuple[str, str]  # the address as configured, and where it has moved for good


class Dispatcher:
    """Runs the polls that are due, as many at once as the limits allow.

    `due_count` tells how many are due: with it, `tick` spreads what is due after downtime.
    `moved` is what the store remembers of the moves of sources; `parked` asks it until when the
    hosts of which addresses are parked: before a restart, and by another process.
    """

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
        clock: Callable[[], datetime],
        due_count: DueCount | None = None,
        moved: Mapping[str, Move] | None = None,
        parked: Parked | None = None,
    ) -> None:
        self._sources = sources
        self._limits = limits
        self._claim = claim
        self._poll = poll
        self._crashed = crashed
        self._report = report
        self._ticks = ticks
        self._clock = clock
        self._due_count = due_count
        self._moved = dict(moved or {})
        self._pacer = Pacer(limits, ticks)
        self._parked = parked
        self._recalled = float("-inf")  # ticks
        self._backlog = Backlog(0, ticks())
        self._last_tick: datetime | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._ticking = asyncio.Lock()
        self._hungry = False
        self._stopping = False
        self._soon: asyncio.Task[None] | None = None
        self.store_error: StoreError | None = None  # the last time the database refused
        self.held_back: dict[str, datetime] = {}  # due sources of parked hosts, and until when

    def reload(self, *, sources: Mapping[str, Source], limits: Limits) -> None:
        """Use other sources and limits from the next tick on; running polls end as they began."""
        self._sources = sources
        self._limits = limits
        self._pacer.limits = limits
        self._last_tick = None  # sources that come back may be overdue by days

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
                await self._recall_parked()
                started = await self._start_due(self._claim, min(free, await self._allowed()))
            except StoreError as error:
                logger.error("claim failed error=%s", error)
                return 0
            self._last_tick = self._clock()
            self._hungry = started == free  # there may be more: ask again when a poll ends
            return started

    async def _recall_parked(self) -> None:
        """Learn from the store which hosts are parked, at most once a second."""
        if self._parked is not None and self._ticks() - self._recalled >= 1:
            self._recalled = self._ticks()
            for url, until in (await self._parked()).items():
                self._pacer.park(host_key(url), until=until, now=self._clock())

    async def _allowed(self) -> int:
        """Return how many may start now, as far as a backlog is concerned."""
        if self._due_count is None:
            return self._limits.concurrency
        stalled = self._last_tick is None or self._clock() - self._last_tick > _STALL
        if not stalled and self._backlog.is_over(ticks=self._ticks()):
            return self._limits.concurrency
        due = await self._due_count()
        if stalled:
            self._backlog = Backlog(due, self._ticks())
        return self._backlog.allowed(due, ticks=self._ticks())

    async def _start_due(self, claim: Claim, most: int, *, despite_parking: bool = False) -> int:
        if most <= 0:
            return 0
        claimed = await self._claim_fairly(claim, most, despite_parking=despite_parking)
        for source, state, host in claimed:
            task = asyncio.create_task(self._run(source, state, host))
            self._running.add(task)
        return len(claimed)

    async def _claim_fairly(
        self, claim: Claim, most: int, *, despite_parking: bool
    ) -> list[tuple[Source, SourceState, str]]:
        """Claim within the spacing of hosts; a claim that fails gives its reservations back."""
        sources = self._sources
        reserved: dict[str, str] = {}
        held_back: dict[str, datetime] = {}

        def accept(source_id: str) -> bool:
            source = sources.get(source_id)
            if source is None:
                return False
            host = self._host_of(source)
            parked = None if despite_parking else self._pacer.parked(host)
            if parked is not None:
                held_back[source_id] = parked
            elif self._pacer.accept(host):
                reserved[source_id] = host
                return True
            return False

        try:
            states = await claim(limit=most, accept=accept)
            self.held_back = held_back
            claimed = [
                (sources[state.source], state, reserved.pop(state.source)) for state in states
            ]
            return [one for one in claimed if self._still_there(*one)]
        finally:
            for host in reserved.values():
                self._pacer.release(host)

    def _still_there(self, source: Source, state: SourceState, host: str) -> bool:
        """Tell whether a claimed source asks the host that was reserved for it.

        Another process may have learnt of a move, or given one up, since we did. Such a source
        waits for its next turn, and its host is right from now on.
        """
        if not state.url or state.url != source.url:
            return True
        if host_key(state.effective_url or source.url) == host:
            return True
        self._remember_move(source, state.effective_url)
        self._pacer.release(host)
        return False

    def _host_of(self, source: Source) -> str:
        """Return the host that a poll of `source` asks first: where it has moved, if it has."""
        configured, effective = self._moved.get(source.id, ("", ""))
        return host_key(effective if effective and configured == source.url else source.url)

    async def _run(self, source: Source, state: SourceState, host: str) -> None:
        try:
            report = await self._poll_safely(source, state)
            self._learn(source, report, host)
            self._report(report)
        except StoreError as error:
            logger.error("poll not saved source=%s error=%s", source.id, error)
            self.store_error = error
        finally:
            self._pacer.release(host)
            self._running.discard(cast("asyncio.Task[None]", asyncio.current_task()))
            if self._hungry and not self._stopping:
                self._hungry = False
                self._soon = asyncio.create_task(self._tick_again())

    def _learn(self, source: Source, report: PollReport, host: str) -> None:
        """Remember what a poll says about where the next one goes and when its host may be asked.

        429 speaks for the whole host (RFC 6585 §4): its other sources wait as well.
        """
        self._remember_move(source, report.effective_url)
        if report.parked_until is not None:
            self._pacer.park(host, until=report.parked_until, now=self._clock())

    def _remember_move(self, source: Source, effective_url: str) -> None:
        if effective_url:
            self._moved[source.id] = (source.url, effective_url)
        else:
            self._moved.pop(source.id, None)

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

    async def run_until_idle(
        self, claim: Claim | None = None, *, despite_parking: bool = False
    ) -> None:
        """Poll what `claim` gives until it gives nothing more and no poll is in flight.

        As fast as slots and hosts allow. Sources of parked hosts are not waited for: `held_back`
        names them. Raises StoreError as soon as the database has refused once.
        """
        claim = claim or self._claim
        await self._recall_parked()
        while not self._stopping:
            if self.store_error is not None:
                raise self.store_error
            async with self._ticking:
                started = await self._start_due(claim, self._free, despite_parking=despite_parking)
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
