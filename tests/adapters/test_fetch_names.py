"""Names that lead to several addresses, to other ones each time, or nowhere for a long time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.adapters.fetch import Fetcher
from aggregator.core.errors import FetchError
from aggregator.core.settings import Source
from tests.adapters.fetching import FEED, LIMITS, LOOPBACK, plainly, state_of
from tests.adapters.raw_server import answer, raw_server


def names(find: Callable[[str], Sequence[str]]) -> Fetcher:
    """A fetcher whose names lead where `find` says."""

    def look_up(host: str, port: int) -> Sequence[str]:
        return find(host)

    limits = replace(LIMITS, timeout=timedelta(seconds=2))
    return Fetcher(limits=limits, network=LOOPBACK, user_agent=plainly, look_up=look_up)


# S2
async def test_of_several_addresses_only_those_allowed_are_connected() -> None:
    async with raw_server({"*": answer(FEED)}) as server:
        source = Source(id="a", url=server.url(host="mixed.example"))
        async with names(lambda _: ["10.0.0.1", "127.0.0.1", "192.168.1.1"]) as fetcher:
            assert (await fetcher.fetch(source, state_of(source))).status == 200
        async with names(lambda _: ["10.0.0.1", "192.168.1.1"]) as fetcher:
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(source, state_of(source))
        assert caught.value.kind == "blocked_address"
        assert len(server.requests) == 1


async def test_where_an_address_was_let_through_its_trouble_is_told() -> None:
    async with raw_server({}) as server:
        source = Source(id="a", url=server.url(host="mixed.example"))
    async with names(lambda _: ["10.0.0.1", "127.0.0.1"]) as fetcher:
        with pytest.raises(FetchError, match="Connection refused"):
            await fetcher.fetch(source, state_of(source))


# S2
async def test_a_name_that_leads_elsewhere_the_next_time_is_checked_the_next_time() -> None:
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    async with raw_server({"*": answer(FEED)}) as server:
        source = Source(id="a", url=server.url(host="rebinding.example"))
        async with names(lambda _: answers.pop(0)) as fetcher:
            assert (await fetcher.fetch(source, state_of(source))).status == 200
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(source, state_of(source))
        assert caught.value.kind == "blocked_address"


# P66 S16
async def test_a_name_server_that_hangs_ends_at_the_deadline_and_delays_nobody() -> None:
    released = threading.Event()

    def find(host: str) -> Sequence[str]:
        if host == "hanging.example":
            released.wait(10)
        return ["127.0.0.1"]

    async with raw_server({"*": answer(FEED)}) as server, names(find) as fetcher:
        hanging = Source(id="a", url=server.url(host="hanging.example"))
        quick = Source(id="b", url=server.url(host="quick.example"))
        polls = [asyncio.create_task(fetcher.fetch(hanging, state_of(hanging))) for _ in range(3)]
        await asyncio.sleep(0)
        assert (await fetcher.fetch(quick, state_of(quick))).seconds < 1
        errors = await asyncio.gather(*polls, return_exceptions=True)
        released.set()
        assert [getattr(error, "kind", "") for error in errors] == ["timeout"] * 3
        assert len(server.requests) == 1
