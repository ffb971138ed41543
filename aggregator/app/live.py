"""The running program as the web server shows it: satisfies `web.View`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from aggregator.adapters.opml import write_opml
from aggregator.app import clock
from aggregator.app.application import App
from aggregator.app.engine import Engine
from aggregator.app.metrics import Metrics
from aggregator.core.errors import StoreError
from aggregator.core.model import Article, SourceState
from aggregator.core.settings import Output, Source

SHORTEST_AGE = 300  # seconds a copy of a feed may always be kept (W33)
LONGEST_AGE = 3600
HEART_STOPPED = timedelta(minutes=2)  # without a tick the process counts as dead


class LiveView:
    """Reads the store in threads of its own: a page never waits for a build."""

    def __init__(self, app: App, engine: Engine, metrics: Metrics) -> None:
        self._app = app
        self._engine = engine
        self._metrics = metrics
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
    def outputs(self) -> Sequence[Output]:
        return self._app.settings.outputs

    @property
    def sources(self) -> Sequence[Source]:
        return self._app.settings.sources

    def now(self) -> datetime:
        return clock.now()

    def max_age(self, output: str) -> int:
        """Seconds until the output can next change, as far as we know, 5 to 60 minutes (W33)."""
        due = self._engine.next_due.get(output)
        if due is None:
            return SHORTEST_AGE
        wait = int((due - clock.now()).total_seconds())
        return max(SHORTEST_AGE, min(wait, LONGEST_AGE))

    async def source_states(self) -> Sequence[SourceState]:
        return await asyncio.to_thread(lambda: tuple(self._app.store.states()))

    async def articles(self, output: str, limit: int) -> Sequence[Article]:
        found = self._app.output(output)
        if found is None:
            return ()
        return await asyncio.to_thread(self._app.selected, found, limit=limit)

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
        feeds = self.public_root / "feeds"
        if any((feeds / f"{output.id}.atom").exists() for output in self.outputs):
            return ()
        return ("no output is built yet",)

    async def metrics(self) -> bytes:
        states = await self.source_states()
        return await asyncio.to_thread(
            self._metrics.text,
            states,
            in_flight=self._engine.dispatcher.in_flight,
            lag=self.worst_lag,
        )

    async def opml(self) -> bytes:
        states = await self.source_states()
        return await asyncio.to_thread(
            write_opml,
            self._app.settings,
            titles={state.source: state.info.title for state in states},
            sites={state.source: state.info.link for state in states},
        )
