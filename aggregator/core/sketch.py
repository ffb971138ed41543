"""Text sketches: how much of one text stands in another, from 128 numbers each. Pure.

A sketch is the bottom-k sample of the hashes of all three-word shingles (Broder 1997). Two
sketches estimate the containment of the shorter text in the longer one, so an excerpt or an
edited copy still shows its origin.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from struct import pack, unpack
from zlib import crc32

SKETCH_SIZE = 128
SHINGLE_WORDS = 3
MAX_LETTERS = 20_000
MAX_WORDS = 2000  # later words add nothing a copy could be told by
ENOUGH = 6  # comparable shingles below which a sketch says nothing
OPENING_WORDS = 40  # of a text: what an excerpt still has
OPENING_KEYS = 3

_WORD = re.compile(r"[^\W_]+")
_MIX = 0x9E3779B97F4A7C15  # an odd number without pattern (2^64 / golden ratio)
_MIX_TWICE = _MIX**2 % 2**64
_MIX_THRICE = _MIX**3 % 2**64
# Scripts that write no spaces: Thai, Lao, Khmer, CJK, kana.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u2e80-\U0010ffff]")
# Of ASCII: letters in lower case, digits, and spaces for all else.
_FOLDED = bytes(
    ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else ord(" ")
    for code in range(256)
)
# What stands in most English texts besides ASCII, and in none of their words.
_TYPOGRAPHY = "\u00a0\u2013\u2014\u2018\u2019\u201c\u201d\u2026"
# Leftovers of the page around a story. From such a line to the end nothing belongs to it.
_END_MATTER = re.compile(
    r"^[^\S\n]*(?:references|leave a reply|leave a comment|share this\b.*|related posts?"
    r"|related articles?|also read\b.*|sign up for our newsletter"
    r"|the post .{1,300} appeared first on .*"
    r"|your email address will not be published.*|copyright \d{4}\b.*|read more\b.{0,40}"
    r"|\(only the headline and picture of this report may .*)\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_INLINE_END = re.compile(
    r"(?:the post .{1,300}? appeared first on|your email address will not be published)",
    re.IGNORECASE | re.DOTALL,
)
# How the lines and the phrases above begin: quick to look for in lower case.
_LINE_START = re.compile(
    r"\n[^\S\n]*(?:references|leave a|share this|related|also read|sign up for|the post"
    r"|your email|copyright|read more|\(only)"
)
_PHRASES = (" appeared first on", "your email address will")


def story_text(text: str) -> str:
    """Return the text without what the page left around it ("References", "Leave a Reply")."""
    lowered = f"\n{text.lower()}"
    if _LINE_START.search(lowered):
        text = _before(_END_MATTER, text)
    if any(phrase in lowered for phrase in _PHRASES):
        text = _before(_INLINE_END, text)
    return text


def _before(end: re.Pattern[str], text: str) -> str:
    """The text before the first match, or all of it when nothing stands there."""
    found = end.search(text)
    return text[: found.start()] if found and text[: found.start()].strip() else text


def words_of(text: str) -> list[bytes]:
    """Return the case-folded words of a text in UTF-8, at most the first 2,000.

    Scripts without spaces give one word for each character: their shingles then are triples.
    """
    text = text[:MAX_LETTERS]
    if not text.isascii():
        for mark in _TYPOGRAPHY:
            text = text.replace(mark, " ")
    if text.isascii():
        return text.encode().translate(_FOLDED).split()[:MAX_WORDS]
    words = _WORD.findall(text.casefold())
    if _UNSPACED.search(text):
        words = [part for word in words for part in (word if _is_unspaced(word) else (word,))]
    return "\n".join(words[:MAX_WORDS]).encode("utf-8", "surrogatepass").split()


def _is_unspaced(word: str) -> bool:
    return len(word) > 3 and _UNSPACED.match(word, len(word) // 2) is not None


def shingles(words: list[bytes]) -> list[int]:
    """Return a 32-bit hash of each three words in a row, in the order of the text.

    The middle bits of ((a * M + b) * M + c) * M modulo 2^64, for the checksums a, b, c of the
    words. All at once: each word has 16 bytes of one long number, so that one multiplication
    serves the whole text; products stay below 2^98 and so within their 16 bytes.
    """
    count = len(words) - SHINGLE_WORDS + 1
    if count < 1:
        return []
    row = int.from_bytes(pack("<" + "I12x" * len(words), *map(crc32, words)), "little")
    mixed = row * _MIX_THRICE + (row >> 128) * _MIX_TWICE + (row >> 256) * _MIX
    lanes = mixed.to_bytes(16 * len(words), "little")
    return list(unpack("<" + "4xI8x" * count, lanes[: 16 * count]))


def sketch(of: list[int]) -> tuple[int, ...]:
    """Return up to 128 ascending 32-bit numbers that stand for the shingles of a text.

    They are spread evenly: of a long text only those need sorting that are likely to be among
    the 128 least.
    """
    bound = ((SKETCH_SIZE + 32) << 32) // max(len(of), 1)
    least = {value for value in of if value < bound}
    if len(least) < SKETCH_SIZE:
        least = set(of)
    return tuple(sorted(least)[:SKETCH_SIZE])


def opening(of: list[int]) -> tuple[int, ...]:
    """Return up to three numbers by which texts that open alike are found.

    The least of the shingles of the first forty words: a dateline before them or a word
    changed among them leaves most copies at least one of the three. Empty for a text too short
    to be compared.
    """
    first = set(of[: OPENING_WORDS - SHINGLE_WORDS + 1])
    return tuple(sorted(first)[:OPENING_KEYS]) if len(first) >= ENOUGH else ()


@dataclass(frozen=True, slots=True, order=True)
class Overlap:
    """How much of the shorter of two texts stands in the other, as far as samples can tell."""

    share: float  # 0 to 1
    shared: int  # shingles that both samples have
    compared: int  # of so many of the shorter: how much the share is worth


def overlap(one: tuple[int, ...], other: tuple[int, ...]) -> Overlap | None:
    """Compare two sketches; None: too little of them is comparable to say anything.

    Only hashes up to the smaller of the two sample bounds are comparable in both; whatever both
    hold is below it.
    """
    bound = min(_bound(one), _bound(other))
    smaller = min(bisect_right(one, bound), bisect_right(other, bound))
    if smaller < ENOUGH:
        return None
    shared = len(set(one).intersection(other))
    return Overlap(shared / smaller, shared, smaller)


def _bound(values: tuple[int, ...]) -> int:
    return values[-1] if len(values) >= SKETCH_SIZE else 0xFFFFFFFF
