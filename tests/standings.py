"""Sources and states for the tests of how a source stands; strategies for odd ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from aggregator.core.model import FeedInfo, Hints, Place, SourceState, Validators
from aggregator.core.settings import Secret, Source

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
URL = "https://site.example/feed.xml"
PLACE = Place("feeds.yaml", 12, 10)
SOURCE = Source(id="site", url=URL, address_place=PLACE)
STATE = SourceState(
    source="site",
    url=URL,
    validators=Validators(etag=b'"x"'),
    ever_validated=True,
    next_poll_at=NOW + HOUR,
    next_reason="adaptive 1 h: news every 8 h",
    last_attempt_at=NOW - 5 * MINUTE,
    last_success_at=NOW - 5 * MINUTE,
    last_change_at=NOW - 3 * HOUR,
    last_status=200,
    last_received=20_000,
    last_seconds=0.25,
    info=FeedInfo(title="The site", link="https://site.example/", self_link=URL),
)


def a_source(name: str, url: str = "") -> Source:
    """A source at an address of its own, or at `url`."""
    return Source(id=name, url=url or f"https://{name}.example/feed.xml", address_place=PLACE)


def a_state(source: Source, **changes: object) -> SourceState:
    """The state of a source that is well, with `changes`."""
    info = FeedInfo(title=source.id, self_link=source.url)
    state = replace(STATE, source=source.id, url=source.url, info=info)
    return replace(state, **changes)  # type: ignore[arg-type]


# --- whatever a database may hold

moments = st.integers(0, 250 * 365 * 86400).map(
    lambda seconds: datetime(1900, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
maybe_moments = st.none() | moments
numbers = st.integers(-5, 10**30) | st.integers(-5, 30)
texts = st.text(max_size=12) | st.sampled_from(("https://a.example/x?y#z", "http://[", "\x00\x1b"))
urls = st.sampled_from(
    (
        "",
        URL,
        "http://site.example/feed.xml",
        "https://b.example:8443/",
        "https://user:pass@c.example/f",
        "https://[",
        "http://x:99999/",
    )
)
hints = st.builds(
    Hints,
    ttl=st.none() | numbers,
    syndication=st.none() | numbers,
    skip_hours=st.lists(st.integers(-1, 25), max_size=26).map(tuple),
    skip_days=st.lists(st.integers(-1, 8), max_size=8).map(tuple),
    expired=st.booleans(),
    new_url=urls,
    hub=urls,
)
infos = st.builds(FeedInfo, title=texts, id=texts, link=urls, self_link=urls)
states = st.builds(
    SourceState,
    source=st.just("site"),
    url=urls,
    effective_url=urls,
    validators=st.builds(Validators, etag=st.none() | st.binary(max_size=3)),
    next_poll_at=moments,
    next_reason=texts,
    lease_until=maybe_moments,
    last_attempt_at=maybe_moments,
    last_success_at=maybe_moments,
    last_change_at=maybe_moments,
    last_status=st.none() | st.integers(0, 999),
    last_error=texts,
    last_error_kind=texts,
    last_received=numbers.filter(lambda number: number >= 0),
    last_seconds=st.floats(),
    fail_count=numbers,
    failing_since=maybe_moments,
    floor=numbers,
    floor_reason=texts,
    hints=hints,
    ever_validated=st.booleans(),
    moved_to=urls,
    moved_first_at=maybe_moments,
    moved_count=numbers,
    gone_at=maybe_moments,
    gone=st.booleans(),
    parked_until=maybe_moments,
    last_full_at=maybe_moments,
    unstable_guids=st.booleans(),
    gaps=st.integers(-1, 5),
    gap_at=maybe_moments,
    queued=numbers,
    info=infos,
)
sources = st.sampled_from(
    (
        SOURCE,
        a_source("site", "http://[half"),
        Source(id="site", path=Path("/srv/feeds/local.xml")),
        replace(SOURCE, verify_tls=False, ignore_validators=True, username="u"),
        replace(SOURCE, password=Secret(value="hunter22")),
    )
)
