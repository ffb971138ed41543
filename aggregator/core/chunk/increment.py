"""Document and Memory of its last version -> what is new in it, with the Memory of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from aggregator import __version__
from aggregator.core.chunk.memory import Memory, Remembered
from aggregator.core.chunk.names import Slot, keep_their_headlines, shared_tails, site_names
from aggregator.core.chunk.remember import Names, Places, hash_of_link, remembered
from aggregator.core.chunk.split import Chunks, chunks
from aggregator.core.errors import ParseError
from aggregator.core.identify import identify_among
from aggregator.core.keying import HASH_VERSION, KEY_VERSION
from aggregator.core.links import canonical_link
from aggregator.core.model import Document, Entry, Feed, Identity, Reading, Seen
from aggregator.core.parse import parse_parts, says_nothing
from aggregator.core.parse.guids import distinct
from aggregator.core.parse.parts import Parts
from aggregator.core.read import read
from aggregator.core.settings import Source

MAX_PREFIXES = 60  # namespaces; from 64 on the parser notes no more of them
GIVEN_UP = b"-"  # in place of a memory: once for each reading since splitting failed
RETRIED = 4  # readings after a failure


def read_new(document: Document, source: Source, max_entries: int, memory: bytes) -> Reading:
    """Read what is new in a document, or all of it where it cannot be told what is new.

    `memory` is that of the last version, b"" when there is none. Raises ParseError.
    """
    if memory.startswith(GIVEN_UP) and len(memory) < RETRIED:
        return replace(read(document, source, max_entries), memory=memory + GIVEN_UP)
    found = incremental_read(document, source=source, memory=memory, max_entries=max_entries)
    if found is not None:
        return found
    return replace(read(document, source, max_entries), memory=GIVEN_UP)


def incremental_read(
    document: Document, *, source: Source, memory: bytes, max_entries: int
) -> Reading | None:
    """Read the entries of a document that are not in the memory of its last version.

    None: it cannot be taken apart, and has to be read as a whole.
    """
    cut = chunks(document, max_entries=max_entries)
    if cut is None:
        return None
    nothing = _nothing(document, source)
    before = Memory.from_bytes(memory, origin=nothing.origin)
    try:
        found = before and _attempt(document, cut, source=source, before=before)
        return found or _attempt(document, cut, source=source, before=nothing)
    except ParseError:
        return None


def _nothing(document: Document, source: Source) -> Memory:
    """The memory of no entry. Its origin changes whenever the same bytes may give other entries."""
    said = (
        (__version__, KEY_VERSION, HASH_VERSION),
        (source.id, document.url, document.content_language),
        source.cleaning,
    )
    return Memory(
        origin=_digest(repr(said)),
        context=b"",
        prefixes=0,
        entries=(),
        names=(),
        tails=(),
        hosts=(),
    )


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


# --- one attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """A document, its entries in place: remembered, read, or None for those that say nothing."""

    slots: tuple[Slot | None, ...]
    kept: tuple[Slot, ...]  # without those that say nothing
    new: tuple[Entry, ...]
    seen: tuple[Remembered, ...]
    context: bytes
    prefixes: int


def _version(slots: tuple[Slot | None, ...], *, context: bytes, prefixes: int) -> _Version:
    kept = tuple(slot for slot in slots if slot is not None and not _left_out(slot))
    return _Version(
        slots=slots,
        kept=kept,
        new=tuple(slot for slot in kept if isinstance(slot, Entry)),
        seen=tuple(slot for slot in kept if isinstance(slot, Remembered)),
        context=context,
        prefixes=prefixes,
    )


def _left_out(slot: Slot) -> bool:
    return isinstance(slot, Remembered) and slot.left_out


def _attempt(document: Document, cut: Chunks, *, source: Source, before: Memory) -> Reading | None:
    """Read the entries that are not in `before`; None when that does not tell enough."""
    known = {one.chunk: one for one in before.entries}
    if cut.is_open:
        known.pop(cut.digests[-1], None)
    wanted = [index for index, digest in enumerate(cut.digests) if digest not in known]
    if len(wanted) == len(cut.digests):
        before = replace(before, prefixes=0, names=(), tails=(), hosts=(), context=b"")
    parts = parse_parts(
        document, cut.reduced(wanted), entries=len(wanted), cleaning=source.cleaning
    )
    if parts is None:
        return None
    read_ones = iter(parts.entries)
    version = _version(
        tuple(known[each] if each in known else next(read_ones) for each in cut.digests),
        context=_digest(parts.context),
        prefixes=before.prefixes + parts.prefixes - parts.head_prefixes,
    )
    if before.context not in (b"", version.context):
        return None
    if parts.head_prefixes + version.prefixes > MAX_PREFIXES:
        return None
    return _increment(version, parts, cut=cut, source=source, before=before)


def _increment(
    version: _Version, parts: Parts, *, cut: Chunks, source: Source, before: Memory
) -> Reading | None:
    entries, repeated = (version.new, ()) if version.seen else distinct(version.new)
    names = site_names(parts.info, source, version.kept if version.seen else entries, before=before)
    if names is None or not keep_their_headlines(version.seen, names, before=before):
        return None
    identities = _identities(entries, version.seen, source=source, names=names)
    keys = [one.entry_key for each in (version.seen, identities) for one in each]
    memory = b""
    if entries == version.new and len(set(keys)) == len(keys):  # each with a guid of its own
        memory = _memory(version, identities, cut=cut, names=names, before=before).to_bytes()
    elif version.seen:
        return None
    feed = Feed(
        info=parts.info,
        entries=entries,
        hints=parts.hints,
        format=parts.format,
        skipped=(*_skipped(version), *repeated),
    )
    seen = tuple(Seen(one.entry_key, one.gist) for one in version.seen)
    return Reading(feed, identities, seen, memory)


def _skipped(version: _Version) -> Iterator[str]:
    for index, slot in enumerate(version.slots, start=1):
        if slot is None or _left_out(slot):
            yield says_nothing(index)


def _identities(
    entries: Sequence[Entry],
    seen: Sequence[Remembered],
    *,
    source: Source,
    names: frozenset[str],
) -> tuple[Identity, ...]:
    links = [canonical_link(entry.link) for entry in entries]
    hashes = [hash_of_link(link) for link in links]
    counts = Counter([*hashes, *(one.link for one in seen)])
    own = [link if counts[each] == 1 else "" for link, each in zip(links, hashes, strict=True)]
    return identify_among(entries, own_links=own, source=source, names=names)


def _memory(
    version: _Version,
    identities: Sequence[Identity],
    *,
    cut: Chunks,
    names: frozenset[str],
    before: Memory,
) -> Memory:
    known, places = Names(names, before), Places(before)
    entries = remembered(version.slots, identities, digests=cut.digests, names=known, places=places)
    return Memory(
        origin=before.origin,
        context=version.context,
        prefixes=version.prefixes,
        entries=tuple(entries),
        names=known.listed(),
        tails=shared_tails(version.kept, before=before),
        hosts=places.listed(),
    )
