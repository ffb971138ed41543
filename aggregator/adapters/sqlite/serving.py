"""What the server goes by: which outputs there are and were, their versions, how sources are."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from aggregator.adapters.sqlite.codec import (
    to_moment,
    to_optional_moment,
    to_optional_seconds,
    to_seconds,
)
from aggregator.adapters.sqlite.connection import writing
from aggregator.core import shares
from aggregator.core.settings import Output, renamed_outputs

_CENSUS = """
SELECT CASE WHEN gone THEN 'gone' WHEN fail_count > 0 THEN 'failing'
            WHEN last_success_at IS NULL THEN 'waiting' ELSE 'ok' END AS word,
       count(*)
FROM source_state WHERE listed = 1 GROUP BY word
"""
# Tables that hold what is remembered under the id of an output.
_REMEMBERED = ("outputs", "carried", "pages", "histories", "members")


def list_outputs(
    connection: sqlite3.Connection, outputs: Sequence[Output], *, now: datetime
) -> None:
    """See Store.list_outputs. Nothing is written when all is known already."""
    known: dict[str, tuple[int | None, int]] = {
        output: (removed_at, private)
        for output, removed_at, private in connection.execute(
            "SELECT output, removed_at, private FROM outputs"
        )
    }
    moved = renamed_outputs(outputs, known)
    listed = {output.id: (None, int(output.access is not None)) for output in outputs}
    same = all(
        found == listed.get(output) if output in listed else found[0] is not None
        for output, found in known.items()
    )
    if not moved and same and all(_joining(connection, one, now) is None for one in outputs):
        return
    with writing(connection):
        for old, new in moved.items():
            _rename(connection, old, new)
        for one in outputs:
            _join(connection, one, now)
        for output, (_, private) in listed.items():
            connection.execute(
                "UPDATE outputs SET removed_at = NULL, private = ? WHERE output = ?",
                (private, output),
            )
        for output in known.keys() - listed.keys() - moved.keys():
            connection.execute(
                "UPDATE outputs SET removed_at = coalesce(removed_at, ?) WHERE output = ?",
                (to_seconds(now), output),
            )


def _joining(
    connection: sqlite3.Connection, output: Output, now: datetime
) -> dict[str, datetime | None] | None:
    """All members of the output; None when they are those that are known."""
    known = members(connection, output.id)
    found = shares.members(
        known, output.sources, has_carried=_has_carried(connection, output.id), now=now
    )
    return None if found == known else found


def _join(connection: sqlite3.Connection, output: Output, now: datetime) -> None:
    found = _joining(connection, output, now)
    if found is None:
        return
    connection.execute("DELETE FROM members WHERE output = ?", (output.id,))
    connection.executemany(
        "INSERT INTO members (output, source, since) VALUES (?, ?, ?)",
        ((output.id, source, to_optional_seconds(since)) for source, since in found.items()),
    )


def _has_carried(connection: sqlite3.Connection, output: str) -> bool:
    row = connection.execute("SELECT EXISTS (SELECT 1 FROM carried WHERE output = ?)", (output,))
    return bool(row.fetchone()[0])


def members(connection: sqlite3.Connection, output: str) -> dict[str, datetime | None]:
    """See Store.members."""
    rows = connection.execute(
        "SELECT source, since FROM members WHERE output = ? ORDER BY source", (output,)
    )
    return {source: to_optional_moment(since) for source, since in rows}


def _rename(connection: sqlite3.Connection, old: str, new: str) -> None:
    for table in _REMEMBERED:
        connection.execute(f"UPDATE {table} SET output = ? WHERE output = ?", (new, old))


def joined(connection: sqlite3.Connection, output: str) -> dict[str, datetime]:
    """See Store.joined."""
    rows = connection.execute(
        "SELECT source, since FROM members WHERE output = ? AND since IS NOT NULL ORDER BY source",
        (output,),
    )
    return {source: to_moment(since) for source, since in rows}


def listed_outputs(connection: sqlite3.Connection) -> tuple[str, ...]:
    """See Store.listed_outputs."""
    rows = connection.execute("SELECT output FROM outputs WHERE removed_at IS NULL ORDER BY output")
    return tuple(output for (output,) in rows)


def removed_outputs(connection: sqlite3.Connection) -> dict[str, datetime]:
    """See Store.removed_outputs."""
    rows = connection.execute(
        "SELECT output, removed_at FROM outputs "
        "WHERE removed_at IS NOT NULL AND private = 0 ORDER BY output"
    )
    return {output: to_moment(removed_at) for output, removed_at in rows}


def history(connection: sqlite3.Connection, output: str, form: str) -> str:
    """See Store.history."""
    row = connection.execute(
        "SELECT history FROM histories WHERE output = ? AND form = ?", (output, form)
    ).fetchone()
    return str(row[0]) if row else ""


def keep_histories(
    connection: sqlite3.Connection, output: str, histories: Mapping[str, str]
) -> None:
    """See Store.keep_histories."""
    with writing(connection):
        connection.executemany(
            "INSERT INTO histories (output, form, history) VALUES (?, ?, ?) "
            "ON CONFLICT (output, form) DO UPDATE SET history = excluded.history",
            [(output, form, text) for form, text in sorted(histories.items())],
        )


def next_polls(connection: sqlite3.Connection) -> dict[str, datetime]:
    """See Store.next_polls. Two columns of an index: 100,000 sources take a tenth of a second."""
    rows = connection.execute(
        "SELECT source, next_poll_at FROM source_state WHERE listed = 1 AND gone = 0"
    )
    return {source: to_moment(next_poll_at) for source, next_poll_at in rows}


def census(connection: sqlite3.Connection) -> dict[str, int]:
    """See Store.census."""
    return dict(connection.execute(_CENSUS))


def failures(connection: sqlite3.Connection) -> dict[str, int]:
    """See Store.failures."""
    return dict(
        connection.execute(
            "SELECT source, fail_count FROM source_state WHERE listed = 1 AND fail_count > 0 "
            "ORDER BY source"
        )
    )


def titles(connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    """See Store.titles."""
    rows = connection.execute(
        "SELECT source, json_extract(info, '$.title'), json_extract(info, '$.link') "
        "FROM source_state WHERE listed = 1 ORDER BY source"
    )
    return {source: (title or "", link or "") for source, title, link in rows}
