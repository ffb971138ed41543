"""What it costs to know a story again: CPU per entry while the store grows to 1,000,000 articles.

python -m benchmarks.identity [--sizes 10000,100000,1000000] [--folder PATH]

The folder (a temporary one by default) needs 2.5 GB for a million. Polls of stored sources bring
documents with new entries; one new entry in five is a copy of a story of the last two days that
another source told. All figures are CPU time, user and system, of one process, divided by the
entries they were spent on; each is the median over the documents of its kind. What other processes
do at the same time makes CPU time longer, so identify and judge take the best of three rounds for
each document; a look-up is only cold once, and takes the first.

identify: what a worker process does with every entry of a document, after parsing it.
look-up:  the one read of all that is known about the document.
judge:    the decisions.
write:    the rest of the save: articles, entries, keys, bodies, the ledger, the source's state.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import TypeVar

from aggregator.adapters.sqlite import SqliteStore, states, together
from aggregator.adapters.sqlite.connection import connect
from aggregator.adapters.sqlite.knowing import Knowledge, knowledge
from aggregator.core import gist, judge
from aggregator.core.identify import identify
from aggregator.core.model import Entry, Reading, SourceState
from aggregator.core.outcome import Outcome
from benchmarks.filling import BLOCK, Filler, press
from benchmarks.press import SOURCES, feed, published, source

SIZES = "10000,100000,1000000"
COPIED = 0.2  # of the new entries
RECENT = 20_000  # stories back that copies are of: two days
HOUR = timedelta(hours=1)
ROUNDS = 3
NEVER_STORED = 1 << 40  # from this number on stories are told in no other document


@dataclass(frozen=True, slots=True)
class Kind:
    """Documents of so many entries, of which so many are new."""

    new: int
    entries: int
    documents: int  # that are measured

    def __str__(self) -> str:
        return f"{self.new} new of {self.entries}"


KINDS = (Kind(1, 30, 60), Kind(10, 30, 30), Kind(100, 100, 12))


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of CPU: identify for each entry of the document, the others for each new one."""

    identify: float
    look_up: float
    judge: float
    write: float


@dataclass(frozen=True, slots=True)
class Poll:
    """A document of a stored source."""

    paper: int
    entries: tuple[Entry, ...]


class Polls:
    """Polls of a store that holds `articles` stories, at the time of the last of them."""

    def __init__(self, path: Path, connection: sqlite3.Connection, articles: int) -> None:
        self._path = path
        self._connection = connection
        self._articles = articles
        self._now = published(articles) + 2 * HOUR
        self._dice = Random(articles)
        self._fresh = NEVER_STORED + articles

    def costs(self, kind: Kind) -> Cost:
        """The medians over all documents of one kind; one more is polled first, to warm up."""
        polls = [self._poll(kind, paper) for paper in self._papers(kind.documents + 1)]
        claimed = self._claimed(polls)
        readings = [self._read(poll) for poll in polls]
        found = [
            self._save(poll, claimed[source(poll.paper).id], reading, kind, seconds)
            for poll, (seconds, reading) in zip(polls, readings, strict=True)
        ]
        parts = zip(*(astuple(cost) for cost in found[1:]), strict=True)
        return Cost(*(median(part) for part in parts))

    def _papers(self, count: int) -> list[int]:
        blocks = min(SOURCES, self._articles // BLOCK)
        return self._dice.sample(range(blocks), min(count, blocks))

    def _poll(self, kind: Kind, paper: int) -> Poll:
        """A document of new entries above some that are stored."""
        rounds = (self._articles // BLOCK - 1 - paper) // SOURCES
        block = paper + SOURCES * self._dice.randint(0, rounds)
        known = range(block * BLOCK, block * BLOCK + kind.entries - kind.new)
        old = [press().story(story, paper=paper, at=published(story)) for story in known]
        return Poll(paper, (*(self._new(paper) for _ in range(kind.new)), *old))

    def _new(self, paper: int) -> Entry:
        at = self._now - self._dice.randrange(3600) * timedelta(seconds=1)
        if self._dice.random() < COPIED:
            recent = range(max(0, self._articles - RECENT), self._articles)
            return press().copy(self._dice.choice(recent), paper=paper, at=at)
        self._fresh += 1
        return press().story(self._fresh, paper=paper, at=at)

    def _claimed(self, polls: Sequence[Poll]) -> dict[str, SourceState]:
        names = [source(poll.paper).id for poll in polls]
        wanted = states.Claim(
            now=self._now,
            lease=HOUR,
            next_poll=HOUR,
            limit=len(names),
            accept=lambda _source: True,
            only=names,
            force=True,
            hard_interval=timedelta(0),
        )
        claimed = states.claim(self._connection, wanted)
        return {state.source: replace(state, last_success_at=self._now) for state in claimed}

    def _read(self, poll: Poll) -> tuple[float, Reading]:
        document = feed(poll.paper, poll.entries)
        rounds = [
            _timed(lambda: identify(document, source=source(poll.paper))) for _ in range(ROUNDS)
        ]
        seconds, identities = min(rounds, key=lambda each: each[0])
        return seconds, Reading(document, identities)

    def _save(
        self, poll: Poll, state: SourceState, reading: Reading, kind: Kind, identified: float
    ) -> Cost:
        """Save a poll; what the save took besides reading and deciding is what the writing took."""
        after = replace(state, next_poll_at=self._now + HOUR)
        outcome = Outcome(
            source=source(poll.paper),
            state=state,
            reading=reading,
            settle=lambda _novelty: after,
            now=self._now,
        )
        origin = source(poll.paper)

        def look_up() -> Knowledge:
            window = origin.dedupe.window
            return knowledge(
                self._connection, reading, source=origin.id, window=window, now=self._now
            )

        def decide() -> object:
            return judge.resolve(found.reading, source=origin, known=found.known, now=self._now)

        cold, found = _timed(look_up)
        warm, _ = _timed(look_up)
        judged = min(_timed(decide)[0] for _ in range(ROUNDS))
        saved, _ = _timed(lambda: together.save_each(self._connection, [outcome], path=self._path))
        return Cost(
            1e6 * identified / kind.entries,
            *(1e6 * part / kind.new for part in (cold, judged, saved - warm - judged)),
        )


_Result = TypeVar("_Result")


def _timed(action: Callable[[], _Result]) -> tuple[float, _Result]:
    """CPU seconds, and what came of it. Nothing is remembered of other entries' words."""
    for remembering in (gist.gist, gist.is_distinctive):
        remembering.cache_clear()
    before = time.process_time()
    result = action()
    return time.process_time() - before, result


def measured(path: Path, sizes: Sequence[int]) -> Iterator[tuple[int, Kind, Cost]]:
    """Fill the store to each size in turn and poll."""
    filler = Filler(path)
    with SqliteStore.open(path) as store:
        papers = [source(number) for number in range(SOURCES)]
        store.adopt(papers, now=published(0), spread=timedelta(0))
    for size in sizes:
        before = time.perf_counter()
        filler.fill_to(size)
        _report_fill(path, size, time.perf_counter() - before)
        with closing(connect(path)) as connection:  # one, as the thread that writes has
            polls = Polls(path, connection, size)
            for kind in KINDS:
                yield size, kind, polls.costs(kind)


def _report_fill(path: Path, size: int, seconds: float) -> None:
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (entries,) = connection.execute("SELECT count(*) FROM entries").fetchone()
        (keys,) = connection.execute("SELECT count(*) FROM keys").fetchone()
    each = path.stat().st_size / size
    print(
        f"{size:,} articles in {seconds:.0f} s: {entries / size:.2f} entries, "
        f"{keys / size:.1f} keys and {each:,.0f} bytes without bodies for each",
        flush=True,
    )


def table(found: Sequence[tuple[int, Kind, Cost]]) -> Iterator[str]:
    """The figures in Markdown; in brackets, how many times that of the smallest store."""
    yield "| document | articles | identify | look-up | judge | together | write |"
    yield "|---|---|---|---|---|---|---|"
    least = {kind: cost for _, kind, cost in reversed(found)}
    for size, kind, cost in sorted(found, key=lambda line: (KINDS.index(line[1]), line[0])):
        cells = [
            f"{now:.0f} µs ({now / then:.2f})"
            for now, then in zip(_columns(cost), _columns(least[kind]), strict=True)
        ]
        yield f"| {kind} | {size:,} | {' | '.join(cells)} |"


def _columns(cost: Cost) -> tuple[float, ...]:
    together = cost.identify + cost.look_up + cost.judge
    return (cost.identify, cost.look_up, cost.judge, together, cost.write)


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU per new entry while the store grows.")
    parser.add_argument("--sizes", default=SIZES, help="articles, ascending (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where the database is made, and removed")
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        found = list(measured(Path(folder) / "identity.db", sizes))
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
