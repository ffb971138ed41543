"""What a successful poll changes in the state of its source. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.core.cadence.doubts import with_gap, with_guids
from aggregator.core.cadence.loaded import for_url
from aggregator.core.cadence.moves import after_redirect, is_another_feed
from aggregator.core.cadence.pace import Pace, Wait, longest
from aggregator.core.cadence.strangers import REPLACED, is_replaced
from aggregator.core.cadence.timing import (
    CronNext,
    Moment,
    appoint,
    capped,
    floors,
    hint_floor,
    own_interval,
    retire,
)
from aggregator.core.errors import SourceError
from aggregator.core.model import Fetched, Hints, Novelty, Reading, SourceState

_TIMES_KEPT = 21  # 20 gaps
_CONFIRMATION = timedelta(hours=24)


def after_success(
    state: SourceState,
    *,
    pace: Pace,
    url: str,
    mark: str = "",
    trusted: bool = True,
    fetched: Fetched,
    reading: Reading | None,
    body_hash: bytes,
    novelty: Novelty,
    now: datetime,
    chance: float,
    cron_next: CronNext,
) -> SourceState:
    """Return the state after a poll that brought a document or "not modified".

    `url` is the configured address, `mark` stands for its credentials and headers;
    `trusted`: a document in which nothing is as it was is read all the same;
    `fetched.validators` are the ones to store (merged with the known ones on 304, RFC 9111
    §4.3.4); `reading` is None when the document did not change;
    `chance` in 0..1 places the poll within its jitter; `cron_next(expression, after)` gives the
    first cron time after a moment. Raises SourceError when something else stands there than the
    feed we know, and nothing of it is to be kept: kind "moved" behind a permanent redirect
    (P44), kind "replaced" at the known address.
    """
    before = for_url(state, url=url, mark=mark)
    known = _known(novelty)
    _refuse_another(before, fetched=fetched, reading=reading, known=known, trusted=trusted)
    after = _answered(
        before, fetched=fetched, reading=reading, body_hash=body_hash, pace=pace, now=now
    )
    first = before.last_success_at is None
    after = _with_news(after, novelty=novelty, first=first, now=now)
    if reading is not None and fetched.status != 226:  # a delta holds only what is new
        lost = not first and bool(novelty.new) and not known
        after = with_guids(with_gap(after, lost=lost, now=now), novelty=novelty)
    after = after_redirect(after, url=url, moved_to=fetched.moved_to, now=now)
    return _appointed(after, pace=pace, moment=Moment(now=now, chance=chance, cron_next=cron_next))


def _refuse_another(
    state: SourceState, *, fetched: Fetched, reading: Reading | None, known: int, trusted: bool
) -> None:
    """Raise SourceError when something else stands there than the feed we know."""
    if is_another_feed(state, fetched=fetched, reading=reading, known=known):
        raise SourceError(
            f"moved to something else: {fetched.moved_to} is another feed", kind="moved"
        )
    if not trusted and is_replaced(state, reading=reading, known=known):
        raise SourceError(REPLACED, kind="replaced")


def _answered(
    state: SourceState,
    *,
    fetched: Fetched,
    reading: Reading | None,
    body_hash: bytes,
    pace: Pace,
    now: datetime,
) -> SourceState:
    """Wipe out all failures, and keep what the next poll needs and the feed's own words.

    In one go: a copy of so many fields is most of what a poll costs that brings nothing.
    """
    modified = fetched.document is not None
    validators = fetched.validators
    hints = state.hints if reading is None else reading.feed.hints
    floor = _floor(state, fetched=fetched, hints=hints, cap=pace.hint_cap)
    return replace(
        state,
        lease_until=None,
        last_attempt_at=now,
        last_success_at=now,
        last_status=fetched.status,
        last_error="",
        last_error_kind="",
        last_received=fetched.received,
        last_seconds=fetched.seconds,
        fail_count=0,
        failing_since=None,
        parked_until=None,
        gone=False,
        last_full_at=now if modified else state.last_full_at,
        validators=validators,
        ever_validated=state.ever_validated or bool(validators.etag or validators.last_modified),
        body_hash=body_hash if modified else state.body_hash,
        hints=hints,
        floor=floor.seconds,
        floor_reason=floor.reason,
        info=state.info if reading is None else reading.feed.info,
    )


def _floor(state: SourceState, *, fetched: Fetched, hints: Hints, cap: timedelta) -> Wait:
    """What the publisher asks us to wait at least."""
    if fetched.status == 304 and fetched.fresh_for is None:
        # The stored headers stay in force where a 304 is silent (RFC 9111 §4.3.4).
        return capped(Wait(state.floor, state.floor_reason), cap)
    fresh = Wait(fetched.fresh_for or 0, fetched.fresh_reason or "cache headers")
    return hint_floor(fresh, hints=hints, cap=cap)


def _with_news(state: SourceState, *, novelty: Novelty, first: bool, now: datetime) -> SourceState:
    """Note when something new came.

    The first import brings years at once, which is no rhythm: it only starts the clock of
    silence (last_change_at).
    """
    changed = bool(novelty.new or novelty.updated)
    if not changed and not first:
        return state
    times = state.new_entry_times
    if novelty.new and not first and (not times or now > times[-1]):
        times = (*times, now)[-_TIMES_KEPT:]
    return replace(state, new_entry_times=times, last_change_at=now)


def _known(novelty: Novelty) -> int:
    """How many entries of the document the source had brought before."""
    return novelty.unchanged + novelty.updated + novelty.churned


def _appointed(state: SourceState, *, pace: Pace, moment: Moment) -> SourceState:
    if state.hints.expired:
        return _expired(state, pace=pace, moment=moment)
    alive = state if state.gone_at is None else replace(state, gone_at=None)
    own = own_interval(alive, pace=pace, now=moment.now)
    return appoint(alive, longest(own, *floors(alive, pace=pace)), pace=pace, moment=moment)


def _expired(state: SourceState, *, pace: Pace, moment: Moment) -> SourceState:
    """JSON Feed says `expired: true`: like a 410, asked once more after a day."""
    if state.gone_at is not None and moment.now - state.gone_at >= _CONFIRMATION:
        return retire(state, reason="the publisher says the feed has expired", now=moment.now)
    noted = replace(state, gone_at=state.gone_at or moment.now)
    day = Wait(int(_CONFIRMATION.total_seconds()), "expired: asked once more, then polls stop")
    own = own_interval(noted, pace=pace, now=moment.now)
    return appoint(noted, longest(day, own, *floors(noted, pace=pace)), pace=pace, moment=moment)
