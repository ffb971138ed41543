"""Which of a source's own entries of one story stands for it: its newest edition.

A source that gives a story another guid has mostly changed nothing, sometimes its text. What is
shown follows its text, and is not moved by guids and links that are new at every poll.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Edition(Protocol):
    """What is looked at of an entry."""

    @property
    def words(self) -> int: ...

    @property
    def content_hash(self) -> int: ...


E = TypeVar("E", bound=Edition)


def newest_edition(entries: Sequence[E]) -> E:
    """Return the first entry of the newest edition; `entries` come newest first.

    One that lost more than half of the text is a teaser of the story, no edition of it.
    """
    fullest = max(entry.words for entry in entries)
    place = next(at for at, entry in enumerate(entries) if 2 * entry.words >= fullest)
    content = entries[place].content_hash
    for entry in entries[place + 1 :]:
        if entry.content_hash != content:
            break
        place += 1
    return entries[place]
