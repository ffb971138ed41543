"""The running program as the web server shows it: satisfies `web.View`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from aggregator import outputs
from aggregator.adapters.opml import write_opml
from aggregator.app import clock, narrower
from aggregator.app.application import App
from aggregator.app.engine import Engine
from aggregator.app.lately import Lately
from aggregator.app.metrics import Metrics
from aggregator.app.rulebook import Rulebook
from aggregator.core.errors import StoreError
from aggregator.core.model import SourceState
from aggregator.core.narrow import Narrowed, Narrowing, Version
from aggregator.core.settings import Output, Source
from aggregator.explain import Tally
from aggregator.standing import Note, Survey, survey

HEART_STOPPED = timedelta(minutes=2)  # without a tick the process counts as dead


class LiveView:
    """Reads the store in threads of its own: a page never waits for a build."""

    def __init__(self, app: App, engine: Engine, metrics: Metrics) -> None:
        self._app = app
        self._engine = engine
        self._metrics = metrics
        self._rulebook = Rulebook(app)
        self._survey: Lately[Survey] = Lately(clock.ticks)
        self.last_tick = clock.ticks()
        self.worst_lag = 0.0

    @property
    def title(self) -> str:
        return self._app.settings.title

    @property
    def base_url(self) -> str:
        return self._app.settings.base_url

    @property
    def public_root(self) -> Path:
        return self._app.public_root

    @property
    def private_root(self) -> Path:
        return self._app.private_root

    @property
    def outputs(self) -> Sequence[Output]:
        return self._app.settings.outputs

    @property
    def sources(self) -> Sequence[Source]:
        """Those that the public may know of: none that only private outputs carry."""
        return outputs.public_sources(self._app.settings)

    def now(self) -> datetime:
        return clock.now()

    @property
    def max_requests(self) -> int:
        return self._app.settings.server.max_requests

    @property
    def queries(self) -> bool:
        return self._app.settings.server.queries

    async def version(self, output: Output, narrowing: Narrowing) -> Version | None:
        is_timed = narrowing.is_timed or self._engine.freshness.is_timed(output.id)
        return await asyncio.to_thread(narrower.version, self._app, output, is_timed=is_timed)

    async def narrowed(self, output: Output, narrowing: Narrowing, form: str) -> Narrowed | None:
        return await asyncio.to_thread(narrower.narrowed, self._app, output, narrowing, form)

    def max_age(self, output: str) -> int:
        return self._engine.freshness.max_age(output, now=clock.now())

    def is_removed(self, output: str) -> bool:
        """Known for `server.gone_for` after it was noticed (W37)."""
        removed_at = self._engine.builder.removed.get(output)
        gone_for = self._app.settings.server.gone_for
        return removed_at is not None and clock.now() - removed_at < gone_for

    async def history(self, output: str, form: str) -> str:
        return await asyncio.to_thread(self._app.store.history, output, form)

    async def survey(self) -> Survey:
        """The last one, where it took long to make."""
        settings = self._app.settings
        public = outputs.public_sources(settings)
        return await self._survey.ask(lambda: self._surveyed(public), about=settings)

    def state_of(self, source: str) -> SourceState | None:
        return self._app.store.state(source)

    async def advice(self) -> Sequence[tuple[str, Note]]:
        """What the operator may want to change: each source with what there is to say of it."""
        return await asyncio.to_thread(self._advice)

    def _advice(self) -> Sequence[tuple[str, Note]]:
        found = self._surveyed(self._app.settings.sources)
        told = found.standings(found.telling, self.state_of, now=clock.now())
        return [(one.source, note) for one in told for note in one.notes if note.subject]

    def _surveyed(self, sources: Sequence[Source]) -> Survey:
        store, now = self._app.store, clock.now()
        return survey(sources, store.states(), parked=store.parked(now), now=now)

    def rules(self) -> Tally | None:
        return self._rulebook.ask()

    async def health(self) -> Sequence[str]:
        """The heart beats and the database answers."""
        problems = []
        silent = clock.ticks() - self.last_tick
        if silent > HEART_STOPPED.total_seconds():
            problems.append(f"no tick for {int(silent)} s")
        try:
            await asyncio.to_thread(self._app.store.next_due)
        except StoreError as error:
            problems.append(f"database: {error}")
        return problems

    async def readiness(self) -> Sequence[str]:
        """There is something to serve: a source that never answers must not hold back the rest."""
        if any(self._app.published(output).exists() for output in self.outputs):
            return ()
        return ("no output is built yet",)

    async def metrics(self) -> bytes:
        store = self._app.store
        census = await asyncio.to_thread(store.census)
        failures = await asyncio.to_thread(store.failures)
        return await asyncio.to_thread(
            self._metrics.text,
            census,
            failures,
            in_flight=self._engine.dispatcher.in_flight,
            lag=self.worst_lag,
        )

    async def opml(self) -> bytes:
        titles = await asyncio.to_thread(self._app.store.titles)
        settings = replace(self._app.settings, sources=tuple(self.sources))
        return await asyncio.to_thread(write_opml, settings, known=titles)
