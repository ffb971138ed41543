"""Opening the file and closing it; what is in between is in store.py."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from aggregator.adapters.sqlite import schema
from aggregator.adapters.sqlite.connection import Connections, refusals
from aggregator.core.errors import StoreError


class OpenStore:
    """A SQLite file with a connection for each thread that asks: any thread may call any method."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connections = Connections(path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file, or make it; its directory must exist.

        Raises StoreError for a file that is damaged, no database, another program's, written by
        a newer version, or that cannot be read and written.
        """
        if not path.parent.is_dir():
            raise StoreError(f"{path}: the directory {path.parent} does not exist; make it first")
        store = cls(path)
        try:
            with store._connected() as connection:
                schema.prepare(connection, path)
        except BaseException:
            store.close()
            raise
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of all threads; none of them may be in use."""
        self._connections.close()

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with refusals(self.path):
            yield self._connections.get()
