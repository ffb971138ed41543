"""A source that feeds.yaml calls by another id is still the same source.

The keys of entries cover the id of their source, so that no source can reach the entries of
another. When an operator renames a source, or the id made from its host changes with its address,
what is stored goes over to the new id: otherwise a whole feed would come back as new.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from aggregator.adapters.sqlite import ledger
from aggregator.adapters.sqlite.codec import many
from aggregator.adapters.sqlite.knowing import kinds
from aggregator.core.identify import entry_key_of, guid_keys
from aggregator.core.model import Key, Reading

LOOKED_AT = 50  # entries of a document, and sources no longer listed, that are compared
LEAST = 2  # entries that must be the same: one may be an accident
_BATCH = 500  # entries renamed by one statement

# Named, because by its statistics SQLite may take all sources for few.
LEFT = """
SELECT source FROM source_state INDEXED BY unlisted
WHERE listed = 0 ORDER BY last_success_at DESC, source LIMIT ?
"""
# Which sources have an entry with this title, or else this content, under one of these keys.
_SAME_ENTRIES = """
SELECT e.source, count(DISTINCT json_extract(wanted.value, '$[4]')) AS same
FROM json_each(:wanted) AS wanted
CROSS JOIN keys AS k ON k.value = json_extract(wanted.value, '$[0]')
    AND k.kind = json_extract(wanted.value, '$[1]')
CROSS JOIN entries AS e ON e.slug_hash = k.slug_hash
WHERE e.source = json_extract(wanted.value, '$[2]')
    AND CASE json_extract(wanted.value, '$[3]')
        WHEN '' THEN e.content_hash = json_extract(wanted.value, '$[5]')
        ELSE e.title = json_extract(wanted.value, '$[3]') END
GROUP BY e.source ORDER BY same DESC, e.source LIMIT 1
"""


def follow(connection: sqlite3.Connection, renamed: Mapping[str, str]) -> None:
    """Give new ids what is known of old ones; see renamed."""
    for old, new in renamed.items():
        _rename(connection, old, new, tables=_tables_with(connection, "source"))


def take_over(connection: sqlite3.Connection, reading: Reading, *, source: str) -> None:
    """Give a source at its first document the entries of one no longer listed that was the same.

    So an id and an address may change at once. The same: most entries of the document are known
    of the other source, by guid and title, those without a title by guid and content.
    """
    left = [name for (name,) in connection.execute(LEFT, (LOOKED_AT,))]
    if not left:
        return
    wanted = list(_wanted(reading, left, numbers=kinds(connection)))
    found = connection.execute(_SAME_ENTRIES, {"wanted": many(wanted)}).fetchone()
    if found is None or found[1] < LEAST or 2 * found[1] <= min(_size(reading), LOOKED_AT):
        return
    tables = [table for table in _tables_with(connection, "source") if table != "source_state"]
    _rename(connection, found[0], source, tables=tables)
    articles = connection.execute("SELECT slug_hash FROM entries WHERE source = ?", (source,))
    ledger.mark_changed(connection, [slug_hash for (slug_hash,) in articles])


def _size(reading: Reading) -> int:
    return len(reading.feed.entries)


def _wanted(
    reading: Reading, sources: Iterable[str], *, numbers: dict[str, int]
) -> Iterator[tuple[int, int, str, str, int, int]]:
    """Key, kind, source, title, place and content hash of each entry, as each source's."""
    pairs = zip(reading.feed.entries, reading.identities, strict=True)
    entries = list(islice(pairs, LOOKED_AT))
    for source in sources:
        for index, (entry, identity) in enumerate(entries):
            for key in _own_keys(entry.guid, source=source):
                if key.kind in numbers:
                    kind = numbers[key.kind]
                    yield key.value, kind, source, entry.title, index, identity.content_hash


def _own_keys(guid: str, *, source: str) -> tuple[Key, ...]:
    """The keys of a guid that cover the source."""
    return tuple(key for key in guid_keys(guid, source=source) if key.kind in ("guid", "guid~"))


# --- renaming


@dataclass(frozen=True, slots=True)
class _Stored:
    """An entry of the source that is renamed."""

    entry_key: int
    guid: str
    slug_hash: int


def _rename(connection: sqlite3.Connection, old: str, new: str, *, tables: Iterable[str]) -> None:
    """Write the new id wherever the old one stands, alone or inside of a hash."""
    connection.execute("PRAGMA defer_foreign_keys = ON")  # until the transaction ends
    rows = connection.execute("SELECT entry_key FROM entries WHERE source = ?", (old,))
    entry_keys = array("q", (entry_key for (entry_key,) in rows))
    holders = _tables_with(connection, "entry_key")
    for start in range(0, len(entry_keys), _BATCH):
        entries = _entries(connection, entry_keys[start : start + _BATCH])
        _rename_keys(connection, entries, old, new)
        _rename_entries(connection, entries, new, tables=holders)
    for table in tables:
        connection.execute(f"UPDATE OR REPLACE {table} SET source = ? WHERE source = ?", (new, old))


def _entries(connection: sqlite3.Connection, entry_keys: Sequence[int]) -> list[_Stored]:
    rows = connection.execute(
        "SELECT e.entry_key, e.guid, e.slug_hash FROM json_each(?) AS wanted "
        "CROSS JOIN entries AS e ON e.entry_key = wanted.value",
        (many(entry_keys),),
    )
    return [_Stored(*row) for row in rows]


def _rename_entries(
    connection: sqlite3.Connection, entries: Iterable[_Stored], new: str, *, tables: Iterable[str]
) -> None:
    """Give entries their new keys, also where others say what they were recognised by."""
    renamed = [
        {"new": entry_key_of(new, each.guid), "old": each.entry_key, "article": each.slug_hash}
        for each in entries
    ]
    for table in tables:
        connection.executemany(
            f"UPDATE OR IGNORE {table} SET entry_key = :new WHERE entry_key = :old", renamed
        )
    connection.executemany(
        "UPDATE entries SET matched = :new WHERE slug_hash = :article AND matched = :old", renamed
    )


def _rename_keys(
    connection: sqlite3.Connection, entries: Iterable[_Stored], old: str, new: str
) -> None:
    numbers = kinds(connection)
    changes = [
        {"old": before.value, "new": after.value, "kind": numbers[before.kind]}
        for each in entries
        for before, after in zip(
            _own_keys(each.guid, source=old), _own_keys(each.guid, source=new), strict=True
        )
        if before.kind in numbers
    ]
    connection.executemany(
        "UPDATE OR IGNORE keys SET value = :new WHERE value = :old AND kind = :kind", changes
    )


def _tables_with(connection: sqlite3.Connection, column: str) -> list[str]:
    """The tables that have a column of this name: also those that were added since."""
    rows = connection.execute(
        "SELECT m.name FROM sqlite_master AS m CROSS JOIN pragma_table_info(m.name) AS c "
        "WHERE m.type = 'table' AND c.name = ? ORDER BY m.name",
        (column,),
    )
    return [name for (name,) in rows]
