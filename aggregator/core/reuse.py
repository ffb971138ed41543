"""A guid that a source gives to another story later: the second story gets a guid of its own. Pure.

Feeds of one item under a constant guid do that, and sites that number their posts anew. Taken for
an edit the first story would be overwritten, and lost. A retitled story changes less: its text,
its link or its date stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aggregator.core.gist import Likeness, likeness
from aggregator.core.identify import entry_key_of, guid_keys
from aggregator.core.known import KnownEntry
from aggregator.core.links import canonical_link
from aggregator.core.model import Entry, Identity, Reading
from aggregator.core.sketch import overlap
from aggregator.core.story import COPY

Sketches = Mapping[int, tuple[int, ...]]  # by entry key


def suspects(reading: Reading, entries: Mapping[int, KnownEntry]) -> frozenset[int]:
    """Return the entry keys whose stored entries have another link and another headline.

    Only their texts are needed to tell whether that is an edit.
    """
    found = set()
    for entry, identity in zip(reading.feed.entries, reading.identities, strict=True):
        stored = entries.get(identity.entry_key)
        if stored is not None and _differs(entry, identity, stored):
            found.add(identity.entry_key)
    return frozenset(found)


def _differs(entry: Entry, identity: Identity, stored: KnownEntry) -> bool:
    if identity.content_hash == stored.content_hash or not identity.headline:
        return False
    link, before = canonical_link(entry.link), canonical_link(stored.link)
    if not link or not before or link == before:
        return False
    return likeness(identity.headline, stored.headline) is Likeness.OTHER


def told_apart(
    reading: Reading, entries: Mapping[int, KnownEntry], sketches: Sketches, *, source: str
) -> Reading:
    """Return the reading; suspects that are another story get guid and link for a guid."""
    pairs = [
        _renamed(entry, identity, source=source)
        if identity.entry_key in sketches
        and _another_story(
            entry, identity, entries[identity.entry_key], sketches[identity.entry_key]
        )
        else (entry, identity)
        for entry, identity in zip(reading.feed.entries, reading.identities, strict=True)
    ]
    feed = replace(reading.feed, entries=tuple(entry for entry, _ in pairs))
    identities = tuple(identity for _, identity in pairs)
    if identities == reading.identities:
        return reading
    # What is remembered of the document names the entries as it does.
    return replace(reading, feed=feed, identities=identities, memory=b"")


def _another_story(
    entry: Entry, identity: Identity, stored: KnownEntry, sketch: tuple[int, ...]
) -> bool:
    texts = overlap(identity.sketch, sketch)
    if texts is not None:
        return texts.share < COPY
    return entry.published is None or entry.published != stored.published


def _renamed(entry: Entry, identity: Identity, *, source: str) -> tuple[Entry, Identity]:
    guid = f"{entry.guid} {entry.link}"
    keys = [key for key in identity.keys if not key.kind.startswith("guid") and key.kind != "id"]
    return (
        replace(entry, guid=guid),
        replace(
            identity,
            entry_key=entry_key_of(source, guid),
            keys=(*guid_keys(guid, source=source), *keys),
            atom_id="",
        ),
    )
