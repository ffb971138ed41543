"""The reading commands: stored entries as they are, and finding an article by what people type."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from aggregator.adapters.sqlite import homes, wording
from aggregator.adapters.sqlite.codec import to_moment
from aggregator.core.identify import link_keys
from aggregator.core.judge import QUEUED, SEEN, SHOWN
from aggregator.core.model import StoredEntry

_ENTRIES = (
    "SELECT e.source, e.guid, e.link, e.title, a.slug, e.rule, e.evidence, e.first_seen, "
    "e.held, coalesce(h.slug, ''), coalesce(m.source, ''), coalesce(m.guid, ''), "
    "a.slug_hash, a.atom_id, a.sort_at "
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
    SELECT slug_hash FROM (
        SELECT * FROM (SELECT slug_hash, sort_at FROM entries WHERE guid = :what
            ORDER BY sort_at DESC LIMIT :limit)
        UNION
        SELECT * FROM (SELECT slug_hash, sort_at FROM entries WHERE link = :what AND link <> guid
            ORDER BY sort_at DESC LIMIT :limit))
    ORDER BY sort_at DESC, slug_hash LIMIT :limit
    """,
)
_KEYED = (
    "SELECT slug_hash FROM keys WHERE value = :value AND kind = "
    "(SELECT kind FROM kinds WHERE name = 'link') ORDER BY sort_at DESC, slug_hash LIMIT :limit"
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
            slug_hash=row[12],
            article_id=row[13],
            sort_at=to_moment(row[14]),
        )


def find(connection: sqlite3.Connection, what: str, *, limit: int) -> tuple[str, ...]:
    """See Store.find. Every way goes by an index: a million articles make no difference."""
    for statement in _NAMED:
        rows = connection.execute(statement, {"what": what, "limit": limit}).fetchall()
        if rows:
            return _slugs(connection, [slug_hash for (slug_hash,) in rows])
    found = _by_address(connection, what, limit=limit)
    return _slugs(connection, found or wording.articles_with(connection, what, limit=limit))


def _by_address(connection: sqlite3.Connection, what: str, *, limit: int) -> list[int]:
    """Articles with this link, spelled in another way: http for https, with a tracker's marks."""
    links = [key for key in link_keys(what, pool="default") if key.kind == "link"]
    return [
        slug_hash
        for key in links
        for (slug_hash,) in connection.execute(_KEYED, {"value": key.value, "limit": limit})
    ]


def _slugs(connection: sqlite3.Connection, slug_hashes: Sequence[int]) -> tuple[str, ...]:
    """What the articles are called now, in the same order; merged ones are one."""
    leads_to = homes.successors(connection, slug_hashes)
    current = dict.fromkeys(leads_to.get(slug_hash, slug_hash) for slug_hash in slug_hashes)
    return tuple(homes.slug(connection, slug_hash) for slug_hash in current)
