"""With which version of the program the entries of each source were keyed; see rekeying."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from aggregator.adapters.sqlite.codec import many
from aggregator.core.keying import HASH_VERSION, KEY_VERSION

VERSION = f"{HASH_VERSION}.{KEY_VERSION}"


def stale(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """The sources whose entries another version keyed, and what is known of their feeds."""
    return connection.execute(
        "SELECT source, info FROM source_state WHERE keyed <> ? ORDER BY source", (VERSION,)
    ).fetchall()


def mark(connection: sqlite3.Connection, sources: Iterable[str]) -> None:
    """Remember that the entries of these sources have the keys of this version."""
    connection.execute(
        "UPDATE source_state SET keyed = ? WHERE source IN (SELECT value FROM json_each(?))",
        (VERSION, many(sources)),
    )
