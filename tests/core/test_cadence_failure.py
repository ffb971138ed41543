"""After a poll that failed: backoff, what the server asked for, and nothing forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.core.cadence import Pace
from aggregator.core.errors import FetchError
from aggregator.core.model import Hints, SourceState, Validators
from aggregator.core.settings import Limits, Schedule, Source
from tests.core.cadence_cases import (
    DAY,
    FRESH,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    STEADY,
    TIMEOUT,
    UNREADABLE,
    URL,
    fail,
    failing,
    got,
    refusal,
    succeed,
    wait,
)

FRESHNESS = {"Cache-Control": "max-age=172800"}


# P50
@pytest.mark.parametrize(
    "error",
    [
        TIMEOUT,
        FetchError("x", kind="dns"),
        FetchError("x", kind="tls"),
        FetchError("x", kind="connect"),
        refusal(500),
        refusal(503),
    ],
)
def test_errors_double_the_wait_up_to_a_day_and_never_end_it(error: FetchError) -> None:
    waits = failing(200, error)
    assert waits[:6] == [2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, DAY, DAY]
    assert set(waits[5:]) == {DAY}


def test_the_reason_names_the_number_of_failures_and_their_kind() -> None:
    once = fail(error=TIMEOUT)
    assert once.next_reason == "backing off 2 h: 1 failure (timeout)"
    twice = fail(once, refusal(503))
    assert twice.next_reason == "backing off 4 h: 2 failures in a row (status 503)"
    large = FetchError("x", kind="too_large", status=200)
    assert "(too_large)" in fail(error=large).next_reason


def test_what_went_wrong_is_remembered() -> None:
    first = fail(error=refusal(503))
    second = fail(first, TIMEOUT, now=NOW + HOUR)
    assert (first.last_status, second.last_status) == (503, None)
    assert (second.last_error, second.last_error_kind) == ("no answer", "timeout")
    assert (second.fail_count, second.failing_since) == (2, NOW)
    assert second.last_attempt_at == NOW + HOUR
    assert second.last_success_at == STEADY.last_success_at
    assert fail(replace(STEADY, lease_until=NOW + MINUTE)).lease_until is None


def test_a_document_that_cannot_be_read_has_half_the_growth() -> None:
    waits = failing(20, UNREADABLE)
    assert waits[1::2][:5] == [2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, DAY]
    assert waits == sorted(waits)


def test_what_arrived_with_an_unreadable_document_is_remembered() -> None:
    page = got(fresh=7 * 3600, received=55)
    after = fail(error=UNREADABLE, fetched=page)
    assert (after.last_status, after.last_received, after.last_seconds) == (200, 55, 0.5)
    assert wait(after) == 7 * HOUR
    assert after.next_reason == "max-age"
    assert after.floor == STEADY.floor


# P10
@pytest.mark.parametrize(
    "error", [TIMEOUT, refusal(404), refusal(500), UNREADABLE, FetchError("x", kind="truncated")]
)
def test_validators_survive_a_failure(error: FetchError) -> None:
    after = fail(error=error)
    assert after.validators == STEADY.validators
    assert after.body_hash == STEADY.body_hash


# P17
@pytest.mark.parametrize("status", [304, 412, 416])
def test_validators_that_a_server_misused_are_dropped(status: int) -> None:
    after = fail(error=refusal(status))
    assert after.validators == Validators()
    assert wait(after) == 2 * HOUR


# --- what the server asked for


# P26 P27
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_a_floor(status: int) -> None:
    after = fail(error=refusal(status, {"Retry-After": "36000"}))
    assert wait(after) == 10 * HOUR
    assert wait(fail(error=refusal(status, {"Retry-After": "3600"}))) >= HOUR


# P26 P27
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_as_a_date_counts_from_the_date_of_the_answer(status: int) -> None:
    headers = {
        "Date": "Thu, 01 Jan 1970 00:00:00 GMT",
        "Retry-After": "Thu, 01 Jan 1970 10:00:00 GMT",
    }
    after = fail(error=refusal(status, headers))
    assert wait(after) == 10 * HOUR
    assert after.next_reason == "Retry-After 36000 s"


# P28
def test_429_without_retry_after_doubles_the_interval_from_an_hour_at_least() -> None:
    assert failing(6, refusal(429)) == [2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, DAY, DAY]
    quick = Pace(schedule=Schedule(every=15 * MINUTE), min_interval=15 * MINUTE)
    assert wait(fail(error=refusal(429), pace=quick)) == HOUR
    slow = Pace(schedule=Schedule(every=6 * HOUR))
    assert wait(fail(error=refusal(429), pace=slow)) == 12 * HOUR
    daily = Pace(schedule=Schedule(every=3 * DAY))
    assert wait(fail(error=refusal(429), pace=daily)) == 3 * DAY


# P29
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("-5", 2 * HOUR),
        ("soon", 2 * HOUR),
        ("", 2 * HOUR),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 2 * HOUR),
        (str(10 * 365 * 86400), 7 * DAY),
        ("9" * 40, 7 * DAY),
    ],
)
def test_an_absurd_retry_after_is_ignored_or_capped(value: str, expected: timedelta) -> None:
    headers = {"Date": "Thu, 01 Jan 2026 00:00:00 GMT", "Retry-After": value}
    assert wait(fail(error=refusal(503, headers))) == expected


# P21
@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_the_max_age_of_an_error_is_a_floor_for_the_next_poll_only(status: int) -> None:
    after = fail(error=refusal(status, FRESHNESS))
    assert after.next_poll_at >= NOW + 2 * DAY
    assert wait(fail(after, refusal(status))) <= DAY
    assert after.floor == STEADY.floor


def test_429_parks_the_host_and_503_does_not() -> None:
    asked = fail(error=refusal(429, {"Retry-After": "7200"}))
    assert asked.parked_until == NOW + 2 * HOUR
    assert fail(error=refusal(429)).parked_until == NOW + HOUR
    assert fail(error=refusal(503, {"Retry-After": "7200"})).parked_until is None
    longer = replace(STEADY, parked_until=NOW + DAY)
    assert fail(longer, refusal(429)).parked_until == NOW + DAY


def test_a_parked_source_waits_for_its_host() -> None:
    parked = replace(STEADY, parked_until=NOW + 2 * DAY)
    after = fail(parked, TIMEOUT)
    assert after.next_poll_at == NOW + 2 * DAY
    assert after.next_reason == "the host asked everybody to wait"


# P49
@pytest.mark.parametrize("status", [401, 403])
def test_forbidden_waits_four_hours_and_doubles_up_to_a_day(status: int) -> None:
    assert failing(5, refusal(status)) == [4 * HOUR, 8 * HOUR, 16 * HOUR, DAY, DAY]


# P48
def test_missing_for_thirty_days_is_asked_weekly() -> None:
    waits = failing(45, refusal(404))
    assert waits[:5] == [2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, DAY]
    assert waits[-1] == 7 * DAY
    monthly = next(index for index, span in enumerate(waits) if span == 7 * DAY)
    assert sum(waits[:monthly], timedelta(0)) >= 30 * DAY
    assert set(waits[monthly:]) == {7 * DAY}


def test_a_first_404_after_a_month_of_other_errors_is_not_asked_weekly_yet() -> None:
    down = replace(STEADY, fail_count=40, failing_since=NOW - 40 * DAY, last_status=500)
    assert wait(fail(down, refusal(404))) == DAY


# P47
def test_gone_is_asked_once_more_after_a_day_and_then_no_more() -> None:
    first = fail(error=refusal(410))
    assert (first.gone_at, first.gone) == (NOW, False)
    assert wait(first) == DAY
    early = fail(first, refusal(410), now=NOW + HOUR)
    assert (early.gone_at, early.gone) == (NOW, False)
    second = fail(first, refusal(410), now=NOW + DAY)
    assert second.gone
    assert second.next_reason == "gone: 410 since 2026-03-04"
    assert second.validators == STEADY.validators


def test_who_is_gone_and_asks_for_a_rest_is_given_it() -> None:  # P21 P26
    assert wait(fail(error=refusal(410, {"Retry-After": "259200"}))) == 3 * DAY
    assert wait(fail(error=refusal(410, {"Cache-Control": "max-age=259200"}))) == 3 * DAY
    assert wait(fail(error=refusal(410, {"Retry-After": "60"}))) == DAY


def test_another_error_in_between_does_not_hide_that_it_is_gone() -> None:
    between = fail(fail(error=refusal(410)), refusal(500), now=NOW + DAY)
    assert not between.gone
    assert fail(between, refusal(410), now=NOW + 2 * DAY).gone


def test_gone_and_back_is_alive() -> None:
    back = succeed(fail(error=refusal(410)), now=NOW + DAY)
    assert (back.gone_at, back.gone) == (None, False)


# --- schedules and floors


def test_a_configured_interval_is_never_undercut_by_a_failure() -> None:
    pace = Pace(schedule=Schedule(every=5 * DAY))
    after = fail(pace=pace)
    assert wait(after) == 5 * DAY
    assert after.next_reason == "every 5 days as configured"


def test_a_source_polled_quickly_is_tried_again_quickly() -> None:
    pace = Pace(schedule=Schedule(every=15 * MINUTE))
    assert wait(fail(pace=pace)) == 30 * MINUTE


def test_a_cron_schedule_holds_for_failures() -> None:
    pace = Pace(schedule=Schedule(cron="0 6 * * *"))
    assert fail(pace=pace).next_poll_at == NOW.replace(day=5, hour=6)
    late = fail(pace=pace, now=NOW.replace(hour=5))
    assert late.next_poll_at == NOW.replace(day=5, hour=6)
    assert late.next_reason.startswith("cron 0 6 * * *, after: backing off 2 h")


def test_hints_of_the_last_good_answer_hold_for_failures() -> None:
    state = replace(STEADY, floor=9 * 3600, floor_reason="ttl 540 min")
    after = fail(state)
    assert wait(after) == 9 * HOUR
    assert after.next_reason == "ttl 540 min in force"
    closed = replace(STEADY, hints=Hints(skip_hours=(12,)))
    assert wait(fail(closed)) == 3 * HOUR


def test_a_local_file_is_tried_again_within_minutes() -> None:
    pace = Pace.of(Source(id="s", path=Path("x.xml")), Limits())
    state: SourceState = FRESH
    waits = []
    for _ in range(6):
        state = fail(state, FetchError("x.xml: no such file", kind="file"), pace=pace)
        waits.append(wait(state))
    assert waits == [n * MINUTE for n in (2, 4, 8, 10, 10, 10)]


def test_jitter_delays_backoff_too() -> None:
    assert wait(fail(chance=1.0)) == 2 * HOUR + 720 * SECOND


def test_failures_of_another_address_do_not_count() -> None:
    state = replace(STEADY, fail_count=7, gone_at=NOW - 3 * DAY)
    after = fail(state, refusal(410), url=URL + "?new")
    assert after.fail_count == 1
    assert not after.gone
    assert after.validators == Validators()
    assert fail(state, url=URL).fail_count == 8
