"""Same story? Entries of one document x what the store knows -> a decision for each entry. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.model import Key, Novelty, Reading
from aggregator.core.settings import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """An entry of this source that is already stored, found by its entry key."""

    entry_key: int
    slug_hash: int
    slug: str
    atom_id: str
    content_hash: int
    changes: int  # edits seen without a new `updated` by the publisher
    published: datetime | None
    publisher_updated: datetime | None  # as the publisher said it
    updated: datetime  # as we publish it
    first_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of a candidate article, as the judge sees it."""

    source: str
    guid: str
    link: str
    published: datetime | None
    first_seen: datetime
    words: int
    sketch: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An article that shares at least one key with an entry of the document."""

    slug_hash: int
    slug: str
    atom_id: str
    headline: str
    members: tuple[Member, ...]  # at most the eight oldest


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows about a document: one read."""

    entries: Mapping[int, KnownEntry]  # by entry key
    candidates: Mapping[Key, tuple[Candidate, ...]]  # newest first, at most eight a key


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do with one entry of the document."""

    index: int  # position in the reading
    action: str  # new, updated, unchanged
    mint: bool  # does it found a new article?
    slug_hash: int
    slug: str
    atom_id: str
    rule: str  # guid, guid~, link, slug, ... or "new"
    evidence: str
    keys: tuple[Key, ...]  # to be recorded for the article
    first_seen: datetime
    sort_at: datetime  # of a minted article
    updated: datetime  # to be published
    changes: int  # hash-only edits so far


def unseen_keys(reading: Reading, entries: Mapping[int, KnownEntry]) -> tuple[Key, ...]:
    """The keys to look up: those of entries that are not stored yet, in order, no repeats."""
    raise NotImplementedError


def resolve(
    reading: Reading, *, source: Source, known: Known, now: datetime
) -> tuple[Decision, ...]:
    """Decide for each entry: known, known under another name, a copy of a known story, or new."""
    raise NotImplementedError


def novelty(decisions: tuple[Decision, ...]) -> Novelty:
    """Count what the decisions mean to the store."""
    raise NotImplementedError
