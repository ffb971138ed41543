"""Document -> the bytes of each entry, found without parsing. Pure.

What is cut out must be what a parser would take for an entry. So the splitter is strict: entries
stand side by side, in one place, with nothing but white space and comments between and only end
tags behind them. Whether the cuts were right shows when what is left is parsed: the marks at the
cuts must come out as processing instructions, and it must be well-formed. A chunk that was so
once, in a document of which every chunk was, is so in every document: tidying and parsing look at
nothing beyond it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

from aggregator.core.clean import xml_legal
from aggregator.core.model import Document
from aggregator.core.parse import text_of_document
from aggregator.core.parse.reader import MARK

Span = tuple[int, int]

_DIGEST_SIZE = 8  # bytes; they tell apart the entries of one document and its last version
_TOKEN = re.compile(
    rb"<(?:(!\[CDATA\[|!--|\?)|(/?)((?:[\w.-]{1,40}+:)?+(?:item|entry))(?=[\s/>]))", re.IGNORECASE
)
_TAG = re.compile(rb"<(?:[\w.-]{1,40}+:)?+(?:item|entry)(?=[\s/>])")
_CLOSERS = {b"![CDATA[": b"]]>", b"!--": b"-->", b"?": b"?>"}
_CDATA = b"<![CDATA["
_FORBIDDEN = bytes(range(0x20)).translate(None, b"\t\n\r")
_NO_CHARACTERS = re.compile(b"\xef\xbf[\xbe\xbf]")  # U+FFFE and U+FFFF
_ROOT = re.compile(rb"<((?:[A-Za-z_][\w.-]{0,30}:)?(?:rss|rdf|feed))(?=[\s>])", re.IGNORECASE)
_GAP = re.compile(rb"(?:\s|<!--(?:(?!-->).)*+-->)*+", re.DOTALL)
_END_TAGS = re.compile(
    rb"(?:\s|<!--(?:(?!-->).)*+-->)*+(?:</(?:\w+:)?channel\s*+>\s*+)?+</(?:\w+:)?(?:rss|rdf|feed)\s*+>",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Chunks:
    """A document and where its entries stand in it, first to last."""

    data: bytes  # its text in UTF-8
    spans: tuple[Span, ...]
    digests: tuple[bytes, ...]  # of the bytes of each entry; all different
    is_open: bool  # stands more of the feed behind the entries? It depends on the last of them.

    def reduced(self, wanted: Iterable[int]) -> str:
        """Return the text with only the entries at these places, and marks around them."""
        pieces = [self.data[: self.spans[0][0]]]
        pieces += [self.data[slice(*self.spans[index])] for index in wanted]
        tail = self.data[self.spans[-1][1] :]
        return MARK.encode().join([*pieces, tail]).decode("utf-8")


class _Unsure(Exception):
    """The splitter cannot tell where the entries are."""


def chunks(document: Document, *, max_entries: int) -> Chunks | None:
    """Find the entries of an RSS or Atom document.

    None: it has none, more than `max_entries`, the same twice, or its shape is not a plain one.
    """
    text = text_of_document(document)
    if text.startswith(("{", "[")):
        return None
    data = _legal(text)
    try:
        spans = tuple(_spans(data))
    except _Unsure:
        return None
    if not 0 < len(spans) <= max_entries or not _is_plain(data, spans, limit=max_entries):
        return None
    digests = tuple(_digest(data[start:end]) for start, end in spans)
    if len(set(digests)) < len(digests):
        return None
    return Chunks(data, spans, digests, is_open=not _END_TAGS.match(data, spans[-1][1]))


def _digest(chunk: bytes) -> bytes:
    return blake2b(chunk, digest_size=_DIGEST_SIZE).digest()


def _legal(text: str) -> bytes:
    """The text in UTF-8 without what XML forbids: nearly always there is nothing of it."""
    data = text.encode("utf-8")
    is_legal = len(data.translate(None, _FORBIDDEN)) == len(data)
    if is_legal and (text.isascii() or not _NO_CHARACTERS.search(data)):
        return data
    return xml_legal(text).encode("utf-8")


def _spans(data: bytes) -> Iterator[Span]:
    """Where each entry begins and ends. Raises _Unsure."""
    position = start = 0
    name = b""  # of the entry that is open
    while token := _TOKEN.search(data, position):
        literal, slash, tag = token.groups()
        if literal:
            position = _after_literal(data, token.start(), literal)
            continue
        position = data.find(b">", token.end()) + 1
        if not position or bool(slash) != bool(name) or (slash and tag != name):
            raise _Unsure  # an entry inside of an entry, or an end without a start
        if not slash:
            start, name = token.start(), tag
        if slash or data[position - 2 : position] == b"/>":
            name = b""
            yield start, position
    if name:
        raise _Unsure


def _after_literal(data: bytes, start: int, kind: bytes) -> int:
    """The end of a CDATA section, a comment or a processing instruction."""
    closer = _CLOSERS[kind.upper()]
    end = data.find(closer, start + len(kind) + 1)
    # To the tidier a CDATA section in a comment is one.
    if end < 0 or (kind.upper() != b"![CDATA[" and _CDATA in data[start:end]):
        raise _Unsure
    return end + len(closer)


def _is_plain(data: bytes, spans: tuple[Span, ...], *, limit: int) -> bool:
    """Is there nothing in the document that reaches from one entry to another?"""
    head, tail = data[: spans[0][0]], data[spans[-1][1] :]
    root = _ROOT.search(head)
    if not root or b"<!ENTITY" in head or MARK[:-2].encode() in data:
        return False
    if data.count(b"<") > limit and len(_TAG.findall(data)) > limit:
        return False  # the parser would count more of them than there are
    return tail.count(b"</" + root[1]) == 1 and all(
        _GAP.fullmatch(data, before[1], after[0]) for before, after in pairwise(spans)
    )
