"""The dispatcher: what is due starts soon, politely, and one bad source harms no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from aggregator.core.errors import StoreError
from aggregator.core.model import SourceState
from aggregator.core.settings import Limits, Source
from aggregator.dispatch import Pacer, host_key
from tests.dispatching import AT_ONCE, NOON, World, hosts


async def test_everything_due_is_polled_within_the_limit_of_concurrency() -> None:
    world = World(hosts(50))
    await world.dispatcher().run_until_idle()
    assert world.done == set(world.urls)
    assert world.most_at_once <= 8


async def test_polls_of_one_host_are_spaced() -> None:  # P102
    limits = Limits(per_host=1, host_interval=timedelta(milliseconds=60))
    urls = {f"s{number}": f"https://one.example/{number}" for number in range(4)}
    urls["other"] = "https://other.example/feed"
    world = World(urls, limits=limits)
    await world.dispatcher().run_until_idle()
    times = sorted(time for name, time in world.started if name != "other")
    assert all(later - before >= 0.055 for before, later in pairwise(times))
    assert min(time for name, time in world.started if name == "other") < times[1]


async def test_a_slow_source_does_not_delay_the_others() -> None:  # P103
    world = World(hosts(30), slow=frozenset({"s0", "s1", "s2"}))
    dispatcher = world.dispatcher()
    task = asyncio.create_task(dispatcher.run_until_idle())
    async with asyncio.timeout(5):
        while len(world.done) < 27:
            await asyncio.sleep(0)
    assert world.running == {"s0", "s1", "s2"}
    world.gate.set()
    await task
    assert world.done == set(world.urls)


async def test_a_bug_in_one_poll_is_recorded_for_that_source_alone() -> None:  # P103
    world = World(hosts(5), buggy=frozenset({"s2"}))
    await world.dispatcher().run_until_idle()
    assert {one.source for one in world.reports if one.outcome == "failed"} == {"s2"}
    assert len(world.reports) == 5


async def test_a_tick_during_a_tick_starts_nothing() -> None:  # P104
    world = World(hosts(5), slow=frozenset(hosts(5)))
    dispatcher = world.dispatcher()
    first, second = await asyncio.gather(dispatcher.tick(), dispatcher.tick())
    assert (first, second) == (5, 0)
    assert len(world.started) <= 5
    world.gate.set()
    await dispatcher.drain(5)


async def test_a_full_house_is_refilled_without_waiting_for_the_next_tick() -> None:
    world = World(hosts(40))
    dispatcher = world.dispatcher()
    await dispatcher.tick()
    async with asyncio.timeout(5):
        while len(world.done) < 40:
            await asyncio.sleep(0)


async def test_a_run_polls_only_what_its_own_claim_gives() -> None:
    world = World(hosts(40))
    names = list(world.urls)[:20]

    async def named(*, limit: int, accept: Callable[[str], bool]) -> tuple[SourceState, ...]:
        taken = [names.pop(0) for _ in range(min(limit, len(names))) if accept(names[0])]
        return tuple(SourceState(source=name, next_poll_at=NOON) for name in taken)

    await world.dispatcher().run_until_idle(named)
    assert world.done == set(list(world.urls)[:20])
    assert len(world.due) == 40


async def test_draining_waits_for_polls_in_flight_and_cancels_the_late() -> None:  # P106
    world = World(hosts(3), slow=frozenset({"s1"}))
    dispatcher = world.dispatcher()
    await dispatcher.tick()
    late = await dispatcher.drain(0.05)
    assert late == 1
    assert world.done == {"s0", "s2"}
    assert dispatcher.in_flight == 0
    assert await dispatcher.tick() == 0


async def test_a_database_that_refuses_stops_a_run_and_not_the_heartbeat() -> None:
    world = World(hosts(3), refuse=True)
    dispatcher = world.dispatcher()
    assert await dispatcher.tick() == 0
    with pytest.raises(StoreError):
        await dispatcher.run_until_idle()


async def test_a_claim_that_fails_gives_its_hosts_back() -> None:
    limits = Limits(per_host=1, host_interval=timedelta(0))
    world = World({"a": "https://one.example/a"}, limits=limits, refuse=True)
    dispatcher = world.dispatcher()
    await dispatcher.tick()
    world.refuse = False
    assert await dispatcher.tick() == 1
    await dispatcher.drain(5)


async def test_a_reload_changes_what_the_next_tick_polls() -> None:
    world = World(hosts(1))
    dispatcher = world.dispatcher()
    world.due = ["fresh"]
    assert await dispatcher.tick() == 0
    dispatcher.reload(
        sources={"fresh": Source(id="fresh", url="https://x.example/")}, limits=AT_ONCE
    )
    assert await dispatcher.tick() == 1
    await dispatcher.drain(5)


def test_politeness_is_counted_by_host_and_port_in_lower_case() -> None:
    assert host_key("https://Example.COM./feed") == "example.com:443"
    assert host_key("http://example.com:8080/") == "example.com:8080"
    assert host_key("https://BÜCHER.example/") == host_key("https://xn--bcher-kva.example/feed")
    assert host_key("http://[::1]:8080/") == "::1:8080"
    assert host_key("") == ""


def test_an_odd_address_still_has_a_key_of_its_own() -> None:
    odd = (
        "http://[broken/",
        "https://h.example:99999/",
        "https:///",
        f"https://{'ü' * 80}.example/",
    )
    assert len({host_key(url) for url in odd}) == len(odd)


def test_a_host_is_free_again_after_its_interval() -> None:
    now = [0.0]
    pacer = Pacer(Limits(per_host=1, host_interval=timedelta(seconds=2)), lambda: now[0])
    assert pacer.accept("h:80")
    pacer.release("h:80")
    assert not pacer.accept("h:80")
    assert pacer.take_refused() == 2.0
    assert pacer.take_refused() is None
    now[0] = 2.0
    assert pacer.accept("h:80")


def test_local_files_are_never_paced() -> None:
    pacer = Pacer(Limits(per_host=1, host_interval=timedelta(hours=1)), lambda: 0.0)
    assert all(pacer.accept("") for _ in range(10))
