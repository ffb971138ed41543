"""Where in feeds.yaml a character of a value stands, whatever its quotes, escapes and line ends."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aggregator.adapters.config.problems import Problems
from aggregator.adapters.config.tree import Node, Scalar

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_HEADER = re.compile(r"[|>][^\n]*\n[ ]*")
_ESCAPE = re.compile(r"\\(?:x..|u.{4}|U.{8}|.)", re.DOTALL)
_LINE_END = re.compile(r"\\\s*\n\s*")


class Spots:
    """Finds characters of scalars in a text. Remembers what it has laid side by side."""

    def __init__(self, problems: Problems) -> None:
        self._text = problems.text
        self._known: dict[tuple[int, int], Sequence[int]] = {}

    def start(self, node: Node, offset: int | None) -> int:
        """Where a character of a scalar stands in the file; the node's start without an offset."""
        if offset is None or not isinstance(node, Scalar):
            return node.start
        key = (node.start, node.end)
        if key not in self._known:
            raw = self._text[node.start : node.end]
            self._known[key] = [node.start + at for at in aligned(raw, node.text)]
        offsets = self._known[key]
        return offsets[offset] if offset < len(offsets) else node.start


def aligned(raw: str, value: str) -> Sequence[int]:
    """For each character of a value, and its end, where it stands in its YAML spelling.

    Empty when the two cannot be laid side by side: an alias, for one.
    """
    properties = _PROPERTIES.match(raw)
    at = properties.end() if properties else 0
    style = raw[at : at + 1]
    header = _HEADER.match(raw, at)
    if header:
        at = header.end()
    elif style in ("'", '"'):
        at += 1
    offsets: list[int] = []
    for character in value:
        at = _skip(raw, at, character, style)
        length = _length(raw, at, character, style)
        if not length:
            return ()
        offsets.append(at)
        at += length
    return (*offsets, at)


def _skip(raw: str, at: int, character: str, style: str) -> int:
    """Pass over white space that is layout: where the value does not go on with it."""
    if style == '"':
        while folded := _LINE_END.match(raw, at):
            at = folded.end()
    if not character.isspace():
        while at < len(raw) and raw[at].isspace():
            at += 1
    return at


def _length(raw: str, at: int, character: str, style: str) -> int:
    """How many characters of the spelling are this one of the value; 0: it is another."""
    if style == '"' and (escape := _ESCAPE.match(raw, at)):
        return len(escape[0])
    if style == "'" and raw.startswith("''", at):
        return 2
    found = raw[at : at + 1]
    same = found == character or (found.isspace() and character.isspace())
    return int(same)
