"""Cron expressions mean what crontab says; the heart beats on, whatever the work does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.schedule import Chore, Heartbeat, check_cron, next_cron

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday

numbers = {
    "minute": st.integers(0, 59),
    "hour": st.integers(0, 23),
    "day": st.integers(1, 28),
    "month": st.integers(1, 12),
    "weekday": st.integers(0, 7),
}


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("0 6 * * *", NEW_YEAR, datetime(2026, 1, 1, 6, tzinfo=UTC)),
        ("0 0 * * *", NEW_YEAR, datetime(2026, 1, 2, tzinfo=UTC)),
        ("*/15 * * * *", NEW_YEAR, datetime(2026, 1, 1, 0, 15, tzinfo=UTC)),
        ("30 8-10/2 * * *", NEW_YEAR, datetime(2026, 1, 1, 8, 30, tzinfo=UTC)),
        ("0 0 29 2 *", NEW_YEAR, datetime(2028, 2, 29, tzinfo=UTC)),
        ("0 0 1 jan,JUL *", NEW_YEAR, datetime(2026, 7, 1, tzinfo=UTC)),
        ("@daily", NEW_YEAR, datetime(2026, 1, 2, tzinfo=UTC)),
        (" @Hourly ", NEW_YEAR, datetime(2026, 1, 1, 1, tzinfo=UTC)),
        ("@weekly", NEW_YEAR, datetime(2026, 1, 4, tzinfo=UTC)),
    ],
)
def test_the_next_time_is_the_first_one_later(
    expression: str, after: datetime, expected: datetime
) -> None:
    check_cron(expression)
    assert next_cron(expression, after) == expected


@pytest.mark.parametrize(
    ("field", "day"),
    [
        ("0", 4),
        ("7", 4),
        ("sun", 4),
        ("1", 5),
        ("MON", 5),
        ("5-7", 2),
        ("fri-sun", 2),
        ("6-1", 3),
        ("*/3", 3),
        ("3/2", 2),
        ("7/2", 4),
        ("1-5", 2),
        ("0-6", 2),
        ("2,0", 4),
    ],
)
def test_weekdays_are_numbered_from_sunday(field: str, day: int) -> None:
    assert next_cron(f"0 0 * * {field}", NEW_YEAR) == datetime(2026, 1, day, tzinfo=UTC)


def test_day_of_month_and_weekday_are_alternatives_when_both_are_given() -> None:
    found = next_cron("0 0 13 * fri", NEW_YEAR)
    assert found == datetime(2026, 1, 2, tzinfo=UTC)
    assert next_cron("0 0 13 * fri", datetime(2026, 1, 10, tzinfo=UTC)).day == 13


def test_the_answer_is_in_utc_wherever_the_question_comes_from() -> None:
    after = datetime.fromisoformat("2026-01-01T07:30:00+02:00")
    found = next_cron("0 6 * * *", after)
    assert found == datetime(2026, 1, 1, 6, tzinfo=UTC)
    assert found.tzinfo is UTC


@given(
    fields=st.fixed_dictionaries(numbers),
    stars=st.sets(st.sampled_from(sorted(numbers))),
    minutes=st.integers(0, 6_000_000),
)
def test_times_only_go_forward_and_fit_the_expression(
    fields: dict[str, int], stars: set[str], minutes: int
) -> None:
    after = NEW_YEAR + timedelta(minutes=minutes)
    text = {name: "*" if name in stars else str(value) for name, value in fields.items()}
    expression = " ".join(text[name] for name in ("minute", "hour", "day", "month", "weekday"))
    check_cron(expression)
    found = next_cron(expression, after)
    assert found > after
    assert next_cron(expression, found - timedelta(seconds=1)) == found
    assert "minute" in stars or found.minute == fields["minute"]
    assert "hour" in stars or found.hour == fields["hour"]
    assert "month" in stars or found.month == fields["month"]
    day = found.day == fields["day"]
    weekday = found.isoweekday() % 7 == fields["weekday"] % 7
    assert fits(day, weekday, day_given="day" not in stars, weekday_given="weekday" not in stars)


def fits(day: bool, weekday: bool, *, day_given: bool, weekday_given: bool) -> bool:
    if day_given and weekday_given:
        return day or weekday
    return (day or not day_given) and (weekday or not weekday_given)


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("", "0 fields"),
        ("0 6 * *", "has 4 fields, not 5"),
        ("0 6 * * * *", "6 fields"),
        ("60 * * * *", 'minute "60"'),
        ("0 24 * * *", 'hour "24"'),
        ("x * * * *", 'minute "x"'),
        ("0 0 0 * *", 'day of month "0"'),
        ("0 0 * 13 *", 'month "13"'),
        ("0 0 * * 8", "0 and 7 are Sunday"),
        ("0 0 * * someday", "sun to sat"),
        ("0 0 * * 1/0", "no step"),
        ("0 0 * * 1/²", "no step"),
        ("1,,2 * * * *", "minute"),
        ("0 0 30 2 *", "never fires"),
        ("0 0 31 4,6,9,11 *", "never fires"),
    ],
)
def test_a_bad_expression_is_refused_with_what_is_wrong(expression: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        check_cron(expression)
    assert f'cron "{expression}"' in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_either_refused_or_gives_times(expression: str) -> None:
    try:
        check_cron(expression)
    except ValueError:
        return
    assert next_cron(expression, NEW_YEAR) > NEW_YEAR


def test_an_expression_that_never_fires_is_refused_by_the_calculator_too() -> None:
    with pytest.raises(ValueError, match="never fires"):
        next_cron("0 0 30 2 *", NEW_YEAR)


# --- the heartbeat


class Work:
    """Counts its calls; each waits for `gate`, and fails while `error` is set."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0
        self.at_once = 0
        self.most_at_once = 0
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> None:
        self.begun += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
            if self.error is not None:
                raise self.error
            self.ended += 1
        finally:
            self.at_once -= 1


class Failures(list[tuple[str, BaseException]]):
    def __call__(self, name: str, error: BaseException) -> None:
        self.append((name, error))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def beating(work: Callable[[], Awaitable[object]], failures: Failures) -> Heartbeat:
    heartbeat = Heartbeat(work, every=0.05, failed=failures)
    heartbeat.start()
    return heartbeat


async def test_the_first_beat_comes_at_once_and_the_others_follow() -> None:
    work, failures = Work(), Failures()
    work.gate.set()
    heartbeat = Heartbeat(work, every=3600, failed=failures)
    heartbeat.start()
    await until(lambda: work.ended == 1)
    heartbeat.stop()
    heartbeat = await beating(work, failures)
    await until(lambda: work.ended >= 4)
    heartbeat.stop()
    assert failures == []


# P104
async def test_a_beat_while_the_last_one_works_begins_nothing() -> None:
    work = Work()
    heartbeat = await beating(work, Failures())
    await asyncio.sleep(0.3)
    assert work.begun == 1
    work.gate.set()
    await until(lambda: work.ended >= 3)
    assert work.most_at_once == 1
    heartbeat.stop()


async def test_work_that_fails_is_reported_and_the_heart_beats_on() -> None:
    work, failures = Work(), Failures()
    work.gate.set()
    work.error = RuntimeError("a bug")
    heartbeat = await beating(work, failures)
    await until(lambda: len(failures) >= 2)
    work.error = None
    await until(lambda: work.ended >= 1)
    heartbeat.stop()
    assert {(name, str(error)) for name, error in failures} == {("tick", "a bug")}


async def test_stopping_lets_running_work_finish_and_begins_no_more() -> None:
    work = Work()
    heartbeat = await beating(work, Failures())
    await until(lambda: work.begun == 1)
    heartbeat.stop()
    idle = asyncio.create_task(heartbeat.idle())
    await asyncio.sleep(0.2)
    assert not idle.done()
    work.gate.set()
    await idle
    assert (work.begun, work.ended) == (1, 1)
    heartbeat.stop()
    await heartbeat.idle()


async def test_chores_run_at_their_own_times() -> None:
    tick, chore = Work(), Work()
    tick.gate.set()
    chore.gate.set()
    heartbeat = Heartbeat(
        tick,
        every=0.05,
        failed=Failures(),
        chores=(Chore(name="sweep", cron="* * * * *", run=chore),),
    )
    heartbeat.start()
    job = heartbeat._scheduler.get_job("sweep")
    assert job.next_run_time.second == 0
    assert (job.coalesce, job.max_instances, job.misfire_grace_time) == (True, 1, None)
    job.modify(next_run_time=job.next_run_time - timedelta(minutes=5))
    await until(lambda: chore.ended == 1)
    heartbeat.stop()


async def test_a_clock_set_back_by_an_hour_silences_nothing() -> None:
    work = Work()
    work.gate.set()
    heartbeat = await beating(work, Failures())
    await until(lambda: work.ended >= 2)
    job = heartbeat._scheduler.get_job("tick")
    job.modify(next_run_time=job.next_run_time + timedelta(hours=1))  # as the scheduler sees it
    seen = work.ended
    await until(lambda: work.ended >= seen + 4)
    heartbeat.stop()


async def test_cancelled_work_is_no_failure() -> None:
    work, failures = Work(), Failures()
    heartbeat = await beating(work, failures)
    await until(lambda: work.begun == 1)
    heartbeat.stop()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await heartbeat.idle()
    assert failures == []
