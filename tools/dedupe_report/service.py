"""The whole program on loopback: server, fetcher, workers, judge, SQLite, published file."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from aggregator.app import App, Engine
from aggregator.app.application import DATABASE
from aggregator.core.model import PollReport, StoredEntry
from tests.feed_server import FeedServer, feed_server, write_config

OUTPUT = "all"
# Everything that bears on identity is left at its default.
SETTINGS = """
limits: {per_host: 64, host_interval: 0s}
network: {allow: [127.0.0.0/8]}
"""


@dataclass(slots=True)
class Service:
    """A running program whose sources the holder changes and polls at will."""

    app: App
    engine: Engine
    server: FeedServer | None
    reports: list[PollReport]

    def show(self, documents: Mapping[str, bytes]) -> None:
        """From now on the sources of these names show these documents."""
        assert self.server is not None
        self.server.bodies.update(documents)

    async def poll(self) -> tuple[PollReport, ...]:
        """Poll every source once, one after the other in the order of their ids, and build.

        In turn, because the order in which copies arrive decides which one founds the article:
        the same material must give the same figures. Raises RuntimeError when a poll fails.
        """
        self.reports.clear()
        for source in self.app.sources:
            claim, _ = self.engine.claim_named([source], force=True)
            await self.engine.dispatcher.run_until_idle(claim)
        await self.engine.build()
        _complain(self.reports)
        return tuple(self.reports)

    def entries(self) -> tuple[StoredEntry, ...]:
        """All that is stored, whether outputs show it or not."""
        return tuple(self.app.store.entries())

    def atom_ids(self) -> dict[str, str]:
        """The Atom id of every article by its slug, shown or not."""
        with closing(sqlite3.connect(self.app.settings.data_dir / DATABASE)) as database:
            return dict(database.execute("SELECT slug, atom_id FROM articles"))

    def published(self) -> bytes:
        """The output that carries everything."""
        return (self.app.public_root / "feeds" / f"{OUTPUT}.atom").read_bytes()


def _complain(reports: Sequence[PollReport]) -> None:
    failed = [f"{report.source}: {report.error}" for report in reports if report.error]
    if failed:
        raise RuntimeError("; ".join(failed))


@asynccontextmanager
async def service(folder: Path, documents: Mapping[str, bytes]) -> AsyncIterator[Service]:
    """Run the program in a folder, with these documents as its sources."""
    with feed_server(documents) as server:
        sources = {name: server.url(name) for name in documents}
        async with service_of(folder, sources) as running:
            running.server = server
            yield running


@asynccontextmanager
async def service_of(folder: Path, sources: Mapping[str, str]) -> AsyncIterator[Service]:
    """Run the program in a folder, with sources (id -> URL) that others serve."""
    listed = "".join(f"  - {{id: {name}, url: '{url}'}}\n" for name, url in sources.items())
    outputs = f"outputs:\n  - {{id: {OUTPUT}, title: All of it, limit: 5000}}\n"
    file = write_config(folder, f"sources:\n{listed}{outputs}{SETTINGS}")
    reports: list[PollReport] = []
    with App.open(file, {}) as app:
        async with Engine(app, report=reports.append) as engine:
            yield Service(app, engine, None, reports)
