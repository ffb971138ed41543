"""States that come out of the store while the world has moved on: the clock, the address. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.core.model import Hints, SourceState, Validators

_FURTHEST = timedelta(days=31)
_LONGEST_LEASE = timedelta(hours=1)


def clamp_loaded(state: SourceState, now: datetime) -> SourceState:
    """Return `state` made plausible after a step of the clock.

    What lies in the past stays there: a clock set forward makes sources due, which the dispatcher
    spreads. What lies impossibly far in the future would silence a source, so it is cut; less
    far it stays, because a clock that was set back may be set right again.
    """
    return replace(
        state,
        next_poll_at=min(state.next_poll_at, now + _FURTHEST),
        lease_until=_at_most(state.lease_until, now + _LONGEST_LEASE),
        parked_until=_at_most(state.parked_until, now + _FURTHEST),
        last_attempt_at=_at_most(state.last_attempt_at, now),
        last_success_at=_at_most(state.last_success_at, now),
        last_change_at=_at_most(state.last_change_at, now),
        failing_since=_at_most(state.failing_since, now),
        moved_first_at=_at_most(state.moved_first_at, now),
        gone_at=_at_most(state.gone_at, now),
        last_full_at=_at_most(state.last_full_at, now),
        gap_at=_at_most(state.gap_at, now),
        new_entry_times=tuple(time for time in state.new_entry_times if time <= now),
    )


def _at_most(time: datetime | None, limit: datetime) -> datetime | None:
    return None if time is None else min(time, limit)


def for_url(state: SourceState, *, url: str, mark: str) -> SourceState:
    """Return `state` without what belonged to another address; the rhythm of news stays.

    Validators belong to one resource (RFC 9110 §8.8.1), and so do moves, hints and failures.
    With other credentials or headers (`mark`) the same address may show another document.
    """
    if not state.url:
        return replace(state, url=url, request_mark=mark)
    if url == state.url and mark == state.request_mark:
        return state
    if url == state.url:
        return replace(state, request_mark=mark, validators=Validators(), body_hash=b"")
    return replace(
        state,
        url=url,
        request_mark=mark,
        effective_url="",
        validators=Validators(),
        ever_validated=False,
        body_hash=b"",
        hints=Hints(),
        floor=0,
        floor_reason="",
        fail_count=0,
        failing_since=None,
        last_error="",
        last_error_kind="",
        moved_to="",
        moved_first_at=None,
        moved_count=0,
        gone_at=None,
        gone=False,
        parked_until=None,
    )
