"""Text sketches: how much of one text stands in another, from 64 numbers each. Pure.

A sketch is the bottom-k sample of the hashes of all three-word shingles (Broder 1997). Two
sketches estimate the containment of the shorter text in the longer one, so an excerpt or an
edited copy still shows its origin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from zlib import crc32

SKETCH_SIZE = 64
SHINGLE_WORDS = 3
MAX_LETTERS = 20_000
MAX_WORDS = 2000  # later words add nothing a copy could be told by
ENOUGH = 6  # comparable shingles below which a sketch says nothing
OPENING_WORDS = 40  # of a text: what an excerpt still has
OPENING_KEYS = 3

_WORD = re.compile(r"[^\W_]+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_MIX = 0x9E3779B97F4A7C15  # an odd number without pattern (2^64 / golden ratio)
# Leftovers of the page around a story. From such a line to the end nothing belongs to it.
_END_MATTER = re.compile(
    r"^\s*(?:references|leave a reply|leave a comment|share this\b.*|related posts?"
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


def story_text(text: str) -> str:
    """Return the text without what the page left around it ("References", "Leave a Reply")."""
    end = _END_MATTER.search(text)
    if end and end.start() > 0:
        text = text[: end.start()]
    inline = _INLINE_END.search(text)
    if inline and inline.start() > 0:
        text = text[: inline.start()]
    return text


def words_of(text: str) -> list[str]:
    """Return the case-folded words of a text, at most the first 2,000.

    Scripts without spaces give one word for each character: their shingles then are triples.
    """
    if text.isascii():
        return _ASCII_WORD.findall(text[:MAX_LETTERS].lower())[:MAX_WORDS]
    words: list[str] = []
    for word in _WORD.findall(text[:MAX_LETTERS].casefold()):
        if len(word) > 3 and _is_unspaced(word):
            words.extend(word)
        else:
            words.append(word)
    return words[:MAX_WORDS]


def _is_unspaced(word: str) -> bool:
    """Is the word of a script that writes no spaces (Thai, Lao, Khmer, CJK, kana)?"""
    middle = word[len(word) // 2]
    return "\u0e00" <= middle <= "\u0eff" or "\u1780" <= middle <= "\u17ff" or middle >= "\u2e80"


def shingles(words: list[str]) -> list[int]:
    """Return a 32-bit hash of each three words in a row, in the order of the text."""
    hashes = [crc32(word.encode("utf-8", "surrogatepass")) for word in words]
    return [
        (((one * _MIX + two) * _MIX + three) * _MIX >> 32) & 0xFFFFFFFF
        for one, two, three in zip(hashes, hashes[1:], hashes[2:], strict=False)
    ]


def sketch(of: list[int]) -> tuple[int, ...]:
    """Return up to 64 ascending 32-bit numbers that stand for the shingles of a text."""
    return tuple(sorted(set(of))[:SKETCH_SIZE])


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

    Only hashes up to the smaller of the two sample bounds are comparable in both.
    """
    bound = min(_bound(one), _bound(other))
    left = {value for value in one if value <= bound}
    right = {value for value in other if value <= bound}
    smaller = min(len(left), len(right))
    if smaller < ENOUGH:
        return None
    shared = len(left & right)
    return Overlap(shared / smaller, shared, smaller)


def _bound(values: tuple[int, ...]) -> int:
    return values[-1] if len(values) >= SKETCH_SIZE else 0xFFFFFFFF
