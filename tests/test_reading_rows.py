"""Reading only what is new stores what reading the whole stores: row for row, through the story.

A sample by default; the whole corpus with AGGREGATOR_WHOLE_CORPUS=1, as many pairs of an old and
a new document as AGGREGATOR_PAIRS says.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest

from aggregator import pipeline
from aggregator.adapters.sqlite import SqliteStore
from aggregator.app import App
from aggregator.core.chunk import read_new
from aggregator.core.errors import ParseError
from aggregator.core.model import (
    Document,
    Fetched,
    Novelty,
    PollReport,
    Reading,
    SourceState,
    Validators,
)
from aggregator.core.outcome import Outcome, Saved
from aggregator.core.read import read
from aggregator.core.settings import Limits, Source
from tests.adapters.store.polls import HOUR, NOW, adopt, claim, outcome
from tests.core.test_chunk_equality import MADE_UP, PAIRS, SEED, corpus_documents, starts
from tests.core.versions import arrived, mutated
from tests.feed_server import Story, feed_server, rss, write_config
from tests.test_engine import run_once

LIMITS = Limits()
MAX_ENTRIES = 60
CHAINS = 40  # sources of one store: they share stories
PACING = pipeline.Pacing(limits=LIMITS, cron_next=lambda _, after: after, chance=lambda: 0.5)


@dataclass
class Program:
    """A store, and polls that are given their documents."""

    store: SqliteStore
    incremental: bool
    counts: Counter[str] = field(default_factory=Counter)
    fails: ParseError | None = None  # what reading comes to

    async def poll(self, source: Source, body: bytes, *, after: int) -> PollReport:
        now = NOW + after * HOUR
        (state,) = claim(self.store, source.id, now=now, force=True)

        async def fetch(_: Source, asked: SourceState) -> Fetched:
            document = Document(url=source.url, body=body, content_type="text/xml")
            return Fetched(status=200, document=document, validators=Validators())

        async def save(outcome: Outcome) -> Saved | None:
            return self.store.save(outcome)

        return await pipeline.poll(
            source,
            state,
            fetch=fetch,
            read=self._read,
            save=save,
            pacing=PACING,
            clock=lambda: now,
        )

    async def _read(self, source: Source, document: Document, whole: bool) -> Reading:
        if not self.incremental:
            return read(document, source, MAX_ENTRIES)
        memory = self.store.memory(source.id)
        self.counts["forgotten"] += whole and bool(memory)
        if self.fails is not None:
            raise self.fails
        reading = read_new(document, source, MAX_ENTRIES, b"" if whole else memory)
        self.counts["seen"] += len(reading.seen)
        self.counts["read"] += len(reading.identities)
        return reading

    def rows(self) -> list[str]:
        """All that is stored, but for what is remembered of documents."""
        return [line for line in self.store.dump() if '"table":"memories"' not in line]


@contextmanager
def programs(folder: Path) -> Iterator[tuple[Program, Program]]:
    folder.mkdir()
    with (
        closing(SqliteStore.open(folder / "new.db")) as new,
        closing(SqliteStore.open(folder / "whole.db")) as whole,
    ):
        yield Program(new, incremental=True), Program(whole, incremental=False)


@dataclass
class Versions:
    """A source and the documents it serves, one after the other."""

    source: Source
    bodies: list[bytes]


async def stored_alike(folder: Path, served: list[Versions]) -> Counter[str]:
    """Poll all sources in turn into two stores, and compare these."""
    with programs(folder) as (new, whole):
        for program in (new, whole):
            adopt(program.store, *(each.source for each in served))
        for turn in range(max(len(each.bodies) for each in served)):
            for each in served:
                if turn < len(each.bodies):
                    body = each.bodies[turn]
                    told = await new.poll(each.source, body, after=turn)
                    assert told == await whole.poll(each.source, body, after=turn)
        assert new.rows() == whole.rows()
        return new.counts


def named(number: int) -> Source:
    return Source(id=f"s{number}", url=f"https://h{number}.example/feed.xml", title=f"S {number}")


@pytest.mark.timeout(3600)
async def test_the_corpus_and_its_twins_are_stored_alike(corpus: Path, tmp_path: Path) -> None:
    served = [
        Versions(named(number), [body, body + b"\n", body + b"\n\n"])
        for number, body in enumerate(corpus_documents(corpus))
    ]
    counts: Counter[str] = Counter()
    for start in range(0, len(served), CHAINS):
        some = served[start : start + CHAINS]
        counts += await stored_alike(tmp_path / str(start), some)
    assert counts["seen"] > 0.5 * counts["read"] > 100
    assert counts["forgotten"] == 0


def chain(dice: Random, number: int, bodies: list[bytes]) -> Versions:
    """A source whose document changes a few times; some of what arrives is damaged."""
    body, arrivals = dice.choice(bodies), []
    for _ in range(dice.randrange(3, 8)):
        arrivals.append(arrived(dice, body))
        body = mutated(dice, body)
    return Versions(named(number), arrivals)


async def stored_alike_after_changes(folder: Path, bodies: list[bytes]) -> Counter[str]:
    dice = Random(SEED)
    counts: Counter[str] = Counter()
    while counts["pairs"] < PAIRS:
        served = [chain(dice, number, bodies) for number in range(CHAINS)]
        counts += await stored_alike(folder / str(counts["pairs"]), served)
        counts["pairs"] += sum(len(each.bodies) - 1 for each in served)
    return counts


@pytest.mark.timeout(3600)
async def test_versions_of_real_documents_are_stored_alike(corpus: Path, tmp_path: Path) -> None:
    bodies = [body for body in starts(corpus) if len(body) < 60_000]
    counts = await stored_alike_after_changes(tmp_path, bodies)
    assert counts["seen"] > 0.2 * counts["read"]


@pytest.mark.timeout(3600)
async def test_versions_of_made_up_documents_are_stored_alike(tmp_path: Path) -> None:
    counts = await stored_alike_after_changes(tmp_path, [body.encode() for body in MADE_UP])
    assert counts["seen"] > 0.2 * counts["read"]


async def test_entries_that_are_not_stored_any_more_are_read_again(tmp_path: Path) -> None:
    """Such as in a database that somebody has repaired by hand."""
    first, second = MADE_UP[0].encode(), MADE_UP[0].encode() + b"\n"
    with programs(tmp_path / "stores") as (program, _):
        adopt(program.store, named(1))
        await program.poll(named(1), first, after=0)
        stored = {each.guid for each in program.store.entries()}
        with closing(sqlite3.connect(program.store.path)) as connection, connection:
            gone = "SELECT entry_key FROM entries WHERE guid = ?"
            connection.execute(f"DELETE FROM bodies WHERE entry_key = ({gone})", (min(stored),))
            connection.execute("DELETE FROM entries WHERE guid = ?", (min(stored),))
        report = await program.poll(named(1), second, after=1)
        assert program.counts["forgotten"] == 1
        assert {each.guid for each in program.store.entries()} == stored
        assert report.novelty.unchanged == len(stored) - 1
        await program.poll(named(1), second + b"\n", after=2)
        assert program.counts["forgotten"] == 1


@pytest.mark.parametrize(("kind", "whole"), [("deadline", 1), ("memory", 1), ("damaged", 0)])
async def test_what_took_too_much_to_read_is_read_as_a_whole_the_next_time(
    kind: str, whole: int, tmp_path: Path
) -> None:
    """To look for what is new may take as long as reading all, and then all is read besides."""
    first, second = MADE_UP[0].encode(), MADE_UP[0].encode() + b"\n"
    with programs(tmp_path / "stores") as (program, _):
        adopt(program.store, named(1))
        await program.poll(named(1), first, after=0)
        program.fails = ParseError("not read", kind=kind)
        report = await program.poll(named(1), second, after=1)
        assert (report.outcome, program.counts["forgotten"]) == ("failed", 0)
        program.fails = None
        report = await program.poll(named(1), second, after=2)
        assert (report.outcome, program.counts["forgotten"]) == ("unchanged", whole)


async def test_a_poll_whose_lease_was_lost_leaves_the_memory_alone(tmp_path: Path) -> None:
    with programs(tmp_path / "stores") as (program, _):
        adopt(program.store, named(1))
        await program.poll(named(1), MADE_UP[0].encode(), after=0)
        kept = program.store.memory("s1")
        (late,) = claim(program.store, "s1", now=NOW + HOUR)
        claim(program.store, "s1", now=NOW + 2 * HOUR)
        document = read(Document(url="", body=MADE_UP[1].encode()), named(1), MAX_ENTRIES)
        lost = outcome(named(1), late, replace(document, memory=b"late"), now=NOW + HOUR)
        assert program.store.save(lost) is None
        assert program.store.memory("s1") == kept != b""


async def test_a_running_program_reads_only_what_is_new_and_all_when_it_has_no_memory(
    tmp_path: Path,
) -> None:
    """Entries whose stored hashes were changed look edited to whoever reads them again."""
    stories = [Story(str(number), f"Story number {number} of this feed") for number in range(4)]

    async def polled(app: App, *shown: Story, memory: bool) -> Novelty:
        with closing(sqlite3.connect(app.store.path)) as connection, connection:
            connection.execute("UPDATE entries SET content_hash = 0")
            if not memory:
                connection.execute("DELETE FROM memories")
        server.bodies["a"] = rss(*shown)
        (report,) = (await run_once(app, force=True)).polls
        return report.novelty

    with (
        feed_server({"a": rss(*stories[2:])}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await run_once(app)
        incremental = await polled(app, *stories[1:], memory=True)
        whole = await polled(app, *stories, memory=False)
    assert (incremental.new, incremental.updated, incremental.unchanged) == (1, 0, 2)
    assert (whole.new, whole.updated, whole.unchanged) == (1, 3, 0)
