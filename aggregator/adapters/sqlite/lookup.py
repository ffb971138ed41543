"""The reading commands: stored entries as they are, and finding an article by what people type."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from aggregator.adapters.sqlite import homes
from aggregator.adapters.sqlite.codec import to_moment
from aggregator.core.judge import QUEUED, SEEN, SHOWN
from aggregator.core.model import StoredEntry
from aggregator.core.slug import slugify

_ENTRIES = (
    "SELECT e.source, e.guid, e.link, e.title, a.slug, e.rule, e.evidence, e.first_seen, "
    "e.held, coalesce(h.slug, ''), coalesce(m.source, ''), coalesce(m.guid, '') "
    "FROM entries AS e CROSS JOIN articles AS a ON a.slug_hash = e.slug_hash "
    "LEFT JOIN articles AS h ON h.slug_hash = e.home "
    "LEFT JOIN entries AS m ON m.entry_key = e.matched "
)
_HELD = {SHOWN: "", QUEUED: "queued", SEEN: "seen"}
# In the order in which they are asked; the first that knows an answer gives it.
_NAMED = (
    "SELECT slug_hash FROM articles WHERE slug = :what LIMIT :limit",
    "SELECT slug_hash FROM articles WHERE atom_id = :what LIMIT :limit",
    """
    SELECT DISTINCT a.slug_hash
    FROM entries AS e CROSS JOIN articles AS a ON a.slug_hash = e.slug_hash
    WHERE e.guid = :what OR e.link = :what ORDER BY a.sort_at DESC, a.slug_hash LIMIT :limit
    """,
)


def entries(
    connection: sqlite3.Connection, *, source: str | None, slug: str | None
) -> Iterator[StoredEntry]:
    """Stored entries by source, the newest article first; of one source, or of one article."""
    conditions = []
    if source is not None:
        conditions.append("e.source = :source")
    article = None if slug is None else homes.current(connection, slug)
    if slug is not None:
        conditions.append("e.slug_hash = :article")
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    for row in connection.execute(
        f"{_ENTRIES}{where}ORDER BY e.source, e.sort_at DESC, e.slug_hash, e.entry_key",
        {"source": source, "article": article},
    ):
        yield StoredEntry(
            source=row[0],
            guid=row[1],
            link=row[2],
            title=row[3],
            slug=row[4],
            rule=row[5],
            evidence=row[6],
            first_seen=to_moment(row[7]),
            held=_HELD[row[8]],
            home=row[9],
            matched_source=row[10],
            matched_guid=row[11],
        )


def find(connection: sqlite3.Connection, what: str, *, limit: int) -> tuple[str, ...]:
    """See Store.find. For the command line: may look at every entry, never used when serving."""
    for statement in _NAMED:
        rows = connection.execute(statement, {"what": what, "limit": limit}).fetchall()
        if rows:
            return _slugs(connection, [slug_hash for (slug_hash,) in rows])
    return _slugs(connection, _by_words(connection, what, limit=limit))


def _slugs(connection: sqlite3.Connection, slug_hashes: Sequence[int]) -> tuple[str, ...]:
    """What the articles are called now, in the same order; merged ones are one."""
    leads_to = homes.successors(connection, slug_hashes)
    current = dict.fromkeys(leads_to.get(slug_hash, slug_hash) for slug_hash in slug_hashes)
    return tuple(homes.slug(connection, slug_hash) for slug_hash in current)


def _by_words(connection: sqlite3.Connection, what: str, *, limit: int) -> list[int]:
    """Articles whose headline has all the words, newest first.

    Headlines are stored in their normal form; the words are brought into the same. LIKE takes
    % and _ for anything, but neither survives in that form.
    """
    words = [word for word in slugify(what).split("-") if word]
    if not words:
        return []
    conditions = " AND ".join("headline LIKE ?" for _ in words)
    rows = connection.execute(
        f"SELECT slug_hash FROM articles WHERE {conditions} "
        "ORDER BY sort_at DESC, slug_hash LIMIT ?",
        (*(f"%{word}%" for word in words), limit),
    )
    return [slug_hash for (slug_hash,) in rows]
