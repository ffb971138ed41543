"""What the server goes by: which outputs there are and were, their versions, the next polls."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from aggregator.adapters.sqlite.codec import to_moment, to_seconds
from aggregator.adapters.sqlite.connection import writing
from aggregator.core.settings import Output

# Tables that hold what is remembered under the id of an output.
_REMEMBERED = ("outputs", "carried", "pages", "histories")


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
    moved = _renamed(outputs, known)
    listed = {output.id: (None, int(output.access is not None)) for output in outputs}
    if not moved and all(
        found == listed.get(output) if output in listed else found[0] is not None
        for output, found in known.items()
    ):
        return
    with writing(connection):
        for old, new in moved.items():
            _rename(connection, old, new)
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


def _renamed(outputs: Sequence[Output], known: Mapping[str, object]) -> dict[str, str]:
    """Former id -> id, for outputs of which only the former id is known."""
    found: dict[str, str] = {}
    for output in outputs:
        former = next((alias for alias in output.aliases if alias in known), None)
        if former is not None and output.id not in known:
            found[former] = output.id
    return found


def _rename(connection: sqlite3.Connection, old: str, new: str) -> None:
    for table in _REMEMBERED:
        connection.execute(f"UPDATE {table} SET output = ? WHERE output = ?", (new, old))


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
