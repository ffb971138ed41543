"""How an article came to be what it is: the first half of what `aggregator why` tells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.model import Ruling, StoredEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step on the way of an article to what it is, in plain words."""

    at: datetime
    text: str
    held: str = ""  # why outputs may not show the entry; see StoredEntry


def chain(
    slug: str, entries: Iterable[StoredEntry], rulings: Iterable[Ruling]
) -> tuple[Event, ...]:
    """Return what was decided about the article of this slug, in the order of time."""
    ruled = tuple(rulings)
    events = [
        Event(at=entry.first_seen, text=_told_entry(entry, slug, ruled), held=entry.held)
        for entry in entries
    ]
    for ruling in ruled:
        told = _told_ruling(ruling)
        events.append(Event(at=ruling.at, text=told))
        if ruling.undone_at is not None:
            events.append(Event(at=ruling.undone_at, text=f"taken back: {told}"))
    return tuple(sorted(events, key=lambda event: event.at))


def _told_entry(entry: StoredEntry, slug: str, rulings: Iterable[Ruling]) -> str:
    """What the rules made of an entry, whatever the operator has made of it since."""
    splits = [
        ruling.other
        for ruling in rulings
        if (ruling.source, ruling.guid) == (entry.source, entry.guid)
    ]
    first = splits[0] if splits else entry.home
    place = first if first not in ("", slug) else "the article"
    if entry.rule == "new":
        return f"{entry.source} {entry.guid} founded {place} ({entry.evidence})"
    matched = f" as {entry.matched_source} {entry.matched_guid}" if entry.matched_source else ""
    return f"{entry.source} {entry.guid} joined {place} by {entry.rule}{matched} ({entry.evidence})"


def _told_ruling(ruling: Ruling) -> str:
    if ruling.kind == "merge":
        return f"the operator merged {ruling.slug} into {ruling.other}"
    entry = f"{ruling.source} {ruling.guid}"
    return f"the operator split {entry} off {ruling.other}: it is {ruling.slug}"
