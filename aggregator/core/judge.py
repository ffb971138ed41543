"""Same story? Entries of one document x what the store knows -> a decision for each entry. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from uuid import UUID, uuid5

from aggregator.core.gist import hash_of_gist
from aggregator.core.identify import own_slug_hash
from aggregator.core.known import Known, KnownEntry
from aggregator.core.model import Entry, Identity, Key, Novelty, Reading
from aggregator.core.settings import Source
from aggregator.core.slug import slug_of
from aggregator.core.story import GUESS, Candidate, Evidence, Member, same_story

DECIDING = ("guid", "guid~", "link")  # rules in the order they are asked: the first match has it
WORDING = ("slug", "lead", "urlslug", "text")  # of whose candidates the judge asks the same
NOMINATING = (*WORDING, "id")  # the best of all matches has it
RULES = (*DECIDING, *NOMINATING)
MAX_CHANGES = 24  # hash-only edits before an entry counts as flapping (P88)
SHOWN = 0  # outputs may show the entry
QUEUED = 1  # too many at once: let out at one of the next polls
SEEN = 2  # stored so that it is never new: the past of a source that was just added
_Shared = list[tuple[str, list[Candidate]]]  # the candidates under each key of an entry, by kind
_ATOM_ID_NAMESPACE = UUID("5b1c7e7a-3a5e-5d0c-9d55-0f0a5d7c1c55")


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
    held: int = SHOWN  # of a new entry: may outputs show it?
    churned: bool = False  # a new entry of an article that the source carried under another guid


def unseen_keys(reading: Reading, entries: Mapping[int, KnownEntry]) -> tuple[Key, ...]:
    """The keys to look up: those of entries that are not stored yet, in order, no repeats."""
    keys: dict[Key, None] = {}
    for identity in reading.identities:
        if identity.entry_key not in entries:
            keys.update(dict.fromkeys(identity.keys))
    return tuple(keys)


def reach(
    reading: Reading, entries: Mapping[int, KnownEntry], *, window: timedelta, now: datetime
) -> datetime:
    """Return from when on an article must have got an entry, to be more than a nominee by WORDING.

    The time of an entry is never after it was seen; see same_story.
    """
    times = [
        _sort_at(entry, now)
        for entry, identity in zip(reading.feed.entries, reading.identities, strict=True)
        if identity.entry_key not in entries
    ]
    try:
        return min(times, default=now) - window
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def resolve(
    reading: Reading,
    *,
    source: Source,
    known: Known,
    now: datetime,
    capacity: int = 1_000_000,
    first: bool = False,
) -> tuple[Decision, ...]:
    """Decide for each entry: known, known under another name, a copy of a known story, or new.

    Entries are taken in document order; a later one may join an article that an earlier one
    founded. An entry key that the document repeats is decided once: the repeat is unchanged.
    Of the new entries at most `capacity` are shown; the others are queued, or only remembered
    when the document is the `first` one of its source (P84, P85).
    """
    document = _Document(reading, source=source, known=known, now=now)
    pairs = zip(reading.feed.entries, reading.identities, strict=True)
    decisions = [
        document.decide(index, entry, identity) for index, (entry, identity) in enumerate(pairs)
    ]
    return tuple(_hold_back(decisions, capacity=capacity, held=SEEN if first else QUEUED))


def _hold_back(decisions: list[Decision], *, capacity: int, held: int) -> list[Decision]:
    """Hold all new entries but the newest `capacity`; of equal dates the first is the newest.

    A new guid for what the source carries already (P83) is no new entry to anybody.
    """
    arrived = [each for each in decisions if each.action == "new" and not each.churned]
    if len(arrived) <= capacity:
        return decisions
    newest_first = sorted(arrived, key=lambda decision: decision.sort_at, reverse=True)
    beyond = {decision.index for decision in newest_first[capacity:]}
    return [replace(each, held=held) if each.index in beyond else each for each in decisions]


def novelty(decisions: tuple[Decision, ...], *, seen: int = 0) -> Novelty:
    """Count what the decisions mean to the store, and entries that were `seen` and not read."""
    new = [decision for decision in decisions if decision.action == "new"]
    return Novelty(
        new=len(new),
        updated=sum(decision.action == "updated" for decision in decisions),
        unchanged=seen + sum(decision.action == "unchanged" for decision in decisions),
        new_articles=sum(decision.mint for decision in new),
        joined=sum(not decision.mint for decision in new),
        churned=sum(decision.churned for decision in new),
        held=sum(decision.held != SHOWN and not decision.churned for decision in new),
    )


@dataclass(frozen=True, slots=True)
class _Match:
    """A candidate that holds the story of an entry, the rule that found it, and why."""

    rule: str
    candidate: Candidate
    evidence: Evidence


class _Document:
    """What is known while one document is decided: the store's knowledge and our own so far."""

    def __init__(self, reading: Reading, *, source: Source, known: Known, now: datetime) -> None:
        self._reading = reading
        self._source = source
        self._known = known
        self._now = now
        self._decided: dict[int, Decision] = {}
        self._taken = set(known.taken)
        self._present = {stored.slug_hash for stored in known.entries.values()} | known.seen
        self._candidates: dict[Key, list[Candidate]] = {
            key: list(candidates) for key, candidates in known.candidates.items()
        }
        self._repeated = _repeated(reading)

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
        self._present.add(decision.slug_hash)
        return decision

    def _place(self, index: int, entry: Entry, identity: Identity) -> Decision:
        """Find the article of an entry that is not stored yet, or found one."""
        match = self._match(entry, identity)
        if match is None:
            return self._minted(index, entry, identity)
        return self._joined(index, entry, identity, match)

    def _match(self, entry: Entry, identity: Identity) -> _Match | None:
        shared = self._shared(identity)
        if not shared:
            return None
        member = self._member(entry, identity)
        return self._decided_by_key(member, shared) or self._nominated(member, shared)

    def _shared(self, identity: Identity) -> _Shared:
        """The candidates under the keys of an entry, by kind: most entries have none."""
        known = self._candidates
        return [(key.kind, known[key]) for key in identity.keys if key in known]

    def _decided_by_key(self, member: Member, shared: _Shared) -> _Match | None:
        return next(self._matches(DECIDING, member, shared), None)

    def _nominated(self, member: Member, shared: _Shared) -> _Match | None:
        """The best of what headline, link words and text nominate; of two guesses none."""
        matches = list(self._matches(NOMINATING, member, shared))
        best = max(matches, key=lambda match: match.evidence.weight, default=None)
        if best is not None and best.evidence.weight <= GUESS:
            others = {match.candidate.slug_hash for match in matches}
            return best if len(others) == 1 else None
        return best

    def _matches(self, rules: tuple[str, ...], member: Member, shared: _Shared) -> Iterator[_Match]:
        """All candidates that hold the story, in the order of the rules that found them."""
        seen: set[tuple[str, int]] = set()
        answers: dict[tuple[str, int], Evidence | None] = {}
        for rule, candidate in _found(rules, shared):
            if (rule, candidate.slug_hash) in seen:
                continue
            seen.add((rule, candidate.slug_hash))
            question = ("wording" if rule in WORDING else rule, id(candidate))
            if question not in answers:
                answers[question] = self._evidence(rule, member, candidate)
            if evidence := answers[question]:
                yield _Match(rule, candidate, evidence)

    def _evidence(self, rule: str, member: Member, candidate: Candidate) -> Evidence | None:
        return same_story(
            rule,
            member,
            candidate=candidate,
            window=self._source.dedupe.window,
            present=partial(self._is_present, member, candidate),
        )

    def _is_present(self, member: Member, candidate: Candidate) -> bool:
        """Does the document hold another entry of the candidate, or of this headline?"""
        is_another = candidate.slug_hash in self._present
        return is_another or hash_of_gist(member.headline) in self._twins

    @cached_property
    def _twins(self) -> frozenset[int]:
        """The headlines that the document has more than once: of two stories, as likely as not."""
        read = (hash_of_gist(identity.headline) for identity in self._reading.identities)
        counts = Counter([*read, *(seen.gist for seen in self._reading.seen)])
        return frozenset(gist for gist, count in counts.items() if count > 1)

    def _joined(self, index: int, entry: Entry, identity: Identity, match: _Match) -> Decision:
        candidate = match.candidate
        own = self._known.own.get(candidate.slug_hash)
        updated = _first_updated(entry, self._now)
        if own is not None and own.content_hash == identity.content_hash:
            updated = own.updated  # another guid alone is no edit (RFC 4287 §4.2.15)
        return Decision(
            index=index,
            action="new",
            mint=False,
            slug_hash=candidate.slug_hash,
            slug=candidate.slug,
            atom_id=candidate.atom_id,
            rule=match.rule,
            evidence=match.evidence.words,
            keys=identity.keys,
            first_seen=self._now,
            sort_at=_sort_at(entry, self._now),
            updated=updated,
            changes=0,
            held=own.held if own else SHOWN,
            churned=own is not None,
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
        """Let the other entries of the document that share a key find the article of this one."""
        keys = [key for key in identity.keys if key in self._repeated]
        if not keys:
            return
        candidate = Candidate(
            slug_hash=decision.slug_hash,
            slug=decision.slug,
            atom_id=decision.atom_id,
            headline=identity.headline,
            members=(self._member(entry, identity),),
        )
        for key in keys:
            self._candidates.setdefault(key, []).append(candidate)

    def _member(self, entry: Entry, identity: Identity) -> Member:
        return Member(
            source=self._source.id,
            guid=entry.guid,
            link=entry.link,
            headline=identity.headline,
            published=entry.published or entry.updated,
            first_seen=self._now,
            words=identity.words,
            sketch=identity.sketch,
        )


def _repeated(reading: Reading) -> set[Key]:
    """The keys that more than one entry of the document has: few of them."""
    seen: set[Key] = set()
    repeated: set[Key] = set()
    for identity in reading.identities:
        keys = set(identity.keys)
        repeated |= keys & seen
        seen |= keys
    return repeated


def _found(rules: tuple[str, ...], shared: _Shared) -> Iterator[tuple[str, Candidate]]:
    """The candidates under the keys of an entry, in the order of the rules."""
    return (
        (rule, candidate)
        for rule in rules
        for kind, candidates in shared
        if kind == rule
        for candidate in candidates
    )


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
