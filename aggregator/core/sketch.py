"""Text sketches: how much of one text stands in another, from 64 numbers each. Pure.

A sketch is the bottom-k sample of the hashes of all three-word shingles (Broder 1997). Two
sketches estimate the containment of the shorter text in the longer one, so an excerpt or an
edited copy still shows its origin.
"""

from __future__ import annotations

import re
from heapq import nsmallest
from zlib import crc32

SKETCH_SIZE = 64
SHINGLE_WORDS = 3
MAX_WORDS = 2000  # later words add nothing a copy could be told by
ENOUGH = 6  # comparable shingles below which a sketch says nothing

_WORD = re.compile(r"[^\W_]+")
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
    words: list[str] = []
    for match in _WORD.finditer(text.casefold()):
        word = match.group()
        if len(word) > 3 and _is_unspaced(word):
            words.extend(word)
        else:
            words.append(word)
        if len(words) >= MAX_WORDS:
            return words[:MAX_WORDS]
    return words


def _is_unspaced(word: str) -> bool:
    """Is the word of a script that writes no spaces (Thai, Lao, Khmer, CJK, kana)?"""
    middle = word[len(word) // 2]
    return "\u0e00" <= middle <= "\u0eff" or "\u1780" <= middle <= "\u17ff" or middle >= "\u2e80"


def sketch(words: list[str]) -> tuple[int, ...]:
    """Return up to 64 ascending 32-bit numbers that stand for the shingles of the words."""
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    shingles = {
        crc32(b" ".join(encoded[start : start + SHINGLE_WORDS]))
        for start in range(len(encoded) - SHINGLE_WORDS + 1)
    }
    return (
        tuple(nsmallest(SKETCH_SIZE, shingles))
        if len(shingles) > SKETCH_SIZE
        else tuple(sorted(shingles))
    )


def containment(one: tuple[int, ...], other: tuple[int, ...]) -> float | None:
    """Return how much of the shorter text stands in the other, 0 to 1; None: too little to say.

    Only hashes up to the smaller of the two sample bounds are comparable in both.
    """
    bound = min(_bound(one), _bound(other))
    left = {value for value in one if value <= bound}
    right = {value for value in other if value <= bound}
    smaller = min(len(left), len(right))
    if smaller < ENOUGH:
        return None
    return len(left & right) / smaller


def _bound(values: tuple[int, ...]) -> int:
    return values[-1] if len(values) >= SKETCH_SIZE else 0xFFFFFFFF
