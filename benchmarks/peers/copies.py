"""More feeds than there are documents: copies that tell other stories at other places.

A copy has the markup, the dates, the length and the frequencies of words of its document, but
hosts, ids, paths and longer words of its own: in each word the vowels are turned into other
vowels, the consonants into other consonants, as many steps as the number of the copy. So nobody
takes the copies for one feed, or their entries for the same stories.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from benchmarks.peers.documents import VERSIONS, Original, start_of_entries

_ADDRESS = re.compile(r"(xmlns(?::[\w.-]+)?=[\"'][^\"']*[\"'])|(https?://)(?=[\w-]+\.)")
_ID = re.compile(r"(<(?:guid|id)(?:\s[^>]*)?>\s*(?:<!\[CDATA\[)?[^<\]]*[^<\]\s])")
_TEXT = re.compile(
    r"(<((?:\w+:)?(?:title|subtitle|description|summary|content|encoded))(?:\s[^>]*[^>/])?>)"
    r"(.*?)(</\2>)",
    re.DOTALL,
)
_WORD = re.compile(
    r"(<!\[CDATA\[|\]\]>|<[^>]*>|&lt;.*?(?:&gt;|>)|(?:&amp;|&)#?\w+;|https?://[^\s<&\"']+)"
    r"|[^\W\d_]{4,}",
    re.DOTALL,
)
_PATH = re.compile(r"(xmlns(?::[\w.-]+)?=[\"'][^\"']*[\"'])|(https?://[^\s<&\"'/]+)(/[^\s<&\"']+)")
_PATH_WORD = re.compile(r"(%[0-9A-Fa-f]{2}|\b(?:html|index|feed)\b)|[A-Za-z]{4,}")
_ALPHABETS = (
    "aeiou",
    "bcdfghjklmnpqrstvwxyz",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "абвгдежзиклмнопрстуфхц",
)


def bodies(found: Sequence[Original], number: int) -> tuple[bytes, ...]:
    """All versions of the document of feed `number`, the oldest first."""
    original = found[number % len(found)]
    texts = (copy(original.version(v), number // len(found)) for v in range(VERSIONS))
    return tuple(text.encode(original.encoding, "xmlcharrefreplace") for text in texts)


def copy(text: str, number: int) -> str:
    """Copy `number` of a document; copy 0 is the document itself."""
    if number == 0:
        return text
    letters = str.maketrans(dict(_turned(number)))
    start = start_of_entries(text)
    entries = _TEXT.sub(lambda found: _reworded(found, letters), text[start:])
    entries = _PATH.sub(lambda found: found[1] or _moved(found, letters), entries)
    entries = _ID.sub(rf"\g<1>-c{number}", entries)
    return _ADDRESS.sub(
        lambda found: found[1] or f"{found[2]}c{number}.",
        text[:start] + entries,
    )


def _reworded(found: re.Match[str], letters: dict[int, str]) -> str:
    words = _WORD.sub(lambda word: word[1] or word[0].translate(letters), found[3])
    return f"{found[1]}{words}{found[4]}"


def _moved(found: re.Match[str], letters: dict[int, str]) -> str:
    """An address whose path has other words: most say the headline of their story."""
    return found[2] + _PATH_WORD.sub(lambda word: word[1] or word[0].translate(letters), found[3])


def _turned(number: int) -> Iterator[tuple[str, str]]:
    for alphabet in _ALPHABETS:
        for index, letter in enumerate(alphabet):
            other = alphabet[(index + number) % len(alphabet)]
            yield letter, other
            yield letter.upper(), other.upper()
