"""The columns of a source's row, and a state to and from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aggregator.adapters.sqlite import codec
from aggregator.adapters.sqlite.codec import legal, to_optional_moment, to_optional_seconds
from aggregator.core.model import SourceState, Validators

COLUMNS = (
    "source",
    "url",
    "effective_url",
    "etag",
    "last_modified",
    "body_hash",
    "next_poll_at",
    "next_reason",
    "lease_until",
    "last_attempt_at",
    "last_success_at",
    "last_change_at",
    "last_status",
    "last_error",
    "last_error_kind",
    "last_received",
    "last_seconds",
    "fail_count",
    "failing_since",
    "floor",
    "floor_reason",
    "hints",
    "new_entry_times",
    "ever_validated",
    "moved_to",
    "moved_first_at",
    "moved_count",
    "gone_at",
    "gone",
    "parked_until",
    "last_full_at",
    "request_mark",
    "unstable_guids",
    "gaps",
    "gap_at",
    "queued",
    "info",
)
_TOLD = ("hints", "new_entry_times", "info")  # as JSON
PLAIN = tuple(column for column in COLUMNS if column not in _TOLD)


def told_alike(before: SourceState, after: SourceState) -> bool:
    """Are the columns that hold JSON still the same values?"""
    return (
        after.hints is before.hints
        and after.new_entry_times is before.new_entry_times
        and after.info is before.info
    )


def to_row(state: SourceState) -> dict[str, object]:
    """The row that is written, by column."""
    return to_plain_row(state) | {
        "hints": codec.hints_to_json(state.hints),
        "new_entry_times": codec.moments_to_json(state.new_entry_times),
        "info": codec.info_to_json(state.info),
    }


def to_plain_row(state: SourceState) -> dict[str, object]:
    """The same without the columns that hold JSON."""
    return {
        "source": state.source,
        "url": legal(state.url),
        "effective_url": legal(state.effective_url),
        "etag": state.validators.etag,
        "last_modified": state.validators.last_modified,
        "body_hash": state.body_hash,
        "next_poll_at": codec.to_seconds(state.next_poll_at),
        "next_reason": legal(state.next_reason),
        "lease_until": to_optional_seconds(state.lease_until),
        "last_attempt_at": to_optional_seconds(state.last_attempt_at),
        "last_success_at": to_optional_seconds(state.last_success_at),
        "last_change_at": to_optional_seconds(state.last_change_at),
        "last_status": state.last_status,
        "last_error": legal(state.last_error),
        "last_error_kind": legal(state.last_error_kind),
        "last_received": state.last_received,
        "last_seconds": state.last_seconds,
        "fail_count": state.fail_count,
        "failing_since": to_optional_seconds(state.failing_since),
        "floor": state.floor,
        "floor_reason": legal(state.floor_reason),
        "ever_validated": state.ever_validated,
        "moved_to": legal(state.moved_to),
        "moved_first_at": to_optional_seconds(state.moved_first_at),
        "moved_count": state.moved_count,
        "gone_at": to_optional_seconds(state.gone_at),
        "gone": state.gone,
        "parked_until": to_optional_seconds(state.parked_until),
        "last_full_at": to_optional_seconds(state.last_full_at),
        "request_mark": legal(state.request_mark),
        "unstable_guids": state.unstable_guids,
        "gaps": state.gaps,
        "gap_at": to_optional_seconds(state.gap_at),
        "queued": state.queued,
    }


def from_row(values: Sequence[Any]) -> SourceState:
    """The state of values in the order of COLUMNS."""
    row = dict(zip(COLUMNS, values, strict=True))
    return SourceState(
        source=row["source"],
        url=row["url"],
        effective_url=row["effective_url"],
        validators=Validators(row["etag"], row["last_modified"]),
        body_hash=row["body_hash"],
        next_poll_at=codec.to_moment(row["next_poll_at"]),
        next_reason=row["next_reason"],
        lease_until=to_optional_moment(row["lease_until"]),
        last_attempt_at=to_optional_moment(row["last_attempt_at"]),
        last_success_at=to_optional_moment(row["last_success_at"]),
        last_change_at=to_optional_moment(row["last_change_at"]),
        last_status=row["last_status"],
        last_error=row["last_error"],
        last_error_kind=row["last_error_kind"],
        last_received=row["last_received"],
        last_seconds=row["last_seconds"],
        fail_count=row["fail_count"],
        failing_since=to_optional_moment(row["failing_since"]),
        floor=row["floor"],
        floor_reason=row["floor_reason"],
        hints=codec.hints_from_json(row["hints"]),
        new_entry_times=codec.moments_from_json(row["new_entry_times"]),
        ever_validated=bool(row["ever_validated"]),
        moved_to=row["moved_to"],
        moved_first_at=to_optional_moment(row["moved_first_at"]),
        moved_count=row["moved_count"],
        gone_at=to_optional_moment(row["gone_at"]),
        gone=bool(row["gone"]),
        parked_until=to_optional_moment(row["parked_until"]),
        last_full_at=to_optional_moment(row["last_full_at"]),
        request_mark=row["request_mark"],
        unstable_guids=bool(row["unstable_guids"]),
        gaps=row["gaps"],
        gap_at=to_optional_moment(row["gap_at"]),
        queued=row["queued"],
        info=codec.info_from_json(row["info"]),
    )
