"""The order of publication, and the closed pages of archives."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.sqlite import SqliteStore, schema
from aggregator.adapters.sqlite.codec import page_from_blob, page_to_blob, to_seconds
from aggregator.adapters.sqlite.connection import as_database
from aggregator.core.errors import StoreError
from aggregator.core.model import Archived, ArchivePage, Article, FeedInfo, Person
from tests.adapters.store.polls import DAY, HOUR, NOW, adopt, entry, poll, source
from tests.core.articles import nasty_article

HEADING = FeedInfo(title="Out", subtitle="All", authors=(Person("Desk"),), language="de")


def articles(store: SqliteStore, *sources: str) -> list[Article]:
    return list(store.articles(sources, priority={}))


def opened(store: SqliteStore, *keys: str) -> list[Article]:
    """A store with articles, oldest first, and an output that was built once from them."""
    adopt(store, source("a"), source("b"))
    poll(store, source("a"), *(entry(key, published=NOW - int(key) * HOUR) for key in keys))
    store.open_build("out", digest="d", fresh_id="urn:one", now=NOW)
    return articles(store, "a")[::-1]


def close(store: SqliteStore, *carried: Article) -> None:
    change = max(store.changes().values())
    hashes = [article.slug_hash for article in carried]
    store.close_build("out", change=change, slug_hashes=hashes, now=NOW)


def page(number: int, last_sequence: int, *shown: Article, closed_after: int = 0) -> ArchivePage:
    return ArchivePage(
        number=number,
        previous=number - 1,
        last_sequence=last_sequence,
        closed_at=NOW + closed_after * DAY,
        address="https://x.example/feeds/out/archive/",
        atom_id="urn:one",
        heading=HEADING,
        articles=tuple(Archived(article, NOW) for article in shown),
    )


def numbers(store: SqliteStore, *, size: int = 100) -> dict[int, int]:
    return {one.slug_hash: one.sequence for one in store.recent("out", size=size)}


# W43
def test_numbers_follow_the_order_of_publication_whatever_the_dates(store: SqliteStore) -> None:
    old, new = opened(store, "1", "9")
    store.carry("out", (new, old), now=NOW)
    assert numbers(store) == {old.slug_hash: 1, new.slug_hash: 2}
    poll(store, source("b"), entry("late", published=NOW - 99 * HOUR))
    (late,) = articles(store, "b")
    store.carry("out", (old, late, new), now=NOW + HOUR)
    assert numbers(store) == {old.slug_hash: 1, new.slug_hash: 2, late.slug_hash: 3}
    assert [one.first_at for one in store.recent("out", size=3)] == [NOW, NOW, NOW + HOUR]


def test_what_came_in_since_the_last_build_is_known_by_source(store: SqliteStore) -> None:
    opened(store, "1", "2")
    assert store.fresh("out", ["a", "b"]) == {}  # never built: all the past would be new
    close(store)
    assert store.fresh("out", ["a", "b"]) == {}
    poll(store, source("b"), entry("late", published=NOW - 99 * HOUR))
    (late,) = articles(store, "b")
    assert store.fresh("out", ["a", "b"]) == {late.slug_hash: False}
    assert store.fresh("out", ["a"]) == {}
    (found,) = store.picked(list(store.fresh("out", ["b"])), ["a", "b"], priority={})
    assert found == late
    store.carry("out", (late,), now=NOW)
    assert store.fresh("out", ["a", "b"]) == {late.slug_hash: True}
    close(store, late)
    assert store.fresh("out", ["a", "b"]) == {}


def test_other_settings_do_not_make_all_the_past_new(store: SqliteStore) -> None:
    opened(store, "1", "2")
    close(store)
    store.open_build("out", digest="e", fresh_id="urn:one", now=NOW)
    assert store.fresh("out", ["a"]) == {}


def test_picked_articles_come_newest_first_and_of_these_sources_only(store: SqliteStore) -> None:
    old, new = opened(store, "1", "9")
    poll(store, source("b"), entry("5"))
    everything = [article.slug_hash for article in articles(store, "a", "b")]
    assert store.picked(sorted(everything), ["a"], priority={}) == (new, old)
    assert store.picked([7], ["a"], priority={}) == ()


# W45
def test_an_article_edited_after_it_was_archived_gets_a_number_once_more(
    store: SqliteStore,
) -> None:
    old, new = opened(store, "1", "9")
    store.carry("out", (old, new), now=NOW)
    store.close_page("out", page(1, 1, old))
    store.carry("out", (old, new), now=NOW)
    assert numbers(store) == {old.slug_hash: 1, new.slug_hash: 2}
    edited = replace(old, updated=old.updated + HOUR)
    store.carry("out", (edited, replace(new, updated=new.updated + HOUR)), now=NOW)
    assert numbers(store) == {new.slug_hash: 2, old.slug_hash: 3}
    store.carry("out", (edited,), now=NOW)
    assert numbers(store)[old.slug_hash] == 3


def test_an_article_that_its_page_left_out_gets_a_number_once_more(store: SqliteStore) -> None:
    old, new = opened(store, "1", "9")
    store.carry("out", (old, new), now=NOW)
    store.close_page("out", page(1, 2, new))
    store.carry("out", (old, new), now=NOW)
    assert numbers(store) == {new.slug_hash: 2, old.slug_hash: 3}


def test_numbers_are_told_from_the_last_back_and_from_the_last_page_on(
    store: SqliteStore,
) -> None:
    shown = opened(store, *"123456")
    store.carry("out", shown, now=NOW)
    store.close_page("out", page(1, 3, *shown[:3]))
    assert list(numbers(store, size=4).values()) == [3, 4, 5, 6]
    assert [one.sequence for one in store.unpaged("out", limit=2)] == [4, 5]
    assert [one.sequence for one in store.unpaged("out", limit=9)] == [4, 5, 6]
    assert [one.slug_hash for one in store.unpaged("out", limit=1)] == [shown[3].slug_hash]


def test_a_page_comes_back_as_it_was_kept(reopen: Callable[[], SqliteStore]) -> None:
    store = reopen()
    old, new = opened(store, "1", "9")
    store.close_page("out", page(1, 1, old))
    store.close_page("out", page(2, 2, new))
    again = reopen()
    assert again.page("out", 1) == page(1, 1, old)
    assert again.page("out", 3) is None
    assert again.last_page("out") == (2, 2)
    assert again.last_page("other") == (0, 0)
    assert again.pages("out") == dict.fromkeys((1, 2), "https://x.example/feeds/out/archive/")


def test_a_page_keeps_what_was_edited_and_pruned_since(store: SqliteStore) -> None:
    (old,) = opened(store, "1")
    store.close_page("out", page(1, 1, old))
    poll(store, source("a"), entry("1", title="Quite another headline", content="<p>new</p>"))
    store.prune(before=NOW + 999 * DAY, min_articles=0)
    assert articles(store, "a") == []
    assert store.page("out", 1) == page(1, 1, old)


def test_a_page_is_closed_once_and_rewritten_on_purpose_only(store: SqliteStore) -> None:
    old, new = opened(store, "1", "9")
    assert store.close_page("out", page(1, 1, old))
    assert not store.close_page("out", page(1, 2, old, new))
    assert store.page("out", 1) == page(1, 1, old)
    elsewhere = replace(page(1, 1), address="https://y.example/feeds/out/archive/")
    store.rewrite_page("out", elsewhere)
    assert store.page("out", 1) == elsewhere
    assert store.pages("out") == {1: elsewhere.address}


def test_old_pages_are_pruned_and_the_last_one_stays(store: SqliteStore) -> None:
    for number in (1, 2, 3):
        store.close_page("out", page(number, number, closed_after=number))
    store.close_page("other", page(1, 1))
    assert store.prune_pages(before=NOW + timedelta(days=2, hours=1)) == (("out", 1), ("out", 2))
    assert store.prune_pages(before=NOW + 99 * DAY) == ()
    assert list(store.pages("out")) == [3]


@given(shown=nasty_article, moment=st.integers(-(2**31), 2**32))
def test_any_article_survives_in_a_page(shown: Article, moment: int) -> None:
    kept = replace(page(3, 9, shown), closed_at=NOW)
    found = page_from_blob(
        page_to_blob(kept),
        number=3,
        last_sequence=9,
        closed_at=to_seconds(NOW),
        address=kept.address,
    )
    assert found == kept


def test_a_damaged_page_is_refused_by_name(store: SqliteStore) -> None:
    store.close_page("out", page(1, 1))
    connection = sqlite3.connect(store.path)
    connection.execute("UPDATE pages SET content = x'00'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="archive page 1 is damaged"):
        store.page("out", 1)


def test_a_store_of_before_archives_starts_them_from_now_on(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    before = schema.MIGRATIONS.index(schema._archives)
    connection = sqlite3.connect(path, isolation_level=None)
    for migration in schema.MIGRATIONS[:before]:
        migration(as_database(connection))
    connection.execute("UPDATE meta SET value = 7 WHERE name = 'change'")
    connection.execute(
        "INSERT INTO outputs (output, atom_id, digest, settings_changed_at, built_change) "
        "VALUES ('out', 'urn:one', 'd', 0, 7)"
    )
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {before}")
    connection.close()
    with SqliteStore.open(path) as store:
        assert store.fresh("out", ["a"]) == {}
        adopt(store, source("a"))
        poll(store, source("a"), entry("1"))
        assert len(store.fresh("out", ["a"])) == 1
