"""What holds for every state and every answer: floors, caps, order, and a month of polling."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.cadence import Pace, after_failure, after_success, clamp_loaded
from aggregator.core.errors import FetchError, ParseError, SourceError
from aggregator.core.model import (
    Document,
    Feed,
    FeedInfo,
    Fetched,
    Hints,
    Novelty,
    Reading,
    SourceState,
    Validators,
)
from aggregator.core.settings import Schedule
from tests.core.cadence_cases import DAY, HOUR, MINUTE, SECOND, six_o_clock

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

moments = st.integers(0, 100 * 365 * 86400).map(lambda n: EPOCH + n * SECOND)
maybe_moments = st.none() | moments
numbers = st.integers(-5, 10**30) | st.integers(-5, 10**6)
maybe_numbers = st.none() | numbers
texts = st.text(max_size=8)
urls = st.sampled_from(
    ["", "http://a.example/f", "https://a.example/f", "https://b.example/", "https://[", "://x:y"]
)
chances = st.floats(-1, 2)
validators = st.builds(
    Validators,
    etag=st.none() | st.binary(max_size=4),
    last_modified=st.none() | st.binary(max_size=4),
)
hints = st.builds(
    Hints,
    ttl=maybe_numbers,
    syndication=maybe_numbers,
    skip_hours=st.lists(st.integers(-1, 24), max_size=30).map(tuple),
    skip_days=st.lists(st.integers(-1, 7), max_size=8).map(tuple),
    expired=st.booleans(),
)
infos = st.builds(FeedInfo, title=texts, id=texts)
states = st.builds(
    SourceState,
    source=st.just("s"),
    url=urls,
    effective_url=urls,
    validators=validators,
    body_hash=st.binary(max_size=2),
    next_poll_at=moments,
    lease_until=maybe_moments,
    last_attempt_at=maybe_moments,
    last_success_at=maybe_moments,
    last_change_at=maybe_moments,
    last_status=st.none() | st.sampled_from([200, 404, 410]),
    last_error_kind=st.sampled_from(["", "moved", "http"]),
    last_received=st.integers(0, 10**7),
    fail_count=numbers,
    failing_since=maybe_moments,
    floor=numbers,
    floor_reason=texts,
    hints=hints,
    new_entry_times=st.lists(moments, max_size=25).map(tuple),
    ever_validated=st.booleans(),
    moved_to=urls,
    moved_first_at=maybe_moments,
    moved_count=st.integers(-1, 10),
    gone_at=maybe_moments,
    gone=st.booleans(),
    parked_until=maybe_moments,
    info=infos,
)
spans = st.integers(0, 3 * 86400).map(lambda n: n * SECOND)
schedules = st.one_of(
    st.just(Schedule()),
    spans.map(lambda span: Schedule(every=span)),
    st.just(Schedule(cron="0 6 * * *")),
)
paces = st.builds(
    Pace,
    schedule=schedules,
    min_interval=spans,
    max_interval=spans,
    hard_interval=spans,
    hint_cap=st.sampled_from([timedelta(0), DAY]),
)
fetches = st.builds(
    Fetched,
    status=st.sampled_from([200, 226, 304]),
    document=st.none() | st.just(Document(url="https://a.example/f", body=b"x")),
    validators=validators,
    fresh_for=maybe_numbers,
    fresh_reason=texts,
    moved_to=st.none() | urls,
    received=st.integers(0, 10**7),
)
readings = st.none() | st.builds(
    lambda info, told: Reading(Feed(info=info, entries=(), hints=told), ()), infos, hints
)
novelties = st.builds(
    Novelty, new=st.integers(0, 3), updated=st.integers(0, 3), unchanged=st.integers(0, 3)
)
errors: st.SearchStrategy[SourceError] = st.one_of(
    st.builds(
        FetchError,
        texts,
        kind=st.sampled_from(["http", "timeout", "dns"]),
        status=st.none() | st.sampled_from([200, 304, 401, 403, 404, 410, 412, 429, 500, 503]),
        retry_after=maybe_numbers,
        fresh_for=maybe_numbers,
    ),
    st.just(ParseError("x", kind="damaged")),
)


def succeeded(
    state: SourceState,
    fetched: Fetched,
    reading: Reading | None,
    novelty: Novelty,
    *,
    pace: Pace,
    url: str,
    now: datetime,
    chance: float,
) -> SourceState:
    return after_success(
        state,
        pace=pace,
        url=url,
        fetched=fetched,
        reading=reading,
        body_hash=b"h",
        novelty=novelty,
        now=now,
        chance=chance,
        cron_next=six_o_clock,
    )


def failed(
    state: SourceState, error: SourceError, *, pace: Pace, now: datetime, chance: float
) -> SourceState:
    return after_failure(
        state, pace=pace, error=error, now=now, chance=chance, cron_next=six_o_clock
    )


def seconds(value: int | None, cap: timedelta) -> timedelta:
    """A hint as a floor: nothing below zero, at most `cap`."""
    return min(max(value or 0, 0), int(cap.total_seconds())) * SECOND


# P99
@given(
    state=states,
    fetched=fetches,
    reading=readings,
    novelty=novelties,
    pace=paces,
    url=urls,
    now=moments,
    chance=chances,
)
def test_after_a_success_every_floor_holds_and_the_reason_is_said(
    state: SourceState,
    fetched: Fetched,
    reading: Reading | None,
    novelty: Novelty,
    pace: Pace,
    url: str,
    now: datetime,
    chance: float,
) -> None:
    after = succeeded(state, fetched, reading, novelty, pace=pace, url=url, now=now, chance=chance)
    told = after.hints
    floors = [
        pace.hard_interval,
        seconds(fetched.fresh_for, pace.hint_cap),
        seconds(told.ttl, pace.hint_cap) if reading else timedelta(0),
        seconds(told.syndication, pace.hint_cap) if reading else timedelta(0),
        pace.schedule.every or timedelta(0),
        pace.min_interval if pace.schedule == Schedule() else timedelta(0),
    ]
    assert after.next_poll_at - now >= max(floors)
    caps = [DAY, *floors[:5], pace.min_interval, pace.max_interval, 31 * DAY * after.gone]
    assert after.next_poll_at - now <= 1.1 * max(caps) + 9 * DAY
    assert after.next_reason
    assert after.next_poll_at.microsecond == 0
    assert 0 <= after.floor <= 86400
    assert len(after.new_entry_times) <= max(21, len(state.new_entry_times))


# P99
@given(state=states, error=errors, pace=paces, now=moments, chance=chances)
def test_after_a_failure_every_floor_holds_and_the_reason_is_said(
    state: SourceState, error: SourceError, pace: Pace, now: datetime, chance: float
) -> None:
    after = failed(state, error, pace=pace, now=now, chance=chance)
    asked = [error.retry_after, error.fresh_for] if isinstance(error, FetchError) else []
    floors = [
        pace.hard_interval,
        seconds(state.floor, pace.hint_cap),
        *(seconds(value, pace.retry_cap) for value in asked if not after.gone_at),
    ]
    assert after.next_poll_at - now >= max(floors)
    caps = [7 * DAY, *floors, pace.schedule.every or DAY, 31 * DAY * after.gone]
    if after.parked_until is not None:
        caps.append(after.parked_until - now)
    assert after.next_poll_at - now <= 2.2 * max(caps) + 9 * DAY
    assert after.next_reason
    assert after.fail_count >= 1


@given(state=states, error=errors, pace=paces, now=moments, chance=chances)
def test_the_same_input_gives_the_same_state(
    state: SourceState, error: SourceError, pace: Pace, now: datetime, chance: float
) -> None:
    first = failed(state, error, pace=pace, now=now, chance=chance)
    assert failed(state, error, pace=pace, now=now, chance=chance) == first


@given(state=states, pace=paces, now=moments, error=errors, low=chances, high=chances)
def test_more_chance_never_means_an_earlier_poll(
    state: SourceState, pace: Pace, now: datetime, error: SourceError, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    # closed hours may swallow any difference, and their own jitter is smaller
    state = replace(state, hints=Hints())
    early = failed(state, error, pace=pace, now=now, chance=low)
    late = failed(state, error, pace=pace, now=now, chance=high)
    assert early.next_poll_at <= late.next_poll_at


@given(error=errors, pace=paces.filter(lambda pace: not pace.schedule.cron), now=moments)
def test_repeated_failures_never_bring_the_next_poll_closer(
    error: SourceError, pace: Pace, now: datetime
) -> None:
    state = SourceState(source="s", url="https://a.example/f", next_poll_at=now)
    last = timedelta(0)
    for _ in range(12):
        state = failed(state, error, pace=pace, now=now, chance=0.0)
        assert state.next_poll_at - now >= last
        last = state.next_poll_at - now
        now = state.next_poll_at


@given(state=states, now=moments)
def test_a_loaded_state_is_plausible_and_loading_again_changes_nothing(
    state: SourceState, now: datetime
) -> None:
    loaded = clamp_loaded(state, now)
    assert loaded.next_poll_at <= now + 31 * DAY
    assert loaded.last_attempt_at is None or loaded.last_attempt_at <= now
    assert clamp_loaded(loaded, now) == loaded
    times = {field.name for field in dataclasses.fields(state) if "_at" in field.name}
    assert all(
        getattr(loaded, name) is None or getattr(loaded, name) <= now
        for name in times - {"next_poll_at"}
    )


@dataclasses.dataclass(frozen=True)
class Turn:
    """One poll of a simulated month: what the server says, and what happens around it."""

    says: str  # ok, not_modified, unchanged, broken, down, busy
    fresh: int | None  # seconds
    ttl: int | None  # seconds, from here on
    delay: int  # seconds until the dispatcher got round to it
    chance: float
    step: int = 0  # seconds by which the clock is set, before the state is loaded again


turns = st.builds(
    Turn,
    says=st.sampled_from(["ok", "not_modified", "unchanged", "broken", "down", "busy"]),
    fresh=st.none() | st.integers(-10, 200_000),
    ttl=st.none() | st.integers(-10, 200_000),
    delay=st.integers(0, 90),
    chance=st.floats(0, 1),
    step=st.sampled_from([0, 0, 0, -7200, 7200, -40 * 86400]),
)


# P35 P97 P105
@given(
    month=st.lists(turns, min_size=5, max_size=60),
    every=st.none() | st.sampled_from([MINUTE, HOUR, 5 * HOUR]),
)
def test_in_a_month_of_polls_restarts_and_clock_steps_no_poll_comes_too_early(
    month: list[Turn], every: timedelta | None
) -> None:
    """The wall clock may jump; gaps are measured in true time."""
    pace = Pace(schedule=Schedule(every=every))
    least = max(pace.hard_interval, every or pace.min_interval)
    wall, true = EPOCH, EPOCH
    state = SourceState(source="s", next_poll_at=wall)
    ttl = 0
    kept = timedelta(0)  # the cache floor of the last good answer
    for turn in month:
        polled = true
        state, asked, ttl, kept = play(turn, state, pace=pace, now=wall, ttl=ttl, kept=kept)
        floor = max(least, asked, kept, seconds(ttl, DAY))
        back = timedelta(0)
        if turn.step:
            wall += turn.step * SECOND
            state = clamp_loaded(state, wall)
            back = turn.step * SECOND
        until = max(state.next_poll_at, wall) + turn.delay * SECOND
        true += until - wall
        wall = until
        if back <= timedelta(0):  # set forward, waiting seems over: true time cannot be known
            assert true - polled >= min(floor, 31 * DAY)


def play(
    turn: Turn,
    state: SourceState,
    *,
    pace: Pace,
    now: datetime,
    ttl: int,
    kept: timedelta,
) -> tuple[SourceState, timedelta, int, timedelta]:
    """Return the new state, the floor of this answer alone, and the two that stay in force."""
    if turn.says in ("down", "busy"):
        status = 429 if turn.says == "busy" else 503
        refused = FetchError("x", kind="http", status=status, retry_after=turn.fresh)
        state = failed(state, refused, pace=pace, now=now, chance=turn.chance)
        return state, seconds(turn.fresh, pace.retry_cap), ttl, kept
    if turn.says == "broken":
        broken = ParseError("x", kind="damaged")
        state = failed(state, broken, pace=pace, now=now, chance=turn.chance)
        return state, timedelta(0), ttl, kept
    changed = turn.says == "ok"
    silent = turn.says == "not_modified" and turn.fresh is None
    told = Hints(ttl=turn.ttl)
    fetched = Fetched(
        status=304 if turn.says == "not_modified" else 200,
        document=None if turn.says == "not_modified" else Document(url="u", body=b"x"),
        validators=Validators(etag=b'"a"'),
        fresh_for=turn.fresh,
    )
    state = succeeded(
        state,
        fetched,
        Reading(Feed(info=FeedInfo(), entries=(), hints=told), ()) if changed else None,
        Novelty(new=1) if changed else Novelty(),
        pace=pace,
        url="https://a.example/f",
        now=now,
        chance=turn.chance,
    )
    ttl = max(turn.ttl or 0, 0) if changed else ttl
    kept = kept if silent else seconds(turn.fresh, pace.hint_cap)
    return state, timedelta(0), ttl, kept
