"""After a poll that worked: the next moment, its reason, and what is remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aggregator.core.cadence import Pace, in_words
from aggregator.core.model import FeedInfo, Hints, Novelty, Validators
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
    URL,
    a_reading,
    fail,
    got,
    got_with,
    rss,
    succeed,
    wait,
)

NEWS = Novelty(new=1)


def every(interval: timedelta) -> Pace:
    return Pace(schedule=Schedule(every=interval))


DAILY = Pace(schedule=Schedule(cron="0 6 * * *"))


# --- our own interval


def test_the_pace_of_a_source_comes_from_its_schedule_and_the_limits() -> None:
    limits = Limits(min_interval=MINUTE, max_interval=HOUR, hard_interval=SECOND)
    schedule = Schedule(every=2 * HOUR)
    pace = Pace.of(Source(id="s", url=URL, schedule=schedule), limits)
    assert pace.schedule == schedule
    assert (pace.min_interval, pace.max_interval, pace.hard_interval) == (MINUTE, HOUR, SECOND)
    assert pace.hint_cap == DAY


def test_a_fixed_interval_is_kept_and_named() -> None:
    after = succeed(pace=every(2 * HOUR))
    assert wait(after) == 2 * HOUR
    assert after.next_reason == "every 2 h as configured"


@pytest.mark.parametrize(
    ("gap", "expected"),
    [(2 * HOUR, HOUR), (16 * HOUR, 2 * HOUR), (DAY, 3 * HOUR), (7 * DAY, 12 * HOUR)],
)
def test_without_an_interval_the_rhythm_of_news_decides(
    gap: timedelta, expected: timedelta
) -> None:
    times = tuple(NOW - n * gap for n in (3, 2, 1, 0))
    after = succeed(replace(STEADY, new_entry_times=times))
    assert wait(after) == expected
    assert (
        after.next_reason
        == f"adaptive {in_words(int(expected.total_seconds()))}: news every "
        + (in_words(int(gap.total_seconds())))
    )


def test_a_silent_source_is_asked_less_and_less() -> None:
    waits = [
        wait(succeed(now=NOW + days * DAY), NOW + days * DAY) for days in (0, 2, 3, 5, 15, 30, 90)
    ]
    assert waits == sorted(waits)
    assert waits[0] == HOUR
    assert waits[2] == 3 * DAY / 60
    assert waits[-2:] == [12 * HOUR, 12 * HOUR]
    assert succeed(now=NOW + 3 * DAY).next_reason == "adaptive 1 h 12 min: no news for 3 days"


def test_a_source_of_unknown_rhythm_is_asked_every_three_hours_at_first() -> None:
    first = succeed(FRESH, reading=a_reading(), novelty=Novelty(new=40))
    assert wait(first) == 3 * HOUR
    assert first.next_reason == "adaptive 3 h: no rhythm known yet"
    assert first.new_entry_times == ()
    assert first.last_change_at == NOW
    later = NOW + 20 * DAY
    assert wait(succeed(first, now=later), later) == 8 * HOUR


def test_news_is_remembered_by_its_moment_and_only_the_last_21() -> None:
    state = succeed(FRESH, novelty=Novelty(new=40))
    moments = [NOW + n * HOUR for n in range(1, 31)]
    for moment in moments:
        state = succeed(state, novelty=NEWS, now=moment)
    assert state.new_entry_times == tuple(moments[-21:])
    assert state.last_change_at == moments[-1]


def test_edits_are_a_change_but_no_news() -> None:
    after = succeed(novelty=Novelty(updated=2), now=NOW + HOUR)
    assert after.last_change_at == NOW + HOUR
    assert after.new_entry_times == STEADY.new_entry_times


def test_news_at_a_clock_set_back_leaves_the_times_in_order() -> None:
    after = succeed(novelty=NEWS, now=NOW - 2 * HOUR)
    assert after.new_entry_times == STEADY.new_entry_times


def test_a_local_file_is_looked_at_every_minute_whatever_it_says() -> None:
    pace = Pace.of(Source(id="s", path=Path("x.xml")), Limits())
    closed = tuple(range(23))
    hints = Hints(ttl=7200, skip_hours=closed, skip_days=(0, 1, 2, 3))
    after = succeed(pace=pace, reading=a_reading(hints=hints), fetched=got(fresh=7200), url="")
    assert wait(after) == MINUTE
    assert after.next_reason == "every 1 min for a local file"
    told = Source(id="s", path=Path("x.xml"), schedule=Schedule(every=HOUR))
    assert succeed(pace=Pace.of(told, Limits())).next_reason == "every 1 h as configured"


# --- floors


# P99
def test_no_schedule_goes_below_the_hard_interval() -> None:
    after = succeed(pace=every(MINUTE))
    assert wait(after) == 15 * MINUTE
    assert after.next_reason == "at least 15 min between two requests"
    assert wait(succeed(pace=replace(every(MINUTE), hard_interval=2 * HOUR))) == 2 * HOUR


# P100
def test_a_large_source_that_never_sends_validators_is_spared() -> None:
    bare = replace(STEADY, validators=Validators(), ever_validated=False)
    large = got(etag=None, received=100_000)
    after = succeed(bare, large)
    assert wait(after) == 6 * HOUR
    assert after.next_reason == "no validators and 97 KiB a poll: 6 h at least"
    assert wait(succeed(bare, got(etag=None, received=64 * 1024))) == HOUR
    assert wait(succeed(bare, got(received=100_000))) == HOUR
    assert wait(succeed(STEADY, large)) == HOUR
    assert wait(succeed(bare, large, pace=every(HOUR))) == HOUR
    assert wait(fail(after, now=NOW)) == 6 * HOUR


# P19
def test_max_age_less_age_is_waited_for() -> None:
    after = succeed(fetched=got_with({"Cache-Control": "max-age=7200", "Age": "600"}))
    assert wait(after) == 6600 * SECOND
    assert after.next_reason == "max-age=7200 minus Age 600 in force"


# P20
def test_max_age_of_a_304_is_a_floor_like_that_of_a_200() -> None:
    after = succeed(fetched=got_with({"Cache-Control": "max-age=7200"}, status=304))
    assert wait(after) == 2 * HOUR


# P22
@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "no-cache"},
        {"Cache-Control": "no-store"},
        {"Cache-Control": "max-age=0"},
        {"Expires": "0"},
        {"Expires": "-1"},
    ],
)
def test_an_answer_that_is_not_to_be_kept_changes_nothing(headers: dict[str, str]) -> None:
    after = succeed(fetched=got_with(headers))
    assert wait(after) == HOUR
    assert after.validators == Validators(etag=b'"a"')


# P23
def test_expires_counts_from_the_date_of_the_server() -> None:
    headers = {
        "Date": "Thu, 01 Jan 1970 00:00:00 GMT",
        "Expires": "Thu, 01 Jan 1970 03:00:00 GMT",
    }
    assert wait(succeed(fetched=got_with(headers))) == 3 * HOUR


# P24
@pytest.mark.parametrize(
    "value", ["max-age", "max-age=", "max-age=-5", 'max-age="x"', "max-age=99999999999999999999"]
)
def test_an_absurd_max_age_is_ignored_or_capped(value: str) -> None:
    assert wait(succeed(fetched=got_with({"Cache-Control": value}))) in (HOUR, DAY)


# P25
def test_a_hint_beyond_a_day_is_cut_to_a_day_and_shown_as_it_was() -> None:
    after = succeed(fetched=got_with({"Cache-Control": "max-age=864000"}))
    assert wait(after) == DAY
    assert "max-age=864000" in after.next_reason
    after = succeed(reading=a_reading(hints=Hints(ttl=60 * 6000)))
    assert wait(after) == DAY
    assert after.next_reason == "ttl 6000 min, capped at 1 day in force"


# P31
@pytest.mark.parametrize(
    ("ttl", "expected"),
    [("180", 3 * HOUR), ("6000", DAY), ("0", HOUR), ("-5", HOUR), ("soon", HOUR), ("30", HOUR)],
)
def test_ttl_is_a_floor(ttl: str, expected: timedelta) -> None:
    after = succeed(reading=rss(f"<ttl>{ttl}</ttl>"))
    assert wait(after) == expected
    if expected == 3 * HOUR:
        assert after.next_reason == "ttl 180 min in force"


# P33
@pytest.mark.parametrize(
    ("period", "frequency", "expected"),
    [
        ("hourly", "1", HOUR),
        ("daily", "4", 6 * HOUR),
        ("daily", "1", DAY),
        ("yearly", "1", DAY),
        ("sometimes", "1", HOUR),
        ("", "", HOUR),
    ],
)
def test_the_syndication_period_is_a_floor(
    period: str, frequency: str, expected: timedelta
) -> None:
    head = f"<sy:updatePeriod>{period}</sy:updatePeriod>" if period else ""
    head += f"<sy:updateFrequency>{frequency}</sy:updateFrequency>" if frequency else ""
    assert wait(succeed(reading=rss(head))) == expected


# P35
def test_hints_hold_after_a_304_that_carries_none() -> None:
    first = succeed(
        fetched=got(fresh=9000), reading=rss("<ttl>120</ttl><skipDays><day>Friday</day></skipDays>")
    )
    second = succeed(first, got(304))
    assert second.hints == first.hints
    assert (second.floor, second.floor_reason) == (9000, "max-age")
    assert wait(second) == 9000 * SECOND
    third = succeed(second, got(304, fresh=60))
    assert wait(third) == 2 * HOUR
    assert third.next_reason == "ttl 120 min in force"


def test_a_full_answer_without_max_age_lifts_it() -> None:
    first = succeed(fetched=got(fresh=9000))
    assert wait(succeed(first, got())) == HOUR


def test_the_longest_of_all_floors_counts() -> None:
    hints = Hints(ttl=4 * 3600, syndication=5 * 3600)
    assert wait(succeed(fetched=got(fresh=3 * 3600), reading=a_reading(hints=hints))) == 5 * HOUR
    assert wait(succeed(fetched=got(fresh=6 * 3600), reading=a_reading(hints=hints))) == 6 * HOUR
    after = succeed(pace=every(8 * HOUR), fetched=got(fresh=3600), reading=a_reading(hints=hints))
    assert wait(after) == 8 * HOUR


# --- closed hours


# P32
@pytest.mark.parametrize(
    ("head", "end"),
    [
        (
            "<skipHours><hour>10</hour><hour>11</hour><hour>12</hour></skipHours>",
            NOW.replace(hour=13),
        ),
        ("<skipHours><hour>23</hour></skipHours>", NOW + HOUR),
        ("<skipDays><day>Wednesday</day></skipDays>", datetime(2026, 3, 5, tzinfo=NOW.tzinfo)),
        (
            "<skipDays><day>Wednesday</day></skipDays><skipHours><hour>24</hour></skipHours>",
            datetime(2026, 3, 5, 1, tzinfo=NOW.tzinfo),
        ),
        (
            "<skipHours>" + "".join(f"<hour>{n}</hour>" for n in range(24)) + "</skipHours>",
            NOW + HOUR,
        ),
        (
            "<skipDays>"
            + "".join(
                f"<day>{day}day</day>"
                for day in ("Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun")
            )
            + "</skipDays>",
            NOW + HOUR,
        ),
    ],
)
def test_a_poll_due_in_closed_hours_moves_to_their_end(head: str, end: datetime) -> None:
    after = succeed(reading=rss(head))
    assert after.next_poll_at == end
    assert ("closed until" in after.next_reason) == (end != NOW + HOUR)


def test_at_the_end_of_closed_hours_not_everybody_comes_at_once() -> None:
    hints = Hints(skip_hours=(11,))
    reading = a_reading(hints=hints)
    ends = {succeed(reading=reading, chance=chance).next_poll_at for chance in (0.0, 0.3, 1.0)}
    assert len(ends) == 3
    assert all(NOW + 2 * HOUR <= end <= NOW + 2 * HOUR + 5 * MINUTE for end in ends)


# --- jitter and cron


# P101
@pytest.mark.parametrize(
    ("chance", "late"), [(0.0, 0), (0.5, 360), (1.0, 720), (7.0, 720), (-1.0, 0)]
)
def test_jitter_only_delays_and_by_a_tenth_at_most(chance: float, late: int) -> None:
    assert wait(succeed(pace=every(2 * HOUR), chance=chance)) == 2 * HOUR + late * SECOND


# P101
def test_two_sources_of_equal_interval_drift_apart() -> None:
    one, other = NOW, NOW
    for _ in range(20):
        one = succeed(pace=every(HOUR), now=one, chance=0.2).next_poll_at
        other = succeed(pace=every(HOUR), now=other, chance=0.7).next_poll_at
    assert other - one >= 30 * MINUTE


def test_a_cron_schedule_names_the_next_poll() -> None:
    after = succeed(pace=DAILY)
    assert after.next_poll_at == datetime(2026, 3, 5, 6, tzinfo=NOW.tzinfo)
    assert after.next_reason == "cron 0 6 * * * as configured"
    assert wait(succeed(pace=DAILY, chance=1.0)) == 20 * HOUR + MINUTE


def test_a_cron_time_within_a_floor_gives_way_to_the_next() -> None:
    now = NOW.replace(hour=5)
    after = succeed(pace=DAILY, fetched=got(fresh=7200), now=now)
    assert after.next_poll_at == datetime(2026, 3, 5, 6, tzinfo=NOW.tzinfo)
    assert after.next_reason == "cron 0 6 * * *, after: max-age in force"


def test_a_floor_that_ends_just_after_a_cron_time_delays_it_only() -> None:
    now = NOW.replace(hour=5, minute=45, second=40)
    assert succeed(pace=DAILY, now=now).next_poll_at == NOW.replace(hour=6, second=40)


def test_without_any_floor_cron_decides_alone() -> None:
    pace = replace(DAILY, hard_interval=timedelta(0))
    at_six = NOW.replace(hour=6)
    assert succeed(pace=pace, now=at_six).next_poll_at == at_six + DAY


# --- what is remembered


def test_what_the_answer_said_is_remembered() -> None:
    reading = a_reading(info=FeedInfo(title="New name", id="urn:example"))
    after = succeed(fetched=got(etag=b'W/"b"', received=777), reading=reading)
    assert after.validators == Validators(etag=b'W/"b"')
    assert after.body_hash == b"hash"
    assert after.info.title == "New name"
    assert (after.last_status, after.last_received, after.last_seconds) == (200, 777, 0.5)
    assert (after.last_attempt_at, after.last_success_at) == (NOW, NOW)
    assert after.lease_until is None


def test_a_304_keeps_the_hash_and_the_words_of_the_last_document() -> None:
    before = replace(STEADY, body_hash=b"old")
    after = succeed(before, got(304))
    assert after.body_hash == b"old"
    assert after.info == STEADY.info
    assert after.last_status == 304


def test_a_validator_once_sent_is_never_forgotten_as_a_habit() -> None:
    after = succeed(FRESH, got(etag=b'"x"'))
    assert after.ever_validated
    assert succeed(after, got(etag=None)).ever_validated
    assert not succeed(FRESH, got(etag=None)).ever_validated


# P50
def test_the_first_success_resets_everything() -> None:
    broken = STEADY
    for _ in range(9):
        broken = fail(broken, TIMEOUT)
    assert broken.fail_count == 9
    healed = succeed(replace(broken, gone=True, gone_at=NOW, parked_until=NOW + DAY))
    assert (healed.fail_count, healed.failing_since) == (0, None)
    assert (healed.last_error, healed.last_error_kind) == ("", "")
    assert (healed.gone, healed.gone_at, healed.parked_until) == (False, None, None)
    assert wait(healed) == HOUR


# P34
def test_an_expired_json_feed_is_asked_once_more_and_then_no_more() -> None:
    expired = a_reading(hints=Hints(expired=True))
    first = succeed(reading=expired)
    assert (first.gone_at, first.gone) == (NOW, False)
    assert wait(first) == DAY
    early = succeed(first, got(304), now=NOW + HOUR)
    assert not early.gone
    later = NOW + DAY
    second = succeed(first, got(304), now=later)
    assert second.gone
    assert second.next_reason == "the publisher says the feed has expired"
    revived = succeed(second, reading=a_reading(), now=later)
    assert (revived.gone, revived.gone_at) == (False, None)


# --- words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (4200, "1 h 10 min"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (3605, "1 h"),
        (86400, "1 day"),
        (3 * 86400, "3 days"),
        (2 * 86400 + 3 * 3600 + 5, "2 days 3 h"),
    ],
)
def test_spans_are_said_with_two_units_at_most(seconds: int, words: str) -> None:
    assert in_words(seconds) == words
