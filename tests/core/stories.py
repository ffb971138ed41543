"""Stories for the tests of identity: entries in one line, and a library that remembers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aggregator.core import reuse
from aggregator.core.identify import identify
from aggregator.core.judge import Decision, resolve
from aggregator.core.known import Known, KnownEntry, OwnCopy
from aggregator.core.model import Entry, Feed, FeedInfo, Key, Reading
from aggregator.core.settings import Source
from aggregator.core.story import Candidate, Member

NOON = datetime(2025, 6, 27, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TOPICS = [f"topic{number}" for number in range(800)]


def text(seed: int, words: int = 200) -> str:
    """A body of its own for each seed."""
    return " ".join(random.Random(seed).choices(TOPICS, k=words))


def entry(
    guid: str,
    title: str = "Fed holds interest rates steady as markets fall",
    *,
    link: str | None = None,
    body: str = "",
    at: datetime = NOON,
    updated: datetime | None = None,
) -> Entry:
    return Entry(
        guid=guid,
        title=title,
        link=f"https://site.example/{guid}" if link is None else link,
        content=f"<p>{body}</p>" if body else "",
        published=at,
        updated=updated,
    )


def source(name: str, **settings: object) -> Source:
    return Source(id=name, url=f"https://{name}.example/feed", **settings)  # type: ignore[arg-type]


def reading(of: Source, entries: Sequence[Entry], *, title: str = "A site") -> Reading:
    feed = Feed(info=FeedInfo(title=title), entries=tuple(entries))
    return Reading(feed, identify(feed, source=of))


@dataclass
class Library:
    """Remembers decisions like a store does, in a few dictionaries."""

    entries: dict[int, KnownEntry] = field(default_factory=dict)
    articles: dict[int, Candidate] = field(default_factory=dict)
    keys: dict[Key, list[int]] = field(default_factory=dict)

    sketches: dict[int, tuple[int, ...]] = field(default_factory=dict)
    own: dict[tuple[str, int], OwnCopy] = field(default_factory=dict)

    def poll(
        self,
        of: Source,
        *entries: Entry,
        now: datetime = NOON,
        capacity: int = 1_000_000,
        first: bool = False,
    ) -> tuple[Decision, ...]:
        """Decide a document and remember the decisions."""
        document = reading(of, entries)
        doubtful = reuse.suspects(document, self.entries)
        document = reuse.told_apart(
            document, self.entries, {key: self.sketches[key] for key in doubtful}, source=of.id
        )
        known = Known(
            entries={
                identity.entry_key: self.entries[identity.entry_key]
                for identity in document.identities
                if identity.entry_key in self.entries
            },
            candidates={
                key: tuple(self.articles[article] for article in articles)
                for key, articles in self.keys.items()
            },
            taken=frozenset(self.articles),
            own={article: own for (name, article), own in self.own.items() if name == of.id},
        )
        decisions = resolve(
            document, source=of, known=known, now=now, capacity=capacity, first=first
        )
        for decision in decisions:
            self._remember(of, document, decision, now)
        return decisions

    def _remember(self, of: Source, document: Reading, decision: Decision, now: datetime) -> None:
        if decision.action == "unchanged":
            return
        published = document.feed.entries[decision.index]
        identity = document.identities[decision.index]
        self.entries[identity.entry_key] = KnownEntry(
            entry_key=identity.entry_key,
            slug_hash=decision.slug_hash,
            slug=decision.slug,
            atom_id=decision.atom_id,
            content_hash=identity.content_hash,
            changes=decision.changes,
            published=published.published,
            publisher_updated=published.updated,
            updated=decision.updated,
            first_seen=decision.first_seen,
            link=published.link,
            headline=identity.headline,
        )
        self.sketches[identity.entry_key] = identity.sketch
        member = Member(
            source=of.id,
            guid=published.guid,
            link=published.link,
            headline=identity.headline,
            published=published.published or published.updated,
            first_seen=now,
            words=identity.words,
            sketch=identity.sketch,
        )
        old = self.articles.get(decision.slug_hash)
        self.articles[decision.slug_hash] = Candidate(
            slug_hash=decision.slug_hash,
            slug=decision.slug,
            atom_id=decision.atom_id,
            headline=old.headline if old else identity.headline,
            members=(*(old.members if old else ()), member),
        )
        before = self.own.get((of.id, decision.slug_hash))
        self.own[of.id, decision.slug_hash] = OwnCopy(
            held=min(decision.held, before.held) if before else decision.held,
            content_hash=identity.content_hash,
            updated=decision.updated,
        )
        for key in decision.keys:
            found = self.keys.setdefault(key, [])
            if decision.slug_hash not in found:
                found.insert(0, decision.slug_hash)
