"""How a source stands: every fact of its state in plain words, and never a secret."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.cli.standing import full_account, overview
from aggregator.core.errors import FetchError
from aggregator.core.model import FeedInfo, Hints, SourceState
from aggregator.core.settings import Secret, Source
from aggregator.standing import (
    CONDITIONS,
    Standing,
    counts,
    facts,
    same_feeds,
    standing_of,
    standings,
    survey,
    values,
)
from aggregator.standing.words import days, distance, hours, size
from tests.core import cadence_cases as cadence
from tests.standings import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SOURCE,
    STATE,
    URL,
    a_source,
    a_state,
    sources,
    states,
    urls,
)


def told(**changes: object) -> Standing:
    """How the sample source stands when its state has `changes`."""
    return standing_of(SOURCE, replace(STATE, **changes), now=NOW)  # type: ignore[arg-type]


def account(standing: Standing) -> str:
    return "\n".join(full_account(standing, now=NOW))


def notes(standing: Standing) -> dict[str, str]:
    return {note.kind: str(note) for note in standing.notes}


# --- the lines of one source


# P107
def test_a_full_account_has_every_fact_of_the_last_poll_and_the_next() -> None:
    assert account(told()).splitlines() == [
        "site: \x1b[32mok\x1b[0m",
        "  title           The site",
        "  address         https://site.example/feed.xml (feeds.yaml:12)",
        "  last attempt    2026-11-22 11:55 UTC, 5 min ago: HTTP 200, 19.5 KiB in 0.25 s",
        "  last success    2026-11-22 11:55 UTC, 5 min ago",
        "  last change     2026-11-22 09:00 UTC, 3 h ago",
        "  next poll       2026-11-22 13:00 UTC, in 1 h: adaptive 1 h: news every 8 h",
    ]


# P107
def test_a_failing_source_says_what_how_often_and_since_when() -> None:
    lines = account(
        told(
            last_status=503,
            last_error="HTTP 503 Service Unavailable",
            last_error_kind="http",
            fail_count=3,
            failing_since=NOW - DAY,
            next_reason="backing off 8 h: 3 failures in a row (status 503)",
        )
    ).splitlines()
    assert lines[0] == "site: \x1b[31mfailing\x1b[0m"
    assert "  last attempt    2026-11-22 11:55 UTC, 5 min ago: HTTP 503" in lines
    assert "  error           HTTP 503 Service Unavailable (http)" in lines
    assert "  failed          3 times in a row, since 2026-11-21 12:00 UTC" in lines
    assert lines[-3].endswith("in 1 h: backing off 8 h: 3 failures in a row (status 503)")


def test_a_source_without_an_answer_says_so() -> None:
    unreached = told(last_status=None, last_error="site.example:443: timeout", fail_count=1)
    assert "5 min ago: no answer" in account(unreached)
    assert "failed          once" in account(unreached)


def test_not_modified_is_said_in_words() -> None:
    assert "HTTP 304, not modified in 0.25 s" in account(told(last_status=304, last_received=0))


def test_a_source_never_polled_says_when_it_will_be() -> None:
    for state in (None, SourceState(source="site", url=URL, next_poll_at=NOW)):
        fresh = standing_of(SOURCE, state, now=NOW)
        assert fresh.state == "new"
        assert "never polled" in account(fresh)
        assert "never polled; next poll now" in " ".join(overview(fresh, now=NOW))


def test_a_poll_under_way_is_said() -> None:
    running = told(lease_until=NOW + MINUTE)
    assert running.polling
    assert "next poll       under way now" in account(running)
    assert "being polled now" in " ".join(overview(running, now=NOW))
    assert not told(lease_until=NOW - MINUTE).polling


# --- hints


# P25
@pytest.mark.parametrize(
    ("fetched", "reading", "raw"),
    [
        (cadence.got_with({"Cache-Control": "max-age=2592000"}), None, "max-age=2592000"),
        (cadence.got(), cadence.rss("<ttl>43200</ttl>"), "ttl 43200 min"),
        (
            cadence.got(),
            cadence.rss("<sy:updatePeriod>weekly</sy:updatePeriod>"),
            "sy:updatePeriod of 7 days",
        ),
    ],
)
def test_a_hint_beyond_the_cap_is_capped_and_shown_as_it_was_said(
    fetched: object, reading: object, raw: str
) -> None:
    state = cadence.succeed(fetched=fetched, reading=reading)  # type: ignore[arg-type]
    capped = standing_of(Source(id="s", url=cadence.URL), state, now=cadence.NOW)
    assert capped.floor == 86400
    assert state.next_poll_at - cadence.NOW == DAY
    assert f"at least 1 day between two polls: {raw}, capped at " in account(capped)
    assert raw in values(capped)["floor_reason"]  # type: ignore[operator]


def test_hints_in_force_are_said_in_words() -> None:
    hinted = told(
        floor=7200,
        floor_reason="max-age=7800 minus Age 600",
        hints=Hints(ttl=10800, syndication=3600, skip_hours=(0, 1, 2, 22), skip_days=(5, 6)),
    )
    assert hinted.hints == (
        "at least 2 h between two polls: max-age=7800 minus Age 600",
        "ttl 180 min",
        "sy:updatePeriod of 1 h",
        "skipHours 0–2, 22 h GMT",
        "skipDays Saturday, Sunday",
    )
    assert "publisher asks  ttl 180 min" in account(hinted)
    assert told().hints == ()


# --- moves and ends


# Of P41, what concerns the words; the engine's half is in test_status.
def test_a_pending_move_names_target_count_and_the_line_to_change() -> None:
    moving = told(moved_to="https://new.example/feed", moved_count=3, moved_first_at=NOW - 2 * DAY)
    assert notes(moving)["moving"] == (
        "is permanently redirected to https://new.example/feed, seen 3 times since 2026-11-20 "
        "12:00 UTC; believed after 5 polls over 7 days. "
        "If that is right, change feeds.yaml:12: url: https://new.example/feed"
    )


def test_an_applied_move_names_the_line_to_change() -> None:
    moved = told(effective_url="https://new.example/feed")
    assert notes(moved)["moved"] == (
        "has moved for good, and is asked at https://new.example/feed. "
        "Change feeds.yaml:12: url: https://new.example/feed"
    )
    assert "asked at        https://new.example/feed" in account(moved)


def test_a_move_is_believed_after_as_many_polls_as_are_said() -> None:
    state, now = cadence.STEADY, cadence.NOW
    for poll in range(1, 9):
        state = cadence.succeed(state, cadence.got(moved_to="https://new.example/"), now=now)
        pending = notes(standing_of(Source(id="s", url=cadence.URL), state, now=now))
        assert ("moving" in pending) is (poll < 8)  # a poll a day: 5 polls are soon, 7 days late
        now += DAY
    assert "moved" in pending


def test_an_address_edited_since_the_last_poll_is_said_and_old_moves_are_not() -> None:
    state = replace(STATE, url="https://old.example/", effective_url="https://older.example/")
    edited = standing_of(SOURCE, replace(state, moved_to="https://x.example/"), now=NOW)
    assert list(notes(edited)) == ["edited"]
    assert (edited.effective_url, edited.moved_to) == ("", "")


def test_an_address_that_the_document_names_is_a_hint() -> None:
    named = told(
        hints=Hints(new_url="https://new.example/rss"),
        info=FeedInfo(self_link="https://own.example/rss"),
    )
    assert "itunes:new-feed-url" in notes(named)["new address"]
    assert notes(named)["new address"].endswith(
        "If that is right, change feeds.yaml:12: url: https://new.example/rss"
    )
    assert "https://own.example/rss" in notes(named)["own address"]


@pytest.mark.parametrize("own", [URL, "http://SITE.example:80/feed.xml", "", URL + "#top"])
def test_an_address_that_is_the_one_asked_is_no_hint(own: str) -> None:
    assert told(hints=Hints(new_url=own), info=FeedInfo(self_link=own)).notes == ()


def test_an_address_we_have_moved_to_is_no_hint() -> None:
    target = "https://new.example/feed"
    moved = told(effective_url=target, hints=Hints(new_url=target), info=FeedInfo(self_link=target))
    assert list(notes(moved)) == ["moved"]


def test_a_feed_that_is_gone_says_how_to_resume() -> None:
    gone = told(gone=True, gone_at=NOW - 3 * DAY, next_reason="gone: 410 since 2026-11-19")
    assert gone.state == "gone"
    assert gone.next_poll_at is None
    assert notes(gone)["gone"] == (
        "polls have stopped: the publisher says since 2026-11-19 that it is gone (410); what was "
        "published stays. To resume: aggregator poll site --force, or another address. "
        "Change feeds.yaml:12: url: …"
    )
    assert "next poll       none: gone: 410 since 2026-11-19" in account(gone)


def test_a_first_410_and_an_expired_feed_announce_the_end() -> None:
    assert "it is gone (410); asked once more" in notes(told(gone_at=NOW))["going"]
    expired = told(gone_at=NOW, hints=Hints(expired=True))
    assert "it has expired; asked once more" in notes(expired)["going"]


# --- losses and habits


def test_lost_entries_and_the_shorter_interval_are_said() -> None:
    assert notes(told(gaps=2, gap_at=NOW - HOUR))["gap"] == (
        "entries were lost between polls: a document held none of the one before "
        "(2 times, last on 2026-11-22 11:00 UTC); the interval was shortened"
    )


def test_the_queue_of_a_flood_is_said() -> None:
    assert notes(told(queued=1))["flood"].startswith("1 entry of a flood")
    assert notes(told(queued=812))["flood"].startswith("812 entries of a flood")


def test_habits_of_the_source_are_to_know_and_not_urgent() -> None:
    source = replace(SOURCE, verify_tls=False, ignore_validators=True)
    state = replace(STATE, unstable_guids=True, ever_validated=False, last_received=100_000)
    standing = standing_of(source, state, now=NOW)
    assert list(notes(standing)) == ["guids", "no validators", "unconditional", "tls"]
    assert standing.urgent == ()


def test_a_parked_host_says_until_when() -> None:
    parked = told(parked_until=NOW + HOUR)
    assert parked.state == "parked"
    assert notes(parked)["parked"].endswith("until 2026-11-22 13:00 UTC")
    assert told(parked_until=NOW - HOUR).state == "ok"


def test_neighbours_on_a_parked_host_wait_with_it() -> None:
    one, two = (a_source(name, f"https://host.example/{name}") for name in ("one", "two"))
    other = a_source("other")
    until = NOW + 9 * HOUR
    found = standings(
        [one, two, other],
        [a_state(one, parked_until=until), a_state(two), a_state(other)],
        now=NOW,
    )
    assert [(each.source, each.state) for each in found] == [
        ("one", "parked"),
        ("two", "parked"),
        ("other", "ok"),
    ]
    assert found[1].next_poll_at == until
    assert found[1].next_reason == "the host asked everybody to wait"


# --- the same feed twice


@pytest.mark.parametrize(
    "second",
    [
        a_state(a_source("b"), effective_url="http://a.example/feed.xml"),
        a_state(a_source("b"), moved_to="https://A.example:443/feed.xml#x"),
        a_state(a_source("b"), info=FeedInfo(title="B", id="urn:one")),
        a_state(a_source("b"), info=FeedInfo(title="a", self_link=a_source("a").url)),
    ],
    ids=["moved", "moving", "feed id", "own address and title"],
)
def test_two_sources_that_are_the_same_feed_name_each_other(second: SourceState) -> None:
    a, b = a_source("a"), a_source("b")
    first = a_state(a, info=FeedInfo(title="a", id="urn:one", self_link=a.url))
    found = {one.source: one for one in standings([a, b], [first, second], now=NOW)}
    assert (found["a"].same_as, found["b"].same_as) == (("b",), ("a",))
    assert notes(found["a"])["duplicate"].startswith("same feed as b: they ")
    assert found["a"].urgent


def test_the_same_address_is_seen_before_any_poll() -> None:
    pair = [a_source("a", "http://x.example/f"), a_source("b", "https://x.example/f")]
    (same,) = same_feeds(pair, ())
    assert same.sources == ("a", "b")


def test_feeds_that_share_less_are_two_feeds() -> None:
    a, b = a_source("a"), a_source("b")
    shared = [
        a_state(a, info=FeedInfo(title="News", self_link="https://cdn.example/one")),
        a_state(b, info=FeedInfo(title="Sport", self_link="https://cdn.example/one")),
    ]
    assert same_feeds([a, b], shared) == ()
    edited = a_state(b, url="https://old.example/", effective_url=a.url)
    assert same_feeds([a, b], [a_state(a), edited]) == ()


def test_many_duplicates_are_counted_and_not_listed() -> None:
    crowd = [a_source(f"s{number}", "https://one.example/") for number in range(2000)]
    found = standings(crowd, (), now=NOW)
    assert found[0].same_as == ("s1", "s2", "s3")
    assert "same feed as s1, s2, s3 and 1996 more" in notes(found[0])["duplicate"]
    (same,) = same_feeds(crowd, ())
    assert str(same) == "s0, s1, s2, s3 and 1996 more"


# --- order, words, programs


def test_trouble_comes_first_then_what_is_urgent_then_the_rest() -> None:
    changes: dict[str, dict[str, object]] = {
        "a-well": {},
        "b-moved": {"effective_url": "https://new.example/"},
        "c-gone": {"gone": True},
        "d-failing": {"fail_count": 1, "last_error": "HTTP 500"},
        "e-parked": {"parked_until": NOW + HOUR},
    }
    listed = [a_source(name) for name in changes] + [a_source("f-new")]
    known = [a_state(source, **changes[source.id]) for source in listed if source.id in changes]
    found = standings(listed, known, now=NOW)
    assert [one.source[2:] for one in found] == [
        "failing",
        "gone",
        "parked",
        "new",
        "moved",
        "well",
    ]
    assert counts(found) == [("failing", 1), ("gone", 1), ("parked", 1), ("new", 1), ("ok", 2)]


def test_a_survey_says_who_has_a_note_about_something_and_asks_for_no_other_state() -> None:
    listed = [a_source(name) for name in ("moved", "own", "well")]
    listed += [a_source(name, "https://one.example/") for name in ("twin-a", "twin-b")]
    own = FeedInfo(self_link="https://elsewhere.example/")
    known = {
        "moved": a_state(listed[0], effective_url="https://new.example/"),
        "own": a_state(listed[1], info=own),
        "well": a_state(listed[2], gaps=0),
        "unlisted": a_state(a_source("unlisted")),
    }
    asked: list[str] = []

    def state_of(name: str) -> SourceState | None:
        asked.append(name)
        return known.get(name)

    found = survey(listed, known.values(), parked={}, now=NOW)
    assert found.order == ("twin-a", "twin-b", "moved", "own", "well")
    assert found.counts == (("new", 2), ("ok", 3))
    assert found.telling == ("twin-a", "twin-b", "moved", "own")
    told = list(found.standings(found.telling[2:], state_of, now=NOW))
    assert [one.source for one in told] == asked == ["moved", "own"]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (None, "never"),
        (NOW, "now"),
        (NOW - timedelta(seconds=59), "now"),
        (NOW - timedelta(seconds=60), "1 min ago"),
        (NOW + timedelta(minutes=59, seconds=59), "in 59 min"),
        (NOW - timedelta(hours=23), "23 h ago"),
        (NOW + timedelta(days=3), "in 3 d"),
    ],
)
def test_a_distance_in_time_has_one_unit(when: datetime | None, expected: str) -> None:
    assert distance(when, NOW) == expected


def test_sizes_hours_and_days_are_said_as_people_say_them() -> None:
    assert [size(n) for n in (0, 1023, 1024, 5 * 1024**2)] == [
        "0 bytes",
        "1023 bytes",
        "1.0 KiB",
        "5.0 MiB",
    ]
    assert hours((23, 0, 1, 2, 99)) == "0–2, 23 h GMT"
    assert days((6, 0, 9)) == "Monday, Sunday"


@given(source=sources, state=st.none() | states, now=st.sampled_from((NOW, NOW - 9999 * DAY)))
def test_any_state_has_a_standing(source: Source, state: SourceState | None, now: datetime) -> None:
    known = [] if state is None else [state]
    for public in (False, True):
        (standing,) = standings([source], known, now=now, public=public)
        assert standing.state in CONDITIONS
        json.dumps(values(standing), default=str)
        lines = [*overview(standing, now=now), *full_account(standing, now=now)]
        assert all("\n" not in line and "\x00" not in line for line in lines)
        assert all(fact.label for fact in facts(standing))


# --- discretion

SECRETS = {"hunter22&=", "token-abcdefgh", "Bearer token-abcdefgh"}
GUARDED = replace(
    SOURCE,
    username="reader",
    password=Secret(value="hunter22&="),
    headers=(("Authorization", Secret(value="Bearer token-abcdefgh")),),
)
SENT = b64encode(b"reader:hunter22&=").decode()
LEAKS = st.sampled_from([*SECRETS, SENT, "hunter22%26%3D", "https://reader:hunter22&=@x.example/"])


# S11
@given(leak=LEAKS, before=st.sampled_from(("", "https://x.example/?a=", "Hello ")), public=...)
def test_what_a_publisher_repeats_of_our_secrets_is_not_shown(
    leak: str, before: str, public: bool
) -> None:
    echoed = before + leak
    state = replace(
        STATE,
        next_reason=echoed,
        last_error=echoed,
        fail_count=1,
        floor=60,
        floor_reason=echoed,
        moved_to=echoed,
        effective_url=echoed,
        hints=Hints(new_url=echoed),
        info=FeedInfo(title=echoed, link=echoed, self_link=echoed, id=echoed),
    )
    standing = standing_of(GUARDED, state, now=NOW, public=public)
    shown = json.dumps(values(standing), default=str) + account(standing)
    shown += "".join(overview(standing, now=NOW))
    assert not [one for one in (*SECRETS, SENT, "hunter22") if one in shown]


# S11
@given(url=urls.filter(lambda url: "@" in url), public=...)
def test_user_info_is_taken_out_of_every_address(url: str, public: bool) -> None:
    state = replace(STATE, moved_to=url, last_error=f"from {url}.", hints=Hints(new_url=url))
    standing = standing_of(SOURCE, state, now=NOW, public=public)
    assert "user" not in json.dumps(values(standing), default=str)


def test_the_public_sees_hosts_and_no_addresses() -> None:
    secret = "https://new.example/feed?key=abc"
    state = replace(
        STATE,
        moved_to=secret,
        last_error=f"moved to something else: {secret} is another feed",
        hints=Hints(new_url="https://pods.example/private/x"),
    )
    standing = standing_of(SOURCE, state, now=NOW, public=True)
    shown = json.dumps(values(standing), default=str)
    assert "key=abc" not in shown
    assert "/feed" not in shown
    assert "private" not in shown
    assert standing.last_error == "moved to something else: new.example is another feed"
    assert "redirected to new.example, seen" in notes(standing)["moving"]
    assert notes(standing)["moving"].endswith(
        "If that is right, change feeds.yaml:12: aggregator status site shows how"
    )


def test_the_public_sees_no_folders() -> None:
    source = Source(id="local", path=Path("/srv/secret/feed.xml"))
    error = FetchError("/srv/secret/feed.xml: No such file or directory", kind="file")
    state = SourceState(source="local", next_poll_at=NOW, last_error=str(error), fail_count=1)
    standing = standing_of(source, state, now=NOW, public=True)
    assert "/srv" not in json.dumps(values(standing), default=str)
    assert standing.last_error == "feed.xml: No such file or directory"
