"""Rows of the publisher that only show on the whole: ids, dates, order, failures, takedowns."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from lxml import etree

from aggregator.adapters.sqlite import SqliteStore
from aggregator.app import App
from aggregator.core.model import Entry
from aggregator.core.render import FORMATS
from tests.adapters.store.polls import DAY, HOUR, NOW, entry, source
from tests.feed_server import Answer, FeedServer, Story, feed_server, rss, write_config
from tests.publishing import ATOM, Press, output, titles
from tests.test_engine import run_once
from tests.test_engine_serving import poll, running

ONE = Story("1", "The first story of this small feed")
TWO = Story("2", "The second story is about something else", body="Quite other words here.")


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    with SqliteStore.open(tmp_path / "store.db") as store:
        yield Press(store, output())


def shown(press: Press, *entries: Entry, at: int = 0) -> dict[str, Any]:
    """Poll source a at an hour, build, and return the entries by title, in their order."""
    press.hour = at
    press.polled("a", *entries)
    document = etree.fromstring(press.build())
    found = document.findall(ATOM + "entry")
    return {each.findtext(ATOM + "title"): each for each in found}


def moment(element: Any, name: str) -> datetime:
    return datetime.fromisoformat(element.findtext(ATOM + name))


# W3
@pytest.mark.parametrize(
    ("guid", "kept"),
    [
        ("tag:example.org,2026:1", True),
        ("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", True),
        ("https://example.org/?p=1", True),
        ("1234", False),
        ("/post/1", False),
    ],
)
def test_an_id_that_is_an_iri_is_kept_and_any_other_is_made_once(
    press: Press, guid: str, kept: bool
) -> None:
    (first,) = shown(press, entry("1", guid=guid)).values()
    name = first.findtext(ATOM + "id")
    assert (name == guid) == kept
    assert kept or name.startswith("urn:uuid:")
    # The source moves, the story is edited and gets another address: the id stays.
    press.sources = (source("a", url="https://elsewhere.example/atom"), press.sources[1])
    press.store.adopt(press.sources, now=NOW, spread=HOUR)
    edited = entry("1", guid=guid, link="https://news.example/moved", content="<p>Otherwise</p>")
    (again,) = shown(press, edited, at=5).values()
    assert again.findtext(ATOM + "id") == name


# W9
def test_updated_is_what_the_publisher_says_else_the_date_else_when_it_was_seen(
    press: Press,
) -> None:
    found = shown(
        press,
        entry("said", title="Said", updated=NOW - 2 * HOUR, published=NOW - 3 * HOUR),
        entry("dated", title="Dated", published=NOW - 3 * HOUR),
        entry("undated", title="Undated", published=None),
    )
    assert moment(found["Said"], "updated") == NOW - 2 * HOUR
    assert moment(found["Dated"], "updated") == NOW - 3 * HOUR
    assert moment(found["Undated"], "updated") == NOW
    assert found["Undated"].find(ATOM + "published") is None


# W9
def test_updated_changes_with_the_entry_and_with_nothing_else(press: Press) -> None:
    first = entry("1", title="Story", published=NOW - 3 * HOUR)
    before = moment(shown(press, first)["Story"], "updated")
    document = press.files["feeds/out.atom"]
    assert moment(shown(press, first, at=50)["Story"], "updated") == before
    assert press.files["feeds/out.atom"] == document
    edited = replace(first, content="<p>Some other words stand here now</p>")
    assert moment(shown(press, edited, at=60)["Story"], "updated") == NOW + 60 * HOUR
    said = replace(edited, updated=NOW + 55 * HOUR, content="<p>And others once more</p>")
    assert moment(shown(press, said, at=70)["Story"], "updated") >= NOW + 60 * HOUR


# W12
def test_the_newest_comes_first_and_an_edit_moves_nothing(press: Press) -> None:
    old = entry("old", title="Old", published=NOW - 3 * HOUR)
    new = entry("new", title="New", published=NOW - 2 * HOUR)
    assert list(shown(press, old, new)) == ["New", "Old"]
    edited = replace(old, content="<p>Some other words stand here now</p>")
    found = shown(press, edited, new, at=5)
    assert list(found) == ["New", "Old"]
    assert moment(found["Old"], "updated") > moment(found["New"], "updated")


# W12
def test_a_date_in_the_future_pins_nothing_to_the_top(press: Press) -> None:
    future = entry("future", title="Future", published=NOW + 900 * DAY)
    shown(press, future)
    later = entry("later", title="Later", published=NOW + HOUR)
    assert list(shown(press, future, later, at=2)) == ["Later", "Future"]


# W12
def test_articles_of_one_moment_have_an_order_that_stays(press: Press) -> None:
    same = [entry(name, title=f"Story {name}", published=NOW - HOUR) for name in "abcdef"]
    first = list(shown(press, *same))
    assert list(shown(press, *reversed(same), at=3)) == first


# W21
@pytest.mark.parametrize(
    "failure",
    [500, 404, b"<html><title>Log in</title></html>", b"<rss><channel>", Answer(status=204)],
)
async def test_a_source_that_fails_changes_no_output(
    failure: bytes | int | Answer, tmp_path: Path
) -> None:
    with (
        feed_server({"a": rss(ONE), "b": rss(TWO)}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await run_once(app, force=True)
        feeds = app.public_root / "feeds"
        before = {form: (feeds / f"all.{form}").read_bytes() for form in FORMATS}
        server.bodies["a"] = failure
        ran = await run_once(app, force=True)
        assert ran.outcomes["b"] == "not_modified"
        assert {form: (feeds / f"all.{form}").read_bytes() for form in FORMATS} == before


# W47
async def test_a_hub_hears_of_each_document_that_changed_and_of_no_other(tmp_path: Path) -> None:
    told: list[str] = []

    async def ping(request: web.Request) -> web.Response:
        told.append(str((await request.post())["hub.url"]))
        return web.Response(status=202)

    hub = web.Application()
    hub.router.add_post("/", ping)
    async with TestServer(hub) as hub_server:
        outputs = f"  - {{id: all, hub: '{hub_server.make_url('/')}'}}\n  - {{id: quiet}}\n"
        with feed_server({"a": rss(ONE)}) as server:
            text = server.config(outputs=outputs)
            async with running(tmp_path, text):
                pass
            expected = sorted(f"http://127.0.0.1:8080/feeds/all.{form}" for form in FORMATS)
            assert sorted(told) == expected
            async with running(tmp_path, text) as (_, _, engine):
                await engine.build(force=True)
            assert sorted(told) == expected


def stories(*numbers: int) -> bytes:
    return rss(
        *(
            Story(
                str(number),
                f"Story number {number} of a longer series, told at length",
                body=" ".join(f"w{number}x{count}" for count in range(20)),
                date=f"Fri, 27 Jun 2025 {number // 60:02}:{number % 60:02}:00 GMT",
            )
            for number in numbers
        )
    )


ARCHIVED = "  - {id: all, title: All of it, limit: 10, archive: 10}\n"


async def publish(engine: Any, server: FeedServer, rounds: int) -> None:
    """Poll some rounds, ten new stories in each."""
    for number in range(rounds):
        server.bodies["a"] = stories(*range(10 * number, 10 * number + 10))
        await poll(engine)


# W22
async def test_what_a_rule_drops_is_gone_from_outputs_archives_and_caches_at_once(
    tmp_path: Path,
) -> None:
    gone = b"Story number 3 of"
    paths = ["/feeds/all.atom", "/feeds/all.rss", "/feeds/all.json", "/feeds/all/"]
    paths += ["/feeds/all/archive/1.atom", "/feeds/all/archive/1.json"]
    with feed_server({"a": stories(0)}) as server:
        text = server.config(outputs=ARCHIVED)
        async with running(tmp_path, text) as (view, visit, engine):
            await publish(engine, server, 3)
            before = {path: (await visit(path))[1] for path in paths}
            assert sum(gone in body for body in before.values()) == 2
            write_config(tmp_path, text.replace("limit: 10", 'limit: 10, drop: "number 3"'))
            await engine.reload()
            await engine.build()
            for path in paths:
                answer, body = await visit(path)
                assert (answer.status, gone in body) == (200, False), path
                assert answer.headers["X-Robots-Tag"] == "noindex"
            public = [path for path in view.public_root.rglob("*") if path.is_file()]
            assert not [path for path in public if gone in plain(path)]
            body = (view.public_root / "feeds/all/archive/1.atom").read_bytes()
            assert len(titles(body)) == 9


def plain(path: Path) -> bytes:
    body = path.read_bytes()
    return gzip.decompress(body) if path.suffix == ".gz" else body


# W42
async def test_archive_pages_stay_as_they_are_over_restarts_and_come_back_when_lost(
    tmp_path: Path,
) -> None:
    with feed_server({"a": stories(0)}) as server:
        text = server.config(outputs=ARCHIVED)
        async with running(tmp_path, text) as (view, _, engine):
            await publish(engine, server, 4)
            folder = view.public_root / "feeds/all/archive"
            before = {path.name: path.read_bytes() for path in folder.iterdir()}
            assert {"1.atom", "1.json", "3.atom", "3.json"} <= before.keys()
            times = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
        (folder / "2.atom").unlink()
        async with running(tmp_path, text):
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
            kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("1.*")}
            assert kept == {name: times[name] for name in kept}


async def test_another_base_url_moves_the_archive(tmp_path: Path) -> None:
    with feed_server({"a": stories(0)}) as server:
        text = server.config(outputs=ARCHIVED)
        async with running(tmp_path, text) as (view, _, engine):
            await publish(engine, server, 3)
        moved = f"base_url: https://moved.example/\n{text}"
        async with running(tmp_path, moved) as (view, _, _):
            for path in (view.public_root / "feeds/all/archive").glob("*.atom"):
                assert b"http://127.0.0.1:8080" not in path.read_bytes()
                assert b"https://moved.example/feeds/all/archive/" in path.read_bytes()


async def test_the_files_of_a_removed_output_go_in_all_forms_with_their_archive(
    tmp_path: Path,
) -> None:
    with feed_server({"a": stories(0)}) as server:
        text = server.config(outputs=ARCHIVED)
        async with running(tmp_path, text) as (view, _, engine):
            await publish(engine, server, 3)
            foreign = view.public_root / "feeds/all/archive/notes.atom"
            foreign.write_text("<feed/>", encoding="utf-8")
            write_config(tmp_path, text.replace("id: all", "id: other"))
            await engine.reload()
            await engine.build()
            left = {str(path.relative_to(view.public_root)) for path in view.public_root.rglob("*")}
            assert not [
                name
                for name in left
                if name.startswith(("feeds/all.", "feeds/all/arch"))
                and name not in ("feeds/all/archive", "feeds/all/archive/notes.atom")
            ]
            assert foreign.exists()
            assert {f"feeds/other.{form}" for form in FORMATS} <= left


async def test_old_archive_pages_are_forgotten_with_the_texts(tmp_path: Path) -> None:
    with feed_server({"a": stories(0)}) as server:
        async with running(tmp_path, server.config(outputs=ARCHIVED)) as (view, _, engine):
            await publish(engine, server, 4)
            *old, last = engine.app.store.pages("all")
            assert old
            pages = engine.app.store.prune_pages(before=engine.app.now() + DAY)
            assert pages == tuple(("all", number) for number in old)
            await engine.reload()
            folder = view.public_root / "feeds/all/archive"
            assert [path.name for path in folder.glob("*.atom")] == [f"{last}.atom"]
