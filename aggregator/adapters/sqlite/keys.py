"""Writing keys: what finds the article of an entry, each kind under a small number."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from aggregator.adapters.sqlite.codec import many
from aggregator.adapters.sqlite.knowing import kinds
from aggregator.core.model import Key

_INSERT = "INSERT OR IGNORE INTO keys (value, kind, sort_at, slug_hash) VALUES (?, ?, ?, ?)"
_SORT_AT = """
SELECT a.slug_hash, a.sort_at FROM json_each(?) AS wanted
CROSS JOIN articles AS a ON a.slug_hash = wanted.value
"""


def write_keys(connection: sqlite3.Connection, keys: Sequence[tuple[Key, int]]) -> None:
    """Write keys, each with the slug hash of its article; those that are there stay."""
    numbers = _numbers(connection, (key for key, _ in keys))
    articles = many({slug_hash for _, slug_hash in keys})
    sort_at: dict[int, int] = dict(connection.execute(_SORT_AT, (articles,)))
    connection.executemany(
        _INSERT,
        [
            (key.value, numbers[key.kind], sort_at[slug_hash], slug_hash)
            for key, slug_hash in keys
            if slug_hash in sort_at
        ],
    )


def _numbers(connection: sqlite3.Connection, keys: Iterable[Key]) -> dict[str, int]:
    """The number of each kind of key; a kind never met before gets the next one."""
    numbers = kinds(connection)
    fresh = sorted({key.kind for key in keys} - numbers.keys())
    if not fresh:
        return numbers
    connection.execute(
        "INSERT INTO kinds (name) SELECT value FROM json_each(?) ORDER BY key", (many(fresh),)
    )
    return kinds(connection)
