"""Same story? Entries of one document x what the store knows -> a decision for each entry. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from aggregator.core.identify import own_slug_hash
from aggregator.core.model import Entry, Identity, Key, Novelty, Reading
from aggregator.core.settings import Source
from aggregator.core.sketch import containment
from aggregator.core.slug import slug_of

RULES = ("guid", "guid~", "link", "slug", "urlslug", "id")  # in the order they are asked
COPY = 0.25  # containment from which two texts are copies of each other
VETO = 0.08  # containment below which two texts are two stories, whatever their headlines say
ALIKE = 0.6  # share of the words that two headlines must have in common
ANOTHER_DAY = timedelta(hours=20)
MAX_CHANGES = 24  # hash-only edits before an entry counts as flapping (P88)
_ATOM_ID_NAMESPACE = UUID("5b1c7e7a-3a5e-5d0c-9d55-0f0a5d7c1c55")


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
    taken: frozenset[int] = frozenset()  # those slug hashes of the document that are in use


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
    keys: dict[Key, None] = {}
    for identity in reading.identities:
        if identity.entry_key not in entries:
            keys.update(dict.fromkeys(identity.keys))
    return tuple(keys)


def resolve(
    reading: Reading, *, source: Source, known: Known, now: datetime
) -> tuple[Decision, ...]:
    """Decide for each entry: known, known under another name, a copy of a known story, or new.

    Entries are taken in document order; a later one may join an article that an earlier one
    founded. An entry key that the document repeats is decided once: the repeat is unchanged.
    """
    document = _Document(source=source, known=known, now=now)
    pairs = zip(reading.feed.entries, reading.identities, strict=True)
    return tuple(
        document.decide(index, entry, identity) for index, (entry, identity) in enumerate(pairs)
    )


def novelty(decisions: tuple[Decision, ...]) -> Novelty:
    """Count what the decisions mean to the store."""
    new = [decision for decision in decisions if decision.action == "new"]
    return Novelty(
        new=len(new),
        updated=sum(decision.action == "updated" for decision in decisions),
        unchanged=sum(decision.action == "unchanged" for decision in decisions),
        new_articles=sum(decision.mint for decision in new),
        joined=sum(not decision.mint for decision in new),
    )


class _Document:
    """What is known while one document is decided: the store's knowledge and our own so far."""

    def __init__(self, *, source: Source, known: Known, now: datetime) -> None:
        self._source = source
        self._known = known
        self._now = now
        self._decided: dict[int, Decision] = {}
        self._taken = set(known.taken)
        self._candidates: dict[Key, list[Candidate]] = {
            key: list(candidates) for key, candidates in known.candidates.items()
        }

    def decide(self, index: int, entry: Entry, identity: Identity) -> Decision:
        repeated = self._decided.get(identity.entry_key)
        if repeated is not None:
            return replace(repeated, index=index, action="unchanged", mint=False, keys=())
        stored = self._known.entries.get(identity.entry_key)
        if stored is not None:
            decision = _edited(index, entry, identity, stored=stored, now=self._now)
        else:
            decision = self._place(index, entry, identity)
            self._remember(decision, entry, identity)
        self._decided[identity.entry_key] = decision
        return decision

    def _place(self, index: int, entry: Entry, identity: Identity) -> Decision:
        """Find the article of an entry that is not stored yet, or found one."""
        member = self._member(entry, identity)
        for rule in RULES:
            for key in identity.keys:
                if key.kind != rule:
                    continue
                for candidate in self._candidates.get(key, ()):
                    evidence = same_story(
                        rule,
                        member,
                        headline=identity.headline,
                        distinctive=identity.distinctive,
                        candidate=candidate,
                        window=self._source.dedupe.window,
                    )
                    if evidence:
                        return self._joined(index, entry, identity, rule, evidence, candidate)
        return self._minted(index, entry, identity)

    def _joined(
        self,
        index: int,
        entry: Entry,
        identity: Identity,
        rule: str,
        evidence: str,
        candidate: Candidate,
    ) -> Decision:
        return Decision(
            index=index,
            action="new",
            mint=False,
            slug_hash=candidate.slug_hash,
            slug=candidate.slug,
            atom_id=candidate.atom_id,
            rule=rule,
            evidence=evidence,
            keys=identity.keys,
            first_seen=self._now,
            sort_at=_sort_at(entry, self._now),
            updated=_first_updated(entry, self._now),
            changes=0,
        )

    def _minted(self, index: int, entry: Entry, identity: Identity) -> Decision:
        slug_hash = identity.slug_hash
        evidence = "no key is known"
        if slug_hash in self._taken:
            slug_hash = own_slug_hash(identity.entry_key)
            evidence = "another story has the same headline"
        self._taken.add(slug_hash)
        return Decision(
            index=index,
            action="new",
            mint=True,
            slug_hash=slug_hash,
            slug=slug_of(identity.stem, slug_hash),
            atom_id=self._free_atom_id(identity, slug_hash),
            rule="new",
            evidence=evidence,
            keys=identity.keys,
            first_seen=self._now,
            sort_at=_sort_at(entry, self._now),
            updated=_first_updated(entry, self._now),
            changes=0,
        )

    def _free_atom_id(self, identity: Identity, slug_hash: int) -> str:
        """The publisher's id, unless it is none or another article has it (RFC 4287 §4.2.6)."""
        if identity.atom_id:
            key = next(key for key in identity.keys if key.kind == "id")
            if not any(
                candidate.atom_id == identity.atom_id for candidate in self._candidates.get(key, ())
            ):
                return identity.atom_id
        return uuid5(_ATOM_ID_NAMESPACE, f"{slug_hash & 0xFFFFFFFFFFFFFFFF:016x}").urn

    def _remember(self, decision: Decision, entry: Entry, identity: Identity) -> None:
        candidate = Candidate(
            slug_hash=decision.slug_hash,
            slug=decision.slug,
            atom_id=decision.atom_id,
            headline=identity.headline,
            members=(self._member(entry, identity),),
        )
        for key in identity.keys:
            self._candidates.setdefault(key, []).append(candidate)

    def _member(self, entry: Entry, identity: Identity) -> Member:
        return Member(
            source=self._source.id,
            guid=entry.guid,
            link=entry.link,
            published=entry.published or entry.updated,
            first_seen=self._now,
            words=identity.words,
            sketch=identity.sketch,
        )


def same_story(
    rule: str,
    member: Member,
    *,
    headline: str,
    distinctive: bool,
    candidate: Candidate,
    window: timedelta,
) -> str:
    """Return the evidence that an entry belongs to a candidate found by `rule`, "" if it does not.

    `guid` and `guid~` decide. `link` decides unless the texts or the headlines contradict it.
    The other rules only nominate: text, headline and time decide, and when in doubt the answer
    is no, because a story lost is worse than a story shown twice.
    """
    if rule in ("guid", "guid~"):
        return f"same {rule}"
    overlap = _overlap(member, candidate)
    same_headline = headline == candidate.headline
    if rule == "link":
        return _same_link(member, candidate, overlap=overlap, same_headline=same_headline)
    if rule == "id":
        alike = same_headline or _headlines_alike(headline, candidate.headline)
        return _by_text(overlap, unless=alike and distinctive)
    if not _within(member, candidate, window):
        return ""
    if rule == "urlslug":
        alike = _headlines_alike(headline, candidate.headline)
        return _by_text(overlap, unless=alike and distinctive)
    if _recurs(member, candidate):
        return _by_text(overlap, unless=False)
    if overlap is not None and overlap < VETO:
        return ""
    return _by_text(overlap, unless=distinctive)


def _by_text(overlap: float | None, *, unless: bool) -> str:
    """Evidence from the texts when they speak, else from the headline if it may speak alone."""
    if overlap is not None and overlap >= COPY:
        return f"text overlap {overlap:.2f}"
    if unless and (overlap is None or overlap >= VETO):
        return "distinctive headline" if overlap is None else f"headline, text {overlap:.2f}"
    return ""


def _same_link(
    member: Member, candidate: Candidate, *, overlap: float | None, same_headline: bool
) -> str:
    """A link decides, but an evergreen page (`/live`) shows another story under it each day."""
    if same_headline:
        return "same link and headline"
    if overlap is not None:
        return f"same link, text overlap {overlap:.2f}" if overlap >= VETO else ""
    if _recurs(member, candidate):
        return ""
    return "same link"


def _overlap(member: Member, candidate: Candidate) -> float | None:
    """The best containment with any entry of the candidate; None when no texts can be compared."""
    overlaps = [containment(member.sketch, other.sketch) for other in candidate.members]
    return max((overlap for overlap in overlaps if overlap is not None), default=None)


def _recurs(member: Member, candidate: Candidate) -> bool:
    """Does the same source carry it under another guid on another day: a recurring column?"""
    own = [other for other in candidate.members if other.source == member.source]
    return any(
        other.guid != member.guid and abs(_time(other) - _time(member)) > ANOTHER_DAY
        for other in own
    )


def _within(member: Member, candidate: Candidate, window: timedelta) -> bool:
    return any(abs(_time(other) - _time(member)) <= window for other in candidate.members)


def _time(member: Member) -> datetime:
    if member.published is None:
        return member.first_seen
    return min(member.published, member.first_seen)


def _headlines_alike(one: str, other: str) -> bool:
    """Do two headlines share most of their words, and all of their numbers?"""
    left, right = set(one.split("-")), set(other.split("-"))
    if {word for word in left ^ right if word.isdigit()}:
        return False
    return len(left & right) >= ALIKE * max(len(left), len(right), 1)


def _edited(
    index: int, entry: Entry, identity: Identity, *, stored: KnownEntry, now: datetime
) -> Decision:
    """An entry seen before: unchanged, or an edit by the publisher (RFC 4287 §4.2.15).

    After 24 edits that move no date of the publisher's the entry is taken to flap (P88).
    """
    moved = entry.updated is not None and entry.updated != stored.publisher_updated
    changes = 0 if moved else stored.changes + 1
    edited = identity.content_hash != stored.content_hash and changes <= MAX_CHANGES
    updated = max(stored.updated, min(entry.updated, now) if moved and entry.updated else now)
    return Decision(
        index=index,
        action="updated" if edited else "unchanged",
        mint=False,
        slug_hash=stored.slug_hash,
        slug=stored.slug,
        atom_id=stored.atom_id,
        rule="guid",
        evidence="same guid",
        keys=identity.keys if edited else (),
        first_seen=stored.first_seen,
        sort_at=stored.first_seen,
        updated=updated if edited else stored.updated,
        changes=changes if edited else stored.changes,
    )


def _sort_at(entry: Entry, now: datetime) -> datetime:
    """Fixed at first sight; a date in the future pins nothing to the top (P90)."""
    return min(entry.published or entry.updated or now, now)


def _first_updated(entry: Entry, now: datetime) -> datetime:
    return min(entry.updated or entry.published or now, now)
