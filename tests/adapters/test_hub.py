"""Pings to a hub: one for each change, never too many, never in anybody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from aggregator.adapters.fetch import Transport, look_up
from aggregator.adapters.hub import Hubs, Ping
from aggregator.core.settings import Limits, Network

TOPIC = "https://feeds.example.net/feeds/all.atom"


@dataclass(slots=True)
class Hub:
    """A hub that answers with the statuses it was given, then with 204, and what came of it."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    reports: list[Ping] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    reported: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/x-www-form-urlencoded"
        assert request.headers["User-Agent"] == "aggregator-test"
        self.asked.append({name: str(value) for name, value in (await request.post()).items()})
        self.heard.set()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 204)

    def report(self, ping: Ping) -> None:
        self.reports.append(ping)
        self.reported.set()

    async def next_report(self) -> Ping:
        async with asyncio.timeout(5):
            await self.reported.wait()
        self.reported.clear()
        return self.reports[-1]


def door(allow: tuple[IPv4Network, ...] = (IPv4Network("127.0.0.0/8"),)) -> Transport:
    return Transport(limits=Limits(), network=Network(allow=allow), look_up=look_up)


@asynccontextmanager
async def pinging(
    *statuses: int, pause: float = 60, backoff: Sequence[float] = (0.01, 0.01)
) -> AsyncIterator[tuple[Hub, Hubs]]:
    hub = Hub(statuses=list(statuses))
    app = web.Application()
    app.router.add_post("/hub", hub.answer)
    async with TestServer(app) as server:
        hub.url = str(server.make_url("/hub"))
        hubs = Hubs(
            door=door(),
            user_agent="aggregator-test",
            report=hub.report,
            pause=pause,
            backoff=backoff,
            timeout=2,
        )
        try:
            yield hub, hubs
        finally:
            await hubs.close()


# W47
async def test_a_change_is_one_form_with_the_address_of_the_document() -> None:
    async with pinging() as (hub, hubs):
        hubs.changed(hub.url, TOPIC)
        assert await hub.next_report() == Ping(hub=hub.url, topic=TOPIC, attempts=1)
        assert hub.asked == [{"hub.mode": "publish", "hub.url": TOPIC, "hub.topic": TOPIC}]


# W47
async def test_changes_within_the_pause_are_told_together_at_its_end() -> None:
    async with pinging(pause=0.3) as (hub, hubs):
        hubs.changed(hub.url, TOPIC)
        await hub.next_report()
        for _ in range(20):
            hubs.changed(hub.url, TOPIC)
        assert len(hub.asked) == 1
        await hub.next_report()
        assert len(hub.asked) == 2


async def test_documents_do_not_wait_for_each_other() -> None:
    async with pinging() as (hub, hubs):
        hubs.changed(hub.url, TOPIC)
        hubs.changed(hub.url, TOPIC + "2")
        await hub.next_report()
        async with asyncio.timeout(5):
            while len(hub.asked) < 2:
                await hub.heard.wait()
                hub.heard.clear()
        assert {form["hub.url"] for form in hub.asked} == {TOPIC, TOPIC + "2"}


# W47
@pytest.mark.parametrize("status", [500, 503, 429, 408])
async def test_a_hub_in_trouble_is_asked_again(status: int) -> None:
    async with pinging(status, status) as (hub, hubs):
        hubs.changed(hub.url, TOPIC)
        assert await hub.next_report() == Ping(hub=hub.url, topic=TOPIC, attempts=3)


async def test_attempts_come_to_an_end() -> None:
    async with pinging(500, 500, 500, 500) as (hub, hubs):
        hubs.changed(hub.url, TOPIC)
        ping = await hub.next_report()
        assert (ping.attempts, ping.error) == (3, "the hub answered 500")


@pytest.mark.parametrize("status", [400, 404, 301])
async def test_a_hub_that_refuses_is_not_asked_again(status: int) -> None:
    async with pinging(status) as (hub, hubs):
        hubs.changed(hub.url, TOPIC)
        ping = await hub.next_report()
        assert (ping.attempts, ping.error) == (1, f"the hub answered {status}")


async def test_a_hub_that_cannot_be_reached_is_given_up() -> None:
    async with pinging(backoff=()) as (hub, hubs):
        hubs.changed("http://127.0.0.1:9/", TOPIC)
        assert "127.0.0.1" in (await hub.next_report()).error


# S8
async def test_a_hub_on_a_private_address_is_not_asked_unless_allowed() -> None:
    async with pinging() as (hub, _):
        hubs = Hubs(door=door(allow=()), user_agent="x", report=hub.report)
        hubs.changed(hub.url, TOPIC)
        ping = await hub.next_report()
        await hubs.close()
        assert ping.attempts == 1
        assert "127.0.0.1" in ping.error
        assert hub.asked == []


# W47
async def test_nobody_waits_for_a_hub() -> None:
    stuck = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        await stuck.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", never)
    reports: list[Ping] = []
    async with TestServer(app) as server:
        hubs = Hubs(door=door(), user_agent="x", report=reports.append, timeout=0.2, backoff=())
        before = asyncio.get_running_loop().time()
        hubs.changed(str(server.make_url("/")), TOPIC)
        assert asyncio.get_running_loop().time() - before < 0.1
        await hubs.close()
        stuck.set()
    (ping,) = reports
    assert ping.error == "no answer within 0.2 s"


async def test_what_is_due_is_told_before_the_end_without_waiting() -> None:
    async with pinging(pause=60) as (hub, hubs):
        hubs.changed(hub.url, TOPIC)
        await hub.next_report()
        hubs.changed(hub.url, TOPIC)
        await hubs.close()
        assert len(hub.asked) == 2
