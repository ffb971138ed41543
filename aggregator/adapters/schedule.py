"""Cron expressions as a calculator, and the heartbeat of the service; all there is of APScheduler.

The scheduler holds no truth: what is due stands in the store, and a lost beat costs a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

_FIELDS = (
    ("minute", "minute"),
    ("hour", "hour"),
    ("day", "day of month"),
    ("month", "month"),
    ("day_of_week", "day of week"),
)
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# Any expression that ever fires does so between these: they hold a leap day.
_ERA = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2034, 1, 1, tzinfo=UTC))
_TICK = "tick"
_LATE_BEATS = 10  # missed in a row before the clock is blamed
_LATE_SECONDS = 1.0

logger = logging.getLogger(__name__)


# --- the calculator


def next_cron(expression: str, after: datetime) -> datetime:
    """Return the first time later than `after` that a crontab expression names, in UTC.

    Raises ValueError for an expression that `check_cron` refuses.
    """
    found = _trigger(expression).get_next_fire_time(
        None, after.astimezone(UTC) + timedelta(microseconds=1)
    )
    if found is None:
        raise ValueError(f'cron "{expression}" never fires')
    return datetime.fromtimestamp(found.timestamp(), UTC)


def check_cron(expression: str) -> None:
    """Raise ValueError, saying what is wrong, unless `expression` is a crontab time that comes."""
    first, last = _ERA
    if _build(expression, end_date=last).get_next_fire_time(None, first) is None:
        raise ValueError(f'cron "{expression}" never fires: no such day in that month')


@lru_cache(maxsize=4096)
def _trigger(expression: str) -> BaseTrigger:
    return _build(expression, end_date=None)


def _build(expression: str, *, end_date: datetime | None) -> BaseTrigger:
    """Build the trigger that means what crontab(5) says, which APScheduler's own does not.

    There 0 is Sunday and not Monday, and day of month and weekday, when both are restricted,
    are alternatives.
    """
    values = _fields(expression)
    wholes = [values]
    if not values["day"].startswith("*") and not values["day_of_week"].startswith("*"):
        wholes = [values | {"day": "*"}, values | {"day_of_week": "*"}]
    # Loaded late, like all of APScheduler here: most runs have no such times and no heartbeat.
    from apscheduler.triggers.combining import OrTrigger  # noqa: PLC0415
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415

    triggers = [CronTrigger(**whole, timezone=UTC, end_date=end_date) for whole in wholes]
    return triggers[0] if len(triggers) == 1 else OrTrigger(triggers)


def _fields(expression: str) -> dict[str, str]:
    texts = _NICKNAMES.get(expression.strip().lower(), expression).split()
    if len(texts) != len(_FIELDS):
        names = ", ".join(label for _, label in _FIELDS)
        raise ValueError(
            f'cron "{expression}" has {len(texts)} fields, not 5 ({names}), as in "0 6 * * *"'
        )
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415

    values: dict[str, str] = {}
    for (name, label), text in zip(_FIELDS, texts, strict=True):
        try:
            values[name] = _weekdays(text) if name == "day_of_week" else text.lower()
            CronTrigger(**{name: values[name]}, timezone=UTC)
        except ValueError as error:
            raise ValueError(f'cron "{expression}": {label} "{text}": {error}') from error
    return values


def _weekdays(text: str) -> str:
    """Spell weekdays with names: "5-7" becomes "fri,sat,sun"."""
    days: set[int] = set()
    for piece in text.lower().split(","):
        span, _, step = piece.partition("/")
        if step and not (step.isascii() and step.isdigit() and int(step)):
            raise ValueError(f'"{step}" is no step')
        first, last = _span(span, open_end=bool(step))
        days.update(day % 7 for day in range(first, last + 1, int(step or 1)))
    if len(days) == len(_WEEKDAYS):
        return "*"
    return ",".join(_WEEKDAYS[day] for day in sorted(days))


def _span(text: str, *, open_end: bool) -> tuple[int, int]:
    """Return the first and last weekday, counted from Sunday; the last may run past Saturday."""
    if text == "*":
        return 0, 6
    begin, dash, end = text.partition("-")
    first = _weekday(begin)
    if not dash:
        return first, 6 if open_end and first < 7 else first
    last = _weekday(end)
    return first, last if last >= first else last + 7


def _weekday(text: str) -> int:
    if text in _WEEKDAYS:
        return _WEEKDAYS.index(text)
    if len(text) == 1 and text in "01234567":
        return int(text)
    raise ValueError("a weekday is sun to sat, or 0 to 7 (0 and 7 are Sunday)")


# --- the heartbeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Housekeeping at times of a crontab expression (UTC)."""

    name: str
    cron: str
    run: Callable[[], Awaitable[object]]


class Heartbeat:
    """Calls `tick` every `every` seconds, and each chore at its times, never twice at once.

    Work runs in tasks of its own, so that stopping the heartbeat cancels none of it. What it
    raises goes to `failed(name, error)`; the next beat comes all the same.
    """

    def __init__(
        self,
        tick: Callable[[], Awaitable[object]],
        *,
        every: float,
        failed: Callable[[str, BaseException], None],
        chores: Sequence[Chore] = (),
    ) -> None:
        from apscheduler.schedulers.asyncio import AsyncIOScheduler  # noqa: PLC0415

        self._every = every
        self._failed = failed
        self._work = {_TICK: tick} | {chore.name: chore.run for chore in chores}
        self._chores = tuple(chores)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._watch: asyncio.TimerHandle | None = None
        self._last_beat = 0.0  # of the loop's clock

    def start(self) -> None:
        """Beat for the first time, and from now on. Needs a running loop."""
        # It logs two lines for each beat.
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        for name, trigger in self._triggers():
            self._scheduler.add_job(
                self._beat,
                trigger,
                args=(name,),
                id=name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,  # its default of 1 s skips silently
            )
        self._scheduler.start()
        self._begin(_TICK)
        self._look_after()

    def stop(self) -> None:
        """Beat no more. Work that runs goes on; see `idle`."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._scheduler.running:
            # wait=True would wait for nothing, and cancel what runs.
            self._scheduler.shutdown(wait=False)

    async def idle(self) -> None:
        """Wait until nothing of the work begun so far is running."""
        if self._running:
            await asyncio.wait(tuple(self._running.values()))

    def _triggers(self) -> list[tuple[str, BaseTrigger]]:
        from apscheduler.triggers.interval import IntervalTrigger  # noqa: PLC0415

        beat = IntervalTrigger(seconds=self._every, timezone=UTC)
        return [(_TICK, beat), *((chore.name, _trigger(chore.cron)) for chore in self._chores)]

    async def _beat(self, name: str) -> None:
        """Only begin the work: what runs inside the scheduler is cancelled with it."""
        self._begin(name)

    def _begin(self, name: str) -> None:
        if name == _TICK:
            self._last_beat = asyncio.get_running_loop().time()
        if name not in self._running:
            self._running[name] = asyncio.create_task(self._do(name), name=name)
            self._running[name].add_done_callback(self._done)

    async def _do(self, name: str) -> None:
        await self._work[name]()

    def _done(self, task: asyncio.Task[None]) -> None:
        name = task.get_name()
        del self._running[name]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failed(name, error)

    def _look_after(self) -> None:
        """Set the scheduler's times anew when beats stay out.

        APScheduler plans by the wall clock: set back by an hour, it would be silent for one.
        """
        loop = asyncio.get_running_loop()
        patience = max(self._every * _LATE_BEATS, _LATE_SECONDS)
        if loop.time() - self._last_beat > patience:
            logger.warning("heartbeat late seconds=%.0f", loop.time() - self._last_beat)
            for name, trigger in self._triggers():
                self._scheduler.reschedule_job(name, trigger=trigger)
            self._begin(_TICK)
        self._watch = loop.call_later(patience / 2, self._look_after)
