"""Housekeeping: retention, optimising, backup, integrity."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from aggregator.adapters.sqlite.codec import many, to_seconds
from aggregator.adapters.sqlite.connection import writing
from aggregator.core.errors import StoreError

# So that a poll of another process waits for milliseconds, not for all of it.
_BODIES_AT_ONCE = 1000
_PAGES_AT_ONCE = 2000


def prune(connection: sqlite3.Connection, *, before: datetime, min_articles: int) -> int:
    """See Store.prune. Counts bodies: an article with three copies may lose three.

    An entry that is queued keeps its body until it was shown.
    """
    doomed = _doomed(connection, to_seconds(before), min_articles)
    dropped = 0
    while batch := list(islice(doomed, _BODIES_AT_ONCE)):
        with writing(connection):
            connection.execute(
                "DELETE FROM bodies WHERE entry_key IN (SELECT value FROM json_each(?))",
                (many(batch),),
            )
        dropped += len(batch)
    return dropped


def _doomed(connection: sqlite3.Connection, before: int, min_articles: int) -> Iterator[int]:
    sources = connection.execute("SELECT DISTINCT source FROM entries ORDER BY source").fetchall()
    for (source,) in sources:
        limit = _oldest_kept(connection, source, min_articles)
        if limit is None:
            continue
        rows = connection.execute(
            "SELECT e.entry_key FROM entries AS e WHERE e.source = :source AND e.held <> 1 "
            "AND e.sort_at < :before AND (e.sort_at < :sort_at "
            "OR (e.sort_at = :sort_at AND e.slug_hash > :slug_hash)) "
            "AND EXISTS (SELECT 1 FROM bodies AS b WHERE b.entry_key = e.entry_key)",
            {"source": source, "before": before, "sort_at": limit[0], "slug_hash": limit[1]},
        ).fetchall()
        yield from (entry_key for (entry_key,) in rows)


def _oldest_kept(
    connection: sqlite3.Connection, source: str, min_articles: int
) -> tuple[int, int] | None:
    """Where the newest `min_articles` articles of a source end; None when it has no more."""
    if min_articles <= 0:
        return 2**63 - 1, -(2**63)
    row: tuple[int, int] | None = connection.execute(
        "SELECT DISTINCT sort_at, slug_hash FROM entries WHERE source = ? "
        "ORDER BY sort_at DESC, slug_hash LIMIT 1 OFFSET ?",
        (source, min_articles - 1),
    ).fetchone()
    return row


def optimize(connection: sqlite3.Connection) -> None:
    """Let SQLite look at its indexes, give freed pages back, and shorten the log."""
    connection.execute("PRAGMA analysis_limit = 400")
    connection.execute("PRAGMA optimize")
    while freed := _free_pages(connection):
        # A script, because `execute` takes one step of a pragma that needs one for each page.
        connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")
        if _free_pages(connection) >= freed:
            break
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _free_pages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA freelist_count").fetchone()[0])


def backup(connection: sqlite3.Connection, path: Path) -> None:
    """See Store.backup. The copy appears under its name only when it is whole and on the disk."""
    partial = path.absolute().with_name(f"{path.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        connection.execute("VACUUM INTO ?", (str(partial),))
        _to_disk(partial)
        partial.replace(path)
        _to_disk(path.absolute().parent)
    except OSError as error:
        raise StoreError(f"{path}: the backup could not be written ({error})") from error
    finally:
        partial.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def integrity(connection: sqlite3.Connection) -> str:
    """See Store.integrity. Looks at every page, and that every entry has its article."""
    try:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
        found += [
            f"row {rowid} of {table} has no row in {parent}"
            for table, rowid, parent, _ in connection.execute("PRAGMA foreign_key_check")
        ]
    except sqlite3.DatabaseError as error:
        return str(error)
    return "; ".join(line for line in found if line != "ok") or "ok"
