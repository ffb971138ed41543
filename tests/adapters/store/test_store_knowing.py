"""The one read for a document: as many queries for a hundred entries as for one, each by index."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.adapters.sqlite import SqliteStore, knowing
from aggregator.core import judge
from aggregator.core.model import Entry, Reading
from tests.adapters.store.polls import DAY, NOW, adopt, poll, reading, source

A, B = source("a"), source("b")


def story(number: int, *, by: str) -> Entry:
    return Entry(
        guid=f"{by} {number}",
        title=f"Council votes to close the old river bridge number {number}",
        link=f"https://{by}.example/council-votes-to-close-river-bridge-{number}",
        published=NOW,
    )


def statements(path: Path, document: Reading) -> list[str]:
    """What SQLite is asked to learn all that is known about a document of source b."""
    asked: list[str] = []
    with closing(sqlite3.connect(path)) as connection:
        connection.set_trace_callback(asked.append)
        knowing.knowledge(connection, document, source="b")
    return [each for each in asked if not each.startswith("--")]


def of_b(count: int) -> Reading:
    return reading(B, *(story(number, by="b") for number in range(count)))


def test_a_document_takes_as_many_queries_whatever_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore.open(path) as store:
        adopt(store, A, B)
        poll(store, A, *(story(number, by="a") for number in range(100)))
    one, many = statements(path, of_b(1)), statements(path, of_b(100))
    assert len(one) == len(many) < 10
    assert sum("FROM keys" in each for each in many) == 1


def test_the_newest_articles_of_each_key_are_found_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore.open(path) as store:
        adopt(store, A, B)
        poll(store, A, *(story(number, by="a") for number in range(20)))
    with closing(sqlite3.connect(path)) as connection:
        found = knowing.knowledge(connection, of_b(3), source="b").known.candidates
        for key, candidates in found.items():
            kind = knowing.kinds(connection)[key.kind]
            expected = connection.execute(
                "SELECT slug_hash FROM keys WHERE value = ? AND kind = ? "
                "ORDER BY sort_at DESC, slug_hash LIMIT 8",
                (key.value, kind),
            )
            assert [each.slug_hash for each in candidates] == [row[0] for row in expected]
    assert {key.kind for key in found} >= {"slug", "lead", "urlslug"}
    assert max(map(len, found.values())) == knowing.CANDIDATES_OF_KEY


@pytest.mark.parametrize("table", ["keys", "a"])
def test_keys_are_sought_and_never_gone_through(tmp_path: Path, table: str) -> None:
    SqliteStore.open(tmp_path / "store.db").close()
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        plan = [
            row[3]
            for row in connection.execute(
                f"EXPLAIN QUERY PLAN {knowing.NEWEST_OF_KEYS}",
                {"keys": "[[1]]", "limit": 8, "bounded": "[]", "since": 0},
            )
        ]
    assert any(line.startswith(f"SEARCH {table} USING") for line in plan)
    assert not any("TEMP B-TREE" in line for line in plan)


def test_old_articles_are_left_out_that_could_only_be_nominated_for_their_wording(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.db"
    with SqliteStore.open(path) as store:
        adopt(store, A, B)
        poll(store, A, story(1, by="a"), story(2, by="a"))
    later = NOW + 3 * DAY
    reworded = replace(story(1, by="b"), published=later)
    linked = replace(story(2, by="b"), published=later, link=story(2, by="a").link)

    def kinds_found(*entries: Entry, window: timedelta) -> set[str]:
        document = reading(B, *entries)
        with closing(sqlite3.connect(path)) as connection:
            found = knowing.knowledge(connection, document, source="b", window=window, now=later)
        return {key.kind for key in found.known.candidates}

    everything = {"slug", "lead", "urlslug", "link"}
    assert kinds_found(reworded, linked, window=3 * DAY) == everything
    assert kinds_found(reworded, linked, window=DAY) == {"link"}
    assert kinds_found(reworded, linked, story(9, by="b"), window=DAY) == everything


def test_a_window_longer_than_the_calendar_leaves_nothing_out() -> None:
    assert judge.reach(of_b(1), {}, window=timedelta.max, now=NOW).year == 1
    assert judge.reach(of_b(0), {}, window=DAY, now=NOW) == NOW - DAY
