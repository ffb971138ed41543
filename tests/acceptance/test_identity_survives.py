"""Nothing that an operator or time does gives a story another id, or shows it a second time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from aggregator.app import App
from aggregator.cli import main
from tests.acceptance.survival import HARD, Item, config, entries, feed, feed_bytes, names
from tests.feed_server import FeedServer, feed_server, write_config
from tests.test_engine import run_once


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server({"a": feed(*HARD), "b": feed(Item("1", "Of another site", "Quite."))}) as up:
        yield up


def source(server: FeedServer, name: str, path: str = "", **more: object) -> str:
    told = "".join(f", {key}: {value}" for key, value in more.items())
    return f"{{id: {name}, url: '{server.url(path or name)}'{told}}}"


async def polled(folder: Path, text: str) -> tuple[int, dict[str, tuple[str, str, str, str]]]:
    """Poll everything with this feeds.yaml: how many entries were new, and the feed `all`."""
    with App.open(write_config(folder, text), {}) as app:
        ran = await run_once(app, force=True)
        assert not [report.error for report in ran.polls if report.error]
        return sum(report.novelty.new for report in ran.polls), entries(app)


async def stored(folder: Path) -> dict[str, tuple[str, ...]]:
    with App.open(folder / "feeds.yaml", {}) as app:
        return names(app)


# --- feeds.yaml


async def test_the_order_of_sources_and_the_ids_of_outputs_mean_nothing(
    server: FeedServer, tmp_path: Path
) -> None:
    a, b = source(server, "a"), source(server, "b")
    _, before = await polled(tmp_path, config([a, b]))
    assert len(before) == len(HARD) + 1
    renamed = "  - {id: front, title: Front}\n  - {id: all, title: All of it}\n"
    new, after = await polled(tmp_path, config([b, a], outputs=renamed))
    assert (new, after) == (0, before)
    with App.open(tmp_path / "feeds.yaml", {}) as app:
        assert entries(app, "front") == before


async def test_another_address_of_a_source_means_nothing(
    server: FeedServer, tmp_path: Path
) -> None:
    _, before = await polled(tmp_path, config([source(server, "a")]))
    server.bodies["elsewhere"] = server.bodies["a"]
    new, after = await polled(tmp_path, config([source(server, "a", "elsewhere")]))
    assert (new, after) == (0, before)


async def test_another_id_of_a_source_means_nothing(server: FeedServer, tmp_path: Path) -> None:
    _, before = await polled(tmp_path, config([source(server, "a")]))
    slugs = await stored(tmp_path)
    asked = server.asked("a")
    new, after = await polled(tmp_path, config([source(server, "renamed", "a")]))
    assert (new, after) == (0, before)
    assert await stored(tmp_path) == slugs
    assert server.asked("a") == asked + 1
    assert "If-None-Match" in server.last("a")  # the state went over, too
    with App.open(tmp_path / "feeds.yaml", {}) as app:
        assert {entry.source for entry in app.store.entries()} == {"renamed"}
        assert app.store.integrity() == "ok"


async def test_a_renamed_source_is_not_polled_before_its_time(
    server: FeedServer, tmp_path: Path
) -> None:
    await polled(tmp_path, config([source(server, "a")]))
    asked = server.asked("a")
    text = config([source(server, "renamed", "a")])
    with App.open(write_config(tmp_path, text), {}) as app:
        assert (await run_once(app)).polls == ()
    assert server.asked("a") == asked


async def test_a_source_renamed_there_and_back_is_the_same(
    server: FeedServer, tmp_path: Path
) -> None:
    _, before = await polled(tmp_path, config([source(server, "a")]))
    for name in ("second", "a"):
        new, after = await polled(tmp_path, config([source(server, name, "a")]))
        assert (new, after) == (0, before), name


async def test_two_sources_that_change_their_ids_do_not_mix(
    server: FeedServer, tmp_path: Path
) -> None:
    _, before = await polled(tmp_path, config([source(server, "a"), source(server, "b")]))
    swapped = [source(server, "b2", "b"), source(server, "a2", "a")]
    new, after = await polled(tmp_path, config(swapped))
    assert (new, after) == (0, before)
    with App.open(tmp_path / "feeds.yaml", {}) as app:
        of_b = [entry.title for entry in app.store.entries(source="b2")]
    assert of_b == ["Of another site"]


async def test_an_edit_after_a_renaming_is_still_an_edit(
    server: FeedServer, tmp_path: Path
) -> None:
    _, before = await polled(tmp_path, config([source(server, "a")]))
    edited = replace(HARD[3], body="No title, no link, no date: and other words by now.")
    server.bodies["a"] = feed(*(edited if item is HARD[3] else item for item in HARD))
    new, after = await polled(tmp_path, config([source(server, "renamed", "a")]))
    assert new == 0
    assert after.keys() == before.keys()
    (changed,) = [id_ for id_ in after if after[id_] != before[id_]]
    assert "other words by now" in after[changed][1]


async def test_id_and_address_may_change_at_once(server: FeedServer, tmp_path: Path) -> None:
    """As they do when the id is made from the host and the site moves."""
    _, before = await polled(tmp_path, config([source(server, "old-example", "a")]))
    server.bodies["moved"] = server.bodies["a"]
    new, after = await polled(tmp_path, config([source(server, "new-example", "moved")]))
    assert (new, after) == (0, before)
    with App.open(tmp_path / "feeds.yaml", {}) as app:
        assert {entry.source for entry in app.store.entries()} == {"new-example"}


async def test_ids_made_from_hosts_may_change_when_a_feed_is_added(
    server: FeedServer, tmp_path: Path
) -> None:
    """Two feeds of one host are told apart by their paths, and then the first is renamed."""
    alone = f"{{url: '{server.url('a')}'}}"
    _, before = await polled(tmp_path, config([alone]))
    _, after = await polled(tmp_path, config([alone, f"{{url: '{server.url('b')}'}}"]))
    assert len(after) == len(before) + 1
    assert {id_: after[id_] for id_ in before} == before


async def test_a_source_that_takes_the_place_of_another_is_not_taken_for_it(
    server: FeedServer, tmp_path: Path
) -> None:
    """The same guids (1, 2, 3) mean nothing when they stand for other entries."""
    await polled(tmp_path, config([source(server, "a")]))
    others = [Item(item.guid, f"Another story {item.guid}", "Other text.") for item in HARD]
    server.bodies["other"] = feed(*others)
    new, after = await polled(tmp_path, config([source(server, "other")]))
    assert new == len(HARD)
    assert {title for title, *_ in after.values()} == {item.title for item in others}
    with App.open(tmp_path / "feeds.yaml", {}) as app:
        assert len(list(app.store.entries(source="a"))) == len(HARD)


async def test_a_source_that_was_taken_out_and_comes_back_is_not_new(
    server: FeedServer, tmp_path: Path
) -> None:
    _, before = await polled(tmp_path, config([source(server, "a"), source(server, "b")]))
    await polled(tmp_path, config([source(server, "b")]))
    new, after = await polled(tmp_path, config([source(server, "a"), source(server, "b")]))
    assert (new, after) == (0, before)


# --- reading again


async def test_the_same_document_read_again_changes_no_byte(
    server: FeedServer, tmp_path: Path
) -> None:
    """Validators and body hash are lost, so everything is fetched, parsed and decided anew."""
    text = config([source(server, "a"), source(server, "b")])
    await polled(tmp_path, text)
    before = feed_bytes(tmp_path)
    forget(tmp_path, "UPDATE source_state SET etag = NULL, last_modified = NULL, body_hash = x''")
    with App.open(write_config(tmp_path, text), {}) as app:
        ran = await run_once(app, force=True)
    assert {report.status for report in ran.polls} == {200}
    assert {(report.novelty.new, report.novelty.updated) for report in ran.polls} == {(0, 0)}
    assert feed_bytes(tmp_path) == before


async def test_a_document_in_another_order_changes_no_byte(
    server: FeedServer, tmp_path: Path
) -> None:
    text = config([source(server, "a")])
    await polled(tmp_path, text)
    before = feed_bytes(tmp_path)
    server.bodies["a"] = feed(*reversed(HARD))
    new, _ = await polled(tmp_path, text)
    assert new == 0
    assert feed_bytes(tmp_path) == before


# --- another version of the program


def forget(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "data" / "aggregator.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


OLD_STORY = Item("old", "UPDATE 1-Harbour council’s new plan wins narrowly", "", "", "")
COPY = Item("copy", "Harbour council's new plan wins narrowly", "", "", "https://b.example/plan")


async def test_another_hash_version_means_nothing(server: FeedServer, tmp_path: Path) -> None:
    """Stored as a version did that left prefixes and apostrophes in the headline it hashed."""
    server.bodies["a"] = feed(*HARD, OLD_STORY)
    text = config([source(server, "a"), source(server, "b")])
    _, before = await polled(tmp_path, text)
    slugs = await stored(tmp_path)
    old_form = "update-1-harbour-council-s-new-plan-wins-narrowly"
    forget(
        tmp_path,
        "UPDATE source_state SET keyed = '0.1'",
        "DELETE FROM keys WHERE kind IN (SELECT kind FROM kinds WHERE name IN "
        "('slug', 'lead', 'text', 'urlslug'))",
        f"UPDATE entries SET headline = '{old_form}' WHERE guid = 'old'",
        f"UPDATE articles SET headline = '{old_form}' WHERE headline LIKE 'harbour-council%'",
    )
    server.bodies["b"] = feed(COPY)
    new, after = await polled(tmp_path, text)
    assert (new, after) == (1, before)
    now = await stored(tmp_path)
    assert now.keys() == slugs.keys()
    assert ("copy", "old") in now.values()


# --- another machine


@pytest.mark.parametrize("name", ["all.jsonl", "all.jsonl.gz"])
def test_a_dump_loaded_elsewhere_publishes_the_same_bytes(
    name: str, server: FeedServer, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    outputs = "  - {id: all, title: All}\n  - {id: some, title: Some, sources: [b]}\n"
    text = config([source(server, "a"), source(server, "b")], outputs=outputs)
    for folder in (here, there):
        folder.mkdir()
        write_config(folder, text)
    run(here, "poll", "--force")
    run(here, "dump", str(tmp_path / name))
    assert "read " in run(there, "load", str(tmp_path / name))
    run(there, "dump", str(tmp_path / f"again-{name}"))
    assert (tmp_path / f"again-{name}").read_bytes() == (tmp_path / name).read_bytes()
    run(there, "build")
    for output in ("all", "some"):
        assert feed_bytes(there, output) == feed_bytes(here, output)
    assert "0 new, 0 updated; 0 feeds published" in run(there, "poll", "--force")


def test_a_database_with_something_in_it_is_not_overwritten_by_accident(
    server: FeedServer, tmp_path: Path
) -> None:
    write_config(tmp_path, config([source(server, "a")]))
    run(tmp_path, "poll", "--force")
    lines = run(tmp_path, "dump", "-")
    file = tmp_path / "dump.jsonl"
    file.write_text(lines, encoding="utf-8")
    told = run(tmp_path, "load", str(file), code=1)
    assert "not empty" in told
    assert "--replace" in told
    run(tmp_path, "load", str(file), "--replace")
    assert run(tmp_path, "dump", "-") == lines
    file.write_text(lines[: len(lines) // 2], encoding="utf-8")
    assert "no JSON" in run(tmp_path, "load", str(file), "--replace", code=1)
    assert run(tmp_path, "dump", "-") == lines


def test_a_damaged_archive_is_told(server: FeedServer, tmp_path: Path) -> None:
    write_config(tmp_path, config([source(server, "a")]))
    file = tmp_path / "dump.gz"
    run(tmp_path, "dump", str(file))
    file.write_bytes(file.read_bytes()[:-20])
    assert "damaged" in run(tmp_path, "load", str(file), code=1)
    file.write_bytes(b"no archive")
    assert "damaged" in run(tmp_path, "load", str(file), code=1)
    assert "No such file" in run(tmp_path, "load", str(tmp_path / "none"), code=1)


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    """Run a command; returns what it printed: a dump alone, or everything."""
    result = CliRunner().invoke(main, ["-c", str(folder / "feeds.yaml"), *arguments])
    assert result.exit_code == code, result.output
    return result.stdout if arguments == ("dump", "-") else result.output
