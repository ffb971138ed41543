"""What the store knows about a document, for the judge to decide by. Values alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.core.model import Key
from aggregator.core.story import Candidate


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
    link: str = ""
    headline: str = ""  # in its normal form


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCopy:
    """How the source of the document carries a candidate already."""

    held: int  # the least of its entries; see Decision
    content_hash: int  # of the latest of them
    updated: datetime  # of the latest of them, as we publish it


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows about a document: one read."""

    entries: Mapping[int, KnownEntry]  # by entry key
    candidates: Mapping[Key, tuple[Candidate, ...]]  # newest first, at most eight a key
    taken: frozenset[int] = frozenset()  # those slug hashes of the document that are in use
    own: Mapping[int, OwnCopy] = field(default_factory=dict)  # by the candidate's slug hash
    seen: frozenset[int] = frozenset()  # slug hashes of the entries that were not read again
