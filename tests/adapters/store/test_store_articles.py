"""Articles as builds get them, and what outputs carried."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.sqlite import SqliteStore
from aggregator.core.errors import StoreError
from aggregator.core.model import Article, Entry, FeedInfo, Key, Reading, Sighting
from aggregator.core.settings import Dedupe
from tests.adapters.store.polls import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    adopt,
    claim,
    entry,
    outcome,
    poll,
    reading,
    source,
    text,
)
from tests.adapters.store.strategies import entries as odd_entries


def articles(store: SqliteStore, *sources: str, **priority: int) -> list[Article]:
    return list(store.articles(sources, priority=priority))


# --- order


def test_articles_come_newest_first_then_by_slug_hash(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    hours = {"1": 3, "2": 1, "3": 2, "4": 2, "5": 2}
    for name in "ab":
        shown = (entry(name + key, published=NOW - hour * HOUR) for key, hour in hours.items())
        poll(store, source(name), *shown)
    found = articles(store, "a", "b")
    assert [(-article.sort_at.timestamp(), article.slug_hash) for article in found] == sorted(
        (-article.sort_at.timestamp(), article.slug_hash) for article in found
    )
    assert len(found) == 10


def _library(store: SqliteStore) -> dict[str, list[tuple[int, int]]]:
    """A chatty source with 2,400 articles, half of them of one second, and two quiet ones."""
    adopt(store, source("chatty"), source("quiet"), source("shy"))
    for start in range(0, 2400, 400):
        numbers = range(start, start + 400)
        shown = (
            entry(f"c{number}", published=NOW - DAY - (number % 1200) // 600 * number * SECOND)
            for number in numbers
        )
        poll(store, source("chatty"), *shown)
    for number in range(40):
        early = NOW - DAY - number * 20 * MINUTE
        poll(store, source("quiet"), entry(f"q{number}", published=early))
    poll(store, source("shy"), *(entry(f"q{number}") for number in range(0, 40, 2)))
    found = articles(store, "chatty", "quiet", "shy")
    places: dict[str, list[tuple[int, int]]] = {"chatty": [], "quiet": [], "shy": []}
    for article in found:
        place = (-int(article.sort_at.timestamp()), article.slug_hash)
        for carrier in {article.source, *(sighting.source for sighting in article.sightings)}:
            places[carrier].append(place)
    return places


def test_any_set_of_sources_gets_all_its_articles_once_and_in_order(store: SqliteStore) -> None:
    places = _library(store)
    assert {name: len(found) for name, found in places.items()} == {
        "chatty": 2400,
        "quiet": 40,
        "shy": 20,
    }
    for names in (["quiet"], ["shy", "quiet"], ["chatty"], ["chatty", "shy"], ["shy", "nobody"]):
        wanted = sorted({place for name in names for place in places.get(name, [])})
        found = articles(store, *names)
        assert [(-int(each.sort_at.timestamp()), each.slug_hash) for each in found] == wanted


def test_unknown_sources_and_none_carry_nothing(store: SqliteStore) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), entry("1"))
    assert articles(store) == []
    assert articles(store, "nobody") == []


def test_a_reader_that_stops_early_leaves_the_store_writable(store: SqliteStore) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), *(entry(str(number)) for number in range(300)))
    reader = store.articles(["a"], priority={})
    assert len(list(islice(reader, 150))) == 150
    poll(store, source("a"), entry("later"), now=NOW + HOUR)
    assert len(list(reader)) == 150  # the newer one is above; nothing twice, nothing lost


# --- the copy that is shown


def _four_copies(store: SqliteStore) -> None:
    """d is seen first, then c with the fullest text, then b and a at the same time."""
    adopt(store, *(source(name) for name in "dcba"))
    for name, words, minutes in (("d", 40, 0), ("c", 60, 1), ("b", 40, 2), ("a", 40, 2)):
        shown = entry("same", guid=f"{name}-guid", content=f"<p>{text('x', words)}</p>")
        poll(store, source(name), shown, now=NOW + minutes * MINUTE)


def test_the_copy_shown_is_the_best_of_the_asked_sources(store: SqliteStore) -> None:
    _four_copies(store)

    def shown(*sources: str, **priority: int) -> str:
        (article,) = articles(store, *sources, **priority)
        return article.source

    assert shown("a", "b", "c", "d", b=1) == "b"  # priority
    assert shown("a", "b", "c", "d") == "c"  # the fuller text
    assert shown("a", "b", "d") == "d"  # first seen
    assert shown("b", "a") == "a"  # source id


def test_sightings_are_all_other_sources_by_id_with_title_and_link(store: SqliteStore) -> None:
    _four_copies(store)
    (article,) = articles(store, "c")
    assert article.source == "c"
    assert article.sightings == tuple(
        Sighting(source=name, title=f"Title of {name}", link="https://news.example/same")
        for name in "abd"
    )


def test_the_info_is_the_feeds_but_its_time_is_the_copys(store: SqliteStore) -> None:
    adopt(store, source("a"))
    shown = entry("1", published=NOW - HOUR)
    poll(store, source("a"), shown, info=FeedInfo(title="A", updated=NOW))
    before = articles(store, "a")
    assert before[0].info == FeedInfo(title="A", updated=NOW - HOUR)
    stamped = FeedInfo(title="A", updated=NOW + HOUR)
    poll(store, source("a"), shown, now=NOW + HOUR, info=stamped)
    assert articles(store, "a") == before


def test_an_edit_updates_the_article_under_the_same_id(store: SqliteStore) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), entry("1"))
    (before,) = articles(store, "a")
    edited = entry("1", title="Quite another headline for the same entry of this feed")
    saved = poll(store, source("a"), edited, now=NOW + HOUR)
    (after,) = articles(store, "a")
    assert saved.novelty.updated == 1
    assert (after.id, after.slug, after.sort_at) == (before.id, before.slug, before.sort_at)
    assert (after.entry, after.updated) == (edited, NOW + HOUR)
    assert store.article(before.slug, priority={}) == after


# --- whose entry, whose name


# S36
def test_a_source_never_overwrites_the_entry_of_another(store: SqliteStore) -> None:
    adopt(store, source("honest"), source("thief"))
    stolen = entry("1", guid="https://honest.example/1")
    poll(store, source("honest"), stolen)
    squatted = replace(stolen, title="Buy cheap pills from us today", content="<p>pills</p>")
    poll(store, source("thief"), squatted, now=NOW + HOUR)
    (article,) = articles(store, "honest")
    assert article.entry == stolen
    forged = reading(source("thief"), squatted)
    key = reading(source("honest"), stolen).identities[0].entry_key
    forged = Reading(forged.feed, (replace(forged.identities[0], entry_key=key),))
    (state,) = claim(store, "thief", now=NOW + 2 * HOUR, force=True)
    saved = store.save(outcome(source("thief"), state, forged, now=NOW + 2 * HOUR))
    assert saved is not None
    assert saved.novelty.updated == 0
    assert articles(store, "honest") == [article]


def test_stories_with_one_headline_and_no_common_key_get_names_of_their_own(
    store: SqliteStore,
) -> None:
    apart = Dedupe(by=("guid",))
    names = [source(name, dedupe=apart) for name in "abc"]
    adopt(store, *names)
    for each in names:
        shown = [entry(f"{each.id}{key}", title="Weekly links") for key in "12"]
        poll(store, each, *shown)
    found = articles(store, "a", "b", "c")
    assert len({article.slug for article in found}) == 6
    assert len({article.id for article in found}) == 6


def test_slugs_that_agree_in_all_thirteen_digits_are_told_apart_by_the_rest(
    store: SqliteStore,
) -> None:
    adopt(store, source("a"), source("b"))
    document = reading(source("a"), entry("1"))
    for name, slug_hash in (("a", 0x123456789ABCDEF0), ("b", 0x123456789ABCDEF1)):
        made = replace(document.identities[0], slug_hash=slug_hash, keys=(), atom_id="", stem="s")
        made = replace(made, entry_key=slug_hash)
        (state,) = claim(store, name, force=True)
        store.save(outcome(source(name), state, Reading(document.feed, (made,))))
    slugs = {article.slug_hash: article.slug for article in articles(store, "a", "b")}
    assert slugs == {
        0x123456789ABCDEF0: "s-123456789abcd",
        0x123456789ABCDEF1: "s-123456789abcdef1",
    }


def test_an_atom_id_is_given_once(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    guid = "urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a"
    for name in "ab":
        document = reading(source(name), entry(name, guid=guid, title=f"Story {name} of many more"))
        strange = tuple(Key(f"kind-{name}", key.value) for key in document.identities[0].keys)
        made = replace(document.identities[0], keys=(*strange, Key("id", ord(name))))
        (state,) = claim(store, name, force=True)
        store.save(outcome(source(name), state, Reading(document.feed, (made,))))
    ids = {article.source: article.id for article in articles(store, "a", "b")}
    assert ids["a"] == guid
    assert ids["b"].startswith("urn:uuid:")
    assert ids["b"] != guid


# --- change numbers


def test_every_source_that_carries_a_touched_article_is_marked(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"), source("c"))
    for name in "ab":
        poll(store, source(name), entry("same"))
    poll(store, source("c"), entry("other"))
    before = store.changes()
    edited = entry("same", content=f"<p>{text('edited')}</p>")
    poll(store, source("a"), edited, now=NOW + HOUR)
    after = store.changes()
    assert after["a"] == after["b"] > max(before.values())
    assert after["c"] == before["c"]


def test_change_numbers_only_grow(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    seen = []
    for number in range(6):
        poll(store, source("ab"[number % 2]), entry(str(number)), now=NOW + number * HOUR)
        seen.append(max(store.changes().values()))
    assert seen == sorted(set(seen))


# --- retention


# P87
def test_what_retention_dropped_does_not_come_back_as_new(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    shown = [entry(str(number), published=NOW - number * DAY) for number in range(10)]
    poll(store, source("a"), *shown)
    assert store.prune(before=NOW - 3 * DAY, min_articles=2) == 6
    assert len(articles(store, "a")) == 4
    saved = poll(store, source("a"), *shown, now=NOW + HOUR)
    assert (saved.novelty.new, saved.novelty.unchanged) == (0, 10)
    assert len(articles(store, "a")) == 4
    assert len(list(store.entries(source="a"))) == 10
    joined = poll(store, source("b"), shown[9], now=NOW + HOUR)
    assert (joined.novelty.new_articles, joined.novelty.joined) == (0, 1)


def test_the_newest_articles_of_each_source_keep_their_bodies(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    for name, count in (("a", 8), ("b", 3)):
        shown = (entry(f"{name}{key}", published=NOW - (key + 10) * DAY) for key in range(count))
        poll(store, source(name), *shown)
    assert store.prune(before=NOW, min_articles=5) == 3
    assert len(articles(store, "a")) == 5
    assert len(articles(store, "b")) == 3
    assert store.prune(before=NOW, min_articles=5) == 0
    assert store.prune(before=NOW, min_articles=0) == 8
    assert articles(store, "a", "b") == []
    assert store.article(next(iter(store.entries())).slug, priority={}) is None


# --- what outputs carry


def test_an_output_keeps_the_id_it_was_first_given(store: SqliteStore) -> None:
    first = store.open_build("out", digest="d", fresh_id="urn:one", now=NOW)
    again = store.open_build("out", digest="d", fresh_id="urn:two", now=NOW + HOUR)
    assert first == again
    assert first.atom_id == "urn:one"
    assert store.output_states() == {"out": first}


def test_other_settings_are_dated_and_leave_the_output_to_be_built(store: SqliteStore) -> None:
    store.open_build("out", digest="d", fresh_id="urn:one", now=NOW)
    store.close_build("out", change=7, slug_hashes=(), now=NOW)
    built = store.output_states()["out"]
    assert (built.built_change, built.built_at) == (7, NOW)
    opened = store.open_build("out", digest="e", fresh_id="urn:two", now=NOW + HOUR)
    assert opened.settings_changed_at == NOW + HOUR
    assert opened.built_at is None  # a crash from here on does not pass for a build
    assert opened.atom_id == "urn:one"


def test_the_ledger_tells_what_is_carried_and_since_when(store: SqliteStore) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), *(entry(key, published=NOW - int(key) * HOUR) for key in "123"))
    newest, middle, oldest = articles(store, "a")
    store.open_build("out", digest="d", fresh_id="urn:one", now=NOW)

    def close(hours: int, *carried: Article) -> None:
        hashes = [article.slug_hash for article in carried]
        store.close_build("out", change=hours, slug_hashes=hashes, now=NOW + hours * HOUR)

    close(0, middle, oldest)
    close(1, newest, middle)
    assert store.carried(middle.slug) == {"out": NOW}
    assert store.carried(newest.slug) == {"out": NOW + HOUR}
    assert store.carried(oldest.slug) == {}
    assert list(store.carrying("out")) == [middle.slug, newest.slug]
    close(2, newest, oldest)
    assert store.carried(oldest.slug) == {"out": NOW}
    # First carriage gave the number, the older article the lower one.
    assert list(store.carrying("out").items()) == [
        (oldest.slug, oldest.entry.title),
        (newest.slug, newest.entry.title),
    ]


def test_a_build_that_was_never_opened_cannot_be_closed(store: SqliteStore) -> None:
    with pytest.raises(StoreError, match="nothing"):
        store.close_build("nothing", change=1, slug_hashes=(), now=NOW)


# --- reading commands


def test_entries_tell_how_each_came_to_its_article(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    poll(store, source("a"), entry("1"), entry("2"))
    poll(store, source("b"), entry("1", guid="other"))
    found = {(stored.source, stored.guid): stored for stored in store.entries()}
    assert found["a", "guid-1"].rule == "new"
    joined = found["b", "other"]
    assert joined.rule == "link"
    assert joined.slug == found["a", "guid-1"].slug
    assert joined.first_seen == NOW
    assert [stored.source for stored in store.entries(slug=joined.slug)] == ["a", "b"]
    assert [stored.guid for stored in store.entries(source="b")] == ["other"]
    assert list(store.entries(slug="no-such-slug")) == []


def test_an_article_is_found_by_slug_id_guid_link_and_words(store: SqliteStore) -> None:
    adopt(store, source("a"))
    guid = "https://a.example/permanent"
    title = "Дума обсуждает: 100% бюджет_города"
    poll(store, source("a"), entry("1", guid=guid, title=title), entry("2"), entry("3"))
    slug = next(stored.slug for stored in store.entries() if stored.guid == guid)
    (article,) = (each for each in articles(store, "a") if each.slug == slug)
    for what in (slug, article.id, guid, "https://news.example/1", "ДУМА города", "100%"):
        assert store.find(what) == (slug,)
    assert len(store.find("headline about")) == 2
    assert len(store.find("headline about", limit=1)) == 1
    for nothing in ("", "%", "_", "'; DROP TABLE articles; --", 'NEAR("a"'):
        assert store.find(nothing) == ()


@given(shown=st.lists(odd_entries, max_size=3, unique_by=lambda each: each.guid))
def test_odd_texts_are_stored_and_come_back_as_they_were(
    store: SqliteStore, shown: list[Entry]
) -> None:
    of = source(f"s{len(store.changes())}", dedupe=Dedupe(enabled=False))
    adopt(store, of)
    poll(store, of, *shown)
    assert len(list(store.entries(source=of.id))) == len(shown)
    assert all(article.entry in shown for article in articles(store, of.id))
