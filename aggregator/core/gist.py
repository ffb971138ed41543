"""What a headline says: its content words, compared without the accidents of syndication. Pure.

A desk cuts a headline at forty characters, writes "say" for "says" and "2nd" for "second". The
gist of a headline is what stays the same: content words in order, folded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from aggregator.core.slug import CUT, hash64

DISTINCTIVE_WORDS = 4  # content words a headline needs to stand for its story alone
LEAD_WORDS = 4  # content words at the start of a headline by which a shorter one is found
ALIKE = 0.6  # share of the words that two headlines must have in common
_PARTIAL_LETTERS = 3  # of a last word that was cut in the middle

# Words that come and go between copies. Not those that turn a meaning: no, not, up, out, before.
_FUNCTION_WORDS = frozenset(
    "a an the of to in into inside on onto at for and or but with by from as is are was were be "
    "been being it its this that these those your our his her their my you we i he she they "
    "new how what why who when where which while amid about than then will would can could may "
    "might has have had do does did via per vs "
    "le la les un une des de du et en au aux sur pour par der die das den dem ein eine und von zu "
    "mit auf el los las y del al por con il lo gli e di da che o os as um uma".split()
)
# Spellings of one word. Only such as stand for each other in headlines.
_SPELLINGS = {
    "1st": "first",
    "2nd": "second",
    "3rd": "third",
    "4th": "fourth",
    "5th": "fifth",
    "bn": "billion",
    "mln": "million",
    "mn": "million",
    "tn": "trillion",
    "trn": "trillion",
    "pct": "percent",
    "following": "after",
    "govt": "government",
    "intl": "international",
    "pm": "minister",
    "yr": "year",
    "yrs": "year",
}
_AMOUNT = re.compile(r"^(\d+)(bn|mln|mn|m|tn|trn|pct|yr|yrs)$")
_LETTERS_OF_AMOUNT = {"m": "million"}

# What names a form and no story: columns, services, lists, dates. Such words do not distinguish.
# Looked for behind the hyphen before each word, and one before the first.
_FORMS = re.compile(
    r"-(?:"
    r"(?:live-?)?(?:updates?|blog|coverage|stream)|latest|briefings?|digest|round-?up|newsletter"
    r"|crossword|horoscopes?|open-thread|letters-to-the-editor|quick-facts|privacy-policy"
    r"|corrections?(?:-and-clarifications)?|market-(?:reports?|wrap|update)|weather(?:-forecast)?"
    r"|forecast|podcast|episode|week-in-review|this-week|on-this-day|today-in-history"
    r"|(?:photo|picture|quote|word|tip|joke)s?-of-the-(?:day|week)|start-here|editorial|obituar(?:y|ies)"
    r"|lottery|results?-and-fixtures|what-to-(?:know|watch|read)|need-to-know|top-stories"
    r"|(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)-\d{1,2}(?:-(?:19|20)\d\d)?"
    r"|\d{1,2}-(?:january|february|march|april|may|june|july|august|september|october|november"
    r"|december)(?:-(?:19|20)\d\d)?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|morning|evening|daily|weekly|monthly|today|tonight"
    r")(?=-|$)"
)
# Lists have the same headline on many sites, and each site its own list.
_LIST = re.compile(
    r"-(?:\d+|two|three|four|five|six|seven|eight|nine|ten)-(?:[a-z]+-)?"
    r"(?:things|reasons|ways|takeaways|tips|facts|questions|lessons|stories|photos|charts|ideas)"
    r"(?=-|$)"
)
_WIDE = "\u2e7f"  # from here on scripts write no spaces between words

Gist = tuple[str, ...]


class Likeness(Enum):
    """How two headlines stand to each other, the best first."""

    SAME = "same headline"
    CUT = "cut headline"  # one is the beginning of the other, and says that it was cut
    ALIKE = "like headline"  # most words, and all numbers
    OTHER = ""


@lru_cache(maxsize=4096)
def gist(headline: str) -> Gist:
    """Return the folded content words of a headline in its normal form, in order."""
    return tuple(
        word
        for written in headline.rstrip(CUT).split("-")
        for word in _folded(written)
        if word and word not in _FUNCTION_WORDS
    )


@lru_cache(maxsize=4096)
def hash_of_gist(headline: str) -> int:
    """Two headlines in their normal form say the same when these numbers are equal."""
    return hash64("gist", *gist(headline))


@lru_cache(maxsize=8192)
def _folded(word: str) -> Sequence[str]:
    if word.isascii():
        amount = _AMOUNT.match(word) if word[:1].isdigit() else None
        if amount:
            unit = amount[2]
            return (amount[1], _LETTERS_OF_AMOUNT.get(unit) or _SPELLINGS[unit])
        if word in _SPELLINGS:
            return (_SPELLINGS[word],)
        if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
            return (word[:-1],)
        return (word,)
    return tuple(word) if len(word) > 3 and word[len(word) // 2] > _WIDE else (word,)


def lead(words: Gist) -> str:
    """Return what the start of a gist is found by, "" when the gist is too short to be cut."""
    needed = 2 * LEAD_WORDS if words and words[0] > _WIDE else LEAD_WORDS
    return " ".join(words[:needed]) if len(words) >= needed else ""


def likeness(headline: str, another: str) -> Likeness:
    """Compare two headlines in their normal forms by their gists."""
    one, other = gist(headline), gist(another)
    if one == other:
        return Likeness.SAME if one else Likeness.OTHER
    if _is_cut(headline, of=other) or _is_cut(another, of=one):
        return Likeness.CUT
    left, right = set(one), set(other)
    if len(left & right) < ALIKE * max(len(left), len(right), 1):
        return Likeness.OTHER
    if any(_has_digit(word) for word in left ^ right):
        return Likeness.OTHER
    return Likeness.ALIKE


def _is_cut(headline: str, *, of: Gist) -> bool:
    """Is the headline the marked beginning of the one with this gist, and long enough to tell?"""
    if not headline.endswith(CUT):
        return False
    words = gist(headline)
    return len(words) <= len(of) and bool(lead(words)) and _begins(of, words)


def _begins(longer: Gist, shorter: Gist) -> bool:
    """Does the longer begin like the shorter, whose last word may have lost its end?"""
    last = len(shorter) - 1
    if longer[:last] != shorter[:last]:
        return False
    cut = shorter[last]
    return longer[last] == cut or (len(cut) >= _PARTIAL_LETTERS and longer[last].startswith(cut))


def _has_digit(word: str) -> bool:
    return any(character.isdigit() for character in word)


@lru_cache(maxsize=4096)
def is_distinctive(headline: str) -> bool:
    """May this headline stand for its story without a text to compare?

    "Weekly links", "Morning briefing", "Live: updates" and "Lima: 7 things to know" never may.
    """
    hyphened = f"-{headline}"
    if not headline or hyphened.startswith(("-live-", "-watch-live-")) or _LIST.search(hyphened):
        return False
    if max(headline) > _WIDE:
        return sum(character > _WIDE for character in headline) >= 2 * DISTINCTIVE_WORDS
    words = gist(_FORMS.sub("", hyphened)[1:])
    return sum(bool(word) and not word.isdigit() for word in words) >= DISTINCTIVE_WORDS
