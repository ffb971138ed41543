"""The program at work: polls, as a daemon or once. Wires the story to the outside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from types import TracebackType

from aggregator import pipeline
from aggregator.adapters.fetch import Fetcher
from aggregator.adapters.schedule import next_cron
from aggregator.adapters.sqlite.writer import Writer
from aggregator.adapters.workers import Workers
from aggregator.app import clock
from aggregator.app.announcer import Announcer
from aggregator.app.application import App, user_agent
from aggregator.app.builder import Builder
from aggregator.app.freshness import Freshness
from aggregator.core.errors import ParseError
from aggregator.core.model import (
    BuildReport,
    Document,
    Fetched,
    PollReport,
    Reading,
    SourceState,
)
from aggregator.core.settings import Source
from aggregator.dispatch import Claim, Dispatcher
from aggregator.logs import event
from aggregator.standing import veil

logger = logging.getLogger(__name__)

LEASE_MARGIN = timedelta(seconds=10)  # longer only matters to --force: next_poll_at has moved
NEW_SOURCES_A_SECOND = 2.0  # first polls are spread: 20 sources take seconds
MAX_SPREAD = timedelta(seconds=60)
NAMES_AT_ONCE = 500


class Engine:
    """Everything that runs: fetcher, workers, writer, dispatcher. An async context manager.

    `report` is called on the event loop with each PollReport, `built` with each BuildReport.
    `lasting` makes it a daemon's: its workers are ready before the first document, and the first
    polls of new sources are spread. A run that ends starts workers when there is something to
    read, and mostly there is nothing.
    """

    def __init__(
        self,
        app: App,
        *,
        report: Callable[[PollReport], None] = lambda _: None,
        built: Callable[[BuildReport], None] = lambda _: None,
        lasting: bool = False,
    ) -> None:
        self.app = app
        self._lasting = lasting
        self._spread = MAX_SPREAD if lasting else timedelta(0)
        self._report = report
        self._built = built
        self.freshness = Freshness()
        self._retiring: dict[Fetcher, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Engine:
        app, limits = self.app, self.app.settings.limits
        self.writer = Writer(app.store)
        self.builder = Builder(app, self.writer, built=self._output_built)
        self._announcer = Announcer(app)
        self._workers = Workers(
            count=limits.workers,
            deadline=limits.parse_deadline.total_seconds(),
            memory=limits.parse_memory,
        )
        self._fetcher = self._new_fetcher()
        moved = await self.writer.run(self.app.store.moved)
        self.dispatcher = Dispatcher(
            sources=app.sources,
            limits=limits,
            claim=self.claim_due,
            poll=self._poll,
            crashed=self._crashed,
            report=self._polled,
            ticks=clock.ticks,
            clock=clock.now,
            due_count=self._due_count,
            moved=moved,
            parked=self._parked,
        )
        if self._lasting:
            await self._workers.start()
        await self._adopt()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for retiring in self._retiring.values():
            retiring.cancel()
        for fetcher in (*self._retiring, self._fetcher):
            await fetcher.close()
        await self._workers.close()
        await self._announcer.close()
        await self.writer.close()
        self.builder.close()

    async def _due_count(self) -> int:
        return await self.writer.run(self.app.store.due_count, clock.now())

    async def _parked(self) -> dict[str, datetime]:
        return await self.writer.run(self.app.store.parked, clock.now())

    def _new_fetcher(self) -> Fetcher:
        settings = self.app.settings
        return Fetcher(
            limits=settings.limits,
            network=settings.network,
            user_agent=partial(user_agent, settings),
        )

    async def _adopt(self) -> None:
        """Tell store, dispatcher and builder which sources and outputs there are."""
        settings = self.app.settings
        spread = timedelta(seconds=len(settings.sources) / NEW_SOURCES_A_SECOND)
        await self.writer.run(
            partial(
                self.app.store.adopt,
                settings.sources,
                now=clock.now(),
                spread=min(spread, self._spread),
                hard_interval=settings.limits.hard_interval,
            )
        )
        polls = await self.writer.run(self.app.store.next_polls)
        self.freshness.learn(self.app.catalogue, polls)
        await self.builder.prepare()

    async def reload(self) -> None:
        """Use feeds.yaml as it is now. Raises ConfigError, and then the old one stays in use."""
        await asyncio.to_thread(self.app.reload)
        old, self._fetcher = self._fetcher, self._new_fetcher()
        self.dispatcher.reload(sources=self.app.sources, limits=self.app.settings.limits)
        await self._adopt()
        self._retiring[old] = asyncio.create_task(self._retire(old))

    async def _retire(self, fetcher: Fetcher) -> None:
        """Close a replaced fetcher once the polls that may still use it have ended."""
        await asyncio.sleep(self.app.settings.limits.timeout.total_seconds())
        await fetcher.close()
        del self._retiring[fetcher]

    # --- polling

    def _polled(self, report: PollReport) -> None:
        self.freshness.polled(report.source, report.next_poll_at)
        self._report(report)

    async def claim_due(
        self, *, limit: int, accept: Callable[[str], bool]
    ) -> tuple[SourceState, ...]:
        """Claim what is due; the lease is committed when this returns."""
        return await self._claim(limit, accept, only=None, force=False)

    def claim_once(self) -> Claim:
        """Return a claim for what is due that takes no source twice: a run must end."""
        taken: set[str] = set()

        async def claim(*, limit: int, accept: Callable[[str], bool]) -> tuple[SourceState, ...]:
            states = await self._claim(
                limit,
                lambda source: source not in taken and accept(source),
                only=None,
                force=False,
            )
            taken.update(state.source for state in states)
            return states

        return claim

    def claim_named(self, names: Sequence[str], *, force: bool) -> tuple[Claim, dict[str, None]]:
        """Return a claim for the named sources, each once, and those not yet claimed.

        It asks for some names at a time, in turn: all of 10,000 at every claim would add up.
        """
        pending = dict.fromkeys(names)

        async def claim(*, limit: int, accept: Callable[[str], bool]) -> tuple[SourceState, ...]:
            for _ in range(0, len(pending), NAMES_AT_ONCE):
                some = list(islice(pending, NAMES_AT_ONCE))
                states = await self._claim(limit, accept, only=some, force=force)
                for name in some:
                    pending[name] = pending.pop(name)  # to the end of the queue
                for state in states:
                    del pending[state.source]
                if states:
                    return states
            return ()

        return claim, pending

    async def _claim(
        self,
        limit: int,
        accept: Callable[[str], bool],
        *,
        only: Sequence[str] | None,
        force: bool,
    ) -> tuple[SourceState, ...]:
        limits = self.app.settings.limits
        lease = limits.timeout + limits.parse_deadline + LEASE_MARGIN
        return await self.writer.run(
            partial(
                self.app.store.claim,
                now=clock.now(),
                lease=lease,
                next_poll=lease + limits.min_interval,  # the request may go out at its very end
                limit=limit,
                accept=accept,
                only=only,
                force=force,
                hard_interval=limits.hard_interval,
            )
        )

    @property
    def _pacing(self) -> pipeline.Pacing:
        return pipeline.Pacing(
            limits=self.app.settings.limits, cron_next=next_cron, chance=clock.chance
        )

    async def _poll(self, source: Source, state: SourceState) -> PollReport:
        report = await pipeline.poll(
            source,
            state,
            fetch=self._fetch,
            read=self._read,
            save=self.writer.save,
            pacing=self._pacing,
            clock=clock.later,
        )
        if not report.error:
            return report
        # A page may repeat what we sent, and its title is told in the error.
        return replace(report, error=veil(source, public=False)(report.error))

    async def _fetch(self, source: Source, state: SourceState) -> Fetched:
        return await self._fetcher.fetch(source, state)

    async def _read(self, source: Source, document: Document, whole: bool) -> Reading:
        """Read in a worker, which is told no more of the source than it needs: no secrets."""
        from aggregator.core.chunk import read_watched  # noqa: PLC0415 (most polls read nothing)

        memory = b"" if whole else await asyncio.to_thread(self.app.store.memory, source.id)
        told = Source(
            id=source.id,
            url=source.url,
            title=source.title,
            dedupe=source.dedupe,
            cleaning=source.cleaning,
        )
        max_entries = self.app.settings.limits.max_entries
        async with self._workers.room(len(document.body)):
            checked = await self._workers.run(read_watched, document, told, max_entries, memory)
        if checked.difference:
            told_by = {"source": source.id, "difference": checked.difference}
            event(logger, logging.WARNING, "incremental reading was wrong", **told_by)
        return checked.reading

    async def _crashed(self, source: Source, state: SourceState, error: Exception) -> PollReport:
        told = ParseError(f"internal error: {type(error).__name__}: {error}", kind="bug")
        return await pipeline.record_failure(
            source,
            state,
            told,
            save=self.writer.save,
            pacing=self._pacing,
            clock=clock.later,
        )

    # --- building

    async def build(
        self, only: Sequence[str] | None = None, *, timed: bool = False, force: bool = False
    ) -> tuple[BuildReport, ...]:
        """Build the outputs that are not current; see Builder."""
        return await self.builder.build(only, timed=timed, force=force)

    def _output_built(self, report: BuildReport) -> None:
        self._announcer.built(report)
        self._built(report)

    async def housekeep(self) -> None:
        """Apply retention, tidy the database, write the daily backup; see Builder."""
        await self.builder.housekeep()
