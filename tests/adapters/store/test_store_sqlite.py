"""What is SQLite's alone: files that are not a store, backups, plans, limits of one read."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.adapters.sqlite import (
    SqliteStore,
    aliases,
    archive,
    knowing,
    ledger,
    renaming,
)
from aggregator.core.errors import StoreError
from aggregator.core.model import Key
from aggregator.store import Store
from tests.adapters.store.polls import (
    DAY,
    HOUR,
    NOW,
    adopt,
    claim,
    entry,
    outcome,
    poll,
    reading,
    source,
    text,
)


def refused(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        SqliteStore.open(path)
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


def filled(path: Path) -> Path:
    with SqliteStore.open(path) as store:
        adopt(store, source("a"))
        for start in range(0, 200, 50):
            shown = (entry(str(number)) for number in range(start, start + 50))
            poll(store, source("a"), *shown)
    return path


def test_it_is_a_store_as_the_story_needs_one(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path / "store.db") as opened:
        store: Store = opened  # what the type checker proves
        assert store.next_due() is None


# --- opening


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "nowhere" / "store.db")


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "store.db").mkdir()
    assert "cannot be opened" in refused(tmp_path / "store.db")


def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("sources: []\n" * 200)
    assert "not a SQLite database" in refused(path)
    assert path.read_text() == "sources: []\n" * 200


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    assert "another program" in refused(path)
    assert path.read_bytes() == before


def test_a_newer_schema_is_told_and_left_alone(tmp_path: Path) -> None:
    path = filled(tmp_path / "store.db")
    with closing(sqlite3.connect(path)) as later:
        later.execute("PRAGMA user_version = 99")
    assert "newer aggregator (schema 99" in refused(path)


def test_a_damaged_file_is_a_clear_error_when_it_is_met(tmp_path: Path) -> None:
    path = filled(tmp_path / "store.db")
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\x5a" * (len(whole) - 4096))
    with pytest.raises(StoreError, match="damaged"), SqliteStore.open(path) as store:
        poll(store, source("a"), entry("1"), now=NOW + HOUR)


def test_a_damaged_page_is_found_by_the_integrity_check(tmp_path: Path) -> None:
    path = filled(tmp_path / "store.db")
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'bodies'"
        (page,) = connection.execute(query).fetchone()
    whole = bytearray(path.read_bytes())
    whole[(page - 1) * 4096 : (page - 1) * 4096 + 200] = b"\x5a" * 200
    path.write_bytes(whole)
    with SqliteStore.open(path) as store:
        assert store.integrity() != "ok"


def test_a_closed_store_refuses(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "store.db")
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.next_due()
    store.close()


def test_reopening_migrates_nothing_twice(tmp_path: Path) -> None:
    path = filled(tmp_path / "store.db")
    with closing(sqlite3.connect(path)) as connection:
        before = connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    SqliteStore.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        assert (
            connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == before
        )


def test_any_thread_may_read_and_write(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path / "store.db") as store:
        adopt(store, *(source(f"s{number}") for number in range(4)))
        threads = [
            threading.Thread(target=poll, args=(store, source(f"s{number}"), entry(str(number))))
            for number in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(list(store.entries())) == 4


# --- upkeep


def test_a_backup_is_whole_and_changes_nothing(tmp_path: Path) -> None:
    path = filled(tmp_path / "store.db")
    copy = tmp_path / "copy.db"
    with SqliteStore.open(path) as store:
        store.backup(copy)
        store.backup(copy)  # replaces the last one
        told = list(store.entries())
    with SqliteStore.open(copy) as backup:
        assert backup.integrity() == "ok"
        assert list(backup.entries()) == told
    assert not list(tmp_path.glob("*.partial"))


def test_a_backup_taken_while_polls_are_saved_holds_whole_polls(tmp_path: Path) -> None:
    path = filled(tmp_path / "store.db")
    with SqliteStore.open(path) as store:
        started, enough = threading.Event(), threading.Event()

        def write() -> None:
            number = 0
            while not enough.is_set():
                number += 1
                shown = (entry(f"{number}-{index}") for index in range(5))
                poll(store, source("a"), *shown, now=NOW + number * HOUR)
                started.set()

        writer = threading.Thread(target=write)
        writer.start()
        started.wait()
        for number in range(5):
            store.backup(tmp_path / f"copy{number}.db")
        enough.set()
        writer.join()
    counts = []
    for number in range(5):
        with SqliteStore.open(tmp_path / f"copy{number}.db") as backup:
            assert backup.integrity() == "ok"
            counts.append(len(list(backup.entries())))
    assert all(count % 5 == 0 for count in counts)
    assert counts == sorted(counts)
    assert counts[0] > 200


def test_a_backup_into_a_missing_directory_is_told(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path / "store.db") as store, pytest.raises(StoreError):
        store.backup(tmp_path / "nowhere" / "copy.db")


def test_optimizing_gives_freed_room_back(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore.open(path) as store:
        adopt(store, source("a"))
        shown = (entry(str(number), content=f"<p>{text('x', 900)}</p>") for number in range(200))
        poll(store, source("a"), *shown)
        store.optimize()
        before = path.stat().st_size
        assert store.prune(before=NOW + DAY, min_articles=0) == 200
        store.optimize()
        assert path.stat().st_size < before / 2
        assert store.integrity() == "ok"


# --- one read


def test_the_judge_sees_the_newest_eight_articles_of_a_key_and_their_oldest_eight_entries(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.db"
    with SqliteStore.open(path) as store:
        adopt(store, *(source(f"s{number:02}") for number in range(12)))
        for number in range(12):
            of = source("s00")
            column = entry(f"c{number}", title="Weekly links", published=NOW - number * DAY)
            poll(store, of, column, now=NOW + number * HOUR)
        for number in range(12):
            poll(store, source(f"s{number:02}"), entry("shared"), now=NOW + (20 + number) * HOUR)
    column_key = _key(entry("any", title="Weekly links"), "slug")
    shared_key = _key(entry("shared"), "link")
    asked = reading(
        source("new"), entry("any", title="Weekly links"), entry("shared", guid="another")
    )
    with closing(sqlite3.connect(path)) as connection:
        known = knowing.knowledge(connection, asked, source="new").known
    columns = known.candidates[column_key]
    ages = [candidate.members[0].published for candidate in columns]
    assert ages == [NOW - number * DAY for number in range(8)]
    (shared,) = known.candidates[shared_key]
    assert [member.source for member in shared.members] == [f"s{n:02}" for n in range(8)]
    assert shared.members[0].sketch == reading(source("a"), entry("shared")).identities[0].sketch


def _key(of: object, kind: str) -> Key:
    identity = reading(source("new"), of).identities[0]  # type: ignore[arg-type]
    return next(key for key in identity.keys if key.kind == kind)


def test_a_kind_of_key_that_no_version_knew_before_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore.open(path) as store:
        adopt(store, source("a"), source("b"))
        saved = []
        for name in "ab":
            document = reading(source(name), entry(name, link=""))
            (identity,) = document.identities
            strange = (Key("dream", 5), Key("guid", identity.entry_key))
            made = type(identity)(
                entry_key=identity.entry_key,
                stem=identity.stem,
                slug_hash=identity.slug_hash,
                keys=strange,
                content_hash=identity.content_hash,
            )
            (state,) = claim(store, name)
            document = type(document)(document.feed, (made,))
            saved.append(store.save(outcome(source(name), state, document)))
    with closing(sqlite3.connect(path)) as connection:
        kinds = knowing.kinds(connection)
        rows = connection.execute(
            "SELECT count(*) FROM keys WHERE kind = ?", (kinds["dream"],)
        ).fetchone()
    assert rows == (2,)


# --- plans

BOUNDED = {
    "due": (
        "SELECT source FROM source_state WHERE listed = 1 AND gone = 0 AND next_poll_at <= 5 "
        "AND (lease_until IS NULL OR lease_until <= 5) "
        "AND (parked_until IS NULL OR parked_until <= 5) ORDER BY next_poll_at, source"
    ),
    "due count": (
        "SELECT count(*) FROM source_state WHERE listed = 1 AND gone = 0 AND next_poll_at <= 5 "
        "AND (lease_until IS NULL OR lease_until <= 5) "
        "AND (parked_until IS NULL OR parked_until <= 5)"
    ),
    "parked": (
        "SELECT source, parked_until FROM source_state "
        "WHERE listed = 1 AND parked_until > 5 ORDER BY parked_until, source"
    ),
    "walk": (
        "SELECT -sort_at, slug_hash FROM articles WHERE sort_at < 5 "
        "ORDER BY sort_at DESC, slug_hash LIMIT 5"
    ),
    "run": (
        "SELECT -sort_at, slug_hash FROM entries WHERE source = 'a' AND held = 0 "
        "AND sort_at = 5 AND slug_hash > 7 ORDER BY sort_at DESC, slug_hash LIMIT 5"
    ),
    "carried": "SELECT e.slug_hash, e.source FROM entries AS e WHERE slug_hash = 5 AND held = 0",
    "queued": (
        "SELECT slug_hash FROM entries WHERE source = 'a' AND held = 1 "
        "GROUP BY sort_at, slug_hash ORDER BY sort_at DESC, slug_hash LIMIT 5"
    ),
    "newest of a key": (
        "SELECT slug_hash FROM keys WHERE value = 5 AND kind = 2 "
        "ORDER BY sort_at DESC, slug_hash LIMIT 8"
    ),
    "oldest of an article": (
        "SELECT entry_key FROM entries WHERE slug_hash = 5 "
        "ORDER BY first_seen, source, held, entry_key LIMIT 8"
    ),
}


@pytest.mark.parametrize("name", list(BOUNDED))
def test_ordered_reads_come_from_an_index_alone_without_sorting(tmp_path: Path, name: str) -> None:
    path = filled(tmp_path / "store.db")
    with SqliteStore.open(path) as store:
        store.optimize()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ANALYZE")
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {BOUNDED[name]}")]
    assert len(plan) == 1
    assert "COVERING INDEX" in plan[0] or "PRIMARY KEY" in plan[0]


@pytest.mark.parametrize("statement", [knowing.OWN_COPIES, aliases.OWN_ENTRIES])
def test_what_a_source_has_in_some_articles_is_sought_by_the_article(
    tmp_path: Path, statement: str
) -> None:
    path = filled(tmp_path / "store.db")
    with SqliteStore.open(path) as store:
        store.optimize()
    values = {"articles": "[1]", "source": "a"}
    with closing(sqlite3.connect(path)) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert any(line.startswith("SEARCH e ") and "(slug_hash=?)" in line for line in plan)


@pytest.mark.parametrize("statement", [renaming.LEFT, ledger.CHANGED, archive.CHANGED_SINCE])
def test_what_a_poll_and_a_build_ask_of_all_sources_is_found_without_going_through_them(
    tmp_path: Path, statement: str
) -> None:
    path = filled(tmp_path / "store.db")
    with closing(sqlite3.connect(path)) as connection:
        for _ in range(2):  # without statistics, and with them
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", (5,))]
            assert plan[0] in (
                "SCAN source_state USING COVERING INDEX unlisted",  # holds no others
                "SEARCH changes USING COVERING INDEX changed (change>?)",
            )
            connection.execute("ANALYZE")
