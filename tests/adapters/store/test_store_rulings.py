"""The operator's rulings: what was split stays apart, what was merged stays one, undo undoes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.adapters.sqlite import SqliteStore, homes, knowing, schema
from aggregator.adapters.sqlite.connection import as_database
from aggregator.core.errors import RulingError
from aggregator.core.model import Article, Entry
from aggregator.core.settings import Dedupe
from tests.adapters.store.polls import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    adopt,
    claimed,
    entry,
    poll,
    reading,
    source,
    text,
)

A, B, C = source("a"), source("b"), source("c")
LATER = NOW + HOUR
TITLE = "Ferry council votes for a new harbour bridge"


def copy(name: str, **changes: object) -> Entry:
    """A copy of one story, under a guid and a link of its own."""
    own = {"guid": f"guid-{name}", "title": TITLE, "link": f"https://{name}.example/story"}
    return entry("story", **(own | changes))


def filled(store: SqliteStore) -> None:
    """Sources a and b carry one story, which the judge takes for one."""
    adopt(store, A, B, C)
    poll(store, A, copy("a"))
    poll(store, B, copy("b"))


def names(store: SqliteStore) -> dict[str, tuple[str, str]]:
    """Slug and id of the article that each source's newest entry stands in."""
    found: dict[str, tuple[str, str]] = {}
    for stored in store.entries():
        article = store.article(stored.slug, priority={})
        assert article is not None
        found.setdefault(stored.source, (stored.slug, article.id))
    return found


def articles(store: SqliteStore) -> list[Article]:
    return list(store.articles(["a", "b", "c"], priority={}))


def slug_of(store: SqliteStore, guid: str) -> str:
    (found,) = {stored.slug for stored in store.entries() if stored.guid == guid}
    return found


def split_b(store: SqliteStore) -> str:
    """Take b's copy out; return the slug that it has got."""
    return store.split(slug_of(store, "guid-a"), "guid-b", sources=(A, B, C), now=LATER).slug


# --- split


def test_an_entry_that_is_split_off_gets_an_article_of_its_own(store: SqliteStore) -> None:
    filled(store)
    before = names(store)
    assert before["a"] == before["b"]
    ruling = store.split(before["a"][0], "guid-b", sources=(A, B), now=LATER)
    after = names(store)
    assert after["a"] == before["a"]
    assert after["b"][0] == ruling.slug != before["b"][0]
    assert after["b"][1] != before["b"][1]
    assert [article.sightings for article in articles(store)] == [(), ()]
    assert (ruling.kind, ruling.other, ruling.source, ruling.guid) == (
        "split",
        before["a"][0],
        "b",
        "guid-b",
    )


def test_the_name_of_what_is_split_off_follows_from_source_and_guid(
    reopen: Callable[[], SqliteStore], tmp_path: Path
) -> None:
    one = reopen()
    filled(one)
    with SqliteStore.open(tmp_path / "other.db") as other:
        filled(other)
        assert split_b(one) == split_b(other)
        assert names(one) == names(other)


def test_the_founder_of_an_article_can_be_split_off_too(store: SqliteStore) -> None:
    filled(store)
    before = names(store)
    store.split(before["a"][0], "guid-a", sources=(A, B), now=LATER)
    after = names(store)
    assert after["b"] == before["b"]
    assert after["a"][0] != before["a"][0]


CHURNED = {
    "the same guid": {},
    "another host in the guid": {"guid": "https://www.b.example/story"},
    "a new guid, same link and headline": {"guid": "new"},
    "a new guid and link, same headline and text": {"guid": "new", "link": "https://b.example/2"},
    "a new guid, the other's link": {"guid": "new", "link": "https://a.example/story"},
    "a new guid and the other's text": {
        "guid": "new",
        "link": "https://b.example/2",
        "content": copy("a").content,
    },
    "an edit": {"content": f"<p>{text('edited')}</p>"},
}


@pytest.mark.parametrize("change", list(CHURNED))
def test_what_was_split_off_never_rejoins_by_any_key(store: SqliteStore, change: str) -> None:
    adopt(store, A, B)
    original = copy("b", guid="http://b.example/story")
    poll(store, A, copy("a"))
    poll(store, B, original)
    left = slug_of(store, "guid-a")
    assert slug_of(store, original.guid) == left
    store.split(left, original.guid, sources=(A, B), now=LATER)
    again = copy("b", **({"guid": original.guid} | CHURNED[change]))
    for hours in (2, 3):
        poll(store, B, again, now=NOW + hours * HOUR)
        poll(store, A, copy("a"), now=NOW + hours * HOUR)
    assert {stored.source for stored in store.entries(slug=left)} == {"a"}
    assert slug_of(store, again.guid) != left


def test_a_churned_guid_of_what_was_split_off_founds_nothing(store: SqliteStore) -> None:
    filled(store)
    own = split_b(store)
    saved = poll(store, B, copy("b", guid="new"), now=2 * HOUR + NOW)
    assert (saved.novelty.new_articles, saved.novelty.churned) == (0, 1)
    assert slug_of(store, "new") == own


def test_others_still_join_what_is_left(store: SqliteStore) -> None:
    filled(store)
    left = slug_of(store, "guid-a")
    split_b(store)
    poll(store, C, copy("c", link="https://a.example/story"), now=2 * HOUR + NOW)
    assert slug_of(store, "guid-c") == left


def test_another_copy_of_what_was_split_off_finds_it_by_its_link(store: SqliteStore) -> None:
    filled(store)
    own = split_b(store)
    poll(store, C, copy("c", link="https://b.example/story"), now=2 * HOUR + NOW)
    assert slug_of(store, "guid-c") == own


def test_what_retention_has_stripped_can_be_split_too(store: SqliteStore) -> None:
    filled(store)
    left = slug_of(store, "guid-a")
    store.prune(before=NOW + DAY, min_articles=0)
    store.split(left, "guid-b", sources=(A, B), now=LATER)
    assert slug_of(store, "guid-b") != left
    poll(store, B, copy("b", guid="new"), now=LATER)
    assert slug_of(store, "new") != left


def test_a_link_names_an_entry_as_well_as_its_guid(store: SqliteStore) -> None:
    filled(store)
    left = slug_of(store, "guid-a")
    ruling = store.split(left, "https://b.example/story", sources=(A, B), now=LATER)
    assert ruling.guid == "guid-b"
    store.undo_split(left, "https://b.example/story", now=LATER)
    assert slug_of(store, "guid-b") == left


def test_what_a_source_signs_its_headlines_with_does_not_hide_what_was_split_off(
    store: SqliteStore,
) -> None:
    signed = f"{TITLE} - The Harbour Post"
    others = [
        entry(f"o{n}", title=f"Item {n} of quite other news today - The Harbour Post")
        for n in range(5)
    ]
    adopt(store, A, B)
    poll(store, A, copy("a", content=""))
    poll(store, B, copy("b", title=signed, content=""), *others)
    left = slug_of(store, "guid-a")
    assert slug_of(store, "guid-b") == left
    store.split(left, "guid-b", sources=(A, B), now=LATER)
    churned = copy("b", guid="new", title=signed, link="https://b.example/9", content="")
    poll(store, B, churned, *others, now=LATER)
    assert slug_of(store, "new") != left


def test_a_link_that_many_entries_share_is_no_key_of_what_is_split_off(store: SqliteStore) -> None:
    filled(store)
    poll(store, C, *(copy(f"c{n}", link="https://c.example/live") for n in "12"), now=LATER)
    left = slug_of(store, "guid-c1")
    own = store.split(left, "guid-c1", sources=(A, B, C), now=LATER).slug
    fresh = entry("z", guid="z", link="https://c.example/live", content="")
    poll(store, C, fresh, now=LATER)
    assert slug_of(store, "z") != own


# --- undoing a split


def test_an_undone_split_leaves_ids_exactly_as_before(store: SqliteStore) -> None:
    filled(store)
    before, shown = names(store), articles(store)
    own = split_b(store)
    for name in (own, before["a"][0]):
        store.undo_split(name, "guid-b", now=LATER)
        assert names(store) == before
        assert articles(store) == shown
        assert split_b(store) == own
    store.undo_split(own, "guid-b", now=LATER)
    saved = poll(store, B, copy("b"), copy("b", guid="new"), now=2 * HOUR + NOW)
    assert saved.novelty.new_articles == 0
    assert slug_of(store, "new") == before["a"][0]


def test_what_joined_the_split_off_meanwhile_returns_with_it_and_leaves_with_it(
    store: SqliteStore,
) -> None:
    filled(store)
    left = slug_of(store, "guid-a")
    own = split_b(store)
    poll(store, C, copy("c", link="https://b.example/story"), now=2 * HOUR + NOW)
    store.undo_split(left, "guid-b", now=LATER)
    assert {stored.slug for stored in store.entries()} == {left}
    assert split_b(store) == own
    assert [slug_of(store, f"guid-{name}") for name in "abc"] == [left, own, own]


# --- merge


def two_stories(store: SqliteStore) -> tuple[str, str]:
    adopt(store, A, B, C)
    poll(store, A, entry("1"))
    poll(store, B, entry("2", published=NOW - 2 * HOUR))
    return slug_of(store, "guid-1"), slug_of(store, "guid-2")


def test_merged_articles_are_one_under_the_names_of_the_first(store: SqliteStore) -> None:
    one, two = two_stories(store)
    before = store.article(one, priority={})
    assert before is not None
    ruling = store.merge(one, two, now=LATER)
    (article,) = articles(store)
    assert (article.slug, article.id, article.sort_at) == (one, before.id, before.sort_at)
    assert {article.source, *(each.source for each in article.sightings)} == {"a", "b"}
    assert (ruling.kind, ruling.slug, ruling.other) == ("merge", two, one)
    for names in (["a"], ["b"]):
        assert [each.slug for each in store.articles(names, priority={})] == [one]


def test_the_names_of_a_merged_article_lead_to_the_other(store: SqliteStore) -> None:
    one, two = two_stories(store)
    old = store.article(two, priority={})
    assert old is not None
    store.merge(one, two, now=LATER)
    assert store.find(two) == store.find(old.id) == store.find("guid-2") == (one,)
    assert store.find("particular") == (one,)
    assert store.article(two, priority={}) == store.article(one, priority={})
    assert {stored.guid for stored in store.entries(slug=two)} == {"guid-1", "guid-2"}
    assert store.former_names(one) == ((two, old.id),)


JOINING = {
    "the same guid": {"guid": "guid-2"},
    "the same link": {"guid": "new"},
    "the same headline and text": {"guid": "new", "link": "https://b.example/elsewhere"},
}


@pytest.mark.parametrize("of", [B, C], ids=["its source", "another source"])
@pytest.mark.parametrize("change", list(JOINING))
def test_what_would_join_the_merged_article_joins_the_other(
    store: SqliteStore, change: str, of: object
) -> None:
    one, two = two_stories(store)
    store.merge(one, two, now=LATER)
    later = entry("2", published=NOW - 2 * HOUR, **JOINING[change])
    saved = poll(store, B if of is B else C, later, now=2 * HOUR + NOW)
    assert saved.novelty.new_articles == 0
    assert {stored.slug for stored in store.entries()} == {one}
    (article,) = articles(store)
    assert article.slug == one


def test_a_merged_article_never_comes_back_as_new(store: SqliteStore) -> None:
    one, two = two_stories(store)
    store.merge(one, two, now=LATER)
    other = entry("3", title=entry("2").title, published=NOW + 30 * DAY)
    poll(store, C, other, now=NOW + 30 * DAY)
    assert slug_of(store, "guid-3") not in (one, two)
    assert {stored.guid for stored in store.entries(slug=two)} == {"guid-1", "guid-2"}


def test_an_undone_merge_leaves_ids_exactly_as_before(store: SqliteStore) -> None:
    one, two = two_stories(store)
    before, shown = names(store), articles(store)
    store.merge(one, two, now=LATER)
    store.undo_merge(one, two, now=LATER)
    assert names(store) == before
    assert articles(store) == shown
    assert store.former_names(one) == ()
    store.merge(two, one, now=LATER)
    assert {slug for slug, _ in names(store).values()} == {two}
    store.undo_merge(one, two, now=LATER)
    assert articles(store) == shown


def test_what_joined_meanwhile_goes_where_it_would_have_gone(store: SqliteStore) -> None:
    one, two = two_stories(store)
    store.merge(one, two, now=LATER)
    for name in "12":
        shown = entry(name, guid=f"c{name}", published=NOW - int(name) * HOUR)
        poll(store, C, shown, now=LATER + int(name) * MINUTE)
    edited = entry("2", published=NOW - 2 * HOUR, link="https://news.example/moved")
    poll(store, B, edited, now=LATER)
    store.undo_merge(one, two, now=LATER)
    assert [slug_of(store, guid) for guid in ("guid-1", "c1")] == [one, one]
    assert [slug_of(store, guid) for guid in ("guid-2", "c2")] == [two, two]
    poll(store, A, replace(edited, guid="x"), now=LATER)
    assert slug_of(store, "x") == two


def test_merges_of_merges_are_undone_in_any_order(store: SqliteStore) -> None:
    one, two = two_stories(store)
    poll(store, C, entry("3"))
    three = slug_of(store, "guid-3")
    shown = articles(store)
    store.merge(two, three, now=LATER)
    store.merge(one, three, now=LATER)  # its name leads to the second, which goes into the first
    assert {stored.slug for stored in store.entries()} == {one}
    store.undo_merge(two, three, now=LATER)
    assert [slug_of(store, f"guid-{n}") for n in "123"] == [one, one, three]
    store.undo_merge(one, two, now=LATER)
    assert articles(store) == shown


# --- both


def test_what_was_split_and_merged_again_is_one(store: SqliteStore) -> None:
    filled(store)
    left, own = slug_of(store, "guid-a"), split_b(store)
    store.merge(left, own, now=LATER)
    poll(store, B, copy("b", guid="new"), now=2 * HOUR + NOW)
    assert slug_of(store, "new") == left
    with pytest.raises(RulingError, match="since; undo that first"):
        store.undo_split(left, "guid-b", now=LATER)
    store.undo_merge(left, own, now=LATER)
    assert [slug_of(store, guid) for guid in ("guid-a", "guid-b", "new")] == [left, own, own]
    store.undo_split(left, "guid-b", now=LATER)
    assert {stored.slug for stored in store.entries()} == {left}


def test_an_entry_merged_in_can_be_split_off_and_stays_off_when_the_merge_is_undone(
    store: SqliteStore,
) -> None:
    one, two = two_stories(store)
    poll(store, C, entry("2", guid="c2", published=NOW - 2 * HOUR))
    store.merge(one, two, now=LATER)
    own = store.split(one, "c2", sources=(A, B, C), now=LATER).slug
    again = entry("2", guid="c3", published=NOW - 2 * HOUR)
    poll(store, C, again, now=LATER)
    assert slug_of(store, "c3") == own
    store.undo_merge(one, two, now=LATER)
    assert [slug_of(store, guid) for guid in ("guid-1", "guid-2", "c2")] == [one, two, own]
    poll(store, C, entry("2", guid="c4", published=NOW - 2 * HOUR), now=LATER + HOUR)
    assert slug_of(store, "c4") == own
    store.undo_split(two, "c2", now=LATER)
    assert slug_of(store, "c4") == two


# --- refusals


def test_what_cannot_be_done_is_said_and_changes_nothing(store: SqliteStore) -> None:
    filled(store)
    poll(store, C, copy("c", guid="guid-b"))
    left = slug_of(store, "guid-a")
    poll(store, A, entry("alone"), now=LATER)
    alone = slug_of(store, "guid-alone")
    shown, changes = articles(store), store.changes()
    refused: list[tuple[str, Callable[[], object]]] = [
        ("no article has the slug nothing", lambda: store.split("nothing", "x", now=LATER)),
        ("no article has the slug nothing", lambda: store.merge(left, "nothing", now=LATER)),
        ("one article already", lambda: store.merge(left, left, now=LATER)),
        ("has no entry with the guid or link x", lambda: store.split(left, "x", now=LATER)),
        ("guid-b of b, guid-b of c", lambda: store.split(left, "guid-b", now=LATER)),
        ("nothing to split", lambda: store.split(alone, "guid-alone", now=LATER)),
        ("is split off from", lambda: store.undo_split(left, "guid-b", now=LATER)),
        ("were not merged", lambda: store.undo_merge(left, alone, now=LATER)),
    ]
    for told, call in refused:
        with pytest.raises(RulingError, match=told):
            call()
    assert (articles(store), store.changes(), store.rulings()) == (shown, changes, ())
    store.split(left, "guid-b", source="c", now=LATER)
    assert {stored.source for stored in store.entries(slug=left)} == {"a", "b"}


# --- what follows


def test_all_sources_of_the_articles_are_marked_as_changed(store: SqliteStore) -> None:
    filled(store)
    poll(store, C, entry("other"))
    calls: list[Callable[[], object]] = [
        lambda: split_b(store),
        lambda: store.undo_split(slug_of(store, "guid-a"), "guid-b", now=LATER),
    ]
    for call in calls:
        before = store.changes()
        call()
        after = store.changes()
        assert after["a"] == after["b"] > max(before.values())
        assert after["c"] == before["c"]
    left, other = slug_of(store, "guid-a"), slug_of(store, "guid-other")
    store.merge(left, other, now=LATER)
    merged = store.changes()
    assert len({merged[name] for name in "abc"}) == 1
    store.undo_merge(left, other, now=LATER)
    undone = store.changes()
    assert {undone[name] for name in "abc"} == {merged["a"] + 1}


def test_a_merged_article_leaves_an_output_and_returns_under_its_number(
    store: SqliteStore,
) -> None:
    one, two = two_stories(store)
    store.open_build("out", digest="d", fresh_id="urn:out", now=NOW)

    def build(hours: int) -> list[str]:
        hashes = [article.slug_hash for article in articles(store)]
        store.close_build("out", change=hours, slug_hashes=hashes, now=NOW + hours * HOUR)
        return list(store.carrying("out"))

    before = build(0)
    assert sorted(before) == sorted((one, two))
    store.merge(one, two, now=LATER)
    assert build(1) == [one]
    assert store.carried(two) == {} or store.carried(two) == {"out": NOW}
    store.undo_merge(one, two, now=LATER)
    assert build(2) == before
    assert store.carried(two) == {"out": NOW}


def test_the_store_stays_whole_and_remembers_every_ruling_in_order(
    reopen: Callable[[], SqliteStore],
) -> None:
    store = reopen()
    filled(store)
    left, own = slug_of(store, "guid-a"), split_b(store)
    store.undo_split(left, "guid-b", now=LATER + HOUR)
    split_b(store)
    store.merge(left, own, now=LATER + 2 * HOUR)
    again = reopen()
    told = [(each.kind, each.slug, each.other, each.undone_at) for each in again.rulings()]
    assert told == [
        ("split", own, left, LATER + HOUR),
        ("split", own, left, None),
        ("merge", own, left, None),
    ]
    assert again.rulings(left) == again.rulings(own) == again.rulings()
    assert again.rulings("nothing") == ()
    assert again.integrity() == "ok"
    poll(again, B, copy("b", guid="new"), now=2 * HOUR + NOW)
    assert slug_of(again, "new") == left


def test_aliases_of_a_churning_source_in_a_merged_article_stay_bounded(
    store: SqliteStore,
) -> None:
    one, two = two_stories(store)
    store.merge(one, two, now=LATER)
    for number in range(30):
        churned = entry("2", guid=f"new{number}", published=NOW - 2 * HOUR)
        saved = poll(store, B, churned, now=LATER + number * HOUR)
        assert saved.novelty.new_articles == 0
    assert len(list(store.entries(slug=one))) <= 10
    store.undo_merge(one, two, now=LATER)
    assert {stored.slug for stored in store.entries(source="b")} == {two}


def test_a_source_splits_two_of_its_own_and_a_returning_guid_still_finds_its_article(
    store: SqliteStore,
) -> None:
    """A column that was taken for one story: what is left has guids that speak for it."""
    adopt(store, A)
    monday = entry("m", guid="http://a.example/monday", title=TITLE)
    tuesday = entry("m", guid="http://a.example/tuesday", title=TITLE)
    poll(store, A, monday)
    poll(store, A, tuesday)
    left = slug_of(store, monday.guid)
    assert slug_of(store, tuesday.guid) == left
    store.split(left, tuesday.guid, sources=(A,), now=LATER)
    moved = entry("m", guid="https://www.a.example/monday", title=TITLE)
    poll(store, A, moved, now=LATER)
    assert slug_of(store, moved.guid) == left


def test_a_ruling_made_while_a_poll_is_under_way_is_obeyed_by_it(
    reopen: Callable[[], SqliteStore],
) -> None:
    daemon, operator = reopen(), reopen()
    filled(daemon)
    left = slug_of(daemon, "guid-a")
    under_way = claimed(daemon, B, copy("b", guid="new"), now=LATER)
    own = split_b(operator)
    daemon.save(under_way)
    assert slug_of(operator, "new") == own
    under_way = claimed(daemon, B, copy("b", guid="newer"), now=LATER)
    operator.merge(left, own, now=LATER)
    daemon.save(under_way)
    assert slug_of(operator, "newer") == left


def test_rulings_move_with_a_dump(store: SqliteStore, tmp_path: Path) -> None:
    filled(store)
    left, own = slug_of(store, "guid-a"), split_b(store)
    poll(store, C, entry("3"))
    store.merge(left, slug_of(store, "guid-3"), now=LATER)
    with SqliteStore.open(tmp_path / "other.db") as other:
        other.load(store.dump())
        assert other.rulings() == store.rulings()
        assert names(other) == names(store)
        poll(other, B, copy("b", guid="new"), now=LATER)
        assert slug_of(other, "new") == own
        other.undo_split(left, "guid-b", now=LATER)
        assert slug_of(other, "new") == left


# --- pools and switches, through the store


def test_sources_of_two_pools_never_join(store: SqliteStore) -> None:
    iri = "https://everywhere.example/one"
    local = source("b", dedupe=Dedupe(pool="local"))
    adopt(store, A, local)
    poll(store, A, copy("a", guid=iri, link=iri))
    saved = poll(store, local, copy("a", guid=iri, link=iri))
    assert saved.novelty.new_articles == 1
    assert len({article.id for article in articles(store)}) == 2


def test_a_source_with_dedupe_off_joins_nobody_and_nobody_joins_it(store: SqliteStore) -> None:
    iri = "https://everywhere.example/one"
    off = source("b", dedupe=Dedupe(enabled=False))
    adopt(store, A, off, C)
    for each in (A, off, C):
        poll(store, each, copy("a", guid=iri, link=iri))
    assert slug_of_source(store, "a") == slug_of_source(store, "c")
    assert slug_of_source(store, "b") != slug_of_source(store, "a")
    again = poll(store, off, copy("a", guid=iri, link=iri, content="<p>edited</p>"), now=LATER)
    assert (again.novelty.new, again.novelty.updated) == (0, 1)
    moved = poll(store, off, copy("a", guid=iri.replace("https", "http"), link=iri), now=LATER)
    assert (moved.novelty.new_articles, moved.novelty.churned) == (0, 1)


def slug_of_source(store: SqliteStore, name: str) -> str:
    return next(store.entries(source=name)).slug


def test_by_guid_alone_neither_link_nor_headline_counts(store: SqliteStore) -> None:
    strict = source("b", dedupe=Dedupe(by=("guid",)))
    adopt(store, A, strict, C)
    poll(store, A, copy("a"))
    saved = poll(store, strict, copy("b", link="https://a.example/story"))
    assert saved.novelty.new_articles == 1
    again = poll(store, strict, copy("b", guid="new", link="https://a.example/story"), now=LATER)
    assert again.novelty.new_articles == 1


def test_another_dedupe_changes_only_what_comes_then(store: SqliteStore) -> None:
    filled(store)
    before = names(store)
    apart = source("b", dedupe=Dedupe(enabled=False))
    adopt(store, A, apart)
    saved = poll(store, apart, copy("b"), copy("b2", link="https://a.example/story"), now=LATER)
    assert (saved.novelty.new, saved.novelty.unchanged, saved.novelty.new_articles) == (1, 1, 1)
    assert slug_of(store, "guid-b") == before["b"][0]
    adopt(store, A, B)
    saved = poll(store, B, copy("b"), copy("b2", link="https://a.example/story"), now=LATER + HOUR)
    assert saved.novelty.new == 0
    assert slug_of(store, "guid-b2") != before["b"][0]


# --- the one read


@contextmanager
def watched(path: Path) -> Iterator[tuple[sqlite3.Connection, list[str]]]:
    statements: list[str] = []
    with closing(sqlite3.connect(path)) as connection:
        connection.set_trace_callback(statements.append)
        yield connection, statements


def test_without_rulings_a_document_costs_no_look_up_for_them(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore.open(path) as store:
        filled(store)
        asked = reading(C, *(copy(f"c{number}") for number in range(20)))
        with watched(path) as (connection, statements):
            knowing.knowledge(connection, asked, source="c")
        assert sum("rulings" in statement for statement in statements) == 1
        assert not any("retired" in statement for statement in statements)
        split_b(store)
        with watched(path) as (connection, statements):
            knowing.knowledge(connection, asked, source="c")
        assert sum("retired" in statement for statement in statements) == 1
        assert sum("rulings" in statement for statement in statements) == 2


@pytest.mark.parametrize("statement", [homes.SUCCESSORS, homes.SPLITS_OF_SOURCE])
def test_rulings_are_sought_by_the_article(tmp_path: Path, statement: str) -> None:
    SqliteStore.open(tmp_path / "store.db").close()
    values = {"homes": "[1]", "articles": "[1]", "source": "a"}
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert not any(line.startswith("SCAN r") for line in plan)
    assert any(line.startswith("SEARCH r USING") for line in plan)


def test_a_file_from_before_rulings_is_migrated_and_can_be_ruled(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        for migration in schema.MIGRATIONS[: schema.MIGRATIONS.index(schema._rulings)]:
            migration(as_database(connection))
        connection.executescript(
            f"PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA user_version = 2;"
            "INSERT INTO articles VALUES (5, 'one', 'urn:1', 'one', 7, 7);"
            "INSERT INTO entries (entry_key, source, guid, slug_hash, link, title, rule, evidence,"
            " first_seen, updated, content_hash, changes, words, sketch, held, sort_at) VALUES"
            " (1, 'a', 'g1', 5, '', 'One', 'new', '', 7, 7, 0, 0, 0, x'', 0, 7),"
            " (2, 'b', 'g2', 5, '', 'One', 'slug', '', 8, 8, 0, 0, 0, x'', 0, 7);"
        )
        connection.commit()
    with SqliteStore.open(path) as store:
        assert {(each.guid, each.slug, each.home) for each in store.entries()} == {
            ("g1", "one", ""),
            ("g2", "one", ""),
        }
        ruling = store.split("one", "g2", now=NOW)
        assert slug_of(store, "g2") == ruling.slug
        assert store.integrity() == "ok"
