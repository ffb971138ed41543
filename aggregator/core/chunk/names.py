"""The site names of a document of which only some entries are read. Pure.

They depend on all entries, and headlines depend on them: see `identify.site_names`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from aggregator.core.chunk.memory import (
    MAX_TEXT,
    MAX_TEXTS,
    NO_HOST,
    Labels,
    Memory,
    Remembered,
)
from aggregator.core.identify import is_learnt, names_given
from aggregator.core.links import site_label
from aggregator.core.model import Entry, FeedInfo
from aggregator.core.settings import Source
from aggregator.core.slug import hash64, headline, tail

ANY_TAIL = -1  # in place of the hash of the one that would matter
_SHARED = 2  # entries that must share a tail for it to be worth remembering

Slot = Remembered | Entry  # an entry of the document, in its place


def site_names(
    info: FeedInfo, source: Source, slots: Sequence[Slot], *, before: Memory
) -> frozenset[str] | None:
    """Return the site names of a document; None when what is remembered does not tell."""
    labels = _labels(slots[0], before=before) if slots else ()
    learnt = _learnt(slots, before=before)
    if labels is None or learnt is None:
        return None
    return names_given(info, source) | frozenset([*labels, *learnt]) - {""}


def _labels(slot: Slot, *, before: Memory) -> Labels | None:
    if isinstance(slot, Entry):
        return site_label(slot.link)
    return None if slot.host == NO_HOST else before.hosts[slot.host]


def _learnt(slots: Sequence[Slot], *, before: Memory) -> list[str] | None:
    texts = dict(known_tails(slots, before=before))
    counts = Counter(map(tail_of, slots))
    learnt = [each for each, count in counts.items() if each and is_learnt(count, of=len(slots))]
    return [texts[each] for each in learnt] if all(each in texts for each in learnt) else None


def known_tails(slots: Iterable[Slot], *, before: Memory) -> Iterator[tuple[int, str]]:
    """The tails whose texts are known, by their hashes."""
    yield from ((_hash_of_tail(text), text) for text in before.tails)
    for slot in slots:
        if isinstance(slot, Entry) and (text := _tail(slot.title)):
            yield _hash_of_tail(text), text


def tail_of(slot: Slot) -> int:
    """The hash of the tail of a title; 0: it has none."""
    return slot.tail if isinstance(slot, Remembered) else _hash_of_tail(_tail(slot.title))


_tail = lru_cache(maxsize=4096)(tail)  # each is asked for several times


@lru_cache(maxsize=1024)
def _hash_of_tail(text: str) -> int:
    return hash64("tail", text) if text else 0


def shared_tails(slots: Sequence[Slot], *, before: Memory) -> tuple[str, ...]:
    """The tails to be remembered, those that most entries share first."""
    counts = Counter(map(tail_of, slots))
    texts = dict(known_tails(slots, before=before))
    shared = [
        (-counts[each], text)
        for each, text in texts.items()
        if counts[each] >= _SHARED and len(text) <= MAX_TEXT
    ]
    return tuple(text for _, text in sorted(shared)[:MAX_TEXTS])


# --- how headlines depend on them


@dataclass(slots=True)
class _Asked(Collection[str]):
    """Names that note which tails were looked up among them."""

    names: frozenset[str]
    found: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)

    def __contains__(self, text: object) -> bool:
        known = text in self.names
        (self.found if known else self.missed).add(str(text))
        return known

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Signature:
    """The tails that a headline lost because they are site names, and where that ended."""

    lost: frozenset[str]
    stopped: int  # hash of the tail that is no site name; 0: none


def signature(title: str, names: frozenset[str]) -> Signature:
    """How a headline depends on the site names."""
    asked = _Asked(names)
    headline(title, site_names=asked)
    hashes = [hash_of_name(text) for text in asked.missed]
    stopped = hashes[0] if len(hashes) == 1 else ANY_TAIL if hashes else 0
    return Signature(frozenset(asked.found), stopped)


def hash_of_name(text: str) -> int:
    """The hash by which a site name is remembered."""
    return hash64("name", text)


def keep_their_headlines(
    seen: Iterable[Remembered], names: frozenset[str], *, before: Memory
) -> bool:
    """Do entries that were read among other site names have the same headlines among these?"""
    now = {hash_of_name(text) for text in names}
    then = dict(before.names)
    gained = now - then.keys()
    lost = any(used and each not in now for each, used in then.items())
    return not any(
        (lost and one.signed) or one.stopped in gained or (one.stopped == ANY_TAIL and bool(gained))
        for one in seen
    )
