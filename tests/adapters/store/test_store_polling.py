"""What is due, who has it, and what a poll leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.sqlite import SqliteStore
from aggregator.core.errors import ParseError, StoreError
from aggregator.core.model import FeedInfo, Hints, Novelty, Person, SourceState, Validators
from aggregator.core.outcome import Outcome
from tests.adapters.store.polls import (
    DAY,
    HOUR,
    LEASE,
    MINUTE,
    NOW,
    SECOND,
    VALIDATORS,
    adopt,
    claim,
    claimed,
    entry,
    outcome,
    poll,
    reading,
    source,
    titles,
)
from tests.adapters.store.strategies import moments, words

Reopen = Callable[[], SqliteStore]


def ids(states: tuple[SourceState, ...]) -> list[str]:
    return [state.source for state in states]


# --- adopting


def test_new_sources_are_due_spread_evenly(store: SqliteStore) -> None:
    store.adopt([source(name) for name in "abcd"], now=NOW, spread=4 * MINUTE)
    due = [state.next_poll_at for state in store.states()]
    assert due == [NOW, NOW + MINUTE, NOW + 2 * MINUTE, NOW + 3 * MINUTE]


# P97
def test_a_restart_or_reload_makes_nothing_due_before_its_stored_time(reopen: Reopen) -> None:
    first = reopen()
    adopt(first, source("a"), source("b"))
    poll(first, source("a"), entry("1"))
    poll(first, source("b"), entry("2"))
    first.close()
    store = reopen()
    adopt(store, source("a"), source("b", title="renamed"), source("c"), now=NOW + MINUTE)
    assert ids(claim(store, now=NOW + MINUTE)) == ["c"]
    assert ids(claim(store, now=NOW + HOUR - SECOND)) == []
    assert ids(claim(store, now=NOW + HOUR)) == ["a", "b"]


def test_adopting_again_keeps_the_whole_state(store: SqliteStore) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), entry("1"))
    before = store.state("a")
    adopt(store, source("a"), now=NOW + MINUTE)
    assert store.state("a") == before


def test_a_source_no_longer_listed_is_not_claimed_and_returns_with_its_state(
    store: SqliteStore,
) -> None:
    adopt(store, source("a"), source("b"))
    poll(store, source("a"), entry("1"))
    before = store.state("a")
    adopt(store, source("b"), now=NOW + MINUTE)
    assert [state.source for state in store.states()] == ["b"]
    assert ids(claim(store, now=NOW + DAY)) == ["b"]
    assert ids(claim(store, "a", now=NOW + DAY, force=True)) == []
    adopt(store, source("a"), source("b"), now=NOW + 2 * MINUTE)
    assert store.state("a") == before
    assert poll(store, source("a"), entry("1"), now=NOW + DAY).novelty.new == 0


def test_times_written_by_a_clock_that_ran_ahead_are_pulled_back_and_nothing_bursts(
    store: SqliteStore,
) -> None:
    ahead = NOW + 400 * DAY
    adopt(store, source("a"), source("b"), now=ahead)
    poll(store, source("a"), entry("1"), now=ahead)
    claim(store, "b", now=ahead)
    adopt(store, source("a"), source("b"))
    assert claim(store) == ()
    for state in store.states():
        assert state.next_poll_at == NOW + 31 * DAY
        assert state.last_attempt_at == NOW
        assert state.lease_until is None or state.lease_until <= NOW + HOUR


def test_a_gone_source_is_due_again_once_its_address_is_edited(store: SqliteStore) -> None:
    adopt(store, source("a"))
    (state,) = claim(store)
    store.save(outcome(source("a"), state, None, gone=True, gone_at=NOW))
    adopt(store, source("a"), now=NOW + DAY)
    assert claim(store, now=NOW + DAY) == ()
    adopt(store, source("a", url="https://new.example/feed"), now=NOW + DAY)
    assert ids(claim(store, now=NOW + DAY)) == ["a"]


def test_a_gone_source_with_a_new_address_still_waits_for_the_hard_interval(
    store: SqliteStore,
) -> None:  # P99
    adopt(store, source("a"))
    (state,) = claim(store)
    store.save(outcome(source("a"), state, None, gone=True, gone_at=NOW, last_attempt_at=NOW))
    edited = source("a", url="https://new.example/feed")
    store.adopt([edited], now=NOW + MINUTE, spread=timedelta(0), hard_interval=15 * MINUTE)
    assert claim(store, now=NOW + 15 * MINUTE - SECOND) == ()
    assert ids(claim(store, now=NOW + 15 * MINUTE)) == ["a"]


# --- claiming


def test_the_oldest_due_come_first_up_to_the_limit(store: SqliteStore) -> None:
    store.adopt([source(name) for name in "cab"], now=NOW, spread=3 * MINUTE)
    assert ids(claim(store, now=NOW + HOUR, limit=2)) == ["c", "a"]
    assert ids(claim(store, now=NOW + HOUR, limit=2)) == ["b"]


def test_accept_is_asked_at_most_once_for_each_and_may_refuse(store: SqliteStore) -> None:
    adopt(store, *(source(name) for name in "abcd"))
    asked: list[str] = []

    def accept(name: str) -> bool:
        asked.append(name)
        return name in "bd"

    taken = store.claim(now=NOW, lease=LEASE, next_poll=HOUR, limit=5, accept=accept)
    assert ids(taken) == ["b", "d"]
    assert asked == ["a", "b", "c", "d"]
    assert ids(claim(store)) == ["a", "c"]


# P104
def test_a_tick_during_the_last_one_claims_nothing_twice(reopen: Reopen) -> None:
    adopt(reopen(), source("a"), source("b"))
    assert ids(claim(reopen())) == ["a", "b"]
    assert claim(reopen()) == ()
    assert claim(reopen(), "a", now=NOW + LEASE - SECOND, force=True) == ()


# P98
def test_a_crash_after_the_claim_costs_one_interval(reopen: Reopen) -> None:
    first = reopen()
    adopt(first, source("a"))
    claim(first)
    first.close()
    store = reopen()
    adopt(store, source("a"), now=NOW + MINUTE)
    assert claim(store, now=NOW + HOUR - SECOND) == ()
    assert ids(claim(store, now=NOW + HOUR)) == ["a"]


def test_a_crash_never_undercuts_the_floor_of_the_publisher(store: SqliteStore) -> None:
    adopt(store, source("a"))
    (state,) = claim(store)
    store.save(outcome(source("a"), state, None, floor=7200, next_poll_at=NOW + 2 * HOUR))
    claim(store, now=NOW + 2 * HOUR)
    # The request went out within the lease, at some moment nobody knows.
    assert claim(store, now=NOW + 4 * HOUR + LEASE - SECOND) == ()
    assert len(claim(store, now=NOW + 4 * HOUR + LEASE)) == 1


@pytest.mark.parametrize(("status", "asked"), [(429, 0), (503, 0), (500, 1)])
def test_who_asked_for_rest_is_not_asked_by_name_before_its_time(
    store: SqliteStore, status: int, asked: int
) -> None:  # P26 P27
    adopt(store, source("a"))
    (state,) = claim(store)
    store.save(outcome(source("a"), state, None, last_status=status, next_poll_at=NOW + DAY))
    assert len(claim(store, "a", now=NOW + HOUR)) == asked
    assert len(claim(store, "a", now=NOW + 3 * HOUR, force=True)) == 1


def test_a_forced_poll_that_crashes_does_not_bring_the_next_one_forward(store: SqliteStore) -> None:
    adopt(store, source("a"))
    (state,) = claim(store)
    store.save(outcome(source("a"), state, None, next_poll_at=NOW + DAY))
    assert len(claim(store, "a", now=NOW + HOUR, force=True)) == 1
    assert claim(store, now=NOW + DAY - SECOND) == ()


def test_a_claimed_state_has_the_new_lease_and_the_attempt_before(store: SqliteStore) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), entry("1"))
    (state,) = claim(store, now=NOW + HOUR)
    assert state.last_attempt_at == NOW
    assert state.lease_until == NOW + HOUR + LEASE
    assert state.next_poll_at == NOW + 2 * HOUR
    stored = store.state("a")
    assert stored == replace(state, last_attempt_at=NOW + HOUR)


def test_gone_and_parked_sources_are_not_claimed(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    for state in claim(store):
        gone = state.source == "a"
        parked = None if gone else NOW + 2 * HOUR
        store.save(outcome(source(state.source), state, None, gone=gone, parked_until=parked))
    assert claim(store, now=NOW + 2 * HOUR - SECOND) == ()
    assert ids(claim(store, now=NOW + 2 * HOUR)) == ["b"]
    assert claim(store, "a", now=NOW + DAY) == ()
    assert ids(claim(store, "a", now=NOW + DAY, force=True)) == ["a"]


def test_named_sources_are_taken_before_they_are_due_but_for_the_hard_interval(
    store: SqliteStore,
) -> None:
    adopt(store, source("a"), source("b"))
    poll(store, source("a"), entry("1"))

    def named(minutes: int, *, force: bool = False) -> list[str]:
        return ids(
            store.claim(
                now=NOW + minutes * MINUTE,
                lease=LEASE,
                next_poll=HOUR,
                limit=5,
                accept=lambda _: True,
                only=["a", "nobody", "a"],
                force=force,
                hard_interval=15 * MINUTE,
            )
        )

    assert named(14) == []
    assert named(15) == ["a"]
    assert named(18, force=True) == ["a"]
    assert named(19, force=True) == []  # leased


def test_an_attempt_in_the_future_counts_as_one_just_now(store: SqliteStore) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), entry("1"), now=NOW + DAY)
    taken = store.claim(
        now=NOW,
        lease=LEASE,
        next_poll=HOUR,
        limit=5,
        accept=lambda _: True,
        only=["a"],
        hard_interval=MINUTE,
    )
    assert taken == ()


def test_next_due_is_the_first_moment_something_can_be_claimed(store: SqliteStore) -> None:
    assert store.next_due() is None
    adopt(store, source("a"), source("b"), source("c"))
    assert store.next_due() == NOW
    parked = {"a": NOW + 3 * HOUR, "b": None, "c": None}
    for state in claim(store):
        if state.source != "c":
            until, gone = parked[state.source], state.source == "b"
            store.save(outcome(source(state.source), state, None, parked_until=until, gone=gone))
    assert store.next_due() == NOW + HOUR  # c: its poll crashed
    poll(store, source("c"), now=NOW + 4 * HOUR)
    assert store.next_due() == NOW + 3 * HOUR


def test_what_is_due_is_counted_as_a_claim_would_take_it(store: SqliteStore) -> None:
    assert store.due_count(NOW) == 0
    adopt(store, *(source(name) for name in "abcde"))
    until = {"a": NOW + 2 * HOUR, "b": None, "c": None}
    for state in claim(store, "a", "b", "c"):
        gone, parked = state.source == "b", until[state.source]
        store.save(outcome(source(state.source), state, None, gone=gone, parked_until=parked))
    claim(store, "d")
    adopt(store, *(source(name) for name in "abcde"))
    for later, due in ((timedelta(0), 1), (HOUR, 3), (2 * HOUR, 4)):
        assert store.due_count(NOW + later) == due
    adopt(store, *(source(name) for name in "abcd"))
    assert store.due_count(NOW) == 0
    assert len(claim(store, now=NOW + 2 * HOUR)) == 3


def test_addresses_of_parked_sources_are_named_with_the_end_of_their_rest(
    store: SqliteStore,
) -> None:
    adopt(store, *(source(name) for name in "abcd"))
    until = {"a": NOW + 2 * HOUR, "b": None, "c": NOW + HOUR, "d": NOW}
    for state in claim(store):
        rest, moved = until[state.source], "https://new.example/" if state.source == "c" else ""
        store.save(
            outcome(source(state.source), state, None, parked_until=rest, effective_url=moved)
        )
    a, c = source("a").url, "https://new.example/"
    assert store.parked(NOW) == {a: NOW + 2 * HOUR, c: NOW + HOUR}
    assert store.parked(NOW + HOUR) == {a: NOW + 2 * HOUR}
    assert store.moved() == {"c": (source("c").url, c)}
    adopt(store, source("b"), source("c"))
    assert store.parked(NOW) == {a: NOW + 2 * HOUR, c: NOW + HOUR}  # it asked all of us


# --- saving


def test_a_poll_that_lost_its_lease_writes_nothing(store: SqliteStore) -> None:
    adopt(store, source("a"))
    late = claimed(store, source("a"), entry("late"))
    taken = claim(store, now=NOW + HOUR)
    before = store.state("a")
    assert store.save(late) is None
    assert store.state("a") == before
    assert titles(store, ["a"]) == []
    assert store.save(outcome(source("a"), taken[0], None, now=NOW + HOUR)) is not None


def test_the_same_outcome_is_saved_once(store: SqliteStore) -> None:
    adopt(store, source("a"))
    same = claimed(store, source("a"), entry("1"))
    assert store.save(same) is not None
    changes = store.changes()
    assert store.save(same) is None
    assert store.changes() == changes
    assert len(list(store.entries())) == 1


def test_a_poll_of_an_unknown_source_is_not_saved(store: SqliteStore) -> None:
    state = SourceState(source="nobody", next_poll_at=NOW, lease_until=NOW + LEASE)
    assert store.save(outcome(source("nobody"), state, None)) is None
    assert store.state("nobody") is None


def test_the_lease_ends_with_the_save(store: SqliteStore) -> None:
    adopt(store, source("a"))
    saved = poll(store, source("a"), entry("1"))
    assert saved.state.lease_until is None
    assert store.state("a") == saved.state


def test_settle_is_told_what_the_document_meant(store: SqliteStore) -> None:
    adopt(store, source("a"))
    saved = poll(store, source("a"), entry("1"), entry("2"))
    assert saved.novelty == Novelty(new=2, new_articles=2)
    again = poll(store, source("a"), entry("2"), entry("3"), now=NOW + HOUR)
    assert again.novelty == Novelty(new=1, unchanged=1, new_articles=1)


# P18
def test_polls_that_bring_nothing_new_write_nothing_but_the_poll_state(store: SqliteStore) -> None:
    adopt(store, source("a"))
    poll(store, source("a"), entry("1"), entry("2"))
    before = (list(store.entries()), list(store.articles(["a"], priority={})), store.changes())
    poll(store, source("a"), entry("1"), entry("2"), now=NOW + HOUR)
    (state,) = claim(store, now=NOW + 2 * HOUR)
    store.save(outcome(source("a"), state, None, now=NOW + 2 * HOUR))
    after = (list(store.entries()), list(store.articles(["a"], priority={})), store.changes())
    assert after == before


def test_a_lost_lease_among_several_polls_disturbs_no_other(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"), source("c"))
    outcomes = [claimed(store, source(name), entry(name)) for name in "abc"]
    lost = replace(outcomes[1], state=replace(outcomes[1].state, lease_until=NOW))
    saved = store.save_all([outcomes[0], lost, outcomes[2]])
    assert [each is None for each in saved] == [False, True, False]
    assert sorted(stored.source for stored in store.entries()) == ["a", "c"]


def test_a_bug_in_one_poll_loses_no_other(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"), source("c"))
    outcomes = [claimed(store, source(name), entry(name)) for name in "abc"]
    broken = replace(outcomes[1], settle=lambda novelty: outcomes[99].state)
    with pytest.raises(IndexError):
        store.save_all([outcomes[0], broken, outcomes[2]])
    assert sorted(stored.source for stored in store.entries()) == ["a", "c"]
    state = store.state("b")
    assert state is not None
    assert state.lease_until == NOW + LEASE


def test_a_poll_that_settles_for_an_error_leaves_nothing_and_costs_no_other(
    store: SqliteStore,
) -> None:
    adopt(store, source("a"), source("b"))
    outcomes = [claimed(store, source(name), entry(name)) for name in "ab"]

    def refuse(_: Novelty) -> SourceState:
        raise ParseError("this is another feed", kind="moved")

    refused = replace(outcomes[0], settle=refuse)
    before = store.state("a")
    with pytest.raises(ParseError, match="another feed"):
        store.save_all([refused, outcomes[1]])
    assert [stored.source for stored in store.entries()] == ["b"]
    assert list(store.changes()) == ["b"]
    assert store.state("a") == before
    failed = store.save(outcome(source("a"), outcomes[0].state, None, last_error="moved"))
    assert failed is not None  # the lease is still held: the failure can be saved


def test_one_story_in_two_polls_of_one_commit_is_one_article(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    saved = store.save_all([claimed(store, source(name), entry("same")) for name in "ab"])
    assert [each.novelty.new_articles for each in saved if each] == [1, 0]
    (article,) = store.articles(["a", "b"], priority={})
    assert [sighting.source for sighting in article.sightings] == ["b"]


def test_an_unencodable_error_message_is_kept_readable(store: SqliteStore) -> None:
    adopt(store, source("a"))
    (state,) = claim(store)
    store.save(outcome(source("a"), state, None, last_error="no such file: caf\udce9"))
    stored = store.state("a")
    assert stored is not None
    assert stored.last_error == "no such file: caf\\udce9"


def test_a_number_the_store_cannot_hold_is_a_store_error(store: SqliteStore) -> None:
    adopt(store, source("a"))
    (state,) = claim(store)
    with pytest.raises(StoreError):
        store.save(outcome(source("a"), state, None, last_received=2**70))


STATES = st.builds(
    SourceState,
    source=st.just("a"),
    url=words,
    effective_url=words,
    validators=st.builds(Validators, st.none() | st.binary(), st.none() | st.binary()),
    body_hash=st.binary(max_size=16),
    next_poll_at=moments,
    next_reason=words,
    lease_until=st.none(),
    last_attempt_at=st.none() | moments,
    last_success_at=st.none() | moments,
    last_change_at=st.none() | moments,
    last_status=st.none() | st.integers(100, 599),
    last_error=words,
    last_error_kind=words,
    last_received=st.integers(0, 2**40),
    last_seconds=st.floats(0, 1e6),
    fail_count=st.integers(0, 10**6),
    failing_since=st.none() | moments,
    floor=st.integers(0, 86400),
    floor_reason=words,
    hints=st.builds(
        Hints,
        ttl=st.none() | st.integers(0, 10**9),
        syndication=st.none() | st.integers(0, 10**9),
        skip_hours=st.lists(st.integers(0, 23)).map(tuple),
        skip_days=st.lists(st.integers(0, 6)).map(tuple),
        expired=st.booleans(),
        new_url=words,
        hub=words,
    ),
    new_entry_times=st.lists(moments, max_size=21).map(tuple),
    ever_validated=st.booleans(),
    moved_to=words,
    moved_first_at=st.none() | moments,
    moved_count=st.integers(0, 100),
    gone_at=st.none() | moments,
    gone=st.booleans(),
    parked_until=st.none() | moments,
    last_full_at=st.none() | moments,
    request_mark=words,
    unstable_guids=st.booleans(),
    gaps=st.integers(0, 100),
    gap_at=st.none() | moments,
    info=st.builds(
        FeedInfo,
        title=words,
        updated=st.none() | moments,
        authors=st.lists(st.builds(Person, words, words, words), max_size=2).map(tuple),
        language=words,
    ),
)


@given(settled=STATES)
def test_every_field_of_a_state_comes_back(store: SqliteStore, settled: SourceState) -> None:
    adopt(store, source("a"))
    (state,) = claim(store, "a", force=True)
    changes = {each.name: getattr(settled, each.name) for each in fields(settled)}
    store.save(outcome(source("a"), state, None, **changes))
    assert store.state("a") == settled


def test_naive_times_are_refused_as_the_bug_they_are(store: SqliteStore) -> None:
    adopt(store, source("a"))
    with pytest.raises(TypeError):
        claim(store, now=NOW.replace(tzinfo=None))


def test_many_states_are_listed_by_id(store: SqliteStore) -> None:
    names = [f"source-{number:05}" for number in range(2500)]
    store.adopt([source(name) for name in reversed(names)], now=NOW, spread=timedelta(hours=1))
    assert [state.source for state in store.states()] == names


def test_a_settled_state_cannot_name_another_source(store: SqliteStore) -> None:
    adopt(store, source("a"), source("b"))
    (state,) = claim(store, "a")
    other = store.state("b")
    assert other is not None
    strange = Outcome(
        source=source("a"),
        state=state,
        reading=reading(source("a")),
        settle=lambda _: replace(other, validators=VALIDATORS),
        now=NOW,
    )
    saved = store.save(strange)
    assert saved is not None
    assert saved.state.source == "a"
    assert store.state("b") == other
