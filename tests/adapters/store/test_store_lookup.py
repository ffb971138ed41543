"""Finding an article by whatever people have of it: a name, an address, some words."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from aggregator.adapters.sqlite import SqliteStore, schema
from aggregator.adapters.sqlite.connection import as_database
from aggregator.core.model import Entry
from tests.adapters.store.polls import DAY, HOUR, NOW, adopt, entry, poll, source

KURSK = entry("kursk", title="Ukraine's army holds Kursk — report")
TOKYO = entry("tokyo", title="東京で大きな地震")


@pytest.fixture
def filled(store: SqliteStore) -> SqliteStore:
    adopt(store, source())
    poll(store, source(), KURSK, TOKYO)
    return store


def titles(store: SqliteStore, what: str) -> list[str]:
    found = (store.article(slug, priority={}) for slug in store.find(what))
    return [article.entry.title for article in found if article is not None]


@pytest.mark.parametrize(
    "what",
    [
        "guid-kursk",
        "https://news.example/kursk",
        "http://news.example/kursk/?utm_source=rss",
        "ukraine's kursk",
        "UKRAINE KURSK",
        "holds army report",
        "ukrai kurs",
    ],
)
def test_an_article_is_found_by_guid_link_and_words(filled: SqliteStore, what: str) -> None:
    assert titles(filled, what) == [KURSK.title]


@pytest.mark.parametrize("what", ["地震", "東京", "大きな 東京"])
def test_scripts_without_spaces_are_found_by_any_part(filled: SqliteStore, what: str) -> None:
    assert titles(filled, what) == [TOKYO.title]


@pytest.mark.parametrize("what", ["", "  ", '"', "*", "京東", "kursk NOT army", "a OR b", "-"])
def test_words_are_never_taken_for_a_query_language(filled: SqliteStore, what: str) -> None:
    assert titles(filled, what) == []


def test_the_latest_articles_are_found_first(store: SqliteStore) -> None:
    adopt(store, source())
    for number in range(12):
        each = entry(str(number), title=f"Harbour news {number}", published=NOW + number * HOUR)
        poll(store, source(), each, now=NOW + (number + 1) * HOUR)
    assert titles(store, "harbour news")[:2] == ["Harbour news 11", "Harbour news 10"]
    assert len(store.find("harbour")) == 10


def test_every_wording_of_a_story_leads_to_it(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    poll(store, source("a"), KURSK)
    other = entry("b", title="Kyiv keeps its foothold", link=KURSK.link, content=KURSK.content)
    poll(store, source("b"), other)
    (slug,) = store.find("foothold")
    assert store.find("kursk") == (slug,)
    edited = entry("b", title="Kyiv withdraws", link=KURSK.link, content=KURSK.content)
    poll(store, source("b"), edited, now=NOW + HOUR)
    assert store.find("withdraws") == store.find("foothold") == (slug,)


def test_what_retention_has_dropped_is_still_found(filled: SqliteStore) -> None:
    (slug,) = filled.find("kursk")
    filled.prune(before=NOW + 9 * DAY, min_articles=0)
    assert filled.find("guid-kursk") == filled.find("kursk army") == (slug,)


def test_an_older_file_learns_to_find_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    older = schema.MIGRATIONS.index(schema._questions)
    connection = sqlite3.connect(path, isolation_level=None)
    for migration in schema.MIGRATIONS[:older]:
        migration(as_database(connection))
    _insert(connection, 7, KURSK)
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {older}")
    connection.close()
    with SqliteStore.open(path) as store:
        assert store.find("kursk army") == store.find("guid-kursk") == ("kursk-7",)


def _insert(connection: sqlite3.Connection, number: int, one: Entry) -> None:
    connection.execute(
        "INSERT INTO articles (slug_hash, slug, atom_id, headline, sort_at, first_seen) "
        "VALUES (?, ?, 'urn:x', 'x', 1, 1)",
        (number, f"kursk-{number}"),
    )
    connection.execute(
        "INSERT INTO entries (entry_key, source, guid, slug_hash, link, title, rule, evidence, "
        "first_seen, updated, content_hash, changes, words, sketch, held, sort_at) "
        "VALUES (1, 'a', ?, ?, ?, ?, 'new', '', 1, 1, 1, 0, 1, x'', 0, 1)",
        (one.guid, number, one.link, one.title),
    )


def test_a_whole_headline_is_found_among_many_that_share_its_long_words(
    store: SqliteStore,
) -> None:
    adopt(store, source())
    words = "Extraordinary parliamentary negotiations transatlantic"
    poll(
        store,
        source(),
        *(entry(str(number), title=f"{words} of day {number}") for number in range(60)),
    )
    assert titles(store, f"{words} of day 7") == [f"{words} of day 7"]
    assert titles(store, f"day 59 {words} of") == [f"{words} of day 59"]
    assert titles(store, f"{words} of night 7") == []


def test_a_whole_headline_leads_to_what_it_was_merged_into(store: SqliteStore) -> None:
    adopt(store, source())
    poll(store, source(), KURSK, TOKYO)
    (one,), (other,) = store.find("kursk"), store.find("東京")
    store.merge(other, one, now=NOW + HOUR)
    assert store.find("Ukraine's army holds Kursk in a report") == ()
    assert store.find(KURSK.title) == (other,)
