"""What a failed poll changes in the state of its source: backoff, and nothing forgotten. Pure.

any error          1 h x 2^n, at most a day; no count ever switches a source off
not readable       half the growth: publishers mend a broken document the same day
401, 403           from 4 h;  404  weekly after 30 days;  410  asked once more, then gone
429                twice the interval, at least 1 h, doubling
Retry-After, max-age of the answer, and the floors of the last good answer bind in any case
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.core.cadence.doubts import is_doubtful
from aggregator.core.cadence.loaded import for_url
from aggregator.core.cadence.moves import after_missing
from aggregator.core.cadence.pace import Pace, Wait, in_words, longest, whole_seconds
from aggregator.core.cadence.timing import (
    CronNext,
    Moment,
    appoint,
    capped,
    floors,
    own_interval,
    retire,
)
from aggregator.core.errors import FetchError, ParseError, SourceError
from aggregator.core.model import Fetched, SourceState, Validators

_HOUR = 3600
_CONFIRMATION = timedelta(hours=24)
_MISSING_AFTER = timedelta(days=30)
_WEEK = 7 * 24 * _HOUR
_FORBIDDEN = 4 * _HOUR
_MOST_DOUBLINGS = 16  # beyond any cap
_DISTRUSTED = frozenset({304, 412, 416})  # answers no valid conditional request gets


def after_failure(
    state: SourceState,
    *,
    pace: Pace,
    error: SourceError,
    now: datetime,
    chance: float,
    cron_next: CronNext,
    url: str = "",
    mark: str = "",
    fetched: Fetched | None = None,
) -> SourceState:
    """Return the state after a poll that failed.

    `fetched` is what arrived when the failure is that it cannot be read. Validators stay, so
    the next good answer is read in full; only where the server misused them they are dropped.
    """
    known = for_url(state, url=url, mark=mark) if url else state
    failed = _recorded(known, error=error, fetched=fetched, now=now)
    if is_doubtful(known, now=now):  # that was the one probe of these 8 days
        failed = replace(failed, last_full_at=now)
    failed = _parked(failed, error=error, pace=pace, now=now)
    status = _status_of(error)
    if status in (404, 410):
        failed = after_missing(failed)
    if status in _DISTRUSTED:
        failed = replace(failed, validators=Validators())
    moment = Moment(now=now, chance=chance, cron_next=cron_next)
    if status == 410:
        return _gone(failed, known=known, error=error, pace=pace, moment=moment)
    backoff = _backoff(failed, known=known, pace=pace, error=error, now=now)
    return _appointed(failed, backoff, error=error, fetched=fetched, pace=pace, moment=moment)


def _recorded(
    state: SourceState, *, error: SourceError, fetched: Fetched | None, now: datetime
) -> SourceState:
    return replace(
        state,
        lease_until=None,
        last_attempt_at=now,
        last_status=_status_of(error) if fetched is None else fetched.status,
        last_error=str(error),
        last_error_kind=error.kind,
        last_received=state.last_received if fetched is None else fetched.received,
        last_seconds=state.last_seconds if fetched is None else fetched.seconds,
        fail_count=max(state.fail_count, 0) + 1,
        failing_since=state.failing_since or now,
    )


def _parked(state: SourceState, *, error: SourceError, pace: Pace, now: datetime) -> SourceState:
    """429 speaks for the whole host (RFC 6585 §4); the dispatcher carries it to the neighbours."""
    if _status_of(error) != 429:
        return state
    asked = _retry_after(error, pace=pace).seconds or _HOUR
    until = now + timedelta(seconds=asked)
    return replace(state, parked_until=max(until, state.parked_until or until))


def _status_of(error: SourceError) -> int | None:
    return error.status if isinstance(error, FetchError) else None


def _appointed(
    state: SourceState,
    backoff: Wait,
    *,
    error: SourceError,
    fetched: Fetched | None,
    pace: Pace,
    moment: Moment,
) -> SourceState:
    wait = longest(
        backoff,
        own_interval(state, pace=pace, now=moment.now)
        if pace.schedule.every is not None
        else Wait(0, ""),
        _retry_after(error, pace=pace),
        _freshness(error, fetched=fetched, pace=pace),
        *floors(state, pace=pace),
    )
    return appoint(state, wait, pace=pace, moment=moment)


def _retry_after(error: SourceError, *, pace: Pace) -> Wait:
    asked = error.retry_after if isinstance(error, FetchError) else None
    return capped(Wait(asked or 0, f"Retry-After {asked} s"), pace.retry_cap)


def _freshness(error: SourceError, *, fetched: Fetched | None, pace: Pace) -> Wait:
    """The max-age of an error binds too: asking again would bring the same answer."""
    if isinstance(error, FetchError):
        fresh = Wait(error.fresh_for or 0, f"max-age {error.fresh_for} s of the error answer")
        return capped(fresh, pace.retry_cap)
    if fetched is not None:
        return capped(Wait(fetched.fresh_for or 0, fetched.fresh_reason), pace.hint_cap)
    return Wait(0, "")


def _backoff(
    state: SourceState, *, known: SourceState, pace: Pace, error: SourceError, now: datetime
) -> Wait:
    """Return our own restraint; `known` is the state before this failure."""
    status = _status_of(error)
    if status == 404 and _long_missing(state, known=known, now=now):
        return Wait(_WEEK, "404 for more than 30 days: once a week")
    if status in (401, 403):
        seconds = _grown(_FORBIDDEN, state.fail_count - 1, pace=pace)
    elif status == 429:
        seconds = _grown(_unasked(state, pace=pace, now=now), state.fail_count, pace=pace)
    elif isinstance(error, ParseError):
        seconds = _grown(_first_step(pace), state.fail_count / 2, pace=pace)
    else:
        seconds = _grown(_first_step(pace), state.fail_count, pace=pace)
    return Wait(seconds, _told(state, seconds=seconds, status=status))


def _told(state: SourceState, *, seconds: int, status: int | None) -> str:
    what = f"status {status}" if state.last_error_kind == "http" else state.last_error_kind
    times = "failure" if state.fail_count == 1 else "failures in a row"
    return f"backing off {in_words(seconds)}: {state.fail_count} {times} ({what})"


def _long_missing(state: SourceState, *, known: SourceState, now: datetime) -> bool:
    """No success for 30 days, and nothing but 404 the last two times."""
    since = state.failing_since
    return known.last_status == 404 and since is not None and now - since >= _MISSING_AFTER


def _first_step(pace: Pace) -> int:
    """Return what doubles: the minimum interval, or less if the operator polls faster."""
    step = pace.min_interval
    if pace.schedule.every is not None:
        step = min(step, pace.schedule.every)
    return max(whole_seconds(step), 1)


def _unasked(state: SourceState, *, pace: Pace, now: datetime) -> int:
    """Return the interval a 429 doubles; half an hour at least, so that 1 h is the minimum."""
    own = own_interval(state, pace=pace, now=now).seconds
    return max(own, _first_step(pace), _HOUR // 2)


def _grown(step: int, doublings: float, *, pace: Pace) -> int:
    """Return `step` doubled, at most the cap (or twice the step, where that is longer yet)."""
    grown: float = step * 2.0 ** min(max(doublings, 0), _MOST_DOUBLINGS)
    return math.ceil(min(grown, max(whole_seconds(pace.backoff_cap), step)))


def _gone(
    state: SourceState, *, known: SourceState, error: SourceError, pace: Pace, moment: Moment
) -> SourceState:
    """410 (RFC 9110 §15.5.11): asked once more after a day, then polls stop for good."""
    since = known.gone_at
    if since is not None and moment.now - since >= _CONFIRMATION:
        return retire(state, reason=f"gone: 410 since {since:%Y-%m-%d}", now=moment.now)
    noted = replace(state, gone_at=since or moment.now)
    day = Wait(whole_seconds(_CONFIRMATION), "410 Gone: asked once more, then polls stop")
    asked = (_retry_after(error, pace=pace), _freshness(error, fetched=None, pace=pace))
    wait = longest(day, *asked, *floors(noted, pace=pace))
    return appoint(noted, wait, pace=pace, moment=moment)
