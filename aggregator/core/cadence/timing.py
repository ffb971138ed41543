"""From intervals and floors to a moment: rhythm, hints, jitter, closed hours. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from aggregator.core.cadence.pace import Pace, Wait, in_words, longest, whole_seconds
from aggregator.core.model import Hints, SourceState

CronNext = Callable[[str, datetime], datetime]  # expression, after -> the first time after that

_JITTER = 0.10  # of the wait
_CRON_JITTER = 60  # seconds: a crontab means the time it says, but not everybody at :00
_WINDOW_JITTER = 300  # seconds, after closed hours
_CRON_SLACK = 300  # seconds a floor may run past a cron time without missing that turn
_LARGE = 64 * 1024  # bytes of body
_NEVER = timedelta(days=31)
_GAPS_PER_POLL = 8  # a daily blog is asked every 3 h: the mean delay is 6 % of its rhythm
_IDLE_PER_POLL = 60  # silent for 30 days: every 12 h


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What appointments need besides the state: now, a chance in 0..1, and the cron calculator."""

    now: datetime
    chance: float
    cron_next: CronNext


def own_interval(state: SourceState, *, pace: Pace, now: datetime) -> Wait:
    """Return how long we would wait if nobody asked for more; nothing for a cron schedule."""
    if pace.schedule.cron:
        return Wait(0, "")
    if pace.schedule.every is not None:
        seconds = whole_seconds(pace.schedule.every)
        return Wait(seconds, f"every {in_words(seconds)} {pace.because}")
    return _adaptive(state, pace=pace, now=now)


def _adaptive(state: SourceState, *, pace: Pace, now: datetime) -> Wait:
    gap = _median_gap(state.new_entry_times)
    idle = _idle(state, now)
    rhythm = whole_seconds(pace.first_interval) if gap is None else gap / _GAPS_PER_POLL
    quiet = idle / _IDLE_PER_POLL
    seconds = min(math.ceil(max(rhythm, quiet)), whole_seconds(pace.max_interval))
    seconds = max(seconds >> state.gaps, whole_seconds(pace.min_interval))
    if quiet >= rhythm:
        why = f"no news for {in_words(idle)}"
    elif gap is None:
        why = "no rhythm known yet"
    else:
        why = f"news every {in_words(round(gap))}"
    if state.gaps:
        why += ", halved because entries were lost between polls"
    return Wait(seconds, f"adaptive {in_words(seconds)}: {why}")


def _median_gap(times: tuple[datetime, ...]) -> float | None:
    """Return the median of the gaps between news in seconds; None when there is none."""
    gaps = sorted(
        (later - earlier).total_seconds() for earlier, later in pairwise(times) if later > earlier
    )
    middle = len(gaps) // 2
    return (gaps[middle] + gaps[~middle]) / 2 if gaps else None


def _idle(state: SourceState, now: datetime) -> int:
    """Return the seconds since the source last brought anything."""
    newest = state.new_entry_times[-1] if state.new_entry_times else state.last_change_at
    return 0 if newest is None else max(whole_seconds(now - newest), 0)


def hint_floor(fresh: Wait, *, hints: Hints, cap: timedelta) -> Wait:
    """Return the longest of max-age, ttl and syndication, at most `cap`; 0 seconds for none.

    The reason keeps the raw value, also where the cap cut it.
    """
    ttl = hints.ttl or 0
    syndication = hints.syndication or 0
    asked = longest(
        fresh,
        Wait(ttl, f"ttl {ttl // 60} min"),
        Wait(syndication, f"sy:updatePeriod of {in_words(syndication)}"),
    )
    return capped(asked, cap)


def capped(wait: Wait, cap: timedelta) -> Wait:
    """Return `wait` cut to `cap`, saying so; nothing at all when it is not positive."""
    limit = whole_seconds(cap)
    if wait.seconds <= 0 or limit <= 0:
        return Wait(0, "")
    if wait.seconds <= limit:
        return wait
    return Wait(limit, f"{wait.reason}, capped at {in_words(limit)}")


def floors(state: SourceState, *, pace: Pace) -> tuple[Wait, ...]:
    """Return what no poll may go below, whether the last one succeeded or not."""
    hard = whole_seconds(pace.hard_interval)
    hint = capped(Wait(state.floor, state.floor_reason), pace.hint_cap)
    return (
        Wait(hint.seconds, f"{hint.reason} in force"),
        _unvalidated(state, pace=pace),
        Wait(hard, f"at least {in_words(hard)} between two requests"),
    )


def _unvalidated(state: SourceState, *, pace: Pace) -> Wait:
    """Every poll of such a source is a full download, so the adaptive interval spares it."""
    told = pace.schedule.every is not None or pace.schedule.cron
    if told or state.ever_validated or state.last_received <= _LARGE:
        return Wait(0, "")
    seconds = whole_seconds(pace.unvalidated_interval)
    size = state.last_received // 1024
    return Wait(seconds, f"no validators and {size} KiB a poll: {in_words(seconds)} at least")


def appoint(state: SourceState, wait: Wait, *, pace: Pace, moment: Moment) -> SourceState:
    """Return `state` with the next poll set: `wait` from now or later, never earlier."""
    if pace.schedule.cron:
        at, reason = _by_cron(wait, expression=pace.schedule.cron, moment=moment)
    else:
        late = math.ceil(wait.seconds * _JITTER * _bounded(moment.chance))
        at, reason = moment.now + timedelta(seconds=wait.seconds + late), wait.reason
    if whole_seconds(pace.hint_cap) > 0:
        at, reason = _out_of_window(at, reason, hints=state.hints, chance=moment.chance)
    if state.parked_until is not None and state.parked_until > at:
        at, reason = state.parked_until, "the host asked everybody to wait"
    return replace(state, next_poll_at=at, next_reason=reason)


def retire(state: SourceState, *, reason: str, now: datetime) -> SourceState:
    """Return `state` of a source that is polled no more."""
    return replace(state, gone=True, next_poll_at=now + _NEVER, next_reason=reason)


def _by_cron(wait: Wait, *, expression: str, moment: Moment) -> tuple[datetime, str]:
    """Take the first cron time that the floor allows.

    A floor that ends just after a cron time delays that turn instead of skipping it: a poll a
    second late would otherwise make every 15 minutes into every 30.
    """
    earliest = moment.now + timedelta(seconds=wait.seconds)
    slack = timedelta(seconds=min(wait.seconds // 10, _CRON_SLACK))
    turn = moment.cron_next(expression, earliest - slack)
    late = timedelta(seconds=math.ceil(_CRON_JITTER * _bounded(moment.chance)))
    reason = f"cron {expression} as configured"
    if wait.reason and turn > moment.cron_next(expression, moment.now):
        reason = f"cron {expression}, after: {wait.reason}"
    return max(turn, earliest) + late, reason


def _bounded(chance: float) -> float:
    return min(max(chance, 0.0), 1.0)


def _out_of_window(
    at: datetime, reason: str, *, hints: Hints, chance: float
) -> tuple[datetime, str]:
    """Move a poll due in skipHours or skipDays (RSS 2.0, GMT) to the end of that window."""
    if not hints.skip_hours and not hints.skip_days:
        return at, reason
    hours = frozenset(hints.skip_hours) if len(set(hints.skip_hours)) < 24 else frozenset()
    days = frozenset(hints.skip_days) if len(set(hints.skip_days)) < 7 else frozenset()

    def is_open(moment: datetime) -> bool:
        return moment.hour not in hours and moment.weekday() not in days

    if is_open(at):
        return at, reason
    this_hour = at.replace(minute=0, second=0, microsecond=0)
    later = (this_hour + timedelta(hours=n) for n in range(1, 8 * 24))
    end = next(filter(is_open, later), at)  # never further away
    late = timedelta(seconds=math.ceil(_WINDOW_JITTER * _bounded(chance)))
    return end + late, f"{reason}; closed until {end:%a %H:%M} UTC by skipHours/skipDays"
