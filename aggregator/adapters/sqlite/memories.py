"""What is remembered of the last document of each source, see core.chunk. A cache: may be lost."""

from __future__ import annotations

import sqlite3

_KEEP = """
INSERT INTO memories (source, memory) VALUES (:source, :memory)
ON CONFLICT (source) DO UPDATE SET memory = excluded.memory WHERE memory <> excluded.memory
"""


def memory(connection: sqlite3.Connection, source: str) -> bytes:
    """Return what is remembered; b"" for nothing."""
    row = connection.execute("SELECT memory FROM memories WHERE source = ?", (source,)).fetchone()
    return bytes(row[0]) if row else b""


def keep(connection: sqlite3.Connection, source: str, memory: bytes) -> None:
    """Replace what is remembered, in the transaction that saves the document."""
    connection.execute(_KEEP, {"source": source, "memory": memory})
