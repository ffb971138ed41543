"""States, answers and clocks for the tests of core/cadence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aggregator.core.cadence import Pace, after_failure, after_success
from aggregator.core.errors import FetchError, ParseError, SourceError
from aggregator.core.model import (
    Document,
    Entry,
    Feed,
    FeedInfo,
    Fetched,
    Hints,
    Novelty,
    Reading,
    SourceState,
    Validators,
)
from aggregator.core.parse import parse
from aggregator.core.validators import WEEK, Headers, fresh_for, retry_after

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)  # a Wednesday
URL = "https://example.org/feed.xml"
SECOND, MINUTE, HOUR, DAY = (
    timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days")
)

FRESH = SourceState(source="s", url=URL, next_poll_at=NOW)
# A source that has worked for long and brings news every 8 hours: adaptive, 1 h.
STEADY = replace(
    FRESH,
    validators=Validators(etag=b'"a"'),
    ever_validated=True,
    body_hash=b"known",
    last_success_at=NOW - HOUR,
    last_change_at=NOW,
    new_entry_times=tuple(NOW - n * 8 * HOUR for n in (3, 2, 1, 0)),
    info=FeedInfo(title="Example", id="urn:example"),
)


def six_o_clock(expression: str, after: datetime) -> datetime:
    """A calendar with one time a day, whatever the expression."""
    at = after.replace(hour=6, minute=0, second=0, microsecond=0)
    return at if at > after else at + DAY


def got(
    status: int = 200,
    *,
    fresh: int | None = None,
    reason: str = "max-age",
    etag: bytes | None = b'"a"',
    moved_to: str | None = None,
    received: int = 1000,
) -> Fetched:
    return Fetched(
        status=status,
        document=None if status == 304 else Document(url=URL, body=b"x"),
        validators=Validators(etag=etag),
        fresh_for=fresh,
        fresh_reason=reason if fresh else "",
        moved_to=moved_to,
        received=received,
        seconds=0.5,
    )


def got_with(headers: dict[str, str], *, status: int = 200) -> Fetched:
    """An answer whose header fields were read the way the fetcher reads them."""
    seconds, reason = fresh_for(fields(headers))
    return got(status, fresh=seconds, reason=reason)


def refusal(status: int, headers: dict[str, str] | None = None) -> FetchError:
    """An error answer whose header fields were read the way the fetcher reads them."""
    read = fields(headers or {})
    return FetchError(
        f"{status}",
        kind="http",
        status=status,
        retry_after=retry_after(read),
        fresh_for=fresh_for(read, cap=WEEK)[0],
    )


def fields(headers: dict[str, str]) -> Headers:
    return Headers.of((name.encode(), value.encode()) for name, value in headers.items())


TIMEOUT = FetchError("no answer", kind="timeout")
UNREADABLE = ParseError("not a feed", kind="not_a_feed")


def a_reading(
    *, hints: Hints | None = None, info: FeedInfo | None = None, entries: int = 1
) -> Reading:
    feed = Feed(
        info=info or STEADY.info,
        entries=tuple(Entry(guid=str(n), title="t") for n in range(entries)),
        hints=hints or Hints(),
    )
    return Reading(feed, ())


def rss(head: str) -> Reading:
    """A real RSS document with `head` in its channel, read by core/parse."""
    body = f"""<?xml version="1.0"?><rss version="2.0"
        xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><title>Example</title>
        <link>https://example.org/</link><description>d</description>{head}
        <item><guid>1</guid><title>One</title></item></channel></rss>"""
    return Reading(parse(Document(url=URL, body=body.encode()), max_entries=10), ())


def succeed(
    state: SourceState = STEADY,
    fetched: Fetched | None = None,
    *,
    reading: Reading | None = None,
    novelty: Novelty | None = None,
    pace: Pace | None = None,
    url: str = URL,
    now: datetime = NOW,
    chance: float = 0.0,
) -> SourceState:
    return after_success(
        state,
        pace=pace or Pace(),
        url=url,
        fetched=fetched or got(),
        reading=reading,
        body_hash=b"hash",
        novelty=novelty or Novelty(),
        now=now,
        chance=chance,
        cron_next=six_o_clock,
    )


def fail(
    state: SourceState = STEADY,
    error: SourceError = TIMEOUT,
    *,
    pace: Pace | None = None,
    now: datetime = NOW,
    chance: float = 0.0,
    url: str = "",
    mark: str = "",
    fetched: Fetched | None = None,
) -> SourceState:
    return after_failure(
        state,
        pace=pace or Pace(),
        error=error,
        now=now,
        chance=chance,
        cron_next=six_o_clock,
        url=url or (URL if mark else ""),
        mark=mark,
        fetched=fetched,
    )


def wait(state: SourceState, now: datetime = NOW) -> timedelta:
    return state.next_poll_at - now


def failing(times: int, error: SourceError, *, state: SourceState = STEADY) -> list[timedelta]:
    """The waits of so many failures in a row, each poll made when it was due."""
    waits: list[timedelta] = []
    now = NOW
    for _ in range(times):
        state = fail(state, error, now=now)
        waits.append(wait(state, now))
        now = state.next_poll_at
    return waits
