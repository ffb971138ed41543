"""CPU of a start, and of ticks of the heartbeat, in one process that has nothing else to do.

python -m benchmarks.curves.ticks FILE     prints JSON; the sources of FILE are not asked

Polls are answered here and cost nothing: what is measured is to find what is due, claim it and
pace it by host. The store is asked for parked hosts in every tick, as in a tick each second.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median

from aggregator.adapters.sqlite.connection import connect
from aggregator.app import App, Engine, clock
from aggregator.core.model import PollReport, SourceState
from aggregator.core.settings import Source
from aggregator.dispatch import Dispatcher

DUE = (10, 30, 60)  # sources that are due at one tick: fewer than may be polled at once
IDLE = 200  # ticks with nothing due
ROUNDS = 15
_SETTLED = 400.0  # seconds of ticks: a backlog has been worked off
_MAKE_DUE = (
    "UPDATE source_state SET next_poll_at = ?, lease_until = NULL WHERE source IN "
    "(SELECT source FROM source_state ORDER BY random() LIMIT ?)"
)


@dataclass(frozen=True, slots=True)
class Start:
    """CPU seconds until a process is ready to poll, and of a tick, with so many due."""

    read_profile: float
    adopt: float
    ticks: dict[int, float]


async def measure(file: Path) -> Start:
    """Start as `aggregator poll` does, and tick."""
    before = time.process_time()
    with App.open(file, {}) as app:
        loaded = time.process_time()
        async with Engine(app) as engine:
            ready = time.process_time()
            dispatcher = _dispatcher(engine)
            ticks = {0: await _idle(dispatcher)}
            for due in DUE:
                ticks[due] = await _busy(dispatcher, app, due)
    return Start(loaded - before, ready - loaded, ticks)


def _dispatcher(engine: Engine) -> Dispatcher:
    app = engine.app

    async def poll(source: Source, state: SourceState) -> PollReport:
        return PollReport(
            source=source.id,
            outcome="not_modified",
            status=304,
            next_poll_at=state.next_poll_at,
            next_reason="",
        )

    async def crashed(_source: Source, _state: SourceState, error: Exception) -> PollReport:
        raise error

    seconds = count(int(_SETTLED))
    return Dispatcher(
        sources=app.sources,
        limits=app.settings.limits,
        claim=engine.claim_due,
        poll=poll,
        crashed=crashed,
        report=lambda _report: None,
        ticks=lambda: float(next(seconds)),
        clock=clock.now,
        due_count=lambda: engine.writer.run(app.store.due_count, clock.now()),
        parked=lambda: engine.writer.run(app.store.parked, clock.now()),
    )


async def _idle(dispatcher: Dispatcher) -> float:
    """Seconds of a tick at which nothing is due."""
    await dispatcher.tick()
    before = time.process_time()
    for _ in range(IDLE):
        await dispatcher.tick()
    return (time.process_time() - before) / IDLE


async def _busy(dispatcher: Dispatcher, app: App, due: int) -> float:
    """The median seconds of ticks at which so many sources are due."""
    found = []
    for _ in range(ROUNDS):
        with closing(connect(app.store.path)) as connection:
            past = clock.now() - timedelta(seconds=1)
            connection.execute(_MAKE_DUE, (int(past.timestamp()), due))
        before = time.process_time()
        started = await dispatcher.tick()
        while dispatcher.in_flight:  # noqa: ASYNC110 -- they end in the next turns of the loop
            await asyncio.sleep(0)
        found.append(time.process_time() - before)
        assert started == due, (started, due)
    return median(found)


def _main(report: Callable[[str], None] = print) -> None:
    report(json.dumps(asdict(asyncio.run(measure(Path(sys.argv[1]))))))


if __name__ == "__main__":
    _main()
