"""Names for minted articles that nothing else in the store has: slug hash, slug, atom:id.

The judge sees the articles that share a key with the document, and which slug hashes are in
use. What it cannot see are names that clash without either: a slug shows 13 of the 16 digits of
its hash, and two stories may claim one atom:id by different keys. No poll is lost over that: the
article takes the next name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from uuid import NAMESPACE_OID, uuid5

from aggregator.adapters.sqlite.codec import many
from aggregator.core.identify import own_slug_hash
from aggregator.core.judge import Decision
from aggregator.core.keying import HASH_VERSION
from aggregator.core.model import Reading
from aggregator.core.slug import HASH_DIGITS, hash64, slug_of


def with_free_names(
    connection: sqlite3.Connection, reading: Reading, decisions: Sequence[Decision]
) -> list[Decision]:
    """Return the decisions; minted articles whose names are taken get others, the same each time.

    Decisions that joined an article minted by the same document follow it.
    """
    names = _Names(connection)
    if names.all_free([decision for decision in decisions if decision.mint]):
        return list(decisions)
    renamed: dict[int, Decision] = {}
    named: list[Decision] = []
    for decision in decisions:
        if decision.mint:
            founder = names.take(_candidates(reading, decision))
            renamed[decision.slug_hash] = founder
            named.append(founder)
        elif decision.slug_hash in renamed:
            founder = renamed[decision.slug_hash]
            named.append(
                replace(
                    decision,
                    slug_hash=founder.slug_hash,
                    slug=founder.slug,
                    atom_id=founder.atom_id,
                )
            )
        else:
            named.append(decision)
    return named


def _candidates(reading: Reading, decision: Decision) -> Iterator[Decision]:
    """The names to try: as decided, with all sixteen digits, then hashes over the entry key."""
    yield decision
    digits = f"{decision.slug_hash & 0xFFFFFFFFFFFFFFFF:016x}"
    yield replace(decision, slug=decision.slug + digits[HASH_DIGITS:])
    identity = reading.identities[decision.index]
    own = own_slug_hash(identity.entry_key)
    for attempt in count():
        slug_hash = own if attempt == 0 else hash64(HASH_VERSION, str(own), str(attempt))
        yield replace(decision, slug_hash=slug_hash, slug=slug_of(identity.stem, slug_hash))


class _Names:
    """What is taken: in the store, and by this document so far."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._taken: set[int | str] = set()  # hashes are numbers, slugs and ids texts

    def all_free(self, minted: Sequence[Decision]) -> bool:
        """The usual case, in one query."""
        names = {name for each in minted for name in (each.slug_hash, each.slug, each.atom_id)}
        if len(names) < 3 * len(minted):
            return False  # two of the document ask for the same
        return not self._stored(minted)

    def take(self, candidates: Iterator[Decision]) -> Decision:
        decision = next(each for each in candidates if self._free(each.slug_hash, each.slug))
        if not self._free_id(decision.atom_id):
            decision = replace(decision, atom_id=uuid5(NAMESPACE_OID, decision.slug).urn)
        self._taken |= {decision.slug_hash, decision.slug, decision.atom_id}
        return decision

    def _free(self, slug_hash: int, slug: str) -> bool:
        if {slug_hash, slug} & self._taken:
            return False
        row = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM articles WHERE slug_hash = ?) "
            "OR EXISTS (SELECT 1 FROM articles WHERE slug = ?)",
            (slug_hash, slug),
        ).fetchone()
        return not row[0]

    def _free_id(self, atom_id: str) -> bool:
        if atom_id in self._taken:
            return False
        row = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM articles WHERE atom_id = ?)", (atom_id,)
        ).fetchone()
        return not row[0]

    def _stored(self, minted: Sequence[Decision]) -> bool:
        row = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM articles "
            "WHERE slug_hash IN (SELECT value FROM json_each(:hashes))) "
            "OR EXISTS (SELECT 1 FROM articles WHERE slug IN (SELECT value FROM json_each(:slugs)))"
            " OR EXISTS (SELECT 1 FROM articles "
            "WHERE atom_id IN (SELECT value FROM json_each(:ids)))",
            {
                "hashes": many(each.slug_hash for each in minted),
                "slugs": many(each.slug for each in minted),
                "ids": many(each.atom_id for each in minted),
            },
        ).fetchone()
        return bool(row[0])
