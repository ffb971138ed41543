"""What to remember of an entry that was read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aggregator.core.chunk.memory import (
    LEFT_OUT,
    MAX_TEXTS,
    NO_HOST,
    SIGNED,
    Labels,
    Memory,
    Remembered,
)
from aggregator.core.chunk.names import Slot, hash_of_name, signature, tail_of
from aggregator.core.gist import hash_of_gist
from aggregator.core.links import canonical_link, site_label
from aggregator.core.model import Entry, Identity
from aggregator.core.slug import hash64


def hash_of_link(canonical: str) -> int:
    """The hash by which a canonical link is remembered; 0 for none."""
    return hash64("link", canonical) if canonical else 0


class Places:
    """The table of hosts of a memory, as it is filled."""

    def __init__(self, before: Memory) -> None:
        self._before = before.hosts
        self._places: dict[Labels, int] = {}
        self._moved: dict[int, int] = {NO_HOST: NO_HOST}

    def of(self, slot: Slot) -> int:
        """Where the host of an entry stands in the table; NO_HOST when there is no room."""
        if isinstance(slot, Entry):
            return self._place(tuple(filter(None, site_label(slot.link))))
        if slot.host not in self._moved:
            self._moved[slot.host] = self._place(self._before[slot.host])
        return self._moved[slot.host]

    def _place(self, labels: Labels) -> int:
        if labels not in self._places and len(self._places) >= MAX_TEXTS:
            return NO_HOST
        return self._places.setdefault(labels, len(self._places))

    def listed(self) -> tuple[Labels, ...]:
        """The hosts in the order of their places."""
        return tuple(self._places)


class Names:
    """The site names of a memory, and which of them headlines have lost."""

    def __init__(self, names: frozenset[str], before: Memory) -> None:
        self._names = names
        self._used = {each for each, used in before.names if used}

    def read(self, entry: Entry, identity: Identity, *, chunk: bytes, host: int) -> Remembered:
        """What to remember of an entry that was read."""
        signed = signature(entry.title, self._names)
        self._used.update(map(hash_of_name, signed.lost))
        return Remembered(
            chunk=chunk,
            entry_key=identity.entry_key,
            link=hash_of_link(canonical_link(entry.link)),
            gist=hash_of_gist(identity.headline),
            tail=tail_of(entry),
            stopped=signed.stopped,
            host=host,
            flags=SIGNED if signed.lost else 0,
        )

    def listed(self) -> tuple[tuple[int, bool], ...]:
        """The hash of each name, and whether a headline lost it."""
        return tuple((each, each in self._used) for each in sorted(map(hash_of_name, self._names)))


def remembered(
    slots: Sequence[Slot | None],
    identities: Iterable[Identity],
    *,
    digests: Sequence[bytes],
    names: Names,
    places: Places,
) -> Iterator[Remembered]:
    """What to remember of each entry of a document, of those that were read by their identities."""
    identified = iter(identities)
    for digest, slot in zip(digests, slots, strict=True):
        if slot is None:
            yield Remembered(digest, flags=LEFT_OUT)
        elif isinstance(slot, Entry):
            yield names.read(slot, next(identified), chunk=digest, host=places.of(slot))
        else:
            host = places.of(slot)
            yield slot if host == slot.host else slot._replace(host=host)
