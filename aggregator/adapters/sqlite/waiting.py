"""The queue of a source that brought too much at once: stored, and shown poll by poll (P85)."""

from __future__ import annotations

import sqlite3

from aggregator.adapters.sqlite.codec import many


def let_out(connection: sqlite3.Connection, source: str, *, room: int) -> list[int]:
    """Show up to `room` queued articles of a source, the newest first; return their slug hashes.

    They keep the dates they came with: an old one enters an output where it belongs.
    """
    newest = [
        slug_hash
        for (slug_hash,) in connection.execute(
            "SELECT slug_hash FROM entries WHERE source = ? AND held = 1 "
            "GROUP BY sort_at, slug_hash ORDER BY sort_at DESC, slug_hash LIMIT ?",
            (source, room),
        )
    ]
    connection.execute(
        "UPDATE entries SET held = 0 WHERE source = ? AND held = 1 "
        "AND slug_hash IN (SELECT value FROM json_each(?))",
        (source, many(newest)),
    )
    return newest


def count(connection: sqlite3.Connection, source: str) -> int:
    """How many articles of a source wait."""
    row = connection.execute(
        "SELECT count(DISTINCT slug_hash) FROM entries WHERE source = ? AND held = 1", (source,)
    ).fetchone()
    return int(row[0])
