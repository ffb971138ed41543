"""Stored entries made findable under the keys that this version of the program asks for.

What keys, normal headlines, sketches and content hashes are made of may change from version to
version; slugs, slug hashes and ids never do. Each source remembers with which version its entries
were keyed. Those of another one are identified anew from what is stored, before anything is
polled: else the next copy of a known story would found a second article.

Source by source, in batches: memory is bounded, other processes get their turns, and what was
broken off goes on where it was. Keys of before stay: nothing asks for them, or the judge decides.
"""

from __future__ import annotations

import logging
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aggregator.adapters.sqlite import keyed
from aggregator.adapters.sqlite.codec import (
    entry_from_json,
    info_from_json,
    many,
    sketch_to_blob,
)
from aggregator.adapters.sqlite.connection import writing
from aggregator.adapters.sqlite.keys import write_keys
from aggregator.core.identify import identify_stored, site_names
from aggregator.core.model import Entry, Feed, FeedInfo, Identity, Key
from aggregator.core.settings import Source
from aggregator.logs import event

_BATCH = 200  # entries of one transaction
_SAMPLE = 50  # newest entries of a source, that show how it signs its headlines
# What is no matter of headline or text, or only the document could tell.
_KEPT = frozenset({"guid", "guid~", "id", "link"})

Progress = Callable[[int, int], None]  # entries done, entries in all
logger = logging.getLogger(__name__)

_NEWEST = "SELECT guid, title, link FROM entries WHERE source = ? ORDER BY sort_at DESC LIMIT ?"
# Who founded an article gives it its headline; should that entry be gone, the others do.
_STORED = """
SELECT e.entry_key, coalesce(e.home, e.slug_hash), e.guid, e.title, e.link, b.body,
    e.rule = 'new' OR NOT EXISTS (
        SELECT 1 FROM entries AS o WHERE o.slug_hash = e.slug_hash AND o.rule = 'new')
FROM json_each(?) AS wanted CROSS JOIN entries AS e ON e.entry_key = wanted.value
LEFT JOIN bodies AS b ON b.entry_key = e.entry_key
"""
_WRITE_HEADLINE = "UPDATE entries SET headline = :headline WHERE entry_key = :entry_key"
_WRITE_TEXT = """
UPDATE entries SET content_hash = :content_hash, words = :words, sketch = :sketch
WHERE entry_key = :entry_key
"""
_WRITE_ARTICLE = "UPDATE articles SET headline = :headline WHERE slug_hash = :home"


def rekey(
    connection: sqlite3.Connection,
    stale: Sequence[tuple[str, str]],
    sources: Sequence[Source],
    *,
    progress: Progress,
) -> int:
    """Identify the entries of `stale` sources anew (see keyed); return how many there were."""
    known = {source.id: source for source in sources}
    total = _count(connection, [source for source, _ in stale])
    done = 0
    for name, info in stale:
        source = known.get(name, Source(id=name))
        for batch in _rekeyed(connection, source, info_from_json(info)):
            done += batch
            progress(done, total)
        with writing(connection):
            keyed.mark(connection, [name])
    return done


def tell(done: int, total: int) -> None:
    """Log the first batch, the last one and each hundredth between them."""
    if done == total or done <= _BATCH or done // _BATCH % 100 == 0:
        event(logger, logging.INFO, "making stored entries findable", done=done, of=total)


def _count(connection: sqlite3.Connection, sources: Iterable[str]) -> int:
    row = connection.execute(
        "SELECT count(*) FROM json_each(?) AS wanted "
        "CROSS JOIN entries AS e ON e.source = wanted.value",
        (many(sources),),
    ).fetchone()
    return int(row[0])


def _rekeyed(connection: sqlite3.Connection, source: Source, info: FeedInfo) -> Iterable[int]:
    """Work through the entries of one source; yield the size of each batch when it is written."""
    rows = connection.execute("SELECT entry_key FROM entries WHERE source = ?", (source.id,))
    entry_keys = array("q", (entry_key for (entry_key,) in rows))
    names = known_site_names(connection, source, info) if entry_keys else frozenset()
    for start in range(0, len(entry_keys), _BATCH):
        batch = entry_keys[start : start + _BATCH]
        with writing(connection):  # also what is read: another process may be editing it
            _write(connection, _identified(connection, batch, source=source, names=names))
        yield len(batch)


def known_site_names(
    connection: sqlite3.Connection, source: Source, info: FeedInfo
) -> frozenset[str]:
    """How a source signs its headlines, as its newest entries show it."""
    newest = connection.execute(_NEWEST, (source.id, _SAMPLE))
    entries = tuple(Entry(guid=guid, title=title, link=link) for guid, title, link in newest)
    return site_names(Feed(info=info, entries=entries), source)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A stored entry as this version identifies it."""

    entry_key: int
    home: int  # the article that has its keys
    names_article: bool
    has_text: bool
    identity: Identity

    def by_home(self) -> Iterable[tuple[Key, int]]:
        return ((key, self.home) for key in self.identity.keys if key.kind not in _KEPT)

    def row(self) -> dict[str, object]:
        return {
            "entry_key": self.entry_key,
            "home": self.home,
            "headline": self.identity.headline,
            "content_hash": self.identity.content_hash,
            "words": self.identity.words,
            "sketch": sketch_to_blob(self.identity.sketch),
        }


def _identified(
    connection: sqlite3.Connection,
    entry_keys: Sequence[int],
    *,
    source: Source,
    names: frozenset[str],
) -> list[_Stored]:
    rows = connection.execute(_STORED, (many(entry_keys),)).fetchall()
    entries = [
        entry_from_json(body) if body else Entry(guid=guid, title=title, link=link)
        for _, _, guid, title, link, body, _ in rows
    ]
    identities = identify_stored(entries, source=source, site_names=names)
    return [
        _Stored(row[0], row[1], bool(row[6]), bool(row[5]), identity)
        for row, identity in zip(rows, identities, strict=True)
    ]


def _write(connection: sqlite3.Connection, stored: Sequence[_Stored]) -> None:
    connection.executemany(_WRITE_HEADLINE, (each.row() for each in stored))
    connection.executemany(_WRITE_TEXT, (each.row() for each in stored if each.has_text))
    connection.executemany(_WRITE_ARTICLE, (each.row() for each in stored if each.names_article))
    write_keys(connection, [pair for each in stored for pair in each.by_home()])
