"""A source under another id: all that is stored of it goes over, and nothing of others does."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace

import pytest

from aggregator.adapters.sqlite import SqliteStore
from aggregator.adapters.sqlite.connection import connect
from aggregator.core.errors import ParseError
from aggregator.core.settings import Source
from tests.adapters.store.polls import (
    DAY,
    HOUR,
    NOW,
    adopt,
    claimed,
    entry,
    poll,
    source,
    text,
    titles,
)

TITLE = "Ferry council votes for a new harbour bridge"


def renamed(name: str, of: str = "a") -> Source:
    return Source(id=name, url=f"https://{of}.example/feed")


def rows(store: SqliteStore) -> list[dict[str, object]]:
    told = [json.loads(line) for line in store.dump()]
    return [line["row"] | {"": line["table"]} for line in told if "row" in line]


def test_all_that_is_stored_goes_over_and_back_again(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    poll(store, source("a"), *(entry(f"{number}") for number in range(5)))
    poll(store, source("b"), entry("1", guid="b1"))
    before = rows(store)
    adopt(store, renamed("z"), source("b"))
    assert "a" not in {row.get("source") for row in rows(store)}
    assert store.integrity() == "ok"
    adopt(store, source("a"), source("b"))
    assert sorted(map(str, rows(store))) == sorted(map(str, before))


def test_http_and_https_are_one_address(store: SqliteStore) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), entry("1"))
    secure = Source(id="z", url="http://a.example/feed/")
    adopt(store, secure)
    assert poll(store, secure, entry("1"), now=NOW + HOUR).novelty.new == 0


def test_a_source_that_is_still_listed_is_not_renamed(store: SqliteStore) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), entry("1"))
    adopt(store, source("a"), renamed("z"))
    assert [stored.source for stored in store.entries()] == ["a"]
    assert poll(store, renamed("z"), entry("1"), now=NOW + HOUR).novelty.joined == 1


def test_two_new_ids_for_one_address_are_one_renaming_and_one_new_source(
    store: SqliteStore,
) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), entry("1"))
    adopt(store, renamed("y"), renamed("z"))
    assert [stored.source for stored in store.entries()] == ["y"]
    assert {state.source for state in store.states()} == {"y", "z"}


def test_local_files_are_not_taken_for_each_other(store: SqliteStore) -> None:
    adopt(store, Source(id="a"))
    poll(store, Source(id="a"), entry("1"))
    adopt(store, Source(id="z"))
    assert [stored.source for stored in store.entries()] == ["a"]


def test_a_poll_under_way_is_refused_when_its_source_was_renamed(store: SqliteStore) -> None:
    adopt(store, source("a"))
    outcome = claimed(store, source("a"), entry("1"))
    adopt(store, renamed("z"))
    assert store.save(outcome) is None


def test_what_the_operator_decided_holds_under_the_new_id(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    poll(store, source("a"), entry("story", title=TITLE, guid="a1"))
    copy = entry("story", title=TITLE, guid="b1", link="https://b.example/1")
    poll(store, source("b"), copy)
    (slug,) = {stored.slug for stored in store.entries()}
    store.split(slug, "b1", sources=[source("a"), source("b")], now=NOW + HOUR)
    assert len({stored.slug for stored in store.entries()}) == 2
    adopt(store, source("a"), renamed("z", "b"))
    again = entry("story", title=TITLE, guid="b2", link="https://b.example/1")
    poll(store, renamed("z", "b"), copy, again, now=NOW + 2 * HOUR)
    of_z = {stored.slug for stored in store.entries(source="z")}
    assert slug not in of_z
    assert len(of_z) == 1


def test_by_what_an_entry_was_recognised_is_still_told(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    poll(store, source("a"), entry("story", title=TITLE, guid="a1"))
    poll(store, source("b"), entry("story", title=TITLE, guid="b1"))
    adopt(store, renamed("z"), source("b"))
    (of_b,) = store.entries(source="b")
    assert (of_b.matched_source, of_b.matched_guid) == ("z", "a1")


# --- another id at another address


def moved(name: str) -> Source:
    return Source(id=name, url=f"https://elsewhere.example/{name}")


def test_a_first_document_of_known_entries_takes_over_what_was_left(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    entries = [entry(f"{number}", published=None, link="") for number in range(4)]
    poll(store, source("a"), *entries)
    adopt(store, moved("z"), source("b"))
    late = NOW + 30 * DAY
    fresh = entry("new", published=None, link="")
    saved = poll(store, moved("z"), fresh, *entries, now=late)
    assert (saved.novelty.new, saved.novelty.unchanged) == (1, 4)
    assert len(titles(store, ["z"])) == 5
    assert titles(store, ["a"]) == []
    assert store.integrity() == "ok"


def test_what_was_taken_over_is_a_change_to_outputs(store: SqliteStore) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), entry("1"), entry("2"))
    before = store.changes()["a"]
    adopt(store, moved("z"))
    poll(store, moved("z"), entry("1"), entry("2"), now=NOW + HOUR)
    assert store.changes()["z"] > before


def test_guids_that_moved_with_the_site_are_known_by_what_stayed(store: SqliteStore) -> None:
    adopt(store, source("a"))
    old = [
        entry(f"{number}", guid=f"https://old.example/{number}", published=None, link="")
        for number in range(3)
    ]
    poll(store, source("a"), *old)
    adopt(store, moved("z"))
    new = [
        entry(f"{number}", guid=f"https://new.example/{number}", published=None, link="")
        for number in range(3)
    ]
    saved = poll(store, moved("z"), *new, now=NOW + 30 * DAY)
    assert (saved.novelty.new_articles, saved.novelty.churned) == (0, 3)


@pytest.mark.parametrize("known", [0, 1, 2])
def test_few_known_entries_are_no_proof(known: int, store: SqliteStore) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), *(entry(f"{number}") for number in range(4)))
    adopt(store, moved("z"))
    others = [
        entry(f"x{number}", content=f"<p>{text(f'x{number}')}</p>", link="")
        for number in range(4 - known)
    ]
    same = [entry(f"{number}", link="") for number in range(known)]
    poll(store, moved("z"), *others, *same, now=NOW + HOUR)
    assert len(list(store.entries(source="a"))) == 4


@pytest.mark.parametrize("same", [True, False])
def test_entries_without_titles_are_known_by_their_texts(same: bool, store: SqliteStore) -> None:
    adopt(store, source("a"))
    notes = [entry(f"{number}", title="", link="") for number in range(4)]
    poll(store, source("a"), *notes)
    adopt(store, moved("z"))
    if not same:
        notes = [replace(note, content=f"<p>{text('x' + note.guid)}</p>") for note in notes]
    poll(store, moved("z"), *notes, now=NOW + 30 * DAY)
    assert len(list(store.entries(source="a"))) == (0 if same else 4)


def test_a_later_document_takes_nothing_over(store: SqliteStore) -> None:
    adopt(store, source("a"), moved("z"))
    entries = [entry(f"{number}") for number in range(4)]
    poll(store, source("a"), *entries)
    poll(store, moved("z"), entry("other"))
    adopt(store, moved("z"))
    poll(store, moved("z"), *entries, now=NOW + HOUR)
    assert len(list(store.entries(source="a"))) == 4


def test_a_document_that_is_refused_takes_nothing_over(store: SqliteStore) -> None:
    adopt(store, source("a"))
    entries = [entry(f"{number}") for number in range(3)]
    poll(store, source("a"), *entries)
    adopt(store, moved("z"))
    outcome = claimed(store, moved("z"), *entries, now=NOW + HOUR)

    def refuse(_: object) -> None:
        raise ParseError("another feed", kind="moved")

    with pytest.raises(ParseError):
        store.save(replace(outcome, settle=refuse))  # type: ignore[arg-type]
    assert len(list(store.entries(source="a"))) == 3
    with closing(connect(store.path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
