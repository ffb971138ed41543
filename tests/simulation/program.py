"""One life of the program: the real dispatcher, pipeline, cadence and store, a fake network.

It ends like a process that is killed: at some await, with nothing cleaned up. What is left is
the database file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from aggregator import pipeline
from aggregator.adapters.fetch.request import request_url, start_url, stored_validators
from aggregator.adapters.schedule import next_cron
from aggregator.adapters.sqlite import SqliteStore
from aggregator.app.engine import LEASE_MARGIN, MAX_SPREAD, NEW_SOURCES_A_SECOND
from aggregator.core.chunk import read_new
from aggregator.core.errors import FetchError
from aggregator.core.identify import identify
from aggregator.core.model import (
    Document,
    Entry,
    Feed,
    Fetched,
    PollReport,
    Reading,
    SourceState,
    Validators,
)
from aggregator.core.outcome import Outcome, Saved
from aggregator.core.read import read
from aggregator.core.settings import Limits, Source
from aggregator.core.validators import WEEK, Headers, fresh_for, merge, retry_after, validators_of
from aggregator.dispatch import Dispatcher, host_key
from tests.simulation.publishers import EPOCH, Answer, Publisher
from tests.simulation.visits import Visit

LIMITS = Limits(concurrency=16)
LEASE = LIMITS.timeout + LIMITS.parse_deadline + LEASE_MARGIN


class Killed(BaseException):
    """The process is no more."""


@dataclass(slots=True)
class World:
    """What outlives the program: the publishers, what they have seen, and the clock on the wall."""

    chance: Random
    publishers: dict[str, Publisher] = field(default_factory=dict)  # by address
    visits: list[Visit] = field(default_factory=list)
    offset: float = 0.0  # seconds by which our clock is wrong
    bugs: list[str] = field(default_factory=list)

    @property
    def time(self) -> float:
        return asyncio.get_running_loop().time()

    def clock(self) -> datetime:
        """Return what our clock says: like the real one, in whole seconds."""
        moment = EPOCH + timedelta(seconds=self.time + self.offset)
        return moment.replace(microsecond=0)


class Life:
    """The program from a start to its death."""

    def __init__(
        self, world: World, number: int, *, store: SqliteStore, sources: Mapping[str, Source]
    ) -> None:
        self.world = world
        self.number = number
        self.store = store
        self.died = asyncio.Event()
        self.fuse: int | None = None  # awaits until the kill
        self.aimed = False  # only those with a poll under way count
        self._claimed: dict[str, float] = {}  # offsets
        self._named = False
        self._visits: dict[str, Visit] = {}
        self.dispatcher = Dispatcher(
            sources=sources,
            limits=LIMITS,
            claim=self.claim,
            poll=self._poll,
            crashed=self._crashed,
            report=self._reported,
            ticks=lambda: world.time,
            clock=world.clock,
            due_count=self._due_count,
            moved=store.moved(),
            parked=self._parked,
        )
        self.adopt(sources)

    def adopt(self, sources: Mapping[str, Source]) -> None:
        spread = timedelta(seconds=len(sources) / NEW_SOURCES_A_SECOND)
        self.store.adopt(
            tuple(sources.values()),
            now=self.world.clock(),
            spread=min(spread, MAX_SPREAD),
            hard_interval=LIMITS.hard_interval,
        )

    def reload(self, sources: Mapping[str, Source]) -> None:
        self.dispatcher.reload(sources=sources, limits=LIMITS)
        self.adopt(sources)

    # --- where it may be killed

    async def _pause(self, *, busy: bool = True) -> None:
        """An await, and so a place to die. After the death of one task nothing else moves."""
        await asyncio.sleep(0)
        if self.fuse is not None and (busy or not self.aimed):
            self.fuse -= 1
            if self.fuse <= 0:
                self.died.set()
        if self.died.is_set():
            raise Killed

    # --- what the engine does, without threads

    async def claim(
        self, *, limit: int, accept: Callable[[str], bool], only: Sequence[str] | None = None
    ) -> tuple[SourceState, ...]:
        await self._pause(busy=False)
        states = self.store.claim(
            now=self.world.clock(),
            lease=LEASE,
            next_poll=LEASE + LIMITS.min_interval,
            limit=limit,
            accept=accept,
            only=only,
            hard_interval=LIMITS.hard_interval,
        )
        self._claimed.update((state.source, self.world.offset) for state in states)
        await self._pause(busy=bool(states))
        return states

    async def poll_named(self, names: Sequence[str]) -> None:
        """`aggregator poll NAME...`: not due perhaps, but never below the hard interval."""
        self._named = True
        pending = dict.fromkeys(names)

        async def claim(*, limit: int, accept: Callable[[str], bool]) -> tuple[SourceState, ...]:
            states = await self.claim(limit=limit, accept=accept, only=tuple(pending) or ("",))
            for state in states:
                del pending[state.source]
            return states

        await self.dispatcher.run_until_idle(claim)

    async def _due_count(self) -> int:
        await self._pause(busy=False)
        return self.store.due_count(self.world.clock())

    async def _parked(self) -> dict[str, datetime]:
        await self._pause(busy=False)
        return self.store.parked(self.world.clock())

    async def _poll(self, source: Source, state: SourceState) -> PollReport:
        pacing = pipeline.Pacing(
            limits=LIMITS, cron_next=next_cron, chance=self.world.chance.random
        )
        try:
            return await pipeline.poll(
                source,
                state,
                fetch=self._fetch,
                read=self._read,
                save=self._save,
                pacing=pacing,
                clock=lambda: self.world.clock() + timedelta(seconds=1),  # see app.clock.later
            )
        finally:
            if source.id in self._visits and not self.died.is_set():
                self._visits.pop(source.id).ended = self.world.time

    async def _crashed(self, source: Source, state: SourceState, error: Exception) -> PollReport:
        self.world.bugs.append(repr(error))
        raise Killed

    def _reported(self, report: PollReport) -> None:
        if self.died.is_set():
            raise Killed

    async def _save(self, outcome: Outcome) -> Saved | None:
        await self._pause()
        saved = self.store.save(outcome)
        if saved is not None:
            visit = self._visits[outcome.source.id]
            visit.heard, visit.heard_offset = self.world.time, self.world.offset
            visit.believed = not saved.state.last_error
        await self._pause()
        return saved

    # --- the network

    async def _fetch(self, source: Source, state: SourceState) -> Fetched:
        await self._pause()
        await asyncio.sleep(self.world.chance.choice((0.0, 0.01, 0.7)))  # names, TLS
        await self._pause()
        url = str(start_url(source, state, configured=request_url(source.url)))
        sent = stored_validators(source, state)
        visit = self._visit(source, url)
        publisher = self.world.publishers[source.url]
        answer, moved_to = publisher.answer(url, sent, time=self.world.time), None
        if answer.location:
            moved_to = answer.location if answer.status == 301 else None
            url = answer.location
            answer = publisher.answer(url, sent, time=self.world.time)
        await asyncio.sleep(answer.seconds)
        visit.answer, visit.answered = answer, self.world.time
        await self._pause()
        return understood(answer, url=url, sent=sent, moved_to=moved_to)

    def _visit(self, source: Source, url: str) -> Visit:
        visit = Visit(
            source=source.id,
            configured=source.url,
            host=host_key(url),
            schedule=source.schedule,
            named=self._named,
            life=self.number,
            asked=self.world.time,
            asked_offset=self._claimed[source.id],
        )
        self._visits[source.id] = visit
        self.world.visits.append(visit)
        return visit

    async def _read(self, source: Source, document: Document, whole: bool) -> Reading:
        await self._pause()
        publisher = self.world.publishers[source.url]
        visit = self._visits[source.id]
        if publisher.thorough or visit.answer is None or not visit.answer.edition:
            memory = b"" if whole else self.store.memory(source.id)
            return read_new(document, source, LIMITS.max_entries, memory)
        return prepared(publisher, visit.answer.edition, source)


def understood(answer: Answer, *, url: str, sent: Validators, moved_to: str | None) -> Fetched:
    """Return what the fetcher makes of an answer, from the bytes of its header; or raise it."""
    if answer.trouble:
        raise FetchError(answer.trouble, kind=answer.trouble)
    headers = Headers.of(answer.headers)
    if answer.status not in (200, 304) or (answer.status == 304 and sent == Validators()):
        raise FetchError(
            f"HTTP {answer.status}",
            kind="http",
            status=answer.status,
            retry_after=retry_after(headers),
            fresh_for=fresh_for(headers, cap=WEEK)[0],
        )
    found = validators_of(headers)
    seconds, reason = fresh_for(headers)
    document = Document(url=url, body=answer.body) if answer.status == 200 else None
    return Fetched(
        status=answer.status,
        document=document,
        validators=found if document else merge(sent, found),
        fresh_for=seconds,
        fresh_reason=reason,
        moved_to=moved_to,
        received=len(answer.body),
        seconds=answer.seconds,
    )


def prepared(publisher: Publisher, edition: int, source: Source) -> Reading:
    """Return what reading a document gives, without parsing all of it: that takes the longest."""
    document = Document(url=publisher.url, body=publisher.document(0))
    found = publisher.head or read(document, source, LIMITS.max_entries).feed
    publisher.head = found
    entries = tuple(
        Entry(
            guid=f"{publisher.name}-{number}",
            title=f"Story {number} of {publisher.name}",
            link=f"https://{publisher.name}.example/{number}",
        )
        for number in range(edition, max(edition - 3, 0), -1)
    )
    feed = Feed(info=found.info, entries=entries, hints=found.hints, format=found.format)
    return Reading(feed, identify(feed, source=source))
