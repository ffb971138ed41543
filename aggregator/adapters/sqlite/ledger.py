"""Change numbers of sources, and the ledger of what each output carried since when."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime

from aggregator.adapters.sqlite.codec import many, to_moment, to_optional_moment, to_seconds
from aggregator.adapters.sqlite.connection import writing
from aggregator.core.errors import StoreError
from aggregator.core.model import OutputState

# SQLite would rather go through all sources than sort the few that have changed.
CHANGED = "SELECT source, change FROM changes INDEXED BY changed WHERE change > ? ORDER BY source"


def mark_changed(connection: sqlite3.Connection, slug_hashes: Collection[int]) -> None:
    """Give every source that carries one of the articles the next change number."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'change'")
    connection.execute(
        "INSERT INTO changes (source, change) "
        "SELECT DISTINCT e.source, (SELECT value FROM meta WHERE name = 'change') "
        "FROM json_each(?) AS touched CROSS JOIN entries AS e ON e.slug_hash = touched.value "
        "WHERE true "  # tells the ON of the conflict from that of the join
        "ON CONFLICT (source) DO UPDATE SET change = excluded.change",
        (many(slug_hashes),),
    )
    connection.execute(
        "INSERT OR IGNORE INTO touched (source, change, slug_hash) "
        "SELECT DISTINCT e.source, (SELECT value FROM meta WHERE name = 'change'), e.slug_hash "
        "FROM json_each(?) AS touched CROSS JOIN entries AS e ON e.slug_hash = touched.value "
        "WHERE e.held = 0",
        (many(slug_hashes),),
    )


def changes(connection: sqlite3.Connection, *, since: int) -> dict[str, int]:
    """See Store.changes. Mostly there are none, which is seen without looking at all sources."""
    (last,) = connection.execute("SELECT value FROM meta WHERE name = 'change'").fetchone()
    if last <= since:
        return {}
    return dict(connection.execute(CHANGED, (since,)))


def open_build(
    connection: sqlite3.Connection, output: str, *, digest: str, fresh_id: str, now: datetime
) -> OutputState:
    """See Store.open_build. Nothing is written when the row is right already.

    Another digest also forgets that the output was built, so that a crash before the build
    is done leaves it to be built.
    """
    known = _output_state(connection, output)
    if known is not None and known.digest == digest:
        return known
    with writing(connection):
        connection.execute(
            "INSERT INTO outputs (output, atom_id, digest, settings_changed_at, built_change) "
            "VALUES (:output, :fresh_id, :digest, :now, 0) ON CONFLICT (output) DO UPDATE SET "
            "digest = :digest, settings_changed_at = :now, built_change = 0, built_at = NULL "
            "WHERE digest <> :digest",
            {"output": output, "fresh_id": fresh_id, "digest": digest, "now": to_seconds(now)},
        )
        made = _output_state(connection, output)
    if made is None:
        raise StoreError(f"output {output}: its row vanished while it was made")
    return made


def _output_state(connection: sqlite3.Connection, output: str) -> OutputState | None:
    return _output_states(connection, "WHERE output = ?", (output,)).get(output)


def output_states(connection: sqlite3.Connection) -> dict[str, OutputState]:
    return _output_states(connection, "ORDER BY output", ())


def _output_states(
    connection: sqlite3.Connection, condition: str, values: tuple[object, ...]
) -> dict[str, OutputState]:
    rows = connection.execute(
        "SELECT output, atom_id, digest, settings_changed_at, built_change, built_at "
        f"FROM outputs {condition}",
        values,
    )
    return {
        output: OutputState(
            output=output,
            atom_id=atom_id,
            digest=digest,
            settings_changed_at=to_moment(settings_changed_at),
            built_change=built_change,
            built_at=to_optional_moment(built_at),
        )
        for output, atom_id, digest, settings_changed_at, built_change, built_at in rows
    }


def close_build(
    connection: sqlite3.Connection,
    output: str,
    *,
    change: int,
    slug_hashes: Sequence[int],
    now: datetime,
) -> None:
    """See Store.close_build. Of articles carried for the first time the older comes first.

    Without statistics SQLite would look at all that the output ever carried, not at the listed.
    """
    carried = {"output": output, "articles": many(slug_hashes), "now": to_seconds(now)}
    with writing(connection):
        known = connection.execute(
            "UPDATE outputs SET built_change = :change, carried_change = :change, "
            "built_at = :now WHERE output = :output",
            carried | {"change": change},
        )
        if known.rowcount != 1:
            raise StoreError(f"output {output}: closed without having been opened")
        connection.execute(
            "UPDATE carried INDEXED BY carried_now SET listed = 0 "
            "WHERE output = :output AND listed = 1 "
            "AND slug_hash NOT IN (SELECT value FROM json_each(:articles))",
            carried,
        )
        connection.execute(
            "UPDATE carried SET listed = 1 WHERE output = :output AND listed = 0 "
            "AND slug_hash IN (SELECT value FROM json_each(:articles))",
            carried,
        )
        _carry_first(connection, carried)


def _carry_first(connection: sqlite3.Connection, carried: dict[str, object]) -> None:
    connection.execute(
        "INSERT INTO carried (output, slug_hash, sequence, first_at, listed) "
        "SELECT :output, a.slug_hash, "
        "(SELECT coalesce(max(sequence), 0) FROM carried WHERE output = :output) "
        "+ row_number() OVER (ORDER BY a.sort_at, a.slug_hash DESC), :now, 1 "
        "FROM articles AS a WHERE a.slug_hash IN (SELECT value FROM json_each(:articles)) "
        "AND NOT EXISTS (SELECT 1 FROM carried WHERE output = :output "
        "AND slug_hash = a.slug_hash)",
        carried,
    )


def first_carried(
    connection: sqlite3.Connection, output: str, slug_hashes: Sequence[int]
) -> dict[int, datetime]:
    """See Store.first_carried."""
    rows = connection.execute(
        "SELECT c.slug_hash, c.first_at FROM json_each(:articles) AS wanted "
        "CROSS JOIN carried AS c ON c.output = :output AND c.slug_hash = wanted.value",
        {"output": output, "articles": many(slug_hashes)},
    )
    return {slug_hash: to_moment(first_at) for slug_hash, first_at in rows}


def carrying(connection: sqlite3.Connection, output: str) -> dict[str, str]:
    """See Store.carrying. The title is the one of the entry that was seen first."""
    return dict(
        connection.execute(
            "SELECT a.slug, (SELECT e.title FROM entries AS e WHERE e.slug_hash = c.slug_hash "
            "ORDER BY e.first_seen, e.source LIMIT 1) "
            "FROM carried AS c INDEXED BY carried_now "
            "CROSS JOIN articles AS a ON a.slug_hash = c.slug_hash "
            "WHERE c.output = ? AND c.listed = 1 ORDER BY c.sequence",
            (output,),
        )
    )


def oldest_carried(connection: sqlite3.Connection, output: str) -> datetime | None:
    """See Store.oldest_carried."""
    (oldest,) = connection.execute(
        "SELECT min(a.sort_at) FROM carried AS c INDEXED BY carried_now "
        "CROSS JOIN articles AS a ON a.slug_hash = c.slug_hash WHERE c.output = ? AND c.listed = 1",
        (output,),
    ).fetchone()
    return to_optional_moment(oldest)


def carried(connection: sqlite3.Connection, slug: str, *, ever: bool) -> dict[str, datetime]:
    """See Store.carried."""
    rows = connection.execute(
        "SELECT c.output, c.first_at FROM articles AS a "
        "CROSS JOIN carried AS c ON c.slug_hash = a.slug_hash "
        "WHERE a.slug = ? AND (c.listed = 1 OR ?) ORDER BY c.output",
        (slug, ever),
    )
    return {output: to_moment(first_at) for output, first_at in rows}
