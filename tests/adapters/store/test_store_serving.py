"""What the server goes by: outputs that went or changed their id, histories, next polls."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.adapters.sqlite import SqliteStore, schema
from aggregator.adapters.sqlite.connection import as_database
from aggregator.core.model import FeedInfo
from aggregator.core.settings import Access, Output, Secret
from tests.adapters.store.polls import DAY, adopt, claim, entry, outcome, poll, source

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
BOARD = Output(id="board", title="Board", access=Access(token=Secret(value="x" * 20)))


def output(name: str, *aliases: str) -> Output:
    return Output(id=name, title=name, aliases=aliases)


def opened(store: SqliteStore, name: str) -> str:
    """Open a build of an output, as the first build does; returns its Atom id."""
    state = store.open_build(name, digest="d", fresh_id=f"urn:{name}:fresh", now=NOON)
    return state.atom_id


# Of W37
def test_an_output_taken_out_is_remembered_with_the_time(store: SqliteStore) -> None:
    for name in ("a", "b"):
        opened(store, name)
    store.list_outputs([output("a"), output("b")], now=NOON)
    assert store.removed_outputs() == {}
    store.list_outputs([output("a")], now=NOON)
    store.list_outputs([output("a")], now=LATER)
    assert store.removed_outputs() == {"b": NOON}
    store.list_outputs([output("a"), output("b")], now=LATER)
    assert store.removed_outputs() == {}


def test_nobody_is_told_that_there_was_a_private_output(store: SqliteStore) -> None:
    opened(store, "board")
    store.list_outputs([BOARD], now=NOON)
    store.list_outputs([], now=LATER)
    assert store.removed_outputs() == {}


# Of W37
def test_a_renamed_output_stays_what_it_was(reopen: Callable[[], SqliteStore]) -> None:
    store = reopen()
    assert opened(store, "old") == "urn:old:fresh"
    store.keep_histories("old", {"atom": "[]"})
    store.list_outputs([output("old")], now=NOON)
    store.list_outputs([output("new", "older", "old")], now=LATER)
    again = reopen()
    assert opened(again, "new") == "urn:old:fresh"
    assert again.history("new", "atom") == "[]"
    assert again.history("old", "atom") == ""
    assert again.removed_outputs() == {}


def test_an_output_of_its_own_takes_nothing_from_a_former_id(store: SqliteStore) -> None:
    for name in ("new", "old"):
        opened(store, name)
    store.list_outputs([output("new", "old")], now=NOON)
    assert opened(store, "new") == "urn:new:fresh"
    assert store.removed_outputs() == {"old": NOON}


def test_histories_of_each_form_are_replaced(store: SqliteStore) -> None:
    assert store.history("a", "atom") == ""
    store.keep_histories("a", {"atom": "1", "rss": "2"})
    store.keep_histories("a", {"rss": "3"})
    assert (store.history("a", "atom"), store.history("a", "rss")) == ("1", "3")


def test_the_next_polls_of_listed_sources_are_told(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    adopt(store, source("b"))
    assert store.next_polls() == {state.source: state.next_poll_at for state in store.states()}
    assert list(store.next_polls()) == ["b"]


def test_listed_sources_are_counted_by_how_they_are(store: SqliteStore) -> None:
    listed = [source(name) for name in ("fails", "gone", "well", "waits")]
    adopt(store, *listed, source("unlisted"))
    adopt(store, *listed)
    states = {state.source: state for state in claim(store, "fails", "gone", "well", force=True)}
    store.save(outcome(listed[0], states["fails"], None, fail_count=3))
    store.save(outcome(listed[1], states["gone"], None, fail_count=1, gone=True))
    store.save(outcome(listed[2], states["well"], None))
    assert store.census() == {"failing": 1, "gone": 1, "ok": 1, "waiting": 1}
    assert store.failures() == {"fails": 3, "gone": 1}


def test_titles_and_sites_of_listed_sources_are_told(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    poll(store, source("a"), info=FeedInfo(title="A «b» \U0001f600", link="https://a.example/"))
    assert store.titles() == {"a": ("A «b» \U0001f600", "https://a.example/"), "b": ("", "")}


def test_an_older_file_learns_of_removals_and_histories(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    connection = sqlite3.connect(path, isolation_level=None)
    before = schema.MIGRATIONS.index(schema._roster_of_outputs)
    for migration in schema.MIGRATIONS[:before]:
        migration(as_database(connection))
    connection.execute(
        "INSERT INTO outputs (output, atom_id, digest, settings_changed_at, built_change) "
        "VALUES ('a', 'urn:a', 'd', 1, 1)"
    )
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {before}")
    connection.close()
    with SqliteStore.open(path) as store:
        assert opened(store, "a") == "urn:a"
        store.list_outputs([], now=NOON)
        assert store.removed_outputs() == {"a": NOON}
        assert store.history("a", "atom") == ""


def listed(store: SqliteStore, *sources: str, day: int = 0, output: str = "a") -> None:
    one = Output(id=output, title="A", sources=sources, aliases=("a",) if output != "a" else ())
    store.list_outputs([one], now=NOON + day * DAY)


def carry(store: SqliteStore) -> None:
    adopt(store, source("x"))
    poll(store, source("x"), entry("1"))
    opened(store, "a")
    store.carry("a", tuple(store.articles(["x"], priority={})), now=NOON)


def test_sources_that_join_an_output_later_are_told_apart(store: SqliteStore) -> None:
    listed(store, "x")
    listed(store, "x", "y", day=1)
    assert store.members("a") == {"x": None, "y": None}  # nothing was carried yet
    carry(store)
    listed(store, "x", "y", "z", day=2)
    assert store.members("a") == {"x": None, "y": None, "z": NOON + 2 * DAY}
    listed(store, "x", day=3)
    listed(store, "x", "z", day=4)
    assert store.members("a") == {"x": None, "z": NOON + 4 * DAY}


def test_members_go_with_a_renamed_output_and_a_renamed_source(store: SqliteStore) -> None:
    listed(store, "x")
    carry(store)
    listed(store, "x", "y", day=1)
    listed(store, "x", "y", day=2, output="b")
    assert store.members("b") == {"x": None, "y": NOON + DAY}
    adopt(store, source("new-x", url=source("x").url))
    listed(store, "new-x", "y", day=3, output="b")
    assert store.members("b") == {"new-x": None, "y": NOON + DAY}


def test_it_is_known_when_an_article_was_first_carried(store: SqliteStore) -> None:
    carry(store)
    (article,) = store.articles(["x"], priority={})
    store.carry("a", (article,), now=NOON + DAY)
    assert store.first_carried("a", [article.slug_hash, 7]) == {article.slug_hash: NOON}
    assert store.first_carried("b", [article.slug_hash]) == {}
