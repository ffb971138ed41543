"""Dump and load: the whole store as lines, and back; damaged lines change nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aggregator.adapters.sqlite import SqliteStore, schema, wording
from aggregator.adapters.sqlite.connection import as_database, connect
from aggregator.core.errors import StoreError
from aggregator.core.slug import hash64
from tests.adapters.store.polls import HOUR, NOW, adopt, entry, poll, source, text, titles


@pytest.fixture
def full(tmp_path: Path) -> Iterator[SqliteStore]:
    """Two sources that share a story, an output that carries it, a state with bytes in it."""
    with SqliteStore.open(tmp_path / "full.db") as store:
        adopt(store, source("a"), source("b"))
        poll(store, source("a"), entry("1"), entry("2", content=f"<p>{text('2')} &amp; 你好</p>"))
        poll(store, source("b"), entry("1", guid="other"), now=NOW + HOUR)
        state = store.open_build("all", digest="d", fresh_id="urn:uuid:1", now=NOW)
        hashes = [article.slug_hash for article in store.articles(["a"], priority={})]
        store.close_build("all", change=1, slug_hashes=hashes, now=NOW)
        assert state.atom_id == "urn:uuid:1"
        yield store


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore.open(tmp_path / "empty.db") as store:
        yield store


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore.open(tmp_path / "other.db") as store:
        yield store


def test_a_dump_loaded_is_dumped_the_same(full: SqliteStore, empty: SqliteStore) -> None:
    dumped = list(full.dump())
    assert empty.load(dumped) == len(dumped) - 2
    assert list(empty.dump()) == dumped
    assert empty.integrity() == "ok"
    assert list(empty.articles(["a", "b"], priority={})) == list(
        full.articles(["a", "b"], priority={})
    )
    assert list(empty.states()) == list(full.states())
    assert empty.output_states() == full.output_states()
    assert empty.changes() == full.changes()


def test_every_table_is_dumped(full: SqliteStore) -> None:
    dumped = {json.loads(line).get("table") for line in full.dump()} - {None}
    with connect(full.path) as connection:
        filled = {
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not wording.is_part(name)
            and connection.execute(f"SELECT EXISTS (SELECT 1 FROM {name})").fetchone()[0]
        }
    connection.close()
    assert dumped == {name for name in filled if not name.startswith("sqlite_")}


def test_a_loaded_store_finds_articles_by_their_words(
    full: SqliteStore, empty: SqliteStore
) -> None:
    empty.load(full.dump())
    asked = ("number", "headline 2", "quit")
    assert [empty.find(words) for words in asked] == [full.find(words) for words in asked]
    assert all(full.find(words) for words in asked)


def test_a_loaded_store_goes_on_where_the_dumped_one_was(
    full: SqliteStore, empty: SqliteStore
) -> None:
    empty.load(full.dump())
    for store in (full, empty):
        saved = poll(store, source("b"), entry("2", guid="b2"), now=NOW + 3 * HOUR)
        assert (saved.novelty.joined, saved.novelty.new_articles) == (1, 0)
    assert list(empty.dump()) == list(full.dump())


def test_a_store_with_something_in_it_is_replaced_only_when_told(
    full: SqliteStore, other: SqliteStore
) -> None:
    adopt(other, source("z"))
    poll(other, source("z"), entry("9"))
    before = list(other.dump())
    with pytest.raises(StoreError, match=r"not empty \(1 rows of articles\); --replace"):
        other.load(full.dump())
    assert list(other.dump()) == before
    other.load(full.dump(), replace=True)
    assert list(other.dump()) == list(full.dump())


def test_a_dump_shows_the_store_as_it_was_at_its_first_line(full: SqliteStore) -> None:
    before = list(full.dump())
    lines = full.dump()
    first = next(lines)
    poll(full, source("a"), entry("3"), now=NOW + 2 * HOUR)
    assert [first, *lines] == before
    assert list(full.dump()) != before


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda lines: lines[:-1], "cut short: "),
        (lambda lines: [lines[0], *lines[2:]], "does not hold the rows it names"),
        (lambda lines: [*lines, lines[-1]], "does not hold the rows it names"),
        (lambda lines: [], "line 1: no JSON"),
        (lambda lines: lines[1:], "line 1: this is no dump"),
        (lambda lines: [lines[0], lines[1][:-3] + "\n", *lines[2:]], "line 2: no JSON"),
        (lambda lines: [lines[0], "[1]\n", *lines[2:]], "line 2: no JSON object"),
        (lambda lines: [lines[0], '{"table":"entries"}\n', *lines[2:]], "line 2: no row"),
        (
            lambda lines: [lines[0], '{"table":"sqlite_master","row":{"name":"x"}}\n', *lines[2:]],
            "line 2: there is no such table",
        ),
        (
            lambda lines: [
                lines[0],
                '{"table":"meta","row":{"name, value) VALUES (1, 2); --":1}}\n',
                *lines[2:],
            ],
            "line 2: there is no such table or column",
        ),
        (
            lambda lines: [lines[0], '{"table":"meta","row":{"name":{"base64":"?"}}}\n'],
            "line 2: damaged bytes",
        ),
        (
            lambda lines: [lines[0], '{"table":"meta","row":{"name":["x"]}}\n'],
            "line 2: no value of a column",
        ),
        (
            lambda lines: [line for line in lines if '"table":"articles"' not in line],
            "does not hold the rows",
        ),
        (
            lambda lines: [*lines[:-1], lines[1], '{"end":' + str(len(lines) - 1) + "}\n"],
            "UNIQUE constraint failed",
        ),
    ],
)
def test_damaged_lines_change_nothing_and_are_named(
    damage: Callable[[list[str]], list[str]],
    told: str,
    full: SqliteStore,
    empty: SqliteStore,
) -> None:
    before = list(empty.dump())
    with pytest.raises(StoreError, match=told):
        empty.load(damage(list(full.dump())))
    assert list(empty.dump()) == before
    empty.load(full.dump())


def test_entries_without_their_articles_are_refused(full: SqliteStore, empty: SqliteStore) -> None:
    lines = [line for line in full.dump() if '"table":"articles"' not in line]
    lines[-1] = json.dumps({"end": len(lines) - 2}) + "\n"
    with pytest.raises(StoreError, match="a row of entries has none in articles"):
        empty.load(lines)


@pytest.mark.parametrize("header", [{"dump": 2, "schema": 1}, {"dump": 1, "schema": 999}])
def test_a_dump_of_a_newer_program_is_refused(header: dict[str, int], empty: SqliteStore) -> None:
    line = json.dumps({"program": "aggregator", "rows": 0} | header) + "\n"
    with pytest.raises(StoreError, match="newer aggregator"):
        empty.load([line, '{"end":0}\n'])


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS)))
def test_a_dump_of_an_older_schema_is_migrated(
    version: int, empty: SqliteStore, tmp_path: Path
) -> None:
    """Written as the older program would have: by the columns that its tables had."""
    lines = dump_of_schema(tmp_path / "old.db", version)
    empty.load(lines)
    adopt(empty, source("a"))
    assert titles(empty, ["a"]) == ["A title"]
    assert poll(empty, source("a"), entry("1", title="A title")).novelty.new == 0


def dump_of_schema(path: Path, version: int) -> list[str]:
    connection = sqlite3.connect(path, isolation_level=None)
    for migration in schema.MIGRATIONS[:version]:
        migration(as_database(connection))
    connection.execute(f"PRAGMA user_version = {version}")
    key = hash64("entry", "a", "guid-1")
    connection.execute(
        "INSERT INTO articles (slug_hash, slug, atom_id, headline, sort_at, first_seen) "
        "VALUES (1, 'a-title-1', 'urn:a', 'a-title', 1, 1)"
    )
    connection.execute(
        "INSERT INTO entries (entry_key, source, guid, slug_hash, link, title, rule, evidence, "
        "first_seen, updated, content_hash, changes, words, sketch, held, sort_at) "
        "VALUES (?, 'a', 'guid-1', 1, '', 'A title', 'new', '', 1, 1, 0, 0, 0, x'', 0, 1)",
        (key,),
    )
    connection.execute(
        "INSERT INTO bodies (entry_key, body) VALUES (?, ?)",
        (key, '{"guid":"guid-1","title":"A title"}'),
    )
    store = SqliteStore(path)
    try:
        return list(store.dump())
    finally:
        connection.close()
