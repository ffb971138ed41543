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

from aggregator.adapters.sqlite import wording
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
INSERT INTO entries (entry_key, source, guid, link, title, first_seen, published, updated,
    content_hash, words, sketch, headline, slug_hash, sort_at, rule, evidence, changes, held)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0)
"""
_KEY = "INSERT OR IGNORE INTO keys (value, kind, sort_at, slug_hash) VALUES (?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Telling:
    """A story as one source has it: what goes from one process to the other, plain values."""

    story: int
    slug_hash: int  # as the headline alone gives it
    stem: str
    atom_id: str
    row: tuple[int | str | bytes, ...]  # of the entry, but for what its article decides
    keys: tuple[tuple[int, str], ...]


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
    moments = [published(story if first else at) for story in stories]
    entries = [
        tell(story, paper=paper, at=moment) for story, moment in zip(stories, moments, strict=True)
    ]
    identities = identify(feed(paper, entries), source=source(paper))
    return [
        Telling(
            story=story,
            slug_hash=identity.slug_hash,
            stem=identity.stem,
            atom_id=identity.atom_id,
            row=_entry_row(source(paper).id, entry, identity, to_seconds(moment)),
            keys=tuple((key.value, key.kind) for key in identity.keys),
        )
        for story, moment, entry, identity in zip(
            stories, moments, entries, identities, strict=True
        )
    ]


def _entry_row(
    paper: str, entry: Entry, identity: Identity, moment: int
) -> tuple[int | str | bytes, ...]:
    return (
        identity.entry_key,
        paper,
        entry.guid,
        entry.link,
        entry.title,
        moment,
        moment,
        moment,
        identity.content_hash,
        identity.words,
        sketch_to_blob(identity.sketch),
        identity.headline,
    )


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
            stored = connection.execute("SELECT slug_hash FROM articles")  # by polls, too
            self.taken = {slug_hash for (slug_hash,) in stored}
            for batch in _in_batches(blocks):
                with writing(connection):
                    self.write(connection, batch)

    def write(self, connection: sqlite3.Connection, batch: list[Telling]) -> None:
        """Write stories that follow those already there, with their copies, in a transaction."""
        connection.executemany("INSERT OR IGNORE INTO kinds (name) VALUES (?)", zip(RULES))
        numbers = kinds(connection)
        articles: list[tuple[object, ...]] = []
        entries: list[tuple[object, ...]] = []
        keys: list[tuple[int, int, int, int]] = []
        for telling in batch:
            sort_at = to_seconds(published(telling.story))
            first = telling.story == len(self.slug_hashes)
            if first:
                slug_hash = self._minted(telling)
                slug, headline = slug_of(telling.stem, slug_hash), telling.row[-1]
                articles.append((slug_hash, slug, telling.atom_id, headline, sort_at, sort_at))
            slug_hash = self.slug_hashes[telling.story]
            entries.append((*telling.row, slug_hash, sort_at, "new" if first else "text"))
            keys += [(value, numbers[kind], -sort_at, slug_hash) for value, kind in telling.keys]
        connection.executemany(_ARTICLE, sorted(articles))
        connection.executemany(_ENTRY, sorted(entries))
        wording.add(connection, _titles(batch, self.slug_hashes))
        keys.sort()  # by falling time, like the table
        connection.executemany(_KEY, ((*key[:2], -key[2], key[3]) for key in keys))

    def _minted(self, telling: Telling) -> int:
        slug_hash = telling.slug_hash
        if slug_hash in self.taken:
            slug_hash = own_slug_hash(int(telling.row[0]))
        self.taken.add(slug_hash)
        self.slug_hashes.append(slug_hash)
        return slug_hash


def _titles(batch: Sequence[Telling], slug_hashes: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Each story by the words of all who tell it, as they come."""
    return ((slug_hashes[telling.story], str(telling.row[4])) for telling in batch)


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
