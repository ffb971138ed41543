"""Databases of other versions of the program: their entries are found under today's keys."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.adapters.sqlite import SqliteStore, keyed, rekeying
from aggregator.adapters.sqlite.connection import connect
from aggregator.core.model import Entry, FeedInfo
from aggregator.core.settings import Source
from aggregator.core.slug import hash64
from tests.adapters.store.polls import DAY, HOUR, NOW, adopt, entry, poll, source, text

INFO = FeedInfo(title="The Alpha Herald", link="https://alpha.example/")


def signed(name: str) -> Entry:
    """Its headline carries decorations that the normal form takes away."""
    return entry(name, title=f"UPDATE 1-Harbour {name} council’s plan wins - The Alpha Herald")


ENTRIES = tuple(signed(f"n{number}") for number in range(250))  # more than a batch


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore.open(tmp_path / "store.db") as opened:
        adopt(opened, source("a"), source("b"))
        poll(opened, source("a"), *ENTRIES, info=INFO)
        poll(opened, source("b"), entry("1", guid="other"))
        yield opened


def change(store: SqliteStore, *statements: str) -> None:
    with closing(connect(store.path)) as connection:
        for statement in statements:
            connection.execute(statement)


def aged(store: SqliteStore) -> None:
    """Make the database what a version with another normal form would have left.

    It kept prefixes and signatures, knew no keys but those by guid, link and headline, and its
    slug hashes were of another version: so they cannot be had from today's headlines.
    """
    with closing(connect(store.path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("UPDATE source_state SET keyed = '0.0'")
        connection.execute(
            "DELETE FROM keys WHERE kind IN (SELECT kind FROM kinds "
            "WHERE name NOT IN ('guid', 'guid~', 'id', 'link'))"
        )
        articles = connection.execute("SELECT slug_hash, sort_at FROM articles").fetchall()
        for slug_hash, sort_at in articles:
            _age(connection, slug_hash, sort_at)


def _age(connection: sqlite3.Connection, slug_hash: int, sort_at: int) -> None:
    (title,) = connection.execute(
        "SELECT title FROM entries WHERE slug_hash = ?", (slug_hash,)
    ).fetchone()
    old_form = title.lower().replace(" ", "_")
    old_hash = hash64("0", "", old_form)
    for table in ("articles", "entries", "keys", "carried"):
        connection.execute(
            f"UPDATE {table} SET slug_hash = ? WHERE slug_hash = ?", (old_hash, slug_hash)
        )
    for table in ("articles", "entries"):
        connection.execute(
            f"UPDATE {table} SET headline = ? WHERE slug_hash = ?", (old_form, old_hash)
        )
    connection.execute(
        "UPDATE entries SET content_hash = 1, words = 0, sketch = x'' WHERE slug_hash = ?",
        (old_hash,),
    )
    connection.execute(
        "INSERT INTO keys (value, kind, sort_at, slug_hash) "
        "SELECT ?, kind, ?, ? FROM kinds WHERE name = 'slug'",
        (hash64("slug", "default", old_form), sort_at, old_hash),
    )


def names(store: SqliteStore) -> dict[str, tuple[int, str]]:
    """What must never change: slug hash and atom:id by slug."""
    with closing(connect(store.path)) as connection:
        return {
            slug: (slug_hash, atom_id)
            for slug, slug_hash, atom_id in connection.execute(
                "SELECT slug, slug_hash, atom_id FROM articles"
            )
        }


def copy_of(number: int) -> Entry:
    """Another desk's copy: guid, link and decorations are its own."""
    original = ENTRIES[number]
    return entry(
        f"copy{number}",
        title=f"Harbour n{number} council's plan wins",
        content=original.content,
        published=NOW,
    )


def test_a_store_of_this_version_is_left_alone(store: SqliteStore) -> None:
    before = list(store.dump())
    adopt(store, source("a"), source("b"))
    assert list(store.dump()) == before


def test_identifying_anew_comes_to_the_same(store: SqliteStore) -> None:
    before = list(store.dump())
    change(store, "UPDATE source_state SET keyed = ''")
    adopt(store, source("a"), source("b"))
    assert list(store.dump()) == before


def test_kinds_of_keys_that_an_older_version_did_not_know_are_filled_in(
    store: SqliteStore,
) -> None:
    before = list(store.dump())
    change(
        store,
        "UPDATE source_state SET keyed = '0.9'",
        "DELETE FROM keys WHERE kind IN (SELECT kind FROM kinds "
        "WHERE name IN ('slug', 'lead', 'text', 'urlslug'))",
    )
    assert list(store.dump()) != before
    adopt(store, source("a"), source("b"))
    assert list(store.dump()) == before


def test_without_it_a_copy_of_an_old_story_would_be_a_second_article(store: SqliteStore) -> None:
    aged(store)
    change(store, f"UPDATE source_state SET keyed = '{keyed.VERSION}'")
    adopt(store, source("a"), source("b"))
    assert poll(store, source("b"), copy_of(7), now=NOW + HOUR).novelty.new_articles == 1


def test_after_another_hash_version_copies_find_their_stories_and_no_id_changes(
    store: SqliteStore,
) -> None:
    aged(store)
    before = names(store)
    adopt(store, source("a"), source("b"))
    copies = [copy_of(number) for number in (0, 7, 199, 200, 249)]
    saved = poll(store, source("b"), *copies, now=NOW + HOUR)
    assert (saved.novelty.joined, saved.novelty.new_articles) == (5, 0)
    assert names(store) == before
    again = poll(store, source("a"), *ENTRIES, now=NOW + HOUR, info=INFO)
    assert (again.novelty.new, again.novelty.updated) == (0, 0)
    assert store.integrity() == "ok"


def test_a_headline_of_the_old_version_may_be_had_anew(store: SqliteStore) -> None:
    """A later story under an old headline, outside the window, gets a name of its own."""
    aged(store)
    adopt(store, source("a"), source("b"))
    before = names(store)
    late = NOW + 400 * DAY
    later = entry(
        "later", title=ENTRIES[3].title, content=f"<p>{text('later')}</p>", published=late
    )
    assert poll(store, source("b"), later, now=late).novelty.new_articles == 1
    assert before.items() < names(store).items()


def test_what_retention_dropped_keeps_what_is_known_of_its_text(store: SqliteStore) -> None:
    store.prune(before=NOW + DAY, min_articles=0)
    before = list(store.dump())
    change(store, "UPDATE source_state SET keyed = ''")
    adopt(store, source("a"), source("b"))
    assert list(store.dump()) == before


def test_what_was_broken_off_goes_on(store: SqliteStore) -> None:
    before = list(store.dump())
    change(
        store,
        "UPDATE source_state SET keyed = ''",
        "DELETE FROM keys WHERE kind IN (SELECT kind FROM kinds WHERE name = 'slug')",
    )

    class PowerCut(Exception):
        pass

    def cut(done: int, total: int) -> None:
        assert total == len(ENTRIES) + 1
        if done > 200:
            raise PowerCut

    with closing(connect(store.path)) as connection:
        stale = keyed.stale(connection)
        with pytest.raises(PowerCut):
            rekeying.rekey(connection, stale, [source("a"), source("b")], progress=cut)
    assert list(store.dump()) != before
    adopt(store, source("a"), source("b"))
    assert list(store.dump()) == before


def test_sources_no_longer_listed_are_identified_anew_as_well(store: SqliteStore) -> None:
    aged(store)
    adopt(store, source("b"))
    saved = poll(store, source("b"), copy_of(7), now=NOW + HOUR)
    assert (saved.novelty.joined, saved.novelty.new_articles) == (1, 0)


def test_a_new_source_is_of_this_version(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"), Source(id="c", url="https://c.example/"))
    told = [json.loads(line) for line in store.dump()]
    states = [line["row"] for line in told if line.get("table") == "source_state"]
    assert {state["source"]: state["keyed"] for state in states} == dict.fromkeys(
        "abc", keyed.VERSION
    )
