"""Does reading what is new still give what reading the whole gives? Asked now and then. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b

from aggregator.core.chunk.increment import read_new
from aggregator.core.model import Document, Reading
from aggregator.core.read import read
from aggregator.core.settings import Source

ONE_IN = 1000  # documents
LARGEST = 256 * 1024  # bytes; to read a larger one twice may take longer than a worker may
_EDGE = 1024  # bytes; dates and new entries stand there


@dataclass(frozen=True, slots=True)
class Checked:
    """A reading that can be relied on, and what was wrong with the one that was found."""

    reading: Reading
    difference: str  # "": nothing


def is_due(body: bytes) -> bool:
    """Is this document one of those to be checked?

    Its length and its edges say so: to hash all of it would take longer than to find what is new.
    """
    edges = b"%d %b%b" % (len(body), body[:_EDGE], body[-_EDGE:])
    return int.from_bytes(blake2b(edges, digest_size=8).digest(), "big") % ONE_IN == 0


def read_watched(document: Document, source: Source, max_entries: int, memory: bytes) -> Checked:
    """Read what is new in a document; one in a thousand is checked. Raises ParseError.

    Large ones are not: what takes too long once would do so until the document changes.
    """
    if len(document.body) <= LARGEST and is_due(document.body):
        return read_checked(document, source, max_entries, memory)
    return Checked(read_new(document, source, max_entries, memory), "")


def read_checked(document: Document, source: Source, max_entries: int, memory: bytes) -> Checked:
    """Read a document both ways; where they differ the whole counts. Raises ParseError."""
    whole = read(document, source, max_entries)
    found = read_new(document, source, max_entries, memory)
    wrong = difference(whole, found)
    return Checked(whole if wrong else found, wrong)


def difference(whole: Reading, found: Reading) -> str:
    """Say in what a reading of what is new differs from the whole reading; "" for nothing."""
    if replace(found.feed, entries=()) != replace(whole.feed, entries=()):
        return "the feed or its hints differ"
    seen = {one.entry_key for one in found.seen}
    if not seen <= {one.entry_key for one in whole.identities}:
        return "an entry was taken for seen that is not there"
    pairs = zip(whole.feed.entries, whole.identities, strict=True)
    rest = [pair for pair in pairs if pair[1].entry_key not in seen]
    read_ones = zip(found.feed.entries, found.identities, strict=True)
    for (entry, identity), (read_entry, read_identity) in zip(rest, read_ones, strict=False):
        if entry != read_entry or identity != read_identity:
            return f"the entry {entry.guid[:100]} differs"
    missing = len(rest) - len(found.identities)
    return f"{missing} entries are missing" if missing else ""
