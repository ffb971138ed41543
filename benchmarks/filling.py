"""A large store, filled fast: the real schema and real identities, in bulk instead of poll by poll.

Entries, keys and sketches are what `core.identify` makes of whole documents, in as many processes
as there are cores. Only the judge is not asked: who tells which story is known here. Rows are
written in sorted batches, each into the whole of the tables, as they would grow over time.
Bodies are left out: retention deletes them, and neither look-up nor judge reads them.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from aggregator.adapters.sqlite.codec import sketch_to_blob, to_seconds
from aggregator.adapters.sqlite.connection import connect, writing
from aggregator.adapters.sqlite.knowing import kinds
from aggregator.core.identify import identify, own_slug_hash
from aggregator.core.judge import RULES
from aggregator.core.model import Entry, Identity
from aggregator.core.slug import slug_of
from benchmarks.press import SOURCES, Press, feed, published, source

BLOCK = 50  # stories that one source tells in a row
COPIES = 15  # of earlier stories, that another source tells meanwhile
REACH = 20  # blocks back that those are from
BATCH = 400  # blocks written at once

_ARTICLE = """
INSERT INTO articles (slug_hash, slug, atom_id, headline, sort_at, first_seen)
VALUES (?, ?, ?, ?, ?, ?)
"""
_ENTRY = """
INSERT INTO entries (entry_key, source, guid, slug_hash, link, title, rule, evidence, first_seen,
    published, updated, content_hash, changes, words, sketch, held, headline, sort_at)
VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, 0, ?, ?, 0, ?, ?)
"""
_KEY = "INSERT OR IGNORE INTO keys (value, kind, sort_at, slug_hash) VALUES (?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Telling:
    """A story as one source has it."""

    story: int
    source: str
    entry: Entry
    identity: Identity


def paper_of(block: int) -> int:
    """The number of the source that tells the stories of a block first."""
    return block % SOURCES


@cache
def press() -> Press:
    return Press()


def tellings(block: int) -> list[Telling]:
    """The stories of a block, and the copies of earlier ones that come with it."""
    own = range(block * BLOCK, (block + 1) * BLOCK)
    found = _told(paper_of(block), own, at=own.start, first=True)
    dice = Random(f"copies {block}")
    earlier = range(max(0, block - REACH) * BLOCK, own.start)
    copied = sorted(dice.sample(earlier, min(COPIES, len(earlier))))
    return found + _told(paper_of(block + SOURCES // 2), copied, at=own.stop, first=False)


def _told(paper: int, stories: Sequence[int], *, at: int, first: bool) -> list[Telling]:
    tell = press().story if first else press().copy
    entries = [tell(story, paper=paper, at=published(story if first else at)) for story in stories]
    identities = identify(feed(paper, entries), source=source(paper))
    return [
        Telling(story, source(paper).id, _without_texts(entry), identity)
        for story, entry, identity in zip(stories, entries, identities, strict=True)
    ]


def _without_texts(entry: Entry) -> Entry:
    """What the row holds; texts need not travel between processes."""
    return Entry(guid=entry.guid, title=entry.title, link=entry.link, published=entry.published)


@dataclass(slots=True)
class Filler:
    """Fills the store in `path`, further and further."""

    path: Path
    slug_hashes: array[int] = field(default_factory=lambda: array("q"))  # by number of the story
    taken: set[int] = field(default_factory=set)

    def fill_to(self, articles: int) -> None:
        """Go on until the store holds so many articles, rounded down to whole blocks."""
        blocks = range(len(self.slug_hashes) // BLOCK, articles // BLOCK)
        with closing(connect(self.path)) as connection:
            connection.execute("PRAGMA cache_size = -500000")
            for batch in _in_batches(blocks):
                with writing(connection):
                    self._write(connection, batch)

    def _write(self, connection: sqlite3.Connection, batch: list[Telling]) -> None:
        connection.executemany("INSERT OR IGNORE INTO kinds (name) VALUES (?)", zip(RULES))
        numbers = kinds(connection)
        articles: list[tuple[object, ...]] = []
        entries: list[tuple[object, ...]] = []
        keys: list[tuple[int, int, int, int]] = []
        for telling in batch:
            identity, sort_at = telling.identity, to_seconds(published(telling.story))
            first = telling.story == len(self.slug_hashes)
            if first:
                self._mint(identity)
                articles.append(_article_row(self.slug_hashes[-1], telling, sort_at))
            slug_hash = self.slug_hashes[telling.story]
            entries.append(_entry_row(slug_hash, telling, sort_at, "new" if first else "text"))
            keys += [(key.value, numbers[key.kind], -sort_at, slug_hash) for key in identity.keys]
        connection.executemany(_ARTICLE, sorted(articles))
        connection.executemany(_ENTRY, sorted(entries))
        keys.sort()  # by falling time, like the table
        connection.executemany(_KEY, ((*key[:2], -key[2], key[3]) for key in keys))

    def _mint(self, identity: Identity) -> None:
        slug_hash = identity.slug_hash
        if slug_hash in self.taken:
            slug_hash = own_slug_hash(identity.entry_key)
        self.taken.add(slug_hash)
        self.slug_hashes.append(slug_hash)


def _in_batches(blocks: range) -> Iterator[list[Telling]]:
    """The tellings of so many blocks at a time, made while the caller writes those before."""
    starts = range(blocks.start, blocks.stop, BATCH)
    with multiprocessing.Pool(os.cpu_count()) as pool:
        batches = [range(start, min(start + BATCH, blocks.stop)) for start in starts]
        made = pool.map_async(tellings, batches[0], chunksize=10)
        for following in [*batches[1:], range(0)]:
            batch = made.get()
            made = pool.map_async(tellings, following, chunksize=10)
            yield [telling for block in batch for telling in block]


def _article_row(slug_hash: int, telling: Telling, sort_at: int) -> tuple[object, ...]:
    identity = telling.identity
    slug = slug_of(identity.stem, slug_hash)
    return (slug_hash, slug, identity.atom_id, identity.headline, sort_at, sort_at)


def _entry_row(slug_hash: int, telling: Telling, sort_at: int, rule: str) -> tuple[object, ...]:
    entry, identity = telling.entry, telling.identity
    assert entry.published is not None
    moment = to_seconds(entry.published)
    return (
        identity.entry_key,
        telling.source,
        entry.guid,
        slug_hash,
        entry.link,
        entry.title,
        rule,
        moment,
        moment,
        moment,
        identity.content_hash,
        identity.words,
        sketch_to_blob(identity.sketch),
        identity.headline,
        sort_at,
    )
