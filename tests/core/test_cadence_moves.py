"""Permanent redirects: which address is asked, and from when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from aggregator.core.cadence import clamp_loaded, is_another_feed
from aggregator.core.cadence.loaded import for_url
from aggregator.core.errors import SourceError
from aggregator.core.model import FeedInfo, Hints, Novelty, SourceState, Validators
from tests.core.cadence_cases import (
    DAY,
    FRESH,
    HOUR,
    NOW,
    STEADY,
    TIMEOUT,
    URL,
    a_reading,
    fail,
    got,
    refusal,
    succeed,
)

NEW = "https://new.example.net/feed"
KNOWN = Novelty(unchanged=1)


def moved(
    state: SourceState, to: str | None, *, now: datetime = NOW, url: str = URL
) -> SourceState:
    return succeed(state, got(moved_to=to), now=now, url=url)


def polls(times: list[datetime], state: SourceState = STEADY) -> SourceState:
    for time in times:
        state = moved(state, NEW, now=time)
    return state


# P39
def test_a_move_counts_after_five_polls_and_seven_days() -> None:
    days = [NOW + n * DAY for n in range(8)]
    pending = polls(days[:7])
    assert (pending.effective_url, pending.moved_to, pending.moved_count) == ("", NEW, 7)
    settled = polls(days)
    assert (settled.effective_url, settled.moved_to, settled.moved_count) == (NEW, "", 0)
    assert settled.moved_first_at is None
    assert settled.url == URL


# P39
def test_seven_days_with_fewer_polls_are_not_enough() -> None:
    times = [NOW + n * 3 * DAY for n in range(4)]
    assert polls(times).effective_url == ""
    assert polls([*times, NOW + 12 * DAY]).effective_url == NEW


# P39
@pytest.mark.parametrize(
    ("old", "new", "at_once"),
    [
        ("http://example.org/feed?x=1", "https://example.org/feed?x=1", True),
        ("http://example.org:80/feed", "https://EXAMPLE.org:443/feed", True),
        ("http://example.org", "https://example.org/", True),
        ("http://example.org/feed", "https://www.example.org/feed", False),
        ("http://example.org/feed", "https://example.org/feed/", False),
        ("http://example.org/feed", "https://example.org/feed?x=1", False),
        ("http://example.org:8080/feed", "https://example.org:8443/feed", False),
        ("http://example.org/feed", "http://example.org/feed.xml", False),
    ],
)
def test_only_plain_https_on_the_same_place_is_taken_at_once(
    old: str, new: str, at_once: bool
) -> None:
    after = moved(replace(STEADY, url=old), new, url=old)
    assert (after.effective_url == new) == at_once
    assert (after.moved_to == new) != at_once


def test_a_304_from_the_target_counts_as_having_seen_it() -> None:
    after = succeed(fetched=got(304, moved_to=NEW))
    assert (after.moved_to, after.moved_count) == (NEW, 1)


# P38
def test_without_a_permanent_redirect_nothing_is_pending() -> None:
    pending = polls([NOW, NOW + DAY])
    assert moved(pending, None).moved_to == ""
    again = moved(moved(pending, None), NEW)
    assert (again.moved_count, again.moved_first_at) == (1, NOW)


def test_another_target_starts_the_count_again() -> None:
    pending = polls([NOW, NOW + DAY])
    other = moved(pending, "https://third.example/feed", now=NOW + 2 * DAY)
    assert (other.moved_count, other.moved_first_at) == (1, NOW + 2 * DAY)


def test_a_settled_move_may_lead_back() -> None:
    settled = replace(STEADY, effective_url=NEW)
    assert moved(settled, None).effective_url == NEW
    state = settled
    for day in range(8):
        state = moved(state, URL, now=NOW + day * DAY)
    assert state.effective_url == ""


@pytest.mark.parametrize("target", ["http://new.example.net/feed", "https://[", "https://x:y/"])
def test_neither_plain_http_nor_rubbish_is_ever_settled_on(target: str) -> None:
    state = STEADY
    for day in range(20):
        state = moved(state, target, now=NOW + day * DAY)
    assert (state.effective_url, state.moved_to) == ("", "")


def test_a_configured_address_that_cannot_be_read_does_no_harm() -> None:
    after = moved(replace(STEADY, url="https://["), NEW, url="https://[")
    assert after.moved_to == NEW


# P42
@pytest.mark.parametrize("status", [404, 410])
def test_a_pending_move_is_applied_when_the_old_address_is_missing(status: int) -> None:
    after = fail(polls([NOW]), refusal(status))
    assert (after.effective_url, after.moved_to) == (NEW, "")
    assert after.validators == STEADY.validators
    assert fail(polls([NOW]), refusal(500)).moved_to == NEW


def test_a_settled_address_that_is_missing_gives_way_to_the_configured_one() -> None:
    after = fail(replace(STEADY, effective_url=NEW), refusal(404))
    assert after.effective_url == ""
    assert after.validators == Validators()
    assert fail(replace(STEADY, effective_url=NEW), TIMEOUT).effective_url == NEW


# --- something else


OTHER = FeedInfo(title="Buy this domain", id="urn:parking")


def stray(state: SourceState, *, novelty: Novelty, now: datetime = NOW) -> SourceState:
    return succeed(
        state, got(moved_to=NEW), reading=a_reading(info=OTHER), novelty=novelty, now=now
    )


def test_a_redirect_to_another_feed_is_refused_until_the_known_one_is_back() -> None:
    with pytest.raises(SourceError, match=r"moved to something else: .* is another feed") as found:
        stray(STEADY, novelty=Novelty(new=3))
    assert found.value.kind == "moved"
    refused = fail(STEADY, found.value)
    assert (refused.last_error_kind, refused.info) == ("moved", STEADY.info)
    assert (refused.validators, refused.body_hash) == (STEADY.validators, STEADY.body_hash)
    with pytest.raises(SourceError):
        succeed(refused, got(304, moved_to=NEW))
    same_bytes = succeed(refused, got(moved_to=NEW))
    assert same_bytes.last_error_kind == ""
    healed = succeed(refused, got(), reading=a_reading())
    assert healed.last_error_kind == ""


@pytest.mark.parametrize(
    ("info", "novelty"),
    [
        (OTHER, KNOWN),
        (OTHER, Novelty(new=3, updated=1)),
        (FeedInfo(title="  EXAMPLE "), Novelty(new=3)),
        (FeedInfo(id="urn:example"), Novelty(new=3)),
    ],
)
def test_known_entries_or_the_same_name_prove_it_is_the_same_feed(
    info: FeedInfo, novelty: Novelty
) -> None:
    after = succeed(fetched=got(moved_to=NEW), reading=a_reading(info=info), novelty=novelty)
    assert (after.moved_to, after.last_error) == (NEW, "")


def test_the_first_poll_and_an_unnamed_feed_have_nothing_to_compare_with() -> None:
    fetched, reading = got(moved_to=NEW), a_reading(info=OTHER)
    assert not is_another_feed(FRESH, fetched=fetched, reading=reading, known=0)
    edited = for_url(STEADY, url="https://elsewhere.example/", mark=STEADY.request_mark)
    assert not is_another_feed(edited, fetched=fetched, reading=reading, known=0)
    unnamed = replace(STEADY, info=FeedInfo())
    assert not is_another_feed(unnamed, fetched=fetched, reading=reading, known=0)
    assert is_another_feed(STEADY, fetched=fetched, reading=reading, known=0)
    assert not is_another_feed(STEADY, fetched=got(), reading=reading, known=0)
    empty = a_reading(info=OTHER, entries=0)
    assert not is_another_feed(STEADY, fetched=fetched, reading=empty, known=0)


# --- another address in feeds.yaml


# P9
def test_a_new_address_forgets_what_belonged_to_the_old_one() -> None:
    old = replace(
        STEADY,
        effective_url=NEW,
        moved_to="https://x.example/",
        hints=Hints(ttl=7200),
        floor=7200,
        gone=True,
        gone_at=NOW,
        fail_count=5,
    )
    after = for_url(old, url="https://other.example/", mark=old.request_mark)
    assert after.validators == Validators()
    assert (after.url, after.effective_url, after.moved_to) == ("https://other.example/", "", "")
    assert (after.hints, after.floor, after.fail_count) == (Hints(), 0, 0)
    assert (after.gone, after.gone_at) == (False, None)
    assert after.new_entry_times == old.new_entry_times
    assert after.info == old.info


def test_the_first_poll_notes_the_address() -> None:
    assert succeed(replace(FRESH, url="")).url == URL


def test_a_success_at_a_new_address_starts_with_its_own_words() -> None:
    old = replace(STEADY, effective_url=NEW, floor=7200, hints=Hints(ttl=7200), body_hash=b"old")
    after = succeed(old, got(304), url="https://other.example/")
    assert (after.effective_url, after.floor, after.body_hash) == ("", 0, b"")


# --- the clock


# P105
def test_times_far_in_the_future_are_cut_when_a_state_is_loaded() -> None:
    future = NOW + 400 * DAY
    state = replace(
        STEADY,
        next_poll_at=future,
        lease_until=future,
        parked_until=future,
        last_attempt_at=future,
        last_success_at=future,
        last_change_at=future,
        failing_since=future,
        moved_first_at=future,
        gone_at=future,
        new_entry_times=(NOW - HOUR, future),
    )
    loaded = clamp_loaded(state, NOW)
    assert loaded.next_poll_at == NOW + 31 * DAY
    assert loaded.lease_until == NOW + HOUR
    assert loaded.parked_until == NOW + 31 * DAY
    assert loaded.last_attempt_at == loaded.last_success_at == loaded.last_change_at == NOW
    assert loaded.failing_since == loaded.moved_first_at == loaded.gone_at == NOW
    assert loaded.new_entry_times == (NOW - HOUR,)


# P105
def test_a_plausible_state_is_loaded_as_it_is() -> None:
    state = replace(STEADY, next_poll_at=NOW + 3 * DAY, last_attempt_at=NOW)
    assert clamp_loaded(state, NOW) == state
    late = NOW + 300 * DAY
    assert clamp_loaded(state, late) == state
