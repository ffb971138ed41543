"""Every entry of a document gets a guid of its own. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.core.model import Entry
from aggregator.core.parse.entry import content_id


def distinct(entries: Sequence[Entry]) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The entries with distinct guids, in order, and the reasons for those left out.

    The same entry again (guid, link and title) is left out. Different ones that share a guid
    are all kept: the oldest keeps the guid, or the first where dates do not tell, because new
    entries join a feed beside those already known under it; the others get guid and link.
    """
    first: dict[tuple[str, str, str], int] = {}
    skipped: list[str] = []
    for index, entry in enumerate(entries):
        same = first.setdefault((entry.guid, entry.link, entry.title), index)
        if same != index:
            skipped.append(f"entry {index + 1} repeats entry {same + 1}: {entry.guid[:100]}")
    kept = [entries[index] for index in first.values()]
    owners = _owners(kept)
    taken = {entry.guid for entry in kept}
    renamed = tuple(
        entry if owners[entry.guid] == index else _renamed(entry, taken)
        for index, entry in enumerate(kept)
    )
    return renamed, tuple(skipped)


def _owners(entries: Sequence[Entry]) -> dict[str, int]:
    """Which entry keeps each guid."""
    owners: dict[str, int] = {}
    for index, entry in enumerate(entries):
        owner = owners.setdefault(entry.guid, index)
        known, date = _date(entries[owner]), _date(entry)
        if known and date and date < known:
            owners[entry.guid] = index
    return owners


def _date(entry: Entry) -> datetime | None:
    return entry.published or entry.updated


def _renamed(entry: Entry, taken: set[str]) -> Entry:
    """The entry under a guid that is not `taken`, which grows by it."""
    says = content_id(entry.title, entry.content or entry.summary)
    candidates = (f"{entry.guid} {entry.link}", f"{entry.guid} {entry.link} {says}")
    guid = next(one for one in candidates if one not in taken)
    taken.add(guid)
    return replace(entry, guid=guid)
