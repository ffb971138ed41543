"""An entry that is split off gets an article of its own, and the keys that are its alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from aggregator.adapters.sqlite import homes, wording
from aggregator.adapters.sqlite.codec import (
    entry_from_json,
    info_from_json,
    to_moment,
    to_optional_moment,
    to_seconds,
)
from aggregator.adapters.sqlite.keys import write_keys
from aggregator.adapters.sqlite.knowing import kinds
from aggregator.adapters.sqlite.naming import with_free_names
from aggregator.adapters.sqlite.rekeying import known_site_names
from aggregator.core.errors import RulingError
from aggregator.core.identify import (
    headline_keys,
    identify_stored,
    link_keys,
    own_slug_hash,
)
from aggregator.core.judge import Decision
from aggregator.core.model import Entry, Feed, FeedInfo, Identity, Key, Reading
from aggregator.core.settings import Source
from aggregator.core.slug import CUT, slug_of

_STORED = (
    "SELECT e.entry_key, e.source, e.guid, e.link, e.title, coalesce(e.home, e.slug_hash), "
    "e.headline, "
    "coalesce(e.published, e.publisher_updated), e.first_seen, e.updated, b.body, s.info "
    "FROM entries AS e LEFT JOIN bodies AS b ON b.entry_key = e.entry_key "
    "LEFT JOIN source_state AS s ON s.source = e.source "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """A stored entry, as much of it as is left."""

    entry_key: int
    source: str
    home: int
    headline: str
    entry: Entry
    info: FeedInfo
    sort_at: datetime
    first_seen: datetime
    updated: datetime

    @property
    def guid(self) -> str:
        return self.entry.guid


def moving(
    connection: sqlite3.Connection, article: int, guid: str, *, source: str | None
) -> Moving:
    """The entry of an article that a guid or link names. Raises RulingError if it names no one."""
    entries = _entries(connection, "WHERE e.slug_hash = ?", (article,))
    ours = [each for each in entries if source in (None, each.source)]
    named = [each for each in ours if each.guid == guid]
    named = named or [each for each in ours if each.entry.link == guid]
    slug = homes.slug(connection, article)
    if not named:
        raise RulingError(
            f"{slug} has no entry with the guid or link {guid}; "
            f"aggregator entries --article {slug} lists them"
        )
    if len(named) > 1:
        told = ", ".join(f"{each.guid} of {each.source}" for each in named)
        raise RulingError(f"{guid} names several entries: {told}; name a guid, and its --source")
    if len(entries) == 1:
        raise RulingError(f"{guid} is the only entry of {slug}: there is nothing to split")
    return named[0]


def _entries(
    connection: sqlite3.Connection, condition: str, values: tuple[object, ...]
) -> list[Moving]:
    rows = connection.execute(f"{_STORED}{condition} ORDER BY e.source, e.entry_key", values)
    return [_stored(*row) for row in rows]


def _stored(
    entry_key: int,
    source: str,
    guid: str,
    link: str,
    title: str,
    home: int,
    headline: str,
    dated: int | None,
    first_seen: int,
    updated: int,
    body: str | None,
    info: str | None,
) -> Moving:
    bare = Entry(guid=guid, title=title, link=link, published=to_optional_moment(dated))
    return Moving(
        entry_key=entry_key,
        source=source,
        home=home,
        headline=headline,
        entry=bare if body is None else entry_from_json(body),
        info=FeedInfo() if info is None else info_from_json(info),
        sort_at=to_moment(first_seen if dated is None else min(dated, first_seen)),
        first_seen=to_moment(first_seen),
        updated=to_moment(updated),
    )


def found_article(
    connection: sqlite3.Connection, entry: Moving, *, sources: Sequence[Source]
) -> int:
    """Give an entry an article of its own and move it there; return the article's slug hash.

    Its name follows from source and guid alone. What only this entry could have been found by no
    longer leads to its home.
    """
    source = _source(entry, sources)
    names = known_site_names(connection, source, entry.info)
    (identity,) = identify_stored((entry.entry,), source=source, site_names=names)
    made = _named(connection, entry, identity)
    connection.execute(
        "INSERT INTO articles (slug_hash, slug, atom_id, headline, sort_at, first_seen) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            made.slug_hash,
            made.slug,
            made.atom_id,
            entry.headline,
            to_seconds(made.sort_at),
            to_seconds(made.first_seen),
        ),
    )
    connection.execute(
        "UPDATE entries SET slug_hash = ?, home = NULL, sort_at = ? WHERE entry_key = ?",
        (made.slug_hash, to_seconds(made.sort_at), entry.entry_key),
    )
    _move_keys(connection, entry, made.slug_hash, sources=sources)
    wording.add(connection, [(made.slug_hash, entry.entry.title)])
    return made.slug_hash


def _named(connection: sqlite3.Connection, entry: Moving, identity: Identity) -> Decision:
    slug_hash = own_slug_hash(entry.entry_key)
    slug = slug_of(identity.stem, slug_hash)
    decision = Decision(
        index=0,
        action="new",
        mint=True,
        slug_hash=slug_hash,
        slug=slug,
        atom_id=identity.atom_id or uuid5(NAMESPACE_OID, slug).urn,
        rule="new",
        evidence="",
        keys=identity.keys,
        first_seen=entry.first_seen,
        sort_at=entry.sort_at,
        updated=entry.updated,
        changes=0,
    )
    reading = Reading(Feed(info=entry.info, entries=(entry.entry,)), (identity,))
    (named,) = with_free_names(connection, reading, [decision])
    return named


def _move_keys(
    connection: sqlite3.Connection, entry: Moving, article: int, *, sources: Sequence[Source]
) -> None:
    """Give the article all keys of its entry; its home keeps those that others there have too.

    A link that was no key of the home's, because its document repeated it, is none now.
    """
    numbers = kinds(connection)
    own = [key for key in _keys(connection, entry, sources) if key.kind in numbers]
    recorded = {key for key in own if _is_recorded(connection, key, numbers, entry.home)}
    kept = [key for key in own if key.kind != "link" or key in recorded]
    write_keys(connection, [(key, article) for key in kept])
    alone = recorded - _keys_left(connection, entry, sources=sources)
    connection.executemany(
        "DELETE FROM keys WHERE value = ? AND kind = ? AND slug_hash = ?",
        [(key.value, numbers[key.kind], entry.home) for key in alone],
    )


def _is_recorded(
    connection: sqlite3.Connection, key: Key, numbers: Mapping[str, int], home: int
) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM keys WHERE value = ? AND kind = ? AND slug_hash = ?)",
        (key.value, numbers[key.kind], home),
    ).fetchone()
    return bool(row[0])


def _keys_left(
    connection: sqlite3.Connection, entry: Moving, *, sources: Sequence[Source]
) -> frozenset[Key]:
    """The keys of the entries that have the same home, wherever they stand now."""
    article = homes.successors(connection, (entry.home,)).get(entry.home, entry.home)
    left = _entries(
        connection,
        "WHERE e.slug_hash = ? AND coalesce(e.home, e.slug_hash) = ?",
        (article, entry.home),
    )
    return frozenset(key for each in left for key in _keys(connection, each, sources))


def _keys(
    connection: sqlite3.Connection, entry: Moving, sources: Sequence[Source]
) -> tuple[Key, ...]:
    """All keys that an entry may have, made from what is stored of it."""
    source = _source(entry, sources)
    names = known_site_names(connection, source, entry.info)
    (identity,) = identify_stored((entry.entry,), source=source, site_names=names)
    dedupe = source.dedupe
    more: list[Key] = []
    if dedupe.enabled and "slug" in dedupe.by:  # as it was worded when its document was read
        more += headline_keys(entry.headline.rstrip(CUT), pool=dedupe.pool)
    if dedupe.enabled and "link" in dedupe.by:
        links = link_keys(entry.entry.link, pool=dedupe.pool)
        more += [key for key in links if key.kind == "link"]
    return (*identity.keys, *more)


def _source(entry: Moving, sources: Sequence[Source]) -> Source:
    return next((each for each in sources if each.id == entry.source), Source(id=entry.source))
