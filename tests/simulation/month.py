"""The operator, the clock and the hand that kills: what happens in a month, from one seed."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

from aggregator.adapters.sqlite import SqliteStore
from aggregator.core.settings import Schedule, Source
from tests.simulation import virtual
from tests.simulation.program import Killed, Life, World
from tests.simulation.publishers import DAY, HOUR, MINUTE, MONTH, make_publisher

_SOURCES_OF_A_HOST = 4
_SCHEDULES = (
    Schedule(),
    Schedule(),
    Schedule(),
    Schedule(every=timedelta(minutes=30)),
    Schedule(every=timedelta(hours=1)),
    Schedule(every=timedelta(hours=5)),
    Schedule(cron="*/20 * * * *"),
    Schedule(cron="0 6 * * *"),
)
_STEPS = (5.0, MINUTE, 20 * MINUTE, 5 * HOUR, DAY, 3 * DAY)
# What happens, and how many times a month.
_EVENTS = {"kill": 60, "stop": 10, "step": 12, "reload": 25, "named": 40}


def simulate(seed: int, *, sources: int, file: Path) -> World:
    """Live through the month of `seed`; the world that is returned holds every visit."""
    month = _Month(Random(seed), sources, file)
    virtual.run(month.live())
    return month.world


class _Month:
    def __init__(self, chance: Random, size: int, file: Path) -> None:
        self.chance = chance
        self.size = size
        self.file = file
        self.world = World(chance)
        self.sources: dict[str, Source] = {}
        self.removed: dict[str, Source] = {}
        self.events: list[tuple[float, str]] = []
        self.stores: list[SqliteStore] = []
        self.lives = 0
        self.beside: asyncio.Task[None] | None = None
        for number in range(self.size):
            self._add(f"s{number}")
        for kind, times in _EVENTS.items():
            self.events += [(self.chance.uniform(0, MONTH), kind) for _ in range(times)]
        self.events.sort()

    def _add(self, name: str, path: str = "") -> None:
        """List a source, with a publisher of its own at its address."""
        number = self.chance.randrange(max(self.size // _SOURCES_OF_A_HOST, 1))
        host = f"host{number}.example" if number % 5 else f"localhost{number}"
        publisher = make_publisher(name + path, host, self.chance)
        self.world.publishers[publisher.url] = publisher
        self.sources[name] = Source(
            id=name, url=publisher.url, schedule=self.chance.choice(_SCHEDULES)
        )

    # --- the month

    async def live(self) -> None:
        asyncio.get_running_loop().set_exception_handler(self._noticed)
        SqliteStore.open(self.file).close()
        self.outlook = sqlite3.connect(self.file)
        try:
            while self.world.time < MONTH:
                await self._live_once()
                downtime = (0.3, 2.0, 30.0, HOUR, DAY)
                await asyncio.sleep(self.chance.choices(downtime, (5, 5, 5, 2, 1))[0])
        finally:
            self.outlook.close()
            for store in self.stores:  # only now: a killed process closes nothing
                store.close()

    def _noticed(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """Killed tasks are nothing to talk about, others are."""
        if not isinstance(context.get("exception"), Killed):
            self.world.bugs.append(repr(context))

    def _start(self) -> Life:
        self.lives += 1
        self.stores.append(SqliteStore.open(self.file))
        return Life(self.world, self.lives, store=self.stores[-1], sources=self.sources)

    async def _live_once(self) -> None:
        """From a start to a kill or a stop."""
        life = self._start()
        with suppress(Killed):
            while self.world.time < MONTH and not life.died.is_set():
                if not await self._happenings(life):
                    break
                await life.dispatcher.tick()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._idle(life)):
                        await life.died.wait()
        life.died.set()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        for result in await asyncio.gather(*others, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    def _idle(self, life: Life) -> float:
        """Return how long nothing can happen, less a second: heartbeats that see nothing due."""
        clock = self.world.clock()
        held_back, now = life.dispatcher.held_back, clock.timestamp()
        if life.store.due_count(clock) > len(held_back):
            return 1.0
        # The end of a parking is counted in ticks: after a step of the clock it is somewhere.
        ends = [max(until.timestamp(), now + 10 * MINUTE) for until in held_back.values()]
        wait = min([self._due_after(now), *ends]) - now - 1
        if self.events:
            wait = min(wait, self.events[0][0] - self.world.time)
        return min(max(wait, 1.0), DAY)

    def _due_after(self, now: float) -> float:
        row = self.outlook.execute(
            "SELECT min(next_poll_at) FROM source_state "
            "WHERE listed = 1 AND gone = 0 AND next_poll_at > ?",
            (int(now),),
        ).fetchone()
        return float(row[0] or now + DAY)

    # --- what happens to it

    async def _happenings(self, life: Life) -> bool:
        """Do what is planned for now; False when the program was stopped in good order."""
        going = True
        while self.events and self.events[0][0] <= self.world.time:
            _, kind = self.events.pop(0)
            if kind == "stop":
                await life.dispatcher.drain(10)
                going = False
            else:
                self._happen(kind, life)
        return going

    def _happen(self, kind: str, life: Life) -> None:
        happenings: dict[str, Callable[[Life], None]] = {
            "kill": self._kill,
            "step": self._step,
            "right": self._right,
            "reload": self._reload,
            "named": self._name,
        }
        happenings[kind](life)

    def _kill(self, life: Life) -> None:
        life.fuse = self.chance.randrange(1, 15)
        life.aimed = self.chance.random() < 0.8

    def _step(self, life: Life) -> None:
        step = self.chance.choice(_STEPS) * self.chance.choice((-1, 1))
        self.world.offset += step
        if self.chance.random() < 0.6:  # somebody notices
            self.events.append((self.world.time + self.chance.expovariate(1 / DAY), "right"))
            self.events.sort()

    def _right(self, life: Life) -> None:
        self.world.offset = 0.0

    def _reload(self, life: Life) -> None:
        """Edit feeds.yaml: another interval, another address, a source less, one back, one more."""
        name = self.chance.choice(sorted(self.sources))
        edit = self.chance.choice(("interval", "address", "remove", "return", "add"))
        if edit == "interval":
            schedule = self.chance.choice(_SCHEDULES)
            self.sources[name] = replace(self.sources[name], schedule=schedule)
        elif edit == "address":
            self._add(name, f"-{len(self.world.publishers)}")
        elif edit == "remove":
            self.removed[name] = self.sources.pop(name)
        elif edit == "return" and self.removed:
            back, source = self.removed.popitem()
            self.sources[back] = source
        else:
            self._add(f"s{len(self.world.publishers) + self.size}")
        self.sources = dict(self.sources)
        life.reload(self.sources)

    def _name(self, life: Life) -> None:
        """Somebody runs `aggregator poll NAME...` beside the daemon: another process."""
        names = self.chance.sample(sorted(self.sources), k=min(3, len(self.sources)))
        self.lives += 1
        other = Life(self.world, self.lives, store=life.store, sources=self.sources)
        other.died = life.died
        self.beside = asyncio.create_task(other.poll_named(names))
