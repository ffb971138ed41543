"""A store and publishers in memory, for the tests of the dispatcher."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from aggregator.core.errors import StoreError
from aggregator.core.model import PollReport, SourceState
from aggregator.core.settings import Limits, Source
from aggregator.dispatch import Dispatcher, Move

NOON = datetime(2025, 6, 27, 12, 0, tzinfo=UTC)
AT_ONCE = Limits(concurrency=8, per_host=8, host_interval=timedelta(0))


@dataclass
class World:
    """A store that knows what is due, and polls that do as they are told."""

    urls: dict[str, str]
    limits: Limits = AT_ONCE
    slow: frozenset[str] = frozenset()
    buggy: frozenset[str] = frozenset()
    due: list[str] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    most_at_once: int = 0
    started: list[tuple[str, float]] = field(default_factory=list)
    reports: list[PollReport] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    refuse: bool = False
    time: float | None = None  # ticks that the test sets; None: those of the loop
    steps: timedelta = timedelta(0)  # how far the clock was set forward
    answers: dict[str, PollReport] = field(default_factory=dict)
    stored: dict[str, SourceState] = field(default_factory=dict)  # of sources polled before
    parked_addresses: Mapping[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.due = list(self.urls)

    def dispatcher(
        self,
        *,
        spread: bool = False,
        moved: Mapping[str, Move] | None = None,
        parked: Mapping[str, datetime] | None = None,
    ) -> Dispatcher:
        self.parked_addresses = parked or {}
        return Dispatcher(
            sources=self.sources,
            limits=self.limits,
            claim=self.claim,
            poll=self.poll,
            crashed=self.crashed,
            report=self.reports.append,
            ticks=self.ticks,
            clock=self.clock,
            due_count=self.due_count if spread else None,
            moved=moved,
            parked=self.parked if parked else None,
        )

    @property
    def sources(self) -> dict[str, Source]:
        return {name: Source(id=name, url=url) for name, url in self.urls.items()}

    def ticks(self) -> float:
        return asyncio.get_running_loop().time() if self.time is None else self.time

    def clock(self) -> datetime:
        return NOON + self.steps + timedelta(seconds=self.time or 0)

    async def parked(self) -> Mapping[str, datetime]:
        return self.parked_addresses

    async def due_count(self) -> int:
        return len(self.due)

    async def claim(self, *, limit: int, accept: Callable[[str], bool]) -> tuple[SourceState, ...]:
        if self.refuse:
            raise StoreError("disk full")
        taken: list[SourceState] = []
        for name in list(self.due):
            if len(taken) < limit and accept(name):
                self.due.remove(name)
                stored = self.stored.get(name)
                taken.append(stored or SourceState(source=name, next_poll_at=NOON))
        return tuple(taken)

    async def poll(self, source: Source, state: SourceState) -> PollReport:
        self.started.append((source.id, self.ticks()))
        self.running.add(source.id)
        self.most_at_once = max(self.most_at_once, len(self.running))
        try:
            if source.id in self.buggy:
                raise ZeroDivisionError("a bug")
            await (self.gate.wait() if source.id in self.slow else asyncio.sleep(0))
        finally:
            self.running.discard(source.id)
        return self.answers.get(source.id) or report(source.id)

    async def crashed(self, source: Source, state: SourceState, error: Exception) -> PollReport:
        return report(source.id, outcome="failed", error=str(error))

    @property
    def done(self) -> set[str]:
        return {one.source for one in self.reports}


def report(name: str, **changes: object) -> PollReport:
    made = PollReport(
        source=name, outcome="changed", status=200, next_poll_at=NOON, next_reason="test"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def hosts(count: int) -> dict[str, str]:
    return {f"s{number}": f"https://host{number}.example/feed" for number in range(count)}
