"""Connections to the database file, one for each thread, and the edge where refusals are told."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.core.errors import StoreError

if TYPE_CHECKING:
    from sqlite_utils import Database

BUSY_SECONDS = 10.0  # how long a write waits for another process before it gives up
JOURNAL_LIMIT = 64 * 1024 * 1024  # bytes the write-ahead log shrinks back to
# Pages in that log before they go to their places: 16 MB. Keys are hashes, so the commits of a
# first import touch the same pages again and again; SQLite's 1,000 would copy these each time.
LOG_PAGES = 4000
CACHE_KIB = 16 * 1024  # of each connection

_WAYS_OUT = {
    sqlite3.SQLITE_NOTADB: "this is not a SQLite database; move the file away or restore a backup",
    sqlite3.SQLITE_CORRUPT: "the database is damaged; restore a backup or repair it with "
    "the .recover command of sqlite3",
    sqlite3.SQLITE_FULL: "the disk is full; make room and start again",
    sqlite3.SQLITE_READONLY: "the database cannot be written; look at the owner and the mode of "
    "the file and its directory, and at the mount",
    sqlite3.SQLITE_PERM: "the database may not be opened; look at the owner and the mode of the "
    "file",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened; its directory must exist and be "
    "writable for this user",
    sqlite3.SQLITE_BUSY: f"another process has kept it locked for {BUSY_SECONDS:.0f} s",
    sqlite3.SQLITE_IOERR: "the disk refused to read or write",
}


def refusal(path: Path, error: Exception) -> StoreError:
    """Say what SQLite refused, naming the file and the way out."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
    way_out = _WAYS_OUT.get(code)
    return StoreError(f"{path}: {way_out} ({error})" if way_out else f"{path}: {error}")


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """The edge: whatever SQLite refuses in here becomes a StoreError.

    A number beyond 64 bits and a text that is not Unicode are refused while they are bound.
    """
    try:
        yield
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise refusal(path, error) from error


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that has the write lock from its start: it can never fail half-way on it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """A part of a transaction that is undone alone.

    When SQLite has given up the whole transaction (disk full), there is nothing left to undo.
    """
    connection.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO part")
            connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")


def connect(path: Path) -> sqlite3.Connection:
    """Open the file. Transactions are begun and ended by hand (isolation_level None)."""
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        for pragma in (
            "foreign_keys = ON",
            "synchronous = NORMAL",  # with WAL: a power cut may cost the last commits, never more
            f"cache_size = -{CACHE_KIB}",
            "temp_store = MEMORY",
            f"journal_size_limit = {JOURNAL_LIMIT}",
            f"wal_autocheckpoint = {LOG_PAGES}",
            "cell_size_check = ON",  # a damaged page is found when it is read
            "trusted_schema = OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


class Connections:
    """A connection for each thread that asks, so that any thread may read and write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, sqlite3.Connection] = {}
        self._closed = False

    def get(self) -> sqlite3.Connection:
        """Return the calling thread's connection. Raises sqlite3.Error."""
        thread = threading.current_thread()
        connection = self._open.get(thread)
        return connection if connection is not None else self._add(thread)

    def _add(self, thread: threading.Thread) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise sqlite3.ProgrammingError("the store is closed")
            for other in [other for other in self._open if not other.is_alive()]:
                self._open.pop(other).close()
            connection = connect(self._path)
            self._open[thread] = connection
            return connection

    def close(self) -> None:
        """Close the connections of all threads. None of them may be in use."""
        with self._lock:
            self._closed = True
            while self._open:
                self._open.popitem()[1].close()


def as_database(connection: sqlite3.Connection) -> Database:
    """The same connection as sqlite-utils sees it. No plugins: they would be foreign code."""
    from sqlite_utils import Database  # noqa: PLC0415 (a tenth of a second, for migrations alone)

    return Database(connection, execute_plugins=False)
