"""Of several copies of a story subscribers get the best, once, under one id, at one time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.survival import (
    LEAN,
    Item,
    config,
    entries,
    feed,
    feed_bytes,
    live,
    related,
)
from tests.feed_server import FeedServer, feed_server

TITLE = "Harbour bridge reopens to traffic after a winter of repairs"
SHORT = " ".join(f"word{number} stands here" for number in range(20))
FULL = SHORT + " " + " ".join(f"further{number} is told" for number in range(40))
AT = "Fri, 27 Jun 2025 09:00:00 GMT"
LATER = "Fri, 27 Jun 2025 11:30:00 GMT"
OF_A = Item("a-1", TITLE, SHORT, AT, "https://a.example/bridge")
OF_B = Item("b-1", TITLE, FULL, LATER, "https://b.example/news/7")
HEAD = ("Another matter altogether", FULL)
RETENTION = LEAN + "retention: {keep: 1d, min_articles: 0, backups: 0}\n"


@pytest.fixture
def server() -> Iterator[FeedServer]:
    bodies = {"a": feed(OF_A, title="Site A"), "b": feed(title="Site B")}
    with feed_server(bodies) as running:
        yield running


def both(server: FeedServer, a: str = "", b: str = "", **more: str) -> str:
    a, b = (
        f"{{id: {name}, url: '{server.url(name)}'{told}}}" for name, told in (("a", a), ("b", b))
    )
    return config([a, b], **more)


async def test_a_fuller_copy_that_comes_later_is_shown_under_the_same_id(
    server: FeedServer, tmp_path: Path
) -> None:
    async with live(tmp_path, both(server)) as running:
        await running.poll()
        ((id_, (_, content, published, updated)),) = entries(running.app).items()
        assert SHORT in content
        assert related(running.app) == []
        server.bodies["b"] = feed(OF_B, title="Site B")
        assert await running.poll() == 1
        ((after, (_, fuller, later, then)),) = entries(running.app).items()
        assert (after, FULL in fuller) == (id_, True)
        # No publisher has edited it (RFC 4287 §4.2.15), so nobody is told again.
        assert then == updated
        assert later <= then
        assert published == updated
        assert related(running.app) == [("Site A", OF_A.link)]
        (article,) = running.app.articles()
        assert article.source == "b"


async def test_a_story_keeps_its_place_when_a_better_copy_comes(
    server: FeedServer, tmp_path: Path
) -> None:
    other = Item("a-2", "Quite another matter", "Of its own.", "Fri, 27 Jun 2025 10:00:00 GMT")
    server.bodies["a"] = feed(OF_A, other)
    async with live(tmp_path, both(server)) as running:
        await running.poll()
        order = list(entries(running.app))
        server.bodies["b"] = feed(OF_B)
        await running.poll()
        assert list(entries(running.app)) == order


async def test_priority_goes_before_the_fuller_text(server: FeedServer, tmp_path: Path) -> None:
    server.bodies["b"] = feed(OF_B, title="Site B")
    async with live(tmp_path, both(server, a=", priority: 1")) as running:
        await running.poll("b", "a")
        ((_, content, *_),) = entries(running.app).values()
        assert FULL not in content
        assert SHORT in content
        assert related(running.app) == [("Site B", OF_B.link)]


async def test_of_equal_copies_the_first_seen_stays(server: FeedServer, tmp_path: Path) -> None:
    server.bodies["b"] = feed(replace(OF_B, body=SHORT), title="Site B")
    async with live(tmp_path, both(server)) as running:
        await running.poll("a")
        before = entries(running.app)
        await running.poll("b")
        assert entries(running.app) == before
        assert related(running.app) == [("Site B", OF_B.link)]


async def test_an_edit_of_a_copy_that_is_not_shown_changes_no_byte(
    server: FeedServer, tmp_path: Path
) -> None:
    server.bodies["b"] = feed(OF_B, title="Site B")
    async with live(tmp_path, both(server)) as running:
        await running.poll()
        before = feed_bytes(tmp_path)
        server.bodies["a"] = feed(replace(OF_A, body=SHORT + " Corrected."), title="Site A")
        await running.poll()
        assert feed_bytes(tmp_path) == before


async def test_an_edit_of_the_copy_that_is_shown_moves_updated(
    server: FeedServer, tmp_path: Path
) -> None:
    server.bodies["b"] = feed(OF_B, title="Site B")
    async with live(tmp_path, both(server)) as running:
        await running.poll()
        ((id_, before),) = entries(running.app).items()
        server.bodies["b"] = feed(replace(OF_B, body=FULL + " Corrected."), title="Site B")
        await running.poll()
        ((after, now),) = entries(running.app).items()
        assert after == id_
        assert "Corrected" in now[1]
        assert now[3] > before[3]


async def test_updated_never_goes_back_when_another_copy_is_shown(
    server: FeedServer, tmp_path: Path
) -> None:
    async with live(tmp_path, both(server)) as running:
        await running.poll()
        server.bodies["a"] = feed(replace(OF_A, body=SHORT + " Corrected."), title="Site A")
        await running.poll()
        ((_, edited),) = entries(running.app).items()
        server.bodies["b"] = feed(OF_B, title="Site B")
        await running.poll()
        ((_, shown),) = entries(running.app).items()
        assert FULL in shown[1]
        assert shown[3] == edited[3]


@pytest.mark.parametrize("guid", ["a-1", "https://a.example/bridge"])
async def test_no_source_reaches_the_entry_of_another(
    guid: str, server: FeedServer, tmp_path: Path
) -> None:
    """The same guid in another feed is another entry, whatever it says (S36)."""
    server.bodies["a"] = feed(replace(OF_A, guid=guid))
    async with live(tmp_path, both(server, b=", priority: 9")) as running:
        await running.poll()
        before = entries(running.app)
        squatter = Item(guid, "Buy pills now", "Nothing of the bridge at all, but pills.", LATER)
        server.bodies["b"] = feed(squatter)
        for _ in range(2):
            await running.poll()
            after = entries(running.app)
            assert {id_: after[id_] for id_ in before} == before
            assert len(after) == 2


# --- edits


@pytest.mark.parametrize(
    "body",
    [
        SHORT.replace(" stands", "\n\n   stands"),
        SHORT + "<img src='https://t.example/p.gif' width='1' height='1'>",
        SHORT + " 17 comments",
        f"<p>{SHORT}</p>",
    ],
)
async def test_white_space_pixels_and_counters_are_no_edit(
    body: str, server: FeedServer, tmp_path: Path
) -> None:
    async with live(tmp_path, both(server)) as running:
        await running.poll()
        before = feed_bytes(tmp_path)
        server.bodies["a"] = feed(replace(OF_A, body=body), title="Site A")
        await running.poll()
        assert feed_bytes(tmp_path) == before


async def test_an_entry_that_flaps_stops_after_24_changes(
    server: FeedServer, tmp_path: Path
) -> None:  # P88
    async with live(tmp_path, both(server)) as running:
        await running.poll()
        for number in range(1, 28):
            server.bodies["a"] = feed(replace(OF_A, body=f"{SHORT} Change {number}."))
            await running.poll("a")
        ((_, content, *_),) = entries(running.app).values()
        assert "Change 24." in content


# --- guids that change


async def test_guids_and_links_that_change_at_every_poll_change_no_byte(
    server: FeedServer, tmp_path: Path
) -> None:
    server.bodies["a"] = feed(OF_A, Item("a-2", *HEAD, AT))
    async with live(tmp_path, both(server)) as running:
        await running.poll()
        before = feed_bytes(tmp_path)
        for number in range(12):
            churned = replace(OF_A, guid=f"g{number}", link=f"https://a.example/b-{number}")
            server.bodies["a"] = feed(churned, Item(f"h{number}", *HEAD, AT))
            await running.poll("a")
        assert feed_bytes(tmp_path) == before
        assert len(list(running.app.store.entries(source="a"))) < 22


def an_hour_passes(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "data" / "aggregator.db")) as connection, connection:
        connection.execute("UPDATE entries SET first_seen = first_seen - 3600")


async def test_an_edit_under_another_guid_is_shown(server: FeedServer, tmp_path: Path) -> None:
    async with live(tmp_path, both(server)) as running:
        await running.poll()
        ((id_, before),) = entries(running.app).items()
        an_hour_passes(tmp_path)
        edited = SHORT.replace("word7 stands", "number7 stands")
        server.bodies["a"] = feed(replace(OF_A, guid="a-1-again", body=edited), title="Site A")
        await running.poll()
        ((after, now),) = entries(running.app).items()
        assert after == id_
        assert "number7" in now[1]
        assert now[3] >= before[3]


async def test_a_teaser_under_another_guid_does_not_replace_the_text(
    server: FeedServer, tmp_path: Path
) -> None:
    async with live(tmp_path, both(server)) as running:
        await running.poll()
        before = entries(running.app)
        an_hour_passes(tmp_path)
        teaser = replace(OF_A, guid="a-1-again", body=" ".join(SHORT.split()[:24]))
        server.bodies["a"] = feed(teaser, title="Site A")
        await running.poll()
        assert len(list(running.app.store.entries(source="a"))) == 2
        assert entries(running.app) == before


# --- retention


async def test_what_retention_dropped_never_comes_back(server: FeedServer, tmp_path: Path) -> None:
    """Still in the document, under the same guid, edited, or under another guid."""
    async with live(tmp_path, both(server, extra=RETENTION)) as running:
        await running.poll()
        assert len(entries(running.app)) == 1
        await running.engine.housekeep()
        await running.engine.build(force=True)
        assert entries(running.app) == {}
        for item in (
            OF_A,
            replace(OF_A, body=SHORT + " Corrected."),
            replace(OF_A, guid="a-1-again"),
        ):
            server.bodies["a"] = feed(item, title=item.body[:20])
            await running.poll()
            assert entries(running.app) == {}
        assert len({entry.slug for entry in running.app.store.entries()}) == 1


# --- filters


async def test_seen_in_counts_the_sources_of_a_story(server: FeedServer, tmp_path: Path) -> None:
    outputs = "  - {id: all, title: All}\n  - {id: twice, title: Twice, keep: seen_in>=2}\n"
    alone = Item("a-2", "Told by one desk only", "Of its own.", AT)
    server.bodies["a"] = feed(OF_A, alone)
    async with live(tmp_path, both(server, outputs=outputs)) as running:
        await running.poll()
        assert (len(entries(running.app)), len(entries(running.app, "twice"))) == (2, 0)
        server.bodies["b"] = feed(OF_B)
        await running.poll()
        assert [title for title, *_ in entries(running.app, "twice").values()] == [TITLE]
        assert len(entries(running.app)) == 2


async def test_seen_in_also_counts_sources_that_the_output_does_not_list(
    server: FeedServer, tmp_path: Path
) -> None:
    outputs = "  - {id: all, title: Of A, sources: [a], keep: seen_in>=2}\n"
    async with live(tmp_path, both(server, outputs=outputs)) as running:
        await running.poll()
        assert entries(running.app) == {}
        server.bodies["b"] = feed(OF_B)
        await running.poll()
        ((_, content, *_),) = entries(running.app).values()
        assert FULL not in content  # the copy of the listed source


async def test_a_renamed_source_counts_once(server: FeedServer, tmp_path: Path) -> None:
    outputs = "  - {id: all, title: Twice, keep: seen_in>=2}\n"
    for name in ("a", "renamed"):
        text = config([f"{{id: {name}, url: '{server.url('a')}'}}"], outputs=outputs)
        async with live(tmp_path, text) as running:
            await running.poll()
            assert entries(running.app) == {}
