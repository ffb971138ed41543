"""XML text -> what feedparser finds in it. Pure; only this package imports feedparser.

feedparser's own `parse()` is left out on purpose. It would guess the encoding and the document
type once more, follow every quirk in quadratic time, forget the published guid and all but one
of the hours in skipHours. Its handlers of elements are used as they are:

    texts      what happens when an element with a text ends
    bounded    bounds, and a memory for what feedparser would forget
    strict     expat's events -> handlers, for what is well-formed
    loose      feedparser's forgiving parser, for the rest
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers.expat import ExpatError

from aggregator.core.parse.raw import Raw
from aggregator.core.parse.reader.bounded import Bounded
from aggregator.core.parse.reader.loose import Loose
from aggregator.core.parse.reader.strict import MARK, Strict

__all__ = ["MARK", "Found", "Marked", "read", "read_marked"]

_ITEM = re.compile(r"<(?:[\w.-]{1,40}:)?(?:item|entry)(?=[\s/>])")


@dataclass(frozen=True, slots=True)
class Found:
    """What feedparser found. `left_out` counts the entries beyond the limit."""

    feed: Raw
    entries: list[Raw]
    version: str
    left_out: int


@dataclass(frozen=True, slots=True)
class Marked:
    """What feedparser found in a marked text, and whether each entry stands for itself.

    `context` is the state in which each entry was read: the same chunk read in the same state
    gives the same entry. `prefixes` counts the namespaces met, `head_prefixes` those of them
    that the entries did not bring.
    """

    found: Found
    context: str
    head_prefixes: int
    prefixes: int


def read(
    text: str, *, base: str, language: str | None, limit: int, oldest_first: bool = False
) -> Found:
    """Let feedparser read a tidied document; at most `limit` entries.

    With `oldest_first` the entries left out are the first ones. Raises whatever feedparser
    raises: nearly anything.
    """
    first = max(len(_ITEM.findall(text)) - limit, 0) if oldest_first else 0
    strict = Strict(base, language)
    strict.first, strict.limit = first, limit
    try:
        strict.read(text)
    except ExpatError:
        return _found(_forgiving(text, base=base, language=language, first=first, limit=limit))
    return _found(strict)


def _forgiving(text: str, *, base: str, language: str | None, first: int, limit: int) -> Loose:
    loose = Loose(base, language, "utf-8", {})
    loose.first, loose.limit = first, limit
    loose.feed(text)
    return loose


def _found(handler: Bounded) -> Found:
    return Found(handler.feeddata, handler.entries, str(handler.version), handler.left_out)


def read_marked(marked: str, *, base: str, language: str | None, entries: int) -> Marked | None:
    """Let feedparser read a tidied text with a MARK before, between and after its `entries`.

    None when it is not well-formed, or when an entry may depend on those before it. Raises as
    `read` does.
    """
    handler = Strict(base, language)
    handler.limit = entries
    try:
        handler.read(marked)
    except ExpatError:
        return None
    marks = handler.marks
    in_order = [mark.entries for mark in marks] == list(range(entries + 1))
    if not in_order or handler.left_out or handler.is_odd or len(handler.entries) != entries:
        return None
    if any(mark.state != marks[0].state for mark in marks):
        return None
    return Marked(
        found=_found(handler),
        context=repr((marks[0].state[:-1], sorted(handler.declared))),
        head_prefixes=marks[0].prefixes,
        prefixes=len(handler.namespaces_in_use),
    )
