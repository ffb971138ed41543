"""The stores that the contract is run over. A new implementation is a line in FACTORIES."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aggregator.adapters.sqlite import SqliteStore

Factory = Callable[[Path], SqliteStore]

FACTORIES: dict[str, Factory] = {"sqlite": lambda folder: SqliteStore.open(folder / "store.db")}


@pytest.fixture(params=list(FACTORIES))
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], SqliteStore]]:
    """Open the store, the same one each time: what another process or a restart would see."""
    factory = FACTORIES[request.param]
    opened: list[SqliteStore] = []

    def open_store() -> SqliteStore:
        store = factory(tmp_path)
        opened.append(store)
        return store

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Callable[[], SqliteStore]) -> SqliteStore:
    return reopen()
