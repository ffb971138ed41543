"""What the store knows about a document: the one read that the judge decides on."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aggregator.adapters.sqlite import homes
from aggregator.adapters.sqlite.codec import (
    EPOCH,
    many,
    sketch_from_blob,
    to_moment,
    to_optional_moment,
    to_seconds,
)
from aggregator.core import judge, reuse
from aggregator.core.errors import ForgottenError
from aggregator.core.known import Known, KnownEntry, OwnCopy
from aggregator.core.model import Key, Reading
from aggregator.core.story import Candidate, Member

CANDIDATES_OF_KEY = 8
MEMBERS_OF_CANDIDATE = 8

# The plus keeps SQLite from going through all of a source's entries for each article.
OWN_COPIES = """
SELECT e.slug_hash, e.held, e.content_hash, e.updated
FROM json_each(:articles) AS wanted CROSS JOIN entries AS e ON e.slug_hash = wanted.value
WHERE +e.source = :source ORDER BY e.slug_hash, e.first_seen, e.entry_key
"""

# Keys come as an array for each kind, in the order of the kinds. What is sorted here would be
# sorted again and again, so the reader does it. Some kinds of keys nominate only articles that
# got an entry not long ago: of the others no entries need to be read.
NEWEST_OF_KEYS = """
SELECT kinds.key, wanted.key, -a.sort_at, a.slug_hash, a.slug, a.atom_id, a.headline
FROM json_each(:keys) AS kinds CROSS JOIN json_each(kinds.value) AS wanted
CROSS JOIN articles AS a ON a.slug_hash IN (
    SELECT slug_hash FROM keys WHERE value = wanted.value AND kind = kinds.key
    ORDER BY sort_at DESC, slug_hash LIMIT :limit)
WHERE kinds.key NOT IN (SELECT value FROM json_each(:bounded)) OR EXISTS (
    SELECT 1 FROM entries WHERE slug_hash = a.slug_hash AND first_seen >= :since)
"""

# The entries whose home is a retired article, in the one that it is now: the oldest of each.
HOME_MEMBERS = """
SELECT json_extract(wanted.value, '$[0]'), e.source, e.guid, e.link, e.headline,
    coalesce(e.published, e.publisher_updated), e.first_seen, e.words, e.sketch
FROM json_each(:into) AS wanted CROSS JOIN entries AS e ON e.entry_key IN (
    SELECT entry_key FROM entries WHERE slug_hash = json_extract(wanted.value, '$[1]')
    AND home = json_extract(wanted.value, '$[0]')
    ORDER BY first_seen, source, held, entry_key LIMIT :limit)
ORDER BY wanted.key, e.first_seen, e.source, e.held, e.entry_key
"""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The part of a reading that may be stored, and what is known about it.

    The judge decides as if the operator had ruled nothing: to it an article that was merged
    away is a candidate like any other. `into` says which article each of those is now.
    """

    reading: Reading
    known: Known
    into: Mapping[int, int] = field(default_factory=dict)

    def now(self, slug_hash: int) -> int:
        """The article that one which the judge named is now."""
        return self.into.get(slug_hash, slug_hash)


def knowledge(
    connection: sqlite3.Connection,
    reading: Reading,
    *,
    source: str,
    window: timedelta = timedelta.max,
    now: datetime = EPOCH,
) -> Knowledge:
    """Read the stored entries of the document, and the articles its other entries may join.

    Left out are articles that could join within a longer `window` only. Raises ForgottenError
    when an entry that was not read, because it had been seen, is not stored.
    """
    into: dict[int, int] = {}
    reading, seen = _without_strangers(connection, reading, source=source, into=into)
    reading, entries = _told_apart(connection, reading, source=source, into=into)
    keys = judge.unseen_keys(reading, entries)
    unseen = [each for each in reading.identities if each.entry_key not in entries]
    ruled = bool(keys) and homes.any_ruling(connection)
    since = judge.reach(reading, entries, window=window, now=now)
    moved = into if ruled else None
    candidates = _candidates(connection, keys, since=since, into=moved) if keys else {}
    if ruled:
        candidates = homes.without_barred(connection, candidates, unseen, source=source, into=into)
    found = {each.slug_hash for shared in candidates.values() for each in shared}
    known = Known(
        entries=entries,
        candidates=candidates,
        taken=_taken(connection, {each.slug_hash for each in unseen}) if unseen else frozenset(),
        own=_own(connection, found, source=source, into=into) if found else {},
        seen=seen,
    )
    return Knowledge(reading, known, into)


def _without_strangers(
    connection: sqlite3.Connection, reading: Reading, *, source: str, into: dict[int, int]
) -> tuple[Reading, frozenset[int]]:
    """Look up the entries that were not read: the source's own stay, with their slug hashes.

    Those whose keys entries of other sources have are left out, as `_known_entries` does.
    """
    if not reading.seen:
        return reading, frozenset()
    slug_hashes: dict[int, int] = {}
    strangers: set[int] = set()
    for owner, entry_key, home, slug_hash in connection.execute(
        "SELECT e.source, e.entry_key, coalesce(e.home, e.slug_hash), e.slug_hash "
        "FROM json_each(?) AS wanted CROSS JOIN entries AS e ON e.entry_key = wanted.value",
        (many(one.entry_key for one in reading.seen),),
    ):
        if owner != source:
            strangers.add(entry_key)
            continue
        slug_hashes[entry_key] = home
        if home != slug_hash:
            into[home] = slug_hash
    missing = len(reading.seen) - len(slug_hashes) - len(strangers)
    if missing:
        raise ForgottenError(f"{source}: {missing} entries that were seen before are not stored")
    if strangers:
        own = tuple(one for one in reading.seen if one.entry_key in slug_hashes)
        reading = replace(reading, seen=own)
    return reading, frozenset(slug_hashes.values())


def _told_apart(
    connection: sqlite3.Connection, reading: Reading, *, source: str, into: dict[int, int]
) -> tuple[Reading, dict[int, KnownEntry]]:
    """The part of a reading that may be stored, and its stored entries by key.

    Another story under the guid of a stored one has a guid of its own in it (see core.reuse).
    """
    entries, foreign = _known_entries(connection, reading, source=source, into=into)
    doubtful = reuse.suspects(reading, entries)
    if doubtful:
        sketches = _sketches(connection, doubtful)
        reading = reuse.told_apart(reading, entries, sketches, source=source)
        entries, more = _known_entries(connection, reading, source=source, into=into)
        foreign |= more
    return (_without(reading, foreign) if foreign else reading), entries


def _known_entries(
    connection: sqlite3.Connection, reading: Reading, *, source: str, into: dict[int, int]
) -> tuple[dict[int, KnownEntry], frozenset[int]]:
    """The stored entries by key, and the keys that entries of other sources have.

    64 bits can be forged with patience: a guid made to hit another source's entry must not
    reach it (S36). Entries that the operator has moved come with their home; `into` gets the rest.
    """
    entries: dict[int, KnownEntry] = {}
    foreign: set[int] = set()
    for row in connection.execute(
        "SELECT e.source, e.entry_key, coalesce(e.home, e.slug_hash), a.slug, a.atom_id, "
        "e.content_hash, e.changes, e.published, e.publisher_updated, e.updated, e.first_seen, "
        "e.link, e.headline, e.slug_hash "
        "FROM json_each(?) AS wanted CROSS JOIN entries AS e ON e.entry_key = wanted.value "
        "CROSS JOIN articles AS a ON a.slug_hash = e.slug_hash",
        (many({identity.entry_key for identity in reading.identities}),),
    ):
        if row[0] == source:
            entries[row[1]] = _known_entry(*row[1:-1])
            if row[2] != row[-1]:
                into[row[2]] = row[-1]
        else:
            foreign.add(row[1])
    return entries, frozenset(foreign)


def _known_entry(
    entry_key: int,
    slug_hash: int,
    slug: str,
    atom_id: str,
    content_hash: int,
    changes: int,
    published: int | None,
    publisher_updated: int | None,
    updated: int,
    first_seen: int,
    link: str,
    headline: str,
) -> KnownEntry:
    return KnownEntry(
        entry_key=entry_key,
        slug_hash=slug_hash,
        slug=slug,
        atom_id=atom_id,
        content_hash=content_hash,
        changes=changes,
        published=to_optional_moment(published),
        publisher_updated=to_optional_moment(publisher_updated),
        updated=to_moment(updated),
        first_seen=to_moment(first_seen),
        link=link,
        headline=headline,
    )


def _sketches(
    connection: sqlite3.Connection, entry_keys: Iterable[int]
) -> dict[int, tuple[int, ...]]:
    rows = connection.execute(
        "SELECT e.entry_key, e.sketch FROM json_each(?) AS wanted "
        "CROSS JOIN entries AS e ON e.entry_key = wanted.value",
        (many(entry_keys),),
    )
    return {entry_key: sketch_from_blob(blob) for entry_key, blob in rows}


def _without(reading: Reading, foreign: frozenset[int]) -> Reading:
    kept = [
        (entry, identity)
        for entry, identity in zip(reading.feed.entries, reading.identities, strict=True)
        if identity.entry_key not in foreign
    ]
    feed = replace(reading.feed, entries=tuple(entry for entry, _ in kept))
    return replace(reading, feed=feed, identities=tuple(identity for _, identity in kept))


def _taken(connection: sqlite3.Connection, slug_hashes: Iterable[int]) -> frozenset[int]:
    return frozenset(
        row[0]
        for row in connection.execute(
            "SELECT a.slug_hash FROM json_each(?) AS wanted "
            "CROSS JOIN articles AS a ON a.slug_hash = wanted.value",
            (many(slug_hashes),),
        )
    )


def kinds(connection: sqlite3.Connection) -> dict[str, int]:
    """The small numbers that stand for the kinds of keys.

    Read each time: another process may have added one, or a rollback taken one back.
    """
    return dict(connection.execute("SELECT name, kind FROM kinds"))


def _candidates(
    connection: sqlite3.Connection,
    keys: Sequence[Key],
    *,
    since: datetime,
    into: dict[int, int] | None,
) -> dict[Key, tuple[Candidate, ...]]:
    """The newest eight articles under each key, newest first; one that all entries left is none.

    By their wording alone only those are found that got an entry `since` then. `into` gets
    those of them that are another one now; None: the operator has ruled nothing. With rulings
    all are found: of a retired article the entries are elsewhere.
    """
    numbers = kinds(connection)
    bounded = judge.WORDING if into is None else ()
    by_kind = _by_kind(keys, numbers)
    found = connection.execute(
        NEWEST_OF_KEYS,
        {
            "keys": many([key.value for key in group] for group in by_kind),
            "limit": CANDIDATES_OF_KEY,
            "bounded": many(numbers[kind] for kind in bounded if kind in numbers),
            "since": to_seconds(since),
        },
    ).fetchall()
    articles = {row[3]: row[3:] for row in found}
    members = _members(connection, articles)
    if into is not None and (retired := homes.successors(connection, articles)):
        into.update(retired)
        members |= _home_members(connection, retired)
    candidates = {each: _candidate(articles[each], members[each]) for each in members}
    shared: defaultdict[Key, list[Candidate]] = defaultdict(list)
    for kind, index, _, slug_hash, *_ in sorted(found):
        if slug_hash in candidates:
            shared[by_kind[kind][index]].append(candidates[slug_hash])
    return {key: tuple(newest) for key, newest in shared.items()}


def _by_kind(keys: Sequence[Key], numbers: Mapping[str, int]) -> list[list[Key]]:
    """The keys of each kind, in the place of its number; a kind never stored finds nothing."""
    groups: list[list[Key]] = [[] for _ in range(max(numbers.values(), default=0) + 1)]
    for key in keys:
        if key.kind in numbers:
            groups[numbers[key.kind]].append(key)
    return groups


def _candidate(article: tuple[int, str, str, str], members: Sequence[Member]) -> Candidate:
    slug_hash, slug, atom_id, headline = article
    return Candidate(
        slug_hash=slug_hash,
        slug=slug,
        atom_id=atom_id,
        headline=headline,
        members=tuple(members),
    )


def _members(
    connection: sqlite3.Connection, slug_hashes: Iterable[int]
) -> defaultdict[int, list[Member]]:
    """The oldest eight entries of each article. Their date is the one that identify goes by."""
    members: defaultdict[int, list[Member]] = defaultdict(list)
    for slug_hash, *values in connection.execute(
        "SELECT e.slug_hash, e.source, e.guid, e.link, e.headline, "
        "coalesce(e.published, e.publisher_updated), e.first_seen, e.words, e.sketch "
        "FROM json_each(:articles) AS wanted CROSS JOIN entries AS e ON e.entry_key IN ("
        "SELECT entry_key FROM entries WHERE slug_hash = wanted.value "
        "ORDER BY first_seen, source, held, entry_key LIMIT :limit) "
        "ORDER BY e.slug_hash, e.first_seen, e.source, e.held, e.entry_key",
        {"articles": many(slug_hashes), "limit": MEMBERS_OF_CANDIDATE},
    ):
        members[slug_hash].append(_member(*values))
    return members


def _home_members(
    connection: sqlite3.Connection, into: Mapping[int, int]
) -> defaultdict[int, list[Member]]:
    """The oldest eight entries whose home is a retired article, by that article."""
    members: defaultdict[int, list[Member]] = defaultdict(list)
    for slug_hash, *values in connection.execute(
        HOME_MEMBERS, {"into": many(into.items()), "limit": MEMBERS_OF_CANDIDATE}
    ):
        members[slug_hash].append(_member(*values))
    return members


def _member(
    source: str,
    guid: str,
    link: str,
    headline: str,
    published: int | None,
    first_seen: int,
    words: int,
    sketch: bytes,
) -> Member:
    return Member(
        source=source,
        guid=guid,
        link=link,
        headline=headline,
        published=to_optional_moment(published),
        first_seen=to_moment(first_seen),
        words=words,
        sketch=sketch_from_blob(sketch),
    )


def _own(
    connection: sqlite3.Connection,
    slug_hashes: Iterable[int],
    *,
    source: str,
    into: Mapping[int, int],
) -> dict[int, OwnCopy]:
    """How the source itself carries those of the articles that it carries."""
    present = {slug_hash: into.get(slug_hash, slug_hash) for slug_hash in slug_hashes}
    own: dict[int, OwnCopy] = {}
    for slug_hash, held, content_hash, updated in connection.execute(
        OWN_COPIES, {"articles": many(set(present.values())), "source": source}
    ):
        least = min(held, own[slug_hash].held) if slug_hash in own else held
        own[slug_hash] = OwnCopy(held=least, content_hash=content_hash, updated=to_moment(updated))
    return {each: own[now] for each, now in present.items() if now in own}
