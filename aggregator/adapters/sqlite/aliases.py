"""A bound for sources that invent new guids for what they carry already (P83).

Each new guid is stored as one more entry of the article. Were none of them dropped, such a source
would add its whole document to the file at every poll.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from aggregator.adapters.sqlite.codec import many
from aggregator.adapters.sqlite.knowing import kinds
from aggregator.core.identify import guid_keys, link_keys
from aggregator.core.model import Key

ALIASES_KEPT = 8  # entries of one source in one article, besides those its document shows now

# The plus keeps SQLite from going through all of a source's entries for each article.
OLD_ALIASES = """
SELECT entry_key, home, source, guid, link FROM (
    SELECT e.entry_key, coalesce(e.home, e.slug_hash) AS home, e.source, e.guid, e.link,
        row_number() OVER (
            PARTITION BY e.slug_hash ORDER BY e.first_seen DESC, e.entry_key) AS place
    FROM json_each(:articles) AS wanted CROSS JOIN entries AS e ON e.slug_hash = wanted.value
    WHERE +e.source = :source)
WHERE place > :kept AND entry_key NOT IN (SELECT value FROM json_each(:present))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alias:
    entry_key: int
    home: int  # the article that has its keys
    source: str
    guid: str
    link: str

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
    rows = connection.execute(
        OLD_ALIASES,
        {
            "articles": many(slug_hashes),
            "source": source,
            "kept": ALIASES_KEPT,
            "present": many(present),
        },
    )
    return [_alias(*row) for row in rows]


def _alias(entry_key: int, home: int, source: str, guid: str, link: str) -> _Alias:
    return _Alias(entry_key=entry_key, home=home, source=source, guid=guid, link=link)


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
