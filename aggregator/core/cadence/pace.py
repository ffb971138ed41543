"""What the operator said about polling one source, and how durations are said. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

from aggregator.core.settings import Limits, Schedule, Source

_UNITS = (("day", 86400), ("h", 3600), ("min", 60), ("s", 1))
_LOCAL_INTERVAL = timedelta(seconds=60)
_LOCAL_BACKOFF = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a source may, should and must at most be asked.

    `min_interval`, `max_interval` and `unvalidated_interval` bound the adaptive interval only:
    an operator who writes `interval: 30m` means it. `hard_interval` and the hints of the
    publisher (up to `hint_cap`) bind every schedule.
    """

    schedule: Schedule = field(default_factory=Schedule)
    min_interval: timedelta = timedelta(minutes=60)
    max_interval: timedelta = timedelta(hours=12)
    hard_interval: timedelta = timedelta(minutes=15)
    first_interval: timedelta = timedelta(hours=3)  # while no rhythm is known
    unvalidated_interval: timedelta = timedelta(hours=6)  # large and never a validator
    hint_cap: timedelta = timedelta(hours=24)  # of max-age, ttl and sy:*; zero: hints are ignored
    retry_cap: timedelta = timedelta(days=7)  # of Retry-After, and of max-age on an error
    backoff_cap: timedelta = timedelta(hours=24)
    because: str = "as configured"  # who wants a fixed interval

    @classmethod
    def of(cls, source: Source, limits: Limits) -> Pace:
        """Return the pace of `source`. A local file costs nobody anything: every minute."""
        if source.path is not None:
            return cls._of_file(source.schedule)
        return cls(
            schedule=source.schedule,
            min_interval=limits.min_interval,
            max_interval=limits.max_interval,
            hard_interval=limits.hard_interval,
        )

    @classmethod
    def _of_file(cls, schedule: Schedule) -> Pace:
        told = schedule.every is not None or schedule.cron
        return cls(
            schedule=schedule if told else Schedule(every=_LOCAL_INTERVAL),
            min_interval=_LOCAL_INTERVAL,
            hard_interval=timedelta(0),
            hint_cap=timedelta(0),
            backoff_cap=_LOCAL_BACKOFF,
            because="as configured" if told else "for a local file",
        )


class Wait(NamedTuple):
    """A span of whole seconds and who asks for it."""

    seconds: int
    reason: str


def whole_seconds(span: timedelta) -> int:
    """Return `span` in seconds, rounded up: waiting longer is never wrong."""
    return math.ceil(span.total_seconds())


def longest(*waits: Wait) -> Wait:
    """Return the longest wait; the first of equals."""
    return max(waits, key=lambda wait: wait.seconds)


@lru_cache(maxsize=1024)  # most spans are those of the settings, said at each poll
def in_words(seconds: int) -> str:
    """Say a span with its two largest units: "45 s", "1 h 10 min", "3 days"."""
    rest = max(seconds, 0)
    said: list[str] = []
    for name, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            said.append(f"{count} {name}s" if name == "day" and count != 1 else f"{count} {name}")
        elif said:
            break
    return " ".join(said[:2]) or "0 s"
