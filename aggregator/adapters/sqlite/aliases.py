"""A bound for sources that invent new guids for what they carry already (P83).

Each new guid is stored as one more entry of the article. Were none of them dropped, such a source
would add its whole document to the file at every poll.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from aggregator.adapters.sqlite.codec import many
from aggregator.adapters.sqlite.editions import newest_edition
from aggregator.adapters.sqlite.knowing import kinds
from aggregator.core.identify import guid_keys, link_keys
from aggregator.core.model import Key

ALIASES_KEPT = 8  # entries of one source in one article, besides those its document shows now

# Newest first. The plus keeps SQLite from going through all of a source's entries for each article.
OWN_ENTRIES = """
SELECT e.slug_hash, e.entry_key, coalesce(e.home, e.slug_hash), e.source, e.guid, e.link, e.words,
    e.content_hash
FROM json_each(:articles) AS wanted CROSS JOIN entries AS e ON e.slug_hash = wanted.value
WHERE +e.source = :source
ORDER BY e.slug_hash, e.first_seen DESC, e.words DESC, e.entry_key
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alias:
    entry_key: int
    home: int  # the article that has its keys
    source: str
    guid: str
    link: str
    words: int = 0
    content_hash: int = 0

    def keys(self, pool: str) -> Iterator[tuple[Key, int]]:
        """The keys that follow from what is stored of the entry, each with its article."""
        own = guid_keys(self.guid, source=self.source, pool=pool)
        for key in (*own, *link_keys(self.link, pool=pool)):
            yield key, self.home


def drop_old(
    connection: sqlite3.Connection,
    slug_hashes: Collection[int],
    *,
    present: Iterable[int],
    source: str,
    pool: str,
) -> None:
    """Drop the oldest entries that a source has in these articles, their bodies and their keys.

    The one that is shown stays: outputs would otherwise change whenever a guid does.
    `present` are the entry keys of its document: dropped ones would be back at the next poll.
    Should one of the others ever return, the keys of those that stay find its article.
    """
    doomed = _doomed(connection, slug_hashes, present=present, source=source)
    if not doomed:
        return
    entry_keys = (many(alias.entry_key for alias in doomed),)
    for table in ("bodies", "entries"):
        connection.execute(
            f"DELETE FROM {table} WHERE entry_key IN (SELECT value FROM json_each(?))", entry_keys
        )
    _drop_keys(connection, slug_hashes, doomed, pool=pool)


def _doomed(
    connection: sqlite3.Connection,
    slug_hashes: Collection[int],
    *,
    present: Iterable[int],
    source: str,
) -> list[_Alias]:
    rows = connection.execute(OWN_ENTRIES, {"articles": many(slug_hashes), "source": source})
    spared = set(present)
    doomed: list[_Alias] = []
    for _, found in groupby(rows, key=itemgetter(0)):
        entries = [_alias(*row[1:]) for row in found]
        shown = newest_edition(entries)
        kept = ALIASES_KEPT if shown in entries[:ALIASES_KEPT] else ALIASES_KEPT - 1
        spared.add(shown.entry_key)
        doomed += [each for each in entries[kept:] if each.entry_key not in spared]
    return doomed


def _alias(
    entry_key: int,
    home: int,
    source: str,
    guid: str,
    link: str,
    words: int = 0,
    content_hash: int = 0,
) -> _Alias:
    return _Alias(
        entry_key=entry_key,
        home=home,
        source=source,
        guid=guid,
        link=link,
        words=words,
        content_hash=content_hash,
    )


def _drop_keys(
    connection: sqlite3.Connection,
    slug_hashes: Collection[int],
    doomed: Collection[_Alias],
    *,
    pool: str,
) -> None:
    """Drop the keys of dropped entries that no entry left in the article has, nor its own name."""
    obsolete = {pair for alias in doomed for pair in alias.keys(pool)}
    for left in _left(connection, slug_hashes, {alias.home for alias in doomed}):
        obsolete.difference_update(left.keys(pool))
    numbers = kinds(connection)
    connection.executemany(
        "DELETE FROM keys WHERE value = :value AND kind = :kind AND slug_hash = :slug_hash "
        "AND sort_at = (SELECT sort_at FROM articles WHERE slug_hash = :slug_hash)",
        (
            {"value": key.value, "kind": numbers[key.kind], "slug_hash": home}
            for key, home in obsolete
            if key.kind in numbers
        ),
    )


def _left(
    connection: sqlite3.Connection, slug_hashes: Collection[int], homes: Collection[int]
) -> Iterator[_Alias]:
    """What is left in the articles; the atom:id of a home counts as a guid that stays."""
    for row in connection.execute(
        "SELECT e.entry_key, coalesce(e.home, e.slug_hash), e.source, e.guid, e.link "
        "FROM json_each(:articles) AS w CROSS JOIN entries AS e ON e.slug_hash = w.value UNION ALL "
        "SELECT 0, a.slug_hash, '', a.atom_id, '' FROM json_each(:homes) AS w "
        "CROSS JOIN articles AS a ON a.slug_hash = w.value",
        {"articles": many(slug_hashes), "homes": many(homes)},
    ):
        yield _alias(*row)
