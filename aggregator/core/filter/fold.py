"""Text as rules compare it: case and accents gone, cut into words, in every script. Pure.

    Über-Größe, Мой 東京 ٢٠٢٥  ->  uber · grosse · мой · 東 · 京 · 2025

Scripts written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) give one word per
character; a rule's word of several characters then matches wherever they stand in this order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

# Marks that are accents or optional vowel points. Other marks are letters of their script: the
# vowels of Devanagari, the voicing of Kana.
_ACCENTS = (
    (0x0300, 0x036F),
    (0x0483, 0x0487),
    (0x0591, 0x05C7),  # Hebrew points
    (0x0610, 0x061A),
    (0x0640, 0x0640),  # Arabic tatweel
    (0x064B, 0x065F),  # Arabic vowels
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFE20, 0xFE2F),
)

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),
    (0x3021, 0x303C),
    (0x3041, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F),  # Kana
    (0x20000, 0x3FFFF),  # Han
)

# Letters that no normalisation form takes apart, and signs that many see as an accent.
_TAKEN_APART = {
    "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ħ": "h", "Ħ": "h",
    "ŧ": "t", "Ŧ": "t", "ı": "i", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe",
    "þ": "th", "Þ": "th", "ð": "d", "Ð": "d", "’": "'", "ʼ": "'", "ʻ": "'",
    "ی": "ي", "ى": "ي", "ک": "ك",  # Persian and Arabic keyboards for one letter
}  # fmt: skip

# Not accents but letters of their own: Russian mine (мой) is not mine (мои).
_OWN_LETTERS = ("\u0439", "\u0419", "\u0457", "\u0407", "\u045e", "\u040e")
_KEPT = tuple((unicodedata.normalize("NFD", letter), letter) for letter in _OWN_LETTERS)

# C++ and C# are not the letter C.
_LANGUAGES = re.compile(r"(?<![^\W_])([^\W\d_])(\+\+|#)(?![^\W_])")
_SPOKEN = {"++": "plusplus", "#": "sharp"}


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)


class _Accents(dict[int, str | None]):
    """Translation that takes accents and invisible characters away; fills itself as asked."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        translated: str | None = _TAKEN_APART.get(character, character)
        if _within(code, _ACCENTS) or unicodedata.category(character) == "Cf":
            translated = None  # Cf: soft hyphens, joiners, marks of direction
        elif unicodedata.category(character) == "Nd":
            translated = str(unicodedata.digit(character))  # ٢٠٢٥ is 2025
        self[code] = translated
        return translated


class _Separators(dict[int, str]):
    """Translation that leaves words with white space between them; fills itself as asked."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if unicodedata.category(character)[0] not in "LMN":
            translated = " "
        elif _within(code, _UNSPACED):
            translated = f" {character} "
        else:
            translated = character
        self[code] = translated
        return translated


# Memories of pure functions of one character: they never change an answer.
_accents = _Accents()
_separators = _Separators()


def fold(text: str) -> str:
    """Text without case, accents, compatibility forms and invisible characters."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text)
    if "\u0306" in parts or "\u0308" in parts:
        for apart, letter in _KEPT:
            parts = parts.replace(apart, letter)
    return unicodedata.normalize("NFC", parts.translate(_accents).casefold())


def words_of(folded: str) -> list[str]:
    """The words of folded text, in order."""
    if "#" in folded or "++" in folded:
        folded = _LANGUAGES.sub(lambda found: found[1] + _SPOKEN[found[2]], folded)
    return folded.translate(_separators).split()


@dataclass(frozen=True, slots=True)
class Folded:
    """The texts of one field, ready to be asked many times.

    `line` holds the words of every text with single spaces around each; a line feed stands
    between two texts, so that no phrase reaches from one into the next.
    """

    text: str
    line: str
    words: frozenset[str]


def fold_all(texts: Iterable[str]) -> Folded:
    """Fold the texts of one field."""
    folded = [fold(text) for text in texts]
    cut = [words_of(text) for text in folded]
    return Folded(
        text="\n".join(folded),
        line="\n".join(f" {' '.join(words)} " for words in cut),
        words=frozenset(word for words in cut for word in words),
    )


def pairs_of(folded: Folded) -> frozenset[tuple[str, str]]:
    """Every two words that follow each other in one text."""
    return frozenset().union(*(pairwise(line.split()) for line in folded.line.split("\n")))


def join(parts: Iterable[Folded]) -> Folded:
    """Several fields as one."""
    fields = tuple(parts)
    return Folded(
        text="\n".join(field.text for field in fields),
        line="\n".join(field.line for field in fields),
        words=frozenset().union(*(field.words for field in fields)),
    )
