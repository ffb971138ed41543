"""Too much at once: what is shown, what waits, what is only remembered, and what is dropped."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from aggregator.adapters.sqlite import SqliteStore
from aggregator.adapters.sqlite.aliases import ALIASES_KEPT
from aggregator.core.model import Entry, Novelty
from aggregator.core.outcome import Saved
from aggregator.core.settings import Dedupe
from tests.adapters.store.polls import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    adopt,
    claim,
    entry,
    outcome,
    poll,
    source,
    titles,
)

A = source("a")


def stories(count: int, *, before: datetime = NOW, name: str = "s") -> list[Entry]:
    """Entries a minute apart, the newest first."""
    return [entry(f"{name}{n}", published=before - (n + 1) * MINUTE) for n in range(count)]


def headlines(entries: Sequence[Entry]) -> list[str]:
    return [each.title for each in entries]


def answered_304(store: SqliteStore, *, hours: int, capacity: int) -> Saved:
    now = NOW + hours * HOUR
    (state,) = claim(store, "a", now=now, force=True)
    saved = store.save(outcome(A, state, None, now=now, capacity=capacity))
    assert saved is not None
    return saved


def settled(store: SqliteStore) -> None:
    """A source that has answered before: what comes next is not its past."""
    adopt(store, A)
    poll(store, A)


# --- the first document


def test_of_a_first_document_only_the_newest_are_shown_and_all_are_stored(
    store: SqliteStore,
) -> None:
    adopt(store, A)
    past = stories(20)
    saved = poll(store, A, *reversed(past), capacity=5)
    assert saved.novelty == Novelty(new=20, new_articles=20, held=15)
    assert saved.state.queued == 0
    assert titles(store, ["a"]) == headlines(past[:5])
    assert len(list(store.entries())) == 20


def test_what_was_only_remembered_is_never_new_and_never_shown(store: SqliteStore) -> None:
    adopt(store, A)
    past = stories(20)
    poll(store, A, *past, capacity=5)
    again = poll(store, A, entry("today", published=NOW), *past, now=NOW + HOUR, capacity=5)
    assert (again.novelty.new, again.novelty.unchanged) == (1, 20)
    answered_304(store, hours=2, capacity=5)
    assert titles(store, ["a"]) == [entry("today").title, *headlines(past[:5])]


def test_undated_entries_are_taken_in_the_order_of_the_document(store: SqliteStore) -> None:
    adopt(store, A)
    undated = [entry(str(number), published=None) for number in range(9)]
    poll(store, A, *undated, capacity=3)
    assert set(titles(store, ["a"])) == set(headlines(undated[:3]))


def test_an_empty_first_document_is_the_first(store: SqliteStore) -> None:
    settled(store)
    saved = poll(store, A, *stories(9), now=NOW + HOUR, capacity=5)
    assert (saved.novelty.held, saved.state.queued) == (4, 4)


# --- a later flood


def test_a_flood_is_shown_poll_by_poll_newest_first_and_nothing_is_lost(
    store: SqliteStore,
) -> None:
    settled(store)
    flood = stories(23)
    saved = poll(store, A, *flood, now=NOW + HOUR, capacity=10)
    assert (saved.novelty.new, saved.novelty.held, saved.state.queued) == (23, 13, 13)
    assert titles(store, ["a"]) == headlines(flood[:10])
    saved = poll(store, A, *flood, now=NOW + 2 * HOUR, capacity=10)
    assert (saved.novelty.new, saved.novelty.held, saved.state.queued) == (0, 0, 3)
    assert titles(store, ["a"]) == headlines(flood[:20])
    assert answered_304(store, hours=3, capacity=10).state.queued == 0
    assert titles(store, ["a"]) == headlines(flood)


def test_what_waits_lets_the_new_of_a_poll_go_first(store: SqliteStore) -> None:
    settled(store)
    flood = stories(12)
    poll(store, A, *flood, now=NOW + HOUR, capacity=5)
    fresh = stories(3, before=NOW + 2 * HOUR, name="fresh")
    saved = poll(store, A, *fresh, *flood, now=NOW + 2 * HOUR, capacity=5)
    assert saved.state.queued == 5
    assert titles(store, ["a"]) == headlines([*fresh, *flood[:7]])
    more = stories(8, before=NOW + 3 * HOUR, name="more")
    saved = poll(store, A, *more, *fresh, *flood, now=NOW + 3 * HOUR, capacity=5)
    assert saved.state.queued == 8
    assert titles(store, ["a"]) == headlines([*more[:5], *fresh, *flood[:7]])


def test_what_is_let_out_marks_its_source_and_keeps_its_date(store: SqliteStore) -> None:
    settled(store)
    poll(store, A, *stories(6), now=NOW + HOUR, capacity=5)
    before = store.changes()["a"]
    answered_304(store, hours=30, capacity=5)
    assert store.changes()["a"] > before
    oldest = list(store.articles(["a"], priority={}))[-1]
    assert oldest.sort_at == NOW - 6 * MINUTE
    assert oldest.first_seen == NOW + HOUR


def test_polls_after_the_queue_is_empty_write_nothing_but_the_poll_state(
    store: SqliteStore,
) -> None:
    settled(store)
    flood = stories(6)
    poll(store, A, *flood, now=NOW + HOUR, capacity=5)
    answered_304(store, hours=2, capacity=5)
    before = store.changes()
    answered_304(store, hours=3, capacity=5)
    poll(store, A, *flood, now=NOW + 4 * HOUR, capacity=5)
    assert store.changes() == before


def test_an_entry_that_waits_can_be_edited_and_goes_on_waiting(store: SqliteStore) -> None:
    settled(store)
    flood = stories(6)
    poll(store, A, *flood, now=NOW + HOUR, capacity=5)
    edited = entry("s5", title="An edited headline", published=flood[5].published)
    saved = poll(store, A, *flood[:5], edited, now=NOW + 2 * HOUR, capacity=0)
    assert (saved.novelty.updated, saved.state.queued) == (1, 1)
    assert titles(store, ["a"]) == headlines(flood[:5])
    answered_304(store, hours=3, capacity=5)
    assert titles(store, ["a"])[-1] == "An edited headline"


def test_retention_spares_what_waits(store: SqliteStore) -> None:
    settled(store)
    flood = stories(6, before=NOW - 30 * DAY)
    poll(store, A, *flood, now=NOW + HOUR, capacity=4)
    assert store.prune(before=NOW, min_articles=0) == 4
    answered_304(store, hours=2, capacity=4)
    assert titles(store, ["a"]) == headlines(flood[4:])


def test_a_story_that_waits_in_one_source_is_shown_by_another(store: SqliteStore) -> None:
    settled(store)
    adopt(store, A, source("b"))
    flood = stories(6)
    poll(store, A, *flood, now=NOW + HOUR, capacity=5)
    poll(store, source("b"), flood[5], now=NOW + 2 * HOUR)
    assert titles(store, ["a"]) == headlines(flood[:5])
    (shown,) = store.articles(["b"], priority={})
    assert (shown.source, shown.entry) == ("b", flood[5])
    assert [sighting.source for sighting in shown.sightings] == ["a"]
    (last,) = list(store.articles(["a", "b"], priority={"a": 9}))[5:]
    assert last.source == "b"  # the copy that waits is not shown, whatever its priority
    answered_304(store, hours=3, capacity=5)
    (last,) = list(store.articles(["a", "b"], priority={"a": 9}))[5:]
    assert last.source == "a"


def test_queues_of_different_sources_do_not_mix(store: SqliteStore) -> None:
    settled(store)
    adopt(store, A, source("b"))
    poll(store, source("b"))
    poll(store, A, *stories(6, name="a"), now=NOW + HOUR, capacity=5)
    poll(store, source("b"), *stories(6, name="b"), now=NOW + HOUR, capacity=5)
    answered_304(store, hours=2, capacity=5)
    assert len(titles(store, ["a"])) == 6
    assert len(titles(store, ["b"])) == 5


def test_any_set_of_sources_gets_what_is_shown_and_nothing_else(store: SqliteStore) -> None:
    """Both ways to the articles, walking and merging, pass over what is held."""
    adopt(store, A, source("b"), source("quiet"))
    poll(store, A, *stories(900, name="a"), capacity=300)
    poll(store, source("b"), *stories(900, name="b"), capacity=600)
    quiet = stories(40, before=NOW - DAY, name="q")
    poll(store, source("quiet"), *quiet, capacity=10)
    assert len(titles(store, ["a", "b", "quiet"])) == 910
    assert titles(store, ["quiet"]) == headlines(quiet[:10])


# --- guids that churn


def churning(number: int, count: int = 6) -> list[Entry]:
    """The same stories under guids that no poll before has seen."""
    return [
        entry(f"c{n}", guid=f"https://site.example/?session={number}-{n}") for n in range(count)
    ]


def rows(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("articles", "entries", "bodies", "keys")
        }


def test_another_guid_alone_is_no_news(store: SqliteStore) -> None:
    adopt(store, A)
    poll(store, A, *churning(0))
    before = list(store.articles(["a"], priority={}))
    saved = poll(store, A, *churning(1), now=NOW + HOUR, capacity=2)
    assert saved.novelty == Novelty(new=6, joined=6, churned=6)
    assert list(store.articles(["a"], priority={})) == before


def test_another_guid_brings_nothing_out_of_the_queue_nor_of_the_past(store: SqliteStore) -> None:
    adopt(store, A, source("b"))
    poll(store, A, *churning(0), capacity=2)
    poll(store, source("b"))
    poll(store, source("b"), *stories(6), now=NOW + HOUR, capacity=2)
    renamed = [entry(f"s{n}", guid=f"other-{n}", published=None) for n in range(6)]
    again = poll(store, source("b"), *renamed, now=NOW + 2 * HOUR, capacity=0)
    assert again.state.queued == 4
    for number in range(1, 12):
        poll(store, A, *churning(number), now=NOW + number * HOUR, capacity=100)
    assert len(titles(store, ["a"])) == 2
    assert len(titles(store, ["b"])) == 2
    poll(store, source("b"), now=NOW + 3 * HOUR, capacity=3)
    assert len(titles(store, ["b"])) == 5


def test_a_source_that_invents_guids_for_ever_stays_small(store: SqliteStore) -> None:
    adopt(store, A)
    sizes = []
    for number in range(50):
        saved = poll(store, A, *churning(number), now=NOW + number * HOUR)
        sizes.append(rows(store.path))
        assert saved.novelty.new_articles == (6 if number == 0 else 0)
    assert sizes[-1] == sizes[10]
    assert sizes[-1]["entries"] == sizes[-1]["bodies"] == 6 * ALIASES_KEPT
    assert sizes[-1]["articles"] == 6
    assert len(titles(store, ["a"])) == 6
    assert store.integrity() == "ok"


@pytest.mark.parametrize("link", ["", "https://site.example/?page={}"])
def test_a_guid_whose_entry_was_dropped_is_still_no_new_article(
    store: SqliteStore, link: str
) -> None:
    adopt(store, A)

    def shown(number: int) -> Entry:
        return entry("c", guid=f"guid {number}", link=link.format(number))

    for number in range(20):
        poll(store, A, shown(number), now=NOW + number * HOUR)
    assert "guid 3" not in {stored.guid for stored in store.entries()}
    again = poll(store, A, shown(3), now=NOW + 20 * HOUR)
    assert (again.novelty.new_articles, again.novelty.churned) == (0, 1)


def test_what_the_document_still_shows_is_never_dropped(store: SqliteStore) -> None:
    adopt(store, A)
    shown = [entry("same", guid=f"guid {number}") for number in range(20)]
    poll(store, A, *shown)
    assert poll(store, A, *shown, entry("same", guid="one more"), now=NOW + HOUR).novelty.new == 1
    again = poll(store, A, *shown, now=NOW + 2 * HOUR)
    assert (again.novelty.new, again.novelty.unchanged) == (0, 20)


def test_dropping_an_alias_leaves_the_keys_that_others_need(store: SqliteStore) -> None:
    adopt(store, A, source("b"), source("c"))
    guid = "https://site.example/?session=5-0"
    poll(store, source("b"), entry("c0", guid=guid))
    for number in range(20):
        poll(store, A, *churning(number), now=NOW + number * HOUR)
    other = entry("c0", guid=guid, link="", title="Headline number c0 about quite another thing")
    copy = poll(store, source("c"), other, now=NOW + 20 * HOUR)
    assert (copy.novelty.new_articles, copy.novelty.joined) == (0, 1)
    poll(store, source("b"), entry("c0", guid=guid), now=NOW + 21 * HOUR)
    assert [stored.rule for stored in store.entries(source="b")] == ["new"]


def test_guids_that_churn_where_copies_are_not_joined_are_new_entries(store: SqliteStore) -> None:
    apart = source("a", dedupe=Dedupe(enabled=False))
    adopt(store, apart)
    poll(store, apart, *churning(0))
    assert poll(store, apart, *churning(1), now=NOW + HOUR).novelty == Novelty(
        new=6, new_articles=6
    )
