"""A month of publishing, and the readers that come by every hour: what they get, and what it costs.

AGGREGATOR_PUBLISHING_DAYS=30 is the whole month, some minutes. Run with -s for the figures.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aggregator.adapters.sqlite.writer import Writer
from aggregator.app import App
from aggregator.app.builder import Builder
from aggregator.core.render import feed_path
from aggregator.core.settings import Source
from tests.adapters.store.polls import poll
from tests.feed_server import write_config
from tests.simulation.newsroom import SLOT, START, Newsroom
from tests.simulation.subscribers import BASE, Follower, Subscriber, entries_of
from tests.web.site import FakeView, Visitor, visiting

DAYS = float(os.environ.get("AGGREGATOR_PUBLISHING_DAYS", "1.5"))
HOURS = DAYS * 24
ADDED, LOOSENED, RETITLED = 0.2, 0.6, 0.9  # when feeds.yaml is edited, as a share of the time
LIVES = 4 if DAYS < 7 else 12  # from start to start
SLEEP = (0.3 * HOURS, min(0.85 * HOURS, 0.3 * HOURS + 7 * 24))
FIRST = ("river", "harbour", "hill", "market", "forest")
LATER = "island"


@dataclass(slots=True)
class DatedApp(App):
    """The program, at a time that the test sets."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment


@dataclass
class Site(FakeView):
    """What the program has published, with the histories that it keeps."""

    app: App | None = None

    async def history(self, output: str, form: str) -> str:
        assert self.app is not None
        return self.app.store.history(output, form)


def config(time: float) -> str:
    """feeds.yaml as the operator has it at a time."""
    share = time / HOURS
    names = (*FIRST, LATER) if share >= ADDED else FIRST
    sources = [f"{{id: {name}, url: 'https://{name}.example/feed'}}" for name in names]
    drop = "" if share >= LOOSENED else ", drop: 'tag:sport'"
    title = "All the news" if share >= RETITLED else "All of it"
    return (
        f"base_url: {BASE}/\nsources: [{', '.join(sources)}]\n"
        f"outputs: [{{id: all, title: {title}, limit: 40, archive: 40{drop}}}]\n"
    )


@dataclass(slots=True)
class Month:
    """The operator, the sources, and the readers; `carried` is all that ever was published."""

    folder: Path
    news: Newsroom
    deltas: Subscriber = field(default_factory=lambda: Subscriber(deltas=True))
    plain: Subscriber = field(default_factory=Subscriber)
    bare_deltas: Subscriber = field(
        default_factory=lambda: Subscriber(deltas=True, coding="identity")
    )
    bare: Subscriber = field(default_factory=lambda: Subscriber(coding="identity"))
    sleeper: Follower = field(default_factory=Follower)
    carried: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    untold: set[str] = field(default_factory=set)  # shown, and unknown to a reader of deltas
    builds: int = 0
    packed: int = 0  # bytes that a reader without validators would get, compressed
    told: dict[str, float] = field(default_factory=dict)  # when a source was polled last
    config: str = ""
    starting: bool = True
    view: Site = field(init=False)

    async def live(self) -> None:
        slots = int(HOURS / SLOT)
        for life in range(LIVES):
            async with self.running() as (app, builder, visit):
                for slot in range(slots * life // LIVES, slots * (life + 1) // LIVES):
                    await self.pass_time(app, builder, slot * SLOT)
                    if slot * SLOT % 1 == 0:
                        await self.visit_all(visit, slot * SLOT)
                if life == LIVES - 1:
                    await self.sleeper.ask(visit, self.shown)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[DatedApp, Builder, Visitor]]:
        """One life of the program."""
        self.config, self.starting = self.config or config(0), True
        with DatedApp.open(write_config(self.folder, self.config), {}) as app:
            assert isinstance(app, DatedApp)
            writer = Writer(app.store)
            builder = Builder(app, writer, built=lambda _: None)
            self.view = Site(app.public_root, outputs=app.settings.outputs, app=app)
            try:
                async with visiting(self.view) as visit:
                    yield app, builder, visit
            finally:
                await writer.close()
                builder.close()

    async def pass_time(self, app: DatedApp, builder: Builder, time: float) -> None:
        """Half an hour: feeds.yaml is read if it was edited, what is due is polled, then built."""
        app.moment = self.view.clock = START + timedelta(hours=time)
        if self.starting or self.config != config(time) or time % 24 == 0:
            await self.reload(app, builder, time)
        for source in app.settings.sources:
            self.poll(app, source, time)
        for report in await builder.build():
            assert not report.error
            self.builds += report.changed
        self.read(app)

    async def reload(self, app: DatedApp, builder: Builder, time: float) -> None:
        self.config = config(time)
        write_config(self.folder, self.config)
        app.reload()
        self.starting = False
        app.store.adopt(app.settings.sources, now=app.now(), spread=timedelta(0))
        self.view.outputs = app.settings.outputs
        await builder.prepare()

    def poll(self, app: App, source: Source, time: float) -> None:
        """Poll a source that has something new; the others would answer 304."""
        since = self.told.get(source.id, -9e9)
        if self.news.has_news(source.id, since=since, until=time):
            poll(app.store, source, *self.news.shown(source.id, time), now=app.now())
            self.told[source.id] = time

    def read(self, app: App) -> None:
        """Note what is published now."""
        path = app.public_root / feed_path("all")
        self.shown = entries_of(path.read_bytes())
        self.carried |= self.shown

    async def visit_all(self, visit: Visitor, time: float) -> None:
        for subscriber in (self.deltas, self.plain, self.bare_deltas, self.bare):
            await subscriber.ask(visit, self.shown)
        if not SLEEP[0] <= time < SLEEP[1]:
            await self.sleeper.ask(visit, self.shown)
        self.untold |= lost(self.shown, self.deltas.held)
        path = self.view.public_root / (feed_path("all") + ".gz")
        self.packed += path.stat().st_size


def lost(wanted: dict[str, str], held: dict[str, str]) -> set[str]:
    """The ids of articles that a reader has not, or in an older telling."""
    return {name for name, updated in wanted.items() if held.get(name, "") < updated}


def say(month: Month) -> None:
    """The figures, for -s."""
    lines = [f"{DAYS:g} days, {month.builds} builds, {len(month.carried)} articles"]
    readers = {
        "A-IM, gzip": month.deltas,
        "gzip": month.plain,
        "A-IM": month.bare_deltas,
        "neither": month.bare,
    }
    for name, reader in readers.items():
        lines.append(
            f"{name:<12}{reader.received:>12,} bytes  {reader.statuses}  "
            f"spared when little was new: {reader.spared:.1%}"
        )
    sleeper = month.sleeper
    pages = len(sleeper.known)
    lines.append(f"{'sleeper':<12}{sleeper.received:>12,} bytes  {sleeper.statuses}  {pages} pages")
    lines.append(f"{'gzip always':<12}{month.packed:>12,} bytes  without validators")
    sys.stderr.write("\n".join(lines) + "\n")


@pytest.mark.no_cover
@pytest.mark.timeout(3600)
async def test_readers_are_spared_what_they_have_and_miss_nothing(
    tmp_path: Path,
) -> None:  # W26 W42 W43 W45 W46
    news = Newsroom(1, sources=(*FIRST, LATER), hours=HOURS)
    month = Month(tmp_path, news)
    await month.live()
    say(month)
    # Whoever takes deltas gets no whole document but the first, unless nothing old is in it.
    assert month.deltas.spared >= 0.95
    assert month.bare_deltas.spared >= 0.95
    assert month.deltas.received < month.plain.received / 2
    assert month.bare_deltas.received < month.bare.received / 3
    assert month.plain.received < month.packed
    # It lacks nothing but the past of what was added or let in, which is no news (W46).
    assert month.untold <= no_news(news)
    # Whoever has slept finds all of it in the archive.
    assert lost(month.carried, month.sleeper.held) == set()
    assert month.sleeper.known
    assert told_by_sources(news) <= set(month.sleeper.held)


def no_news(news: Newsroom) -> set[str]:
    """The ids of what is dated before its source was added, or was told before it was let in."""
    past = {story.id for story in news.stories[LATER] if story.dated <= ADDED * HOURS}
    sport = {
        story.id
        for told in news.stories.values()
        for story in told
        if story.sport and story.appears <= LOOSENED * HOURS
    }
    return past | sport


def told_by_sources(news: Newsroom) -> set[str]:
    """The ids of all that sources had to tell; of two tellings of one story only the first."""
    every = [story for told in news.stories.values() for story in told]
    copied = {story.words for story in every if story.name.startswith("copy")}
    news_ids = {
        story.id for story in every if 0 < story.appears < HOURS - 2 and story.words not in copied
    }
    return news_ids - no_news(news)
