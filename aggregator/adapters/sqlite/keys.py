"""Writing keys: what finds the article of an entry, each kind under a small number."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from aggregator.adapters.sqlite.codec import many
from aggregator.adapters.sqlite.knowing import kinds
from aggregator.core.model import Key

_INSERT = """
INSERT OR IGNORE INTO keys (value, kind, sort_at, slug_hash)
VALUES (:value, :kind, (SELECT sort_at FROM articles WHERE slug_hash = :slug_hash), :slug_hash)
"""


def write_keys(connection: sqlite3.Connection, keys: Sequence[tuple[Key, int]]) -> None:
    """Write keys, each with the slug hash of its article; those that are there stay."""
    numbers = _numbers(connection, (key for key, _ in keys))
    connection.executemany(
        _INSERT,
        (
            {"value": key.value, "kind": numbers[key.kind], "slug_hash": slug_hash}
            for key, slug_hash in keys
        ),
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
