"""Where the entries stand in a feed that we wrote. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

_START = re.compile(rb"<(entry|item)[ >]")
_SPACE = re.compile(rb"\s*")


class Span(NamedTuple):
    """The bytes of one entry, with the white space behind it."""

    start: int
    end: int


def spans_of(body: bytes) -> list[Span]:
    """The entries of an Atom or RSS document, in their order.

    Its texts are escaped, so none nests and none is a text that looks like one. None at all
    where that cannot be told without parsing.
    """
    if b"<![CDATA[" in body or b"<!--" in body:
        return []
    spans: list[Span] = []
    start = _START.search(body)
    while start is not None:
        closing = b"</%b>" % start[1]
        found = body.find(closing, start.end())
        if found < 0:
            break
        space = _SPACE.match(body, found + len(closing))
        end = space.end() if space else len(body)
        spans.append(Span(start.start(), end))
        start = _START.search(body, end)
    return spans
