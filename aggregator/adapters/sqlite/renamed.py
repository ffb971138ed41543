"""Which sources feeds.yaml calls by another id than before; what follows is done by renaming."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from aggregator.core.settings import Source


def renamed(connection: sqlite3.Connection, sources: Sequence[Source]) -> dict[str, str]:
    """Ids no longer listed, each with the new one that has the same address."""
    listed = {source.id for source in sources}
    states = connection.execute(
        "SELECT source, url, effective_url FROM source_state ORDER BY last_success_at, source"
    ).fetchall()
    known = {source for source, _, _ in states}
    left = {
        _place(address): source
        for source, url, effective_url in states
        for address in (effective_url, url)
        if address and source not in listed
    }
    found: dict[str, str] = {}
    for source in sources:
        old = left.get(_place(source.url)) if source.id not in known else None
        if old is not None and old not in found:
            found[old] = source.id
    return found


def _place(address: str) -> str:
    """The address without scheme: a source that went over to https is the same one."""
    return address.partition("://")[2].rstrip("/")
