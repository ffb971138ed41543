"""Parked hosts, and sources that have moved: whom a 429 speaks for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from aggregator.app import App, Engine
from aggregator.cli import main
from aggregator.core.model import SourceState
from aggregator.core.outcome import Outcome
from aggregator.core.settings import Limits
from aggregator.dispatch import Dispatcher, Pacer, is_private
from tests.dispatching import NOON, World, report

ONE_EACH = Limits(concurrency=8, per_host=1, host_interval=timedelta(0))
TEN_MINUTES = timedelta(minutes=10)
NEIGHBOURS = {
    "a": "https://one.example/a",
    "b": "https://one.example/b",
    "port": "https://one.example:8443/c",
    "other": "https://two.example/d",
}


async def ended(dispatcher: Dispatcher) -> None:
    """Wait for the polls in flight."""
    async with asyncio.timeout(5):
        while dispatcher.in_flight:
            await asyncio.sleep(0)


async def asked(world: World, dispatcher: Dispatcher) -> list[str]:
    """Tick once and return which sources were asked."""
    before = len(world.started)
    await dispatcher.tick()
    await ended(dispatcher)
    return [name for name, _ in world.started[before:]]


async def test_429_parks_all_sources_of_its_host_and_port_until_the_deadline() -> None:  # P30
    world = World(NEIGHBOURS, limits=ONE_EACH, time=0.0)
    world.answers["a"] = report("a", status=429, parked_until=NOON + TEN_MINUTES)
    dispatcher = world.dispatcher()
    assert await asked(world, dispatcher) == ["a", "port", "other"]
    world.due = ["b", "port", "other"]
    world.time = 599.0
    assert await asked(world, dispatcher) == ["port", "other"]
    assert dispatcher.held_back == {"b": NOON + TEN_MINUTES}
    world.time = 600.0
    assert await asked(world, dispatcher) == ["b"]
    assert dispatcher.held_back == {}


async def test_a_move_that_another_process_gave_up_leads_nobody_to_a_parked_host() -> None:  # P30
    """We still think that `b` has moved; the store knows that it asks its own address again."""
    world = World(NEIGHBOURS, limits=ONE_EACH, time=0.0)
    world.answers["a"] = report("a", status=429, parked_until=NOON + TEN_MINUTES)
    world.stored["b"] = SourceState(source="b", url=NEIGHBOURS["b"], next_poll_at=NOON)
    moved = {"b": (NEIGHBOURS["b"], "https://new.example/b")}
    dispatcher = world.dispatcher(moved=moved)
    world.due = ["a"]
    assert await asked(world, dispatcher) == ["a"]
    world.due = ["b"]
    assert await asked(world, dispatcher) == []
    world.due, world.time = ["b"], 599.0
    assert await asked(world, dispatcher) == []
    assert dispatcher.held_back == {"b": NOON + TEN_MINUTES}
    world.time = 600.0
    assert await asked(world, dispatcher) == ["b"]


async def test_503_parks_nobody_else() -> None:  # P30
    world = World(NEIGHBOURS, limits=ONE_EACH, time=0.0)
    world.answers["a"] = report("a", status=503)
    dispatcher = world.dispatcher()
    await asked(world, dispatcher)
    assert await asked(world, dispatcher) == ["b"]


PRIVATE = (
    "127.0.0.1:80",
    "::1:1200",
    "10.1.2.3:80",
    "172.16.0.1:80",
    "172.31.255.255:80",
    "192.168.1.1:8080",
    "100.64.0.1:80",
    "169.254.1.1:80",
    "fd00::1:443",
    "fe80::1:443",
    "localhost:1200",
    "rsshub.localhost:80",
    "rsshub:1200",
    "nas.local:80",
    "box.home.arpa:80",
)
PUBLIC = (
    "example.com:443",
    "8.8.8.8:80",
    "172.32.0.1:80",
    "100.128.0.1:80",
    "2606:4700::1111:443",
    "localhost.example.com:80",
    "notlocal.com:80",
)


@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_host_is_never_parked(host: str) -> None:  # P30
    pacer = Pacer(ONE_EACH, lambda: 0.0)
    pacer.park(host, until=NOON + TEN_MINUTES, now=NOON)
    assert is_private(host)
    assert pacer.accept(host)
    assert pacer.parked(host) is None


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_host_is_parked(host: str) -> None:
    pacer = Pacer(ONE_EACH, lambda: 0.0)
    pacer.park(host, until=NOON + TEN_MINUTES, now=NOON)
    assert not is_private(host)
    assert pacer.parked(host) == NOON + TEN_MINUTES


def test_the_longest_parking_holds() -> None:
    now = [0.0]
    pacer = Pacer(ONE_EACH, lambda: now[0])
    pacer.park("h.example:80", until=NOON + 2 * TEN_MINUTES, now=NOON)
    pacer.park("h.example:80", until=NOON + TEN_MINUTES, now=NOON)
    pacer.park("h.example:80", until=NOON - TEN_MINUTES, now=NOON)
    now[0] = 1199.0
    assert pacer.parked("h.example:80") == NOON + 2 * TEN_MINUTES
    now[0] = 1200.0
    assert pacer.parked("h.example:80") is None


async def test_a_parked_host_stays_parked_after_a_restart() -> None:  # P30
    world = World(NEIGHBOURS, limits=ONE_EACH, time=0.0)
    dispatcher = world.dispatcher(parked={NEIGHBOURS["a"]: NOON + TEN_MINUTES})
    assert await asked(world, dispatcher) == ["port", "other"]
    world.time = 600.0
    assert await asked(world, dispatcher) == ["a"]


async def test_what_another_process_was_told_binds_this_one() -> None:  # P30
    world = World(NEIGHBOURS, limits=ONE_EACH, time=0.0)
    dispatcher = world.dispatcher(parked={"https://three.example/": NOON + TEN_MINUTES})
    await asked(world, dispatcher)
    world.time = 1.0
    world.parked_addresses = {NEIGHBOURS["b"]: NOON + TEN_MINUTES}
    assert await asked(world, dispatcher) == []
    assert dispatcher.held_back == {"b": NOON + TEN_MINUTES}


async def test_a_clock_set_forward_does_not_end_a_parking() -> None:  # P105
    world = World(NEIGHBOURS, limits=ONE_EACH, time=0.0)
    dispatcher = world.dispatcher(parked={NEIGHBOURS["a"]: NOON + TEN_MINUTES})
    assert await asked(world, dispatcher) == ["port", "other"]
    world.steps = timedelta(days=1)
    assert await asked(world, dispatcher) == []


async def test_a_run_ends_without_waiting_for_a_parked_host_and_names_its_sources() -> None:
    world = World(NEIGHBOURS, limits=ONE_EACH)
    dispatcher = world.dispatcher(parked={NEIGHBOURS["a"]: NOON + TEN_MINUTES})
    async with asyncio.timeout(5):
        await dispatcher.run_until_idle()
    assert world.done == {"port", "other"}
    assert dispatcher.held_back == dict.fromkeys(("a", "b"), NOON + TEN_MINUTES)


async def test_a_forced_run_asks_a_parked_host_too() -> None:
    world = World(NEIGHBOURS, limits=ONE_EACH)
    dispatcher = world.dispatcher(parked={NEIGHBOURS["a"]: NOON + TEN_MINUTES})
    async with asyncio.timeout(5):
        await dispatcher.run_until_idle(despite_parking=True)
    assert world.done == set(NEIGHBOURS)


async def test_a_run_waits_for_a_slow_host_without_asking_the_store_all_the_time() -> None:
    world = World(NEIGHBOURS, limits=ONE_EACH, slow=frozenset({"a"}))
    dispatcher = world.dispatcher()
    claims = 0

    async def counted(*, limit: int, accept: object) -> object:
        nonlocal claims
        claims += 1
        return await world.claim(limit=limit, accept=accept)  # type: ignore[arg-type]

    run = asyncio.create_task(dispatcher.run_until_idle(counted))  # type: ignore[arg-type]
    await asyncio.sleep(0.05)
    assert claims <= 4
    world.gate.set()
    async with asyncio.timeout(5):
        await run
    assert world.done == set(NEIGHBOURS)


MOVED = {"a": (NEIGHBOURS["a"], "https://two.example/new")}


async def test_a_source_that_has_moved_counts_for_its_new_host() -> None:  # P102
    world = World(NEIGHBOURS, limits=ONE_EACH, time=0.0)
    assert await asked(world, world.dispatcher(moved=MOVED)) == ["a", "b", "port"]


async def test_a_move_counts_no_more_when_feeds_yaml_names_another_address() -> None:
    urls = {**NEIGHBOURS, "a": "https://three.example/a"}
    world = World(urls, limits=ONE_EACH, time=0.0)
    assert await asked(world, world.dispatcher(moved=MOVED)) == ["a", "b", "port", "other"]


async def test_a_move_counts_from_the_poll_that_settled_it_on() -> None:
    world = World(NEIGHBOURS, limits=ONE_EACH, time=0.0)
    world.answers["a"] = report("a", effective_url="https://two.example/new")
    dispatcher = world.dispatcher()
    await asked(world, dispatcher)
    world.answers.clear()
    world.due = ["a", "b", "other"]
    assert await asked(world, dispatcher) == ["a", "b"]
    world.due = ["a", "b", "other"]  # and the last poll said that it is back
    assert await asked(world, dispatcher) == ["a", "other"]


FEEDS = """
sources:
  - id: a
    url: https://one.example/a
  - id: b
    url: https://two.example/b
"""


async def test_the_program_remembers_moves_and_parked_hosts_over_a_restart(
    tmp_path: Path,
) -> None:  # P30
    file = tmp_path / "feeds.yaml"
    file.write_text(FEEDS)
    with App.open(file, {}) as app:
        until = app.now() + timedelta(days=2)
        move_and_park(app, until)
        async with Engine(app) as engine:
            await engine.dispatcher.tick()
            assert engine.dispatcher.in_flight == 0
            assert engine.dispatcher.held_back == {"b": until}


@pytest.mark.parametrize("named", [(), ("b",)])
def test_poll_ends_and_says_which_sources_wait_for_a_parked_host(
    tmp_path: Path, named: tuple[str, ...]
) -> None:
    file = tmp_path / "feeds.yaml"
    file.write_text(FEEDS)
    with App.open(file, {}) as app:
        move_and_park(app, app.now() + timedelta(days=2))
    result = CliRunner().invoke(main, ["-c", str(file), "poll", *named])
    assert result.exit_code == 0
    assert "not polled, their host asked everybody to wait until" in result.output
    assert "at the latest: b\n" in result.output
    assert "polled 0 sources" in result.output


def move_and_park(app: App, until: datetime) -> None:
    """Let source a have moved to the host of b, and that host have said 429 to it."""
    now, source = app.now(), app.sources["a"]
    app.store.adopt(app.settings.sources, now=now, spread=timedelta(0))
    (state,) = app.store.claim(
        now=now,
        lease=TEN_MINUTES,
        next_poll=TEN_MINUTES,
        limit=1,
        accept=lambda name: name == source.id,
    )
    after = replace(
        state,
        url=source.url,
        effective_url="https://two.example/new",
        parked_until=until,
        next_poll_at=until,
    )
    app.store.save(
        Outcome(source=source, state=state, reading=None, settle=lambda _: after, now=now)
    )
