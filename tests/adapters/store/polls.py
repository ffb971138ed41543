"""Small sources, documents and polls for the store's tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aggregator.adapters.sqlite import SqliteStore
from aggregator.core.identify import identify
from aggregator.core.model import (
    Entry,
    Feed,
    FeedInfo,
    Novelty,
    Reading,
    SourceState,
    Validators,
)
from aggregator.core.outcome import Outcome, Saved
from aggregator.core.settings import Source

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LEASE = 2 * MINUTE

_WORDS = "harbour ferry council budget river bridge winter election museum storm teacher border"


def source(name: str = "alpha", **changes: object) -> Source:
    made = Source(id=name, url=f"https://{name}.example/feed")
    return replace(made, **changes)  # type: ignore[arg-type]


def entry(name: str, **changes: object) -> Entry:
    """An entry with a headline and a text of its own."""
    made = Entry(
        guid=f"guid-{name}",
        title=f"Headline number {name} about something quite particular",
        link=f"https://news.example/{name}",
        published=NOW - HOUR,
        content=f"<p>{text(name)}</p>",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def text(name: str, words: int = 40) -> str:
    vocabulary = _WORDS.split()
    return " ".join(f"{vocabulary[index % 12]}{name}{index}" for index in range(words))


def reading(of: Source, *entries: Entry, info: FeedInfo | None = None) -> Reading:
    feed = Feed(info=info or FeedInfo(title=f"Title of {of.id}"), entries=entries)
    return Reading(feed, identify(feed, source=of))


def adopt(store: SqliteStore, *sources: Source, now: datetime = NOW) -> None:
    store.adopt(sources, now=now, spread=timedelta(0))


def claim(
    store: SqliteStore, *only: str, now: datetime = NOW, limit: int = 100, force: bool = False
) -> tuple[SourceState, ...]:
    """Claim what is due, or the named sources."""
    return store.claim(
        now=now,
        lease=LEASE,
        next_poll=HOUR,
        limit=limit,
        accept=lambda _: True,
        only=only or None,
        force=force,
    )


def outcome(
    of: Source,
    state: SourceState,
    document: Reading | None,
    *,
    now: datetime = NOW,
    capacity: int = 1_000_000,
    **settled: object,
) -> Outcome:
    """A poll that ended well: due again in an hour, with the feed's own words about itself."""

    def settle(novelty: Novelty) -> SourceState:
        after = replace(state, next_poll_at=now + HOUR, last_attempt_at=now, last_success_at=now)
        if document is not None:
            after = replace(after, info=document.feed.info)
        if novelty.new:
            after = replace(after, last_change_at=now)
        return replace(after, **settled)  # type: ignore[arg-type]

    return Outcome(
        source=of, state=state, reading=document, settle=settle, now=now, capacity=capacity
    )


def claimed(
    store: SqliteStore,
    of: Source,
    *entries: Entry,
    now: datetime = NOW,
    info: FeedInfo | None = None,
    capacity: int = 1_000_000,
) -> Outcome:
    """Claim a source whatever it is due and make the outcome of a poll that found these entries."""
    (state,) = claim(store, of.id, now=now, force=True)
    return outcome(of, state, reading(of, *entries, info=info), now=now, capacity=capacity)


def poll(
    store: SqliteStore,
    of: Source,
    *entries: Entry,
    now: datetime = NOW,
    info: FeedInfo | None = None,
    capacity: int = 1_000_000,
) -> Saved:
    """Poll a listed source that shows these entries."""
    saved = store.save(claimed(store, of, *entries, now=now, info=info, capacity=capacity))
    assert saved is not None
    return saved


def titles(store: SqliteStore, sources: Sequence[str]) -> list[str]:
    return [article.entry.title for article in store.articles(sources, priority={})]


VALIDATORS = Validators(etag=b'W/"\xe9"', last_modified=b"Mon, 1 Jan 2024 7:00:00 GMT")
