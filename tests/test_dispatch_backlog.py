"""After downtime everything is overdue at once: it is spread, and nothing else is slowed down."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.settings import Limits
from aggregator.dispatch import Backlog, Dispatcher
from tests.dispatching import World, hosts

WIDE = Limits(concurrency=100_000, per_host=8, host_interval=timedelta(0))
HOUR = timedelta(hours=1)


async def beat(world: World, dispatcher: Dispatcher, *, seconds: int = 1) -> list[int]:
    """Tick once a second; return how many polls each tick has started, all of which end."""
    assert world.time is not None
    starts = []
    for _ in range(seconds):
        starts.append(await dispatcher.tick())
        async with asyncio.timeout(5):
            while dispatcher.in_flight:
                await asyncio.sleep(0)
        world.time += 1
    return starts


@given(size=st.integers(0, 200_000), times=st.lists(st.floats(0, 400), min_size=1, max_size=30))
def test_a_backlog_shrinks_no_faster_than_its_rate(size: int, times: list[float]) -> None:
    backlog = Backlog(size, began=1000.0)
    due = size
    for time in sorted(times):
        due -= backlog.allowed(due, ticks=1000.0 + time)
        assert size - due <= backlog.rate * (time + 1)
    assert backlog.allowed(due, ticks=1300.0) == due


@pytest.mark.parametrize(("size", "seconds"), [(0, 0), (2, 0), (20, 9), (600, 299), (90_000, 299)])
def test_twenty_sources_take_seconds_and_any_number_five_minutes(size: int, seconds: int) -> None:
    backlog = Backlog(size, began=0.0)
    assert backlog.is_over(ticks=seconds)
    assert size <= 2 or not backlog.is_over(ticks=seconds - 1)


async def test_what_is_overdue_at_the_start_is_spread_over_five_minutes() -> None:
    world = World(hosts(1500), limits=WIDE, time=0.0)
    starts = await beat(world, world.dispatcher(spread=True), seconds=300)
    assert sum(starts) == 1500
    assert set(starts) == {5}


async def test_few_sources_start_two_a_second() -> None:
    world = World(hosts(20), limits=WIDE, time=0.0)
    starts = await beat(world, world.dispatcher(spread=True), seconds=10)
    assert starts == [2] * 10


async def test_slots_bound_a_backlog_too() -> None:
    limits = Limits(concurrency=3, per_host=1, host_interval=timedelta(0))
    world = World(hosts(3000), limits=limits, time=0.0, slow=frozenset(hosts(3000)))
    dispatcher = world.dispatcher(spread=True)
    assert await dispatcher.tick() == 3
    assert await dispatcher.tick() == 0
    world.gate.set()
    await dispatcher.drain(5)


async def test_what_becomes_due_meanwhile_starts_at_once() -> None:
    world = World(hosts(1500), limits=WIDE, time=0.0)
    dispatcher = world.dispatcher(spread=True)
    await beat(world, dispatcher, seconds=10)
    world.due += [f"s{number}" for number in range(50)]
    assert await beat(world, dispatcher) == [55]


async def test_a_steady_stream_is_never_slowed_down() -> None:
    world = World(hosts(500), limits=WIDE, time=0.0)
    world.due = []
    dispatcher = world.dispatcher(spread=True)
    await beat(world, dispatcher)
    for _ in range(20):
        world.due = list(world.urls)
        assert await beat(world, dispatcher) == [500]


async def test_a_clock_set_forward_makes_no_burst() -> None:  # P105
    world = World(hosts(1500), limits=WIDE, time=0.0)
    world.due = []
    dispatcher = world.dispatcher(spread=True)
    await beat(world, dispatcher)
    world.due = list(world.urls)
    world.steps = HOUR
    assert await beat(world, dispatcher, seconds=3) == [5, 5, 5]


async def test_a_clock_set_back_makes_no_burst() -> None:  # P105
    world = World(hosts(1500), limits=WIDE, time=0.0)
    dispatcher = world.dispatcher(spread=True)
    await beat(world, dispatcher)
    world.steps = -HOUR
    assert await beat(world, dispatcher, seconds=3) == [5, 5, 5]


async def test_waking_from_a_long_sleep_makes_no_burst() -> None:
    world = World(hosts(1500), limits=WIDE, time=0.0)
    world.due = []
    dispatcher = world.dispatcher(spread=True)
    await beat(world, dispatcher)
    assert world.time is not None
    world.time += 3600
    world.due = list(world.urls)
    assert await beat(world, dispatcher, seconds=3) == [5, 5, 5]


async def test_sources_that_come_back_with_a_reload_make_no_burst() -> None:
    world = World(hosts(1500), limits=WIDE, time=0.0)
    world.due = []
    dispatcher = world.dispatcher(spread=True)
    await beat(world, dispatcher)
    world.due = list(world.urls)
    dispatcher.reload(sources=world.sources, limits=WIDE)
    assert await beat(world, dispatcher, seconds=3) == [5, 5, 5]


async def test_a_database_that_recovers_makes_no_burst() -> None:
    world = World(hosts(1500), limits=WIDE, time=0.0)
    dispatcher = world.dispatcher(spread=True)
    world.refuse = True
    await beat(world, dispatcher, seconds=60)
    world.refuse = False
    assert await beat(world, dispatcher, seconds=3) == [5, 5, 5]


async def test_a_run_that_ends_does_not_spread() -> None:
    world = World(hosts(1500), limits=WIDE, time=0.0)
    await world.dispatcher(spread=True).run_until_idle()
    assert len(world.done) == 1500


def test_starts_are_spread_evenly() -> None:
    backlog = Backlog(3000, began=0.0)
    due, left = 3000, []
    for second in range(300):
        due -= backlog.allowed(due, ticks=second)
        left.append(due)
    assert {before - after for before, after in pairwise(left)} == {10}
