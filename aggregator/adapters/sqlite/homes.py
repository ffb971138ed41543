"""Where articles are now: the operator's rulings as polls and look-ups see them.

An entry's home is the article that the judge gave it. While the operator says otherwise it
stands in another one (`slug_hash`) and remembers its home. Keys stay with the home, so that a
later entry finds what the judge would have found, and joins what has become of it; an undo
merely sends entries home.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from aggregator.adapters.sqlite.codec import many
from aggregator.core.model import Identity, Key

if TYPE_CHECKING:
    from aggregator.core.story import Candidate

SPLIT = "split"
MERGE = "merge"

# One step after the other, so that the last row of an article is the one it leads to.
SUCCESSORS = """
WITH RECURSIVE way (home, slug_hash, step) AS (
    SELECT r.slug_hash, r.successor, 1
    FROM json_each(:homes) AS wanted CROSS JOIN retired AS r ON r.slug_hash = wanted.value
    UNION ALL
    SELECT way.home, r.successor, way.step + 1
    FROM way CROSS JOIN retired AS r ON r.slug_hash = way.slug_hash WHERE way.step < 1000)
SELECT home, slug_hash FROM way ORDER BY step
"""
SPLITS_OF_SOURCE = """
SELECT r.article, r.other, r.home FROM json_each(:articles) AS found
CROSS JOIN rulings AS r ON r.article = found.value
WHERE r.kind = 'split' AND r.undone_at IS NULL AND r.source = :source
"""


def any_ruling(connection: sqlite3.Connection) -> bool:
    """Has the operator ever ruled? Mostly not, and then polls look no further."""
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM rulings)").fetchone()[0])


def successors(connection: sqlite3.Connection, slug_hashes: Iterable[int]) -> dict[int, int]:
    """Those of the articles that are retired, each with the one that it is now."""
    return dict(connection.execute(SUCCESSORS, {"homes": many(slug_hashes)}))


def named(connection: sqlite3.Connection, name: str) -> int | None:
    """The slug hash of the article that has or had this slug or atom:id, retired or not."""
    row = connection.execute(
        "SELECT slug_hash FROM articles WHERE slug = :name "
        "UNION ALL SELECT slug_hash FROM articles WHERE atom_id = :name LIMIT 1",
        {"name": name},
    ).fetchone()
    return None if row is None else int(row[0])


def current(connection: sqlite3.Connection, name: str) -> int | None:
    """The slug hash of the article that a slug or atom:id leads to now; None: nobody has it."""
    slug_hash = named(connection, name)
    if slug_hash is None:
        return None
    return successors(connection, (slug_hash,)).get(slug_hash, slug_hash)


def slug(connection: sqlite3.Connection, slug_hash: int) -> str:
    row = connection.execute("SELECT slug FROM articles WHERE slug_hash = ?", (slug_hash,))
    return str(row.fetchone()[0])


def without_barred(
    connection: sqlite3.Connection,
    candidates: Mapping[Key, tuple[Candidate, ...]],
    identities: Sequence[Identity],
    *,
    source: str,
    into: Mapping[int, int],
) -> dict[Key, tuple[Candidate, ...]]:
    """Take away the articles that the operator has split such an entry off from.

    An entry is such a one when it comes from the same source and shares any key with what was
    split off; only a guid that the article has and the other has not speaks for the article.
    """
    kept = dict(candidates)
    found = {each.slug_hash for shared in candidates.values() for each in shared}
    bars = _bars(connection, found, source=source, into=into)
    if not bars:
        return kept
    for identity in identities:
        barred = _barred(identity, candidates, bars)
        for key in identity.keys:
            if barred and key in kept:
                kept[key] = tuple(each for each in kept[key] if each.slug_hash not in barred)
    return kept


def _bars(
    connection: sqlite3.Connection, found: set[int], *, source: str, into: Mapping[int, int]
) -> dict[int, set[int]]:
    """What was split off of this source, each with the articles among the found it must not join.

    What was split off and merged again is no longer apart.
    """
    values = {"articles": many(found), "source": source}
    splits = connection.execute(SPLITS_OF_SOURCE, values).fetchall()
    if not splits:
        return {}
    elsewhere = successors(connection, {origin for split in splits for origin in split[1:]})
    bars: defaultdict[int, set[int]] = defaultdict(set)
    for article, *origins in splits:
        forbidden = {elsewhere.get(origin, origin) for origin in origins}
        forbidden.discard(into.get(article, article))
        bars[article] |= {each for each in found if into.get(each, each) in forbidden}
    return bars


def _barred(
    identity: Identity,
    candidates: Mapping[Key, tuple[Candidate, ...]],
    bars: Mapping[int, set[int]],
) -> set[int]:
    found = _found(identity, candidates, ("",))
    by_guid = _found(identity, candidates, ("guid", "guid~"))
    barred: set[int] = set()
    for split_off in found & bars.keys():
        barred |= bars[split_off] if split_off in by_guid else bars[split_off] - by_guid
    return barred


def _found(
    identity: Identity, candidates: Mapping[Key, tuple[Candidate, ...]], kinds: tuple[str, ...]
) -> set[int]:
    """The articles under an entry's keys of these kinds; "" means all."""
    return {
        each.slug_hash
        for key in identity.keys
        if "" in kinds or key.kind in kinds
        for each in candidates.get(key, ())
    }
