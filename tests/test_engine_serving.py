"""What is built and what is answered, on real parts: deltas, freshness, renamed outputs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from aggregator.app import App, Engine, LiveView
from aggregator.app.metrics import Metrics
from tests.feed_server import FeedServer, Story, feed_server, rss, write_config
from tests.web.site import Visitor, visiting

ATOM = "{http://www.w3.org/2005/Atom}"
FEED = "/feeds/all.atom"
ONE = Story("1", "The first story of this small feed")
TWO = Story("2", "The second story is about something else", body="Quite other words here.")


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with two_sites() as running:
        yield running


def two_sites() -> AbstractContextManager[FeedServer]:
    return feed_server({"a": rss(ONE, title="Site A"), "b": rss(TWO, title="Site B")})


@asynccontextmanager
async def running(folder: Path, text: str) -> AsyncIterator[tuple[LiveView, Visitor, Engine]]:
    """Start the program, poll everything and build; stop it at the end of the block."""
    with App.open(write_config(folder, text), {}) as app:
        async with Engine(app) as engine:
            await poll(engine)
            view = LiveView(app, engine, Metrics())
            async with visiting(view) as visit:
                yield view, visit, engine


async def poll(engine: Engine) -> None:
    claim, _ = engine.claim_named(list(engine.app.sources), force=True)
    await engine.dispatcher.run_until_idle(claim)
    await engine.build()


def titles(body: bytes) -> list[str]:
    entries = ET.fromstring(body).iter(f"{ATOM}entry")
    return [entry.findtext(f"{ATOM}title") or "" for entry in entries]


# W46
async def test_who_asks_again_gets_what_came_since_also_after_a_restart(
    server: FeedServer, tmp_path: Path
) -> None:
    async with running(tmp_path, server.config()) as (_, visit, engine):
        first = (await visit(FEED))[0].headers["ETag"]
        server.bodies["a"] = rss(Story("3", "A third story, of the next day"), ONE, title="Site A")
        await poll(engine)
        answer, delta = await visit(FEED, A_IM="feed", If_None_Match=first)
        assert (answer.status, titles(delta)) == (226, ["A third story, of the next day"])
        whole, _ = await visit(FEED)
        assert whole.headers["ETag"] == answer.headers["ETag"]
    server.bodies["b"] = rss(Story("4", "A fourth story nobody expected"), TWO, title="Site B")
    async with running(tmp_path, server.config()) as (_, visit, _):
        _, delta = await visit(FEED, A_IM="feed", If_None_Match=first)
        assert len(titles(delta)) == 2
        _, delta = await visit(FEED, A_IM="feed", If_None_Match=answer.headers["ETag"])
        assert titles(delta) == ["A fourth story nobody expected"]


# W48
async def test_a_hub_that_fetches_at_once_gets_the_new_bytes(
    server: FeedServer, tmp_path: Path
) -> None:
    told: list[URL] = []
    fetched: list[list[str]] = []
    pinged = asyncio.Event()

    async def ping(request: web.Request) -> web.Response:
        told.append(URL(str((await request.post())["hub.url"])))
        if told[-1].name == "all.atom":
            _, body = await visit(told[-1].path)
            fetched.append(titles(body))
            pinged.set()
        return web.Response(status=204)

    hub = web.Application()
    hub.router.add_post("/", ping)
    async with TestServer(hub) as listening:
        outputs = f"  - {{id: all, hub: '{listening.make_url('/')}'}}\n"
        text = server.config(outputs=outputs)
        with App.open(write_config(tmp_path, text), {}) as app:
            async with Engine(app) as engine, visiting(LiveView(app, engine, Metrics())) as visit:
                await poll(engine)
                await asyncio.wait_for(pinged.wait(), 10)
    assert sorted(fetched[0]) == sorted([ONE.title, TWO.title])
    assert {topic.path for topic in told} >= {FEED}


# W33
async def test_a_copy_is_fresh_until_the_next_poll_also_after_a_restart(
    server: FeedServer, tmp_path: Path
) -> None:
    extra = "network: {allow: [127.0.0.0/8]}\nlimits: {hard_interval: 0s}\n"
    text = server.config(extra=extra)
    sooner = text.replace("{id: b,", "{id: b, interval: 20m,")
    async with running(tmp_path, text) as (view, visit, _):
        assert view.max_age("all") == 3600  # no poll for an hour at least
        response, _ = await visit(FEED)
        assert response.headers["Cache-Control"] == "public, max-age=3600, stale-if-error=86400"
    async with running(tmp_path, sooner) as (view, _, _):
        assert 1100 < view.max_age("all") <= 1320
    with App.open(write_config(tmp_path, sooner), {}) as app:
        async with Engine(app) as engine:
            assert 1100 < LiveView(app, engine, Metrics()).max_age("all") <= 1320


# W37
async def test_a_renamed_output_keeps_its_id_and_its_address_leads_on(
    server: FeedServer, tmp_path: Path
) -> None:
    async with running(tmp_path, server.config()) as (_, visit, _):
        _, body = await visit(FEED)
        name = ET.fromstring(body).findtext(f"{ATOM}id")
    renamed = server.config(outputs="  - {id: world, aliases: all}\n")
    async with running(tmp_path, renamed) as (_, visit, _):
        moved, _ = await visit(FEED)
        assert moved.status == 308
        assert moved.headers["Location"].endswith("/feeds/world.atom")
        _, body = await visit("/feeds/world.atom")
        assert ET.fromstring(body).findtext(f"{ATOM}id") == name
        assert not (tmp_path / "data/public/feeds/all.atom").exists()


# W37
async def test_an_output_taken_out_is_gone_until_that_is_forgotten(
    server: FeedServer, tmp_path: Path
) -> None:
    two = server.config(outputs="  - {id: all}\n  - {id: other}\n")
    async with running(tmp_path, two) as (_, visit, _):
        assert (await visit("/feeds/other.atom"))[0].status == 200
    one = server.config(outputs="  - {id: all}\n")
    async with running(tmp_path, one) as (_, visit, engine):
        assert (await visit("/feeds/other.atom"))[0].status == 410
        assert (await visit("/feeds/never.atom"))[0].status == 404
        builder = engine.builder
        builder.removed = {name: at - timedelta(days=91) for name, at in builder.removed.items()}
        assert (await visit("/feeds/other.atom"))[0].status == 404
