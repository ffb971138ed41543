"""The whole store as lines of JSON and back: for moving it, mending it by hand, and keeping it.

The first line says what follows and in which version, the last one how many rows there were, so
that a file cut short is noticed. Between them stands one row a line, tables in one order, rows by
primary key: the same store gives the same bytes.

    {"dump":1,"program":"aggregator","schema":2,"rows":3}
    {"table":"articles","row":{"slug_hash":-42,"slug":"...",...}}
    {"end":3}

Rows are those of the tables as they are, whatever tables there will be, so nothing can be
forgotten; only the index of titles is made anew. A dump of an older schema is loaded into that
schema and migrated.
"""

from __future__ import annotations

import json
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aggregator.adapters.sqlite import schema, wording
from aggregator.adapters.sqlite.connection import as_database, writing
from aggregator.core.errors import StoreError

PROGRAM = "aggregator"
FORMAT = 1
PROGRESS_EVERY = 1000  # rows
_BATCH = 500  # rows of one statement
# Rows that every store has: they do not make it one with something in it.
_OF_AN_EMPTY_STORE = frozenset({"meta", "kinds"})

Progress = Callable[[int, int], None]  # rows done, rows in all


def lines(connection: sqlite3.Connection, *, progress: Progress) -> Iterator[str]:
    """Yield the store line by line, as it is at the first one, while others go on writing."""
    connection.execute("BEGIN")
    try:
        tables = _tables(connection)
        total = sum(_count(connection, table) for table in tables)
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        yield _line({"dump": FORMAT, "program": PROGRAM, "schema": version, "rows": total})
        done = 0
        for table in tables:
            for row in _rows(connection, table):
                yield _line({"table": table, "row": row})
                done += 1
                if done % PROGRESS_EVERY == 0:
                    progress(done, total)
        yield _line({"end": done})
        progress(done, total)
    finally:
        connection.execute("ROLLBACK")


def _line(record: Mapping[str, object]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def _tables(connection: sqlite3.Connection) -> list[str]:
    """The tables that hold something of their own."""
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite^_%' "
        "ESCAPE '^' ORDER BY name"
    )
    return [name for (name,) in rows if not wording.is_part(name)]


def _columns(connection: sqlite3.Connection, table: str) -> tuple[list[str], list[str]]:
    """The names of all columns, and of those of the primary key in its order."""
    rows = connection.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
    key = sorted((place, name) for name, place in rows if place)
    return [name for name, _ in rows], [name for _, name in key]


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[dict[str, object]]:
    names, key = _columns(connection, table)
    order = ", ".join(key) or "rowid"
    for row in connection.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY {order}"):
        yield {
            name: {"base64": b64encode(value).decode()} if isinstance(value, bytes) else value
            for name, value in zip(names, row, strict=True)
            if value is not None
        }


# --- back


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a dump: a table, its columns, their values."""

    table: str
    names: tuple[str, ...]
    values: tuple[object, ...]


def load(
    connection: sqlite3.Connection, dumped: Iterable[str], *, replace: bool, progress: Progress
) -> int:
    """Fill the store with a dump, in one transaction; return how many rows there were.

    Raises StoreError, and then nothing has changed: for a store with something in it unless
    `replace`, and for lines that are damaged, incomplete, or of a newer program.
    """
    numbered = enumerate(dumped, start=1)
    with _parents_checked_last(connection), writing(connection):
        if not replace and (found := _first_filled(connection)):
            raise StoreError(
                f"the database is not empty ({found}); --replace puts the dump in its place"
            )
        version, total = _header(next(numbered, (1, ""))[1])
        _start_anew(connection, version)
        done = _fill(connection, numbered, total=total, progress=progress)
        for migration in schema.MIGRATIONS[version:]:
            migration(as_database(connection))
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS)}")
        _check_parents(connection)
        wording.fill(connection)
    return done


@contextmanager
def _parents_checked_last(connection: sqlite3.Connection) -> Iterator[None]:
    """Rows come table by table, and tables are dropped: only at the end all has its parent.

    The pragma does nothing inside a transaction.
    """
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def _check_parents(connection: sqlite3.Connection) -> None:
    orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
    if orphan is not None:
        raise StoreError(f"the dump is damaged: a row of {orphan[0]} has none in {orphan[2]}")


def _first_filled(connection: sqlite3.Connection) -> str:
    for table in _tables(connection):
        if table not in _OF_AN_EMPTY_STORE and (count := _count(connection, table)):
            return f"{count} rows of {table}"
    return ""


def _header(line: str) -> tuple[int, int]:
    """The schema and the number of rows that the first line tells."""
    record = _record(line, number=1)
    if record.get("program") != PROGRAM or not isinstance(record.get("dump"), int):
        raise StoreError("line 1: this is no dump of an aggregator")
    version, total = record.get("schema"), record.get("rows")
    if not isinstance(version, int) or not isinstance(total, int) or version < 1:
        raise StoreError("line 1: this dump is damaged")
    if record["dump"] > FORMAT or version > len(schema.MIGRATIONS):
        raise StoreError(
            f"line 1: written by a newer aggregator (schema {version}, this one knows "
            f"{len(schema.MIGRATIONS)}); upgrade this one"
        )
    return version, total


def _start_anew(connection: sqlite3.Connection, version: int) -> None:
    """Make the tables as they were when the dump was written, without any row."""
    for table in (*wording.TABLES, *_tables(connection)):
        connection.execute(f"DROP TABLE {table}")
    for migration in schema.MIGRATIONS[:version]:
        migration(as_database(connection))
    for table in _tables(connection):
        connection.execute(f"DELETE FROM {table}")


def _fill(
    connection: sqlite3.Connection,
    numbered: Iterator[tuple[int, str]],
    *,
    total: int,
    progress: Progress,
) -> int:
    """Insert row after row until the end that the dump names."""
    known = {table: frozenset(_columns(connection, table)[0]) for table in _tables(connection)}
    batch: list[_Row] = []
    done = 0
    for number, line in numbered:
        record = _record(line, number=number)
        if "end" in record:
            _insert(connection, batch)
            if record["end"] != done or next(numbered, None) is not None:
                raise StoreError(f"line {number}: the dump does not hold the rows it names")
            progress(done, total)
            return done
        row = _row(record, number=number, known=known)
        if batch and (len(batch) == _BATCH or _shape(row) != _shape(batch[0])):
            _insert(connection, batch)
            batch = []
        batch.append(row)
        done += 1
        if done % PROGRESS_EVERY == 0:
            progress(done, total)
    raise StoreError(f"the dump is cut short: {done} of {total} rows")


def _record(line: str, *, number: int) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise StoreError(f"line {number}: no JSON ({error})") from error
    if not isinstance(record, dict):
        raise StoreError(f"line {number}: no JSON object")
    return record


def _row(record: Mapping[str, Any], *, number: int, known: Mapping[str, frozenset[str]]) -> _Row:
    """One row. Its names become part of a statement: they must be those of the schema."""
    table, values = record.get("table"), record.get("row")
    if not isinstance(table, str) or not isinstance(values, dict) or not values:
        raise StoreError(f"line {number}: no row of a table")
    if table not in known or not known[table].issuperset(values):
        raise StoreError(f"line {number}: there is no such table or column in this schema")
    return _Row(table, tuple(values), tuple(_value(value, number) for value in values.values()))


def _value(value: object, number: int) -> object:
    if not isinstance(value, dict | list):
        return value
    if isinstance(value, list) or value.keys() != {"base64"}:
        raise StoreError(f"line {number}: no value of a column")
    try:
        return b64decode(value["base64"], validate=True)
    except (TypeError, ValueError) as error:
        raise StoreError(f"line {number}: damaged bytes ({error})") from error


def _shape(row: _Row) -> tuple[str, tuple[str, ...]]:
    return row.table, row.names


def _insert(connection: sqlite3.Connection, batch: Sequence[_Row]) -> None:
    if not batch:
        return
    table, names = _shape(batch[0])
    places = ", ".join("?" for _ in names)
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})",
        (row.values for row in batch),
    )
