"""What a poll, a build and `why` cost while the store grows from 10,000 to 1,000,000 articles.

A poll is the whole of it but the network: claim, read (parse, clean, identify), look up, judge,
write, commit, with `pipeline.poll` and the writer of the daemon. What workers do is done in this
process, so that its CPU time, user and system, holds everything. Before a poll counts, the same
source was polled once with the entries that its document goes on to hold.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from typing import TypeVar

from aggregator import explain, pipeline
from aggregator.adapters.sqlite.connection import connect
from aggregator.adapters.sqlite.writer import Writer
from aggregator.app import App
from aggregator.app.builder import Builder
from aggregator.core.chunk import read_watched
from aggregator.core.model import (
    Document,
    Fetched,
    PollReport,
    Reading,
    SourceState,
    Validators,
)
from aggregator.core.settings import Source
from benchmarks.curves.papers import document, give_texts, stores
from benchmarks.filling import BLOCK, paper_of, press
from benchmarks.press import SOURCES, published, source
from benchmarks.why import questions
from benchmarks.why import settings as asking

SIZES = (10_000, 100_000, 1_000_000)
POLLS = 60  # papers that are polled
LEAST = POLLS * BLOCK  # each of them told the newest of its stories
KNOWN = 29  # entries of a document besides the new one
FLOOD, TOGETHER, FLOODS = 50, 10, 4  # new entries of a document, documents at once, how often
BUILDS = 20
OUTPUTS = 20  # that `why` looks at
HOUR = timedelta(hours=1)
WAYS = ("slug", "guid", "link", "headline")
PRINTED = b"<item>"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """CPU seconds at one number of articles; bytes."""

    articles: int
    poll: float
    build: float
    why: float
    read: float  # new entries in a second of CPU
    saved: float  # the same
    size: float  # of an article, without bodies


@dataclass(slots=True)
class DatedApp(App):
    """The program at the time of the newest article."""

    moment: datetime = published(0)

    def now(self) -> datetime:
        return self.moment


class Papers:
    """Polls the papers of one store, each time an hour later."""

    def __init__(self, app: DatedApp, writer: Writer, *, articles: int, stored: int) -> None:
        self._app = app
        self._writer = writer
        self._last_block = articles // BLOCK - 1
        self._fresh = (1 << 40) + stored  # stories of higher numbers are stored nowhere
        self._pacing = pipeline.Pacing(
            limits=app.settings.limits, cron_next=lambda _text, at: at, chance=lambda: 0.0
        )
        app.moment = published(articles) + 2 * HOUR

    def newest(self, count: int) -> Sequence[int]:
        """The papers that told the newest stories."""
        blocks = range(self._last_block, max(-1, self._last_block - count), -1)
        return [paper_of(block) for block in blocks]

    def known(self, paper: int) -> Document:
        """Entries of its newest block, which are stored."""
        block = self._last_block - (self._last_block - paper) % SOURCES
        stories = range(block * BLOCK, block * BLOCK + KNOWN)
        return document(
            paper, [press().story(story, paper=paper, at=published(story)) for story in stories]
        )

    def all_new(self, paper: int, count: int) -> Document:
        """Entries that nobody has told before."""
        first, self._fresh = self._fresh, self._fresh + count
        now = self._app.moment
        return document(
            paper,
            [
                press().story(story, paper=paper, at=now - (story - first) * HOUR / 360)
                for story in range(first, first + count)
            ],
        )

    def with_one_new(self, paper: int) -> Document:
        """What is known, and a new entry above it."""
        news, known = self.all_new(paper, 1), self.known(paper)
        item = PRINTED + news.body.partition(PRINTED)[2].rpartition(b"</channel>")[0]
        head, _, rest = known.body.partition(PRINTED)
        return replace(known, body=head + item + PRINTED + rest)

    async def poll(self, served: Mapping[int, Document]) -> Sequence[PollReport]:
        """Poll papers that serve these documents."""
        claimed = await self._claim(served)
        return await asyncio.gather(*(self._poll(*one, self._read) for one in claimed))

    async def flood(self, served: Mapping[int, Document]) -> tuple[float, float]:
        """Read documents, then save them in one commit; CPU seconds of each."""
        claimed = await self._claim(served)
        readings: dict[str, Reading] = {}

        async def read_all() -> None:
            for one, _, found in claimed:
                readings[one.id] = await self._read(one, found, False)

        async def kept(one: Source, _document: Document, _whole: bool) -> Reading:
            return readings[one.id]

        reading, _ = await timed(read_all)
        saving, _ = await timed(
            lambda: asyncio.gather(*(self._poll(*one, kept) for one in claimed))
        )
        return reading, saving

    async def _claim(
        self, served: Mapping[int, Document]
    ) -> Sequence[tuple[Source, SourceState, Document]]:
        self._app.moment += HOUR
        documents = {source(paper).id: found for paper, found in served.items()}
        states = await self._writer.run(
            self._app.store.claim,
            now=self._app.moment,
            lease=HOUR / 60,
            next_poll=HOUR,
            limit=len(documents),
            accept=lambda _source: True,
            only=list(documents),
            force=True,
        )
        known = self._app.sources
        return [(known[state.source], state, documents[state.source]) for state in states]

    async def _poll(
        self, one: Source, state: SourceState, served: Document, read: pipeline.Read
    ) -> PollReport:
        async def fetch(_source: Source, _state: SourceState) -> Fetched:
            return Fetched(status=200, document=served, validators=Validators())

        return await pipeline.poll(
            one,
            state,
            fetch=fetch,
            read=read,
            save=self._writer.save,
            pacing=self._pacing,
            clock=self._app.now,
        )

    async def _read(self, one: Source, served: Document, whole: bool) -> Reading:
        memory = b"" if whole else await self._writer.run(self._app.store.memory, one.id)
        return read_watched(served, one, self._app.settings.limits.max_entries, memory).reading


async def timed(action: Callable[[], Awaitable[Result]]) -> tuple[float, Result]:
    """CPU seconds, and what came of it."""
    before = time.process_time()
    result = await action()
    return time.process_time() - before, result


def measured(folder: Path, sizes: Sequence[int]) -> Iterator[Grown]:
    """Fill what is missing, and measure each size in turn."""
    for size, file in stores(folder, sizes):
        with DatedApp.open(file, {}) as app:
            assert isinstance(app, DatedApp)
            yield asyncio.run(_measure(app, size))


async def _measure(app: DatedApp, articles: int) -> Grown:
    size, stored = _sizes(app.store.path)
    give_texts(app.store.path, articles)
    app.moment = published(articles)
    app.store.adopt(app.settings.sources, now=app.moment, spread=timedelta(0))
    writer = Writer(app.store)
    papers = Papers(app, writer, articles=articles, stored=stored)
    builder = Builder(app, writer, built=lambda _report: None)
    try:
        poll = await _polls(papers)
        build = await _builds(papers, builder)
        reading, saving = await _flood(papers)
    finally:
        await writer.close()
        builder.close()
    return Grown(
        articles=articles,
        poll=poll,
        build=build,
        why=_why(app),
        read=reading,
        saved=saving,
        size=size / articles,
    )


async def _polls(papers: Papers) -> float:
    """The median poll of a document with one new entry."""
    found = []
    for paper in papers.newest(POLLS):
        await papers.poll({paper: papers.known(paper)})
        served = {paper: papers.with_one_new(paper)}
        seconds, (report,) = await timed(partial(papers.poll, served))
        assert report.novelty.new == 1, report
        found.append(seconds)
    return median(found[1:])


async def _builds(papers: Papers, builder: Builder) -> float:
    """The median build of an output after a poll with one new entry."""
    await builder.prepare()
    await builder.build()
    found = []
    for paper in papers.newest(BUILDS):
        await papers.poll({paper: papers.with_one_new(paper)})
        seconds, reports = await timed(builder.build)
        assert [report.changed for report in reports] == [True], reports
        found.append(seconds)
    return median(found)


async def _flood(papers: Papers) -> tuple[float, float]:
    """New entries read, and saved, in a second of CPU."""
    reading = saving = 0.0
    for _ in range(FLOODS):
        served = {paper: papers.all_new(paper, FLOOD) for paper in papers.newest(TOGETHER)}
        read, saved = await papers.flood(served)
        reading, saving = reading + read, saving + saved
    new = FLOODS * TOGETHER * FLOOD
    return new / reading, new / saving


def _why(app: DatedApp) -> float:
    """The median answer of `why`, however an article is named."""
    using = asking(OUTPUTS)
    with closing(connect(app.store.path)) as connection:
        asked = [what for way, what in questions(connection, Random(6)) if way in WAYS]
    found = []
    for what in asked:
        before = time.process_time()
        assert explain.why(app.store, using, what, now=app.now())
        found.append(time.process_time() - before)
    return median(found)


def _sizes(path: Path) -> tuple[int, int]:
    """Bytes of the file, and how many entries it holds."""
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (entries,) = connection.execute("SELECT count(*) FROM entries").fetchone()
    return path.stat().st_size, entries


def table(found: Sequence[Grown]) -> Iterator[str]:
    """The figures in Markdown; in brackets, how many times that of the smallest store."""
    yield "| articles | poll, 1 new of 30 | build of one output | `why` | entries saved | on disk |"
    yield "|---:|---:|---:|---:|---:|---:|"
    least = found[0]
    for one in found:
        cells = [
            f"{1000 * now:.2f} ms ({now / then:.2f})"
            for now, then in zip(_times(one), _times(least), strict=True)
        ]
        rest = f"{one.saved:,.0f} a second | {one.size:,.0f} bytes each"
        yield f"| {one.articles:,} | {' | '.join(cells)} | {rest} |"
    yield ""
    yield f"Read: {median(one.read for one in found):,.0f} entries in a second of CPU."


def _times(one: Grown) -> tuple[float, float, float]:
    return one.poll, one.build, one.why
