"""Benchmarks that write tables by hand still know the schema."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from aggregator.adapters.sqlite import SqliteStore
from aggregator.adapters.sqlite.connection import connect, writing
from benchmarks.filling import BLOCK, Filler, tellings
from benchmarks.identity import Kind, Polls
from benchmarks.press import published, source


def test_the_cost_of_identity_can_be_measured_on_a_store_filled_in_bulk(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore.open(path) as store:
        papers = [source(number) for number in range(2)]
        store.adopt(papers, now=published(0), spread=timedelta(0))
    with closing(connect(path)) as connection:
        with writing(connection):
            Filler(path).write(connection, [*tellings(0), *tellings(1)])
        (before,) = connection.execute("SELECT count(*) FROM entries").fetchone()
        costs = Polls(path, connection, 2 * BLOCK).costs(Kind(2, 5, 1))
        (after,) = connection.execute("SELECT count(*) FROM entries").fetchone()
    assert costs.look_up > 0
    assert before < after <= before + 2 * 2
