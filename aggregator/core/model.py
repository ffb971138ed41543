"""The values that flow through the program. Pure; imports nothing but the standard library.

    Document -> Feed -> Entry -> Article -> (store) -> Article -> bytes

Every datetime is aware and UTC with whole seconds. Every collection is a tuple.
Terms follow RFC 4287.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Place:
    """Where in feeds.yaml something stands. Line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Validators:
    """ETag and Last-Modified, byte for byte as received (RFC 9110 §8.8)."""

    etag: bytes | None = None
    last_modified: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Bytes off the wire, not yet believed. The body has lost its content coding."""

    url: str  # where it finally came from: the base of relative links
    body: bytes
    content_type: str | None = None
    content_language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What one conditional GET brought. `document` is None when nothing changed (304)."""

    status: int  # 200, 226, 304; a local file answers 200
    document: Document | None
    validators: Validators
    fresh_for: int | None = None  # seconds, from max-age/Expires, capped; None: no hint
    fresh_reason: str = ""  # "max-age=7200 minus Age 600"
    moved_to: str | None = None  # last URL before the first temporary hop, if it differs
    received: int = 0  # bytes of body on the wire
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Person:
    """An atom:author (RFC 4287 §3.2). Plain text; `uri` is http(s) or empty."""

    name: str
    uri: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A related file (RFC 4287 §4.2.7.2, RSS enclosure, Media RSS). `length` in bytes."""

    href: str
    type: str = ""
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedInfo:
    """What atom:feed and atom:source share (RFC 4287 §4.2.11), as the publisher says it."""

    title: str = ""
    subtitle: str = ""
    id: str = ""  # atom:id when it is an absolute IRI, else ""
    link: str = ""  # rel=alternate, the site
    self_link: str = ""  # rel=self, or the URL it was fetched from
    updated: datetime | None = None
    authors: tuple[Person, ...] = ()
    rights: str = ""
    icon: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the document says about polling itself; None or empty where it says nothing usable."""

    ttl: int | None = None  # seconds (RSS ttl)
    syndication: int | None = None  # seconds (sy:updatePeriod / updateFrequency)
    skip_hours: tuple[int, ...] = ()  # 0-23, GMT
    skip_days: tuple[int, ...] = ()  # Monday is 0
    expired: bool = False  # JSON Feed
    new_url: str = ""  # itunes:new-feed-url
    hub: str = ""  # WebSub


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An atom:entry, RSS item or JSON Feed item as one source published it, made safe.

    After core/parse every Entry has a non-empty guid, and a title or a link or a text.
    `title`, names and categories are plain text; `summary` and `content` are sanitised HTML
    with absolute URLs; `link` is absolute http(s) or "". All text is legal XML 1.0.
    """

    guid: str  # exactly as published, outer white space trimmed; else link; else a content hash
    title: str
    link: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    authors: tuple[Person, ...] = ()
    categories: tuple[str, ...] = ()
    summary: str = ""
    content: str = ""
    enclosures: tuple[Enclosure, ...] = ()
    image: str = ""  # thumbnail, absolute http(s)
    rights: str = ""
    language: str = ""
    origin: FeedInfo | None = None  # the entry's own atom:source, if it carried one


class Key(NamedTuple):
    """One way to recognise an entry: a signed 64-bit hash of a given kind (identity.md).

    A tuple, because nothing is looked up more often, and there are ten to an entry.
    """

    kind: str  # guid, guid~, link, slug, urlslug, ...
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What identify says about one entry, before any look-up."""

    entry_key: int  # primary key of the entry: hash of source id and guid; signed 64 bits
    stem: str  # slugified title, at most 49 characters
    slug_hash: int  # signed 64 bits; its first 13 hex digits end the slug
    keys: tuple[Key, ...]
    content_hash: int  # over what a reader would call the content; signed 64 bits
    sketch: tuple[int, ...] = ()  # of the text, for the judge
    words: int = 0  # length of the text
    headline: str = ""  # the normalised headline that was hashed
    atom_id: str = ""  # the guid when it is an absolute IRI: what the article would be called


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A parsed and cleaned document, entries in document order."""

    info: FeedInfo
    entries: tuple[Entry, ...]
    hints: Hints = Hints()
    format: str = ""  # rss20, atom10, json11, ...
    skipped: tuple[str, ...] = ()  # a reason for each entry left out


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry that was not read because the last version of the document had it, byte for byte."""

    entry_key: int
    gist: int  # hash of the content words of its headline, see `core.gist.hash_of_gist`


@dataclass(frozen=True, slots=True)
class Reading:
    """What a worker hands back: a feed and the identity of each of its entries, same order.

    Where only what is new was read, these are the new entries, and `seen` are the others in the
    order of the document. `memory` is for reading its next version; it is stored in the same
    transaction as the entries, or not at all.
    """

    feed: Feed
    identities: tuple[Identity, ...]
    seen: tuple[Seen, ...] = ()
    memory: bytes = b""

    @property
    def size(self) -> int:
        """How many entries the document holds."""
        return len(self.feed.entries) + len(self.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Another source that carries the article."""

    source: str  # source id
    title: str  # the source's title
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One story as subscribers get it: the copy that is shown, and who else carries it."""

    slug: str
    slug_hash: int
    id: str  # atom:id, minted once
    source: str  # source id of the copy that is shown
    info: FeedInfo  # of that source
    entry: Entry
    first_seen: datetime
    sort_at: datetime
    updated: datetime  # RFC 4287 §4.2.15; moves only with an edit by the publisher
    sightings: tuple[Sighting, ...] = ()  # the other sources, sorted by id
    words: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rules said of an article, and which rule at which place decided."""

    kept: bool
    rule: str = ""  # the text of the deciding rule; "" when no rule spoke
    place: Place | None = None
    by: str = ""  # "source keep", "source drop", "output keep", "output drop"; "" as above
    timed_out: tuple[str, ...] = ()  # patterns that ran out of time and so did not match


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """Everything the poller remembers of one source between polls. One row in the store."""

    source: str  # source id
    url: str = ""  # as configured when last polled: a change resets the validators
    effective_url: str = ""  # after confirmed permanent moves; "" means url
    validators: Validators = Validators()
    body_hash: bytes = b""
    next_poll_at: datetime
    next_reason: str = ""
    lease_until: datetime | None = None
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    last_change_at: datetime | None = None
    last_status: int | None = None
    last_error: str = ""
    last_error_kind: str = ""
    last_received: int = 0  # bytes
    last_seconds: float = 0.0
    fail_count: int = 0
    failing_since: datetime | None = None
    floor: int = 0  # seconds: the largest hint in force, capped
    floor_reason: str = ""
    hints: Hints = Hints()
    new_entry_times: tuple[datetime, ...] = ()  # distinct, ascending, the last 21
    ever_validated: bool = False  # has the source ever sent a validator?
    moved_to: str = ""  # a permanent move not yet confirmed
    moved_first_at: datetime | None = None
    moved_count: int = 0
    gone_at: datetime | None = None  # first 410
    gone: bool = False  # confirmed: no more polls
    parked_until: datetime | None = None  # the whole host asked us to wait (429) until then
    last_full_at: datetime | None = None  # the last answer that brought a document
    request_mark: str = ""  # of credentials and headers when last polled: a change resets too
    unstable_guids: bool = False  # most guids of a document were new, its entries were not
    gaps: int = 0  # documents in a row that held no entry of the one before: some were lost
    gap_at: datetime | None = None  # the last of them
    queued: int = 0  # entries held back from outputs by the flood limit, let out poll by poll
    info: FeedInfo = FeedInfo()


@dataclass(frozen=True, slots=True)
class Novelty:
    """What a document meant to the store."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    new_articles: int = 0
    joined: int = 0  # new entries that joined an article already known
    churned: int = 0  # those of them that only have another guid: the source carried it already
    held: int = 0  # new entries that may not enter the outputs (yet)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """What one poll did: one line of `aggregator poll`."""

    source: str
    outcome: str  # changed, unchanged, not_modified, failed; superseded: the lease was lost
    status: int | None
    novelty: Novelty = Novelty()
    skipped: tuple[str, ...] = ()
    error: str = ""
    error_kind: str = ""
    next_poll_at: datetime
    next_reason: str
    seconds: float = 0.0
    received: int = 0
    parked_until: datetime | None = None  # the host said 429: nobody there is asked before
    effective_url: str = ""  # where the next poll goes, if not to the configured address
    let_out: bool = False  # entries that waited entered the outputs, whatever the poll brought


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputState:
    """What the store remembers of one output."""

    output: str
    atom_id: str  # minted once
    digest: str = ""  # of the settings it was last built with
    settings_changed_at: datetime
    built_change: int = 0  # the store's change number it was last built from
    built_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """An article in the ledger of an output: its place in the order of publication, since when."""

    slug_hash: int
    sequence: int
    first_at: datetime


@dataclass(frozen=True, slots=True)
class Archived:
    """An article as it was when its page was closed, and when the output first carried it."""

    article: Article
    first_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePage:
    """A closed page of the archive of an output (RFC 5005 §4): all that its bytes are made of."""

    number: int  # from 1
    previous: int = 0  # the page before it; 0: there was none
    last_sequence: int  # of the ledger of the output
    closed_at: datetime
    address: str  # of the archive when the page was written last
    atom_id: str
    heading: FeedInfo  # title, subtitle, authors and language of the output
    articles: tuple[Archived, ...]  # in the order of publication


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What one build did."""

    output: str
    entries: int = 0
    changed: bool = False  # were any bytes written?
    forms: tuple[str, ...] = ()  # of which forms: atom, rss, json
    size: int = 0  # bytes
    left_out: tuple[str, ...] = ()  # a reason for each article that could not be shown
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """One stored entry as the reading commands show it."""

    source: str
    guid: str
    link: str
    title: str
    slug: str
    rule: str  # which identity rule gave it its article
    evidence: str
    first_seen: datetime
    held: str = ""  # why outputs may not show it: queued (not yet) or seen (never); "" they may
    home: str = ""  # slug of the article that the rule gave it, where the operator moved it since
    matched_source: str = ""  # the entry that it was recognised by; "" when it founded the
    matched_guid: str = ""  # article, or when that entry is known no more
    slug_hash: int = 0  # of its article, as are the two below
    article_id: str = ""  # atom:id
    sort_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the operator decided about a story. `at` and `undone_at` are when.

    "split": the entry (source, guid) was taken out of the article `other` and is the article
    `slug` since. "merge": the article `slug` became part of `other`.
    """

    kind: str  # split, merge
    slug: str
    other: str
    source: str = ""
    guid: str = ""
    at: datetime
    undone_at: datetime | None = None  # None: in force
