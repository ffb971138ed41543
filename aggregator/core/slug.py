"""Headlines: the slug that people read and the normal form that machines compare. Pure.

ukraine-holds-kursk-foothold-inside-russia-comman-68587ede5256b
`------------- stem: at most 49 characters ------' `- 13 hex -'
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection
from hashlib import blake2b

STEM_LENGTH = 49
HASH_DIGITS = 13
CUT = "\u2026"  # ends the normal form of a headline that somebody cut short

_PUNCTUATION = re.compile(
    "[\u00a1-\u00a9\u00ab\u00ac\u00b0\u00b1\u00b6\u00b7\u00bb\u00bf\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]+"
)
_APOSTROPHES = re.compile("['\u2018\u2019\u201b\u02bc\u02bb\u02b9\u0060\u00b4\u2032\uff07]")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<!\[CDATA\[|\]\]>")
_MARKS_OF_LATIN = re.compile("(?<=[a-z0-9])[\u0300-\u036f]+")
# Of ASCII: letters in lower case, digits, and spaces for all else.
_FOLDED = bytes(
    ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else ord(" ")
    for code in range(256)
)

# Latin letters whose stroke or ligature Unicode does not decompose.
_LATIN = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ħ": "h",
        "ŧ": "t",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ð": "d",
    }
)

_SEPARATING = re.compile(r"[-\u2010-\u2014|:\u00bb\u203a\u00b7\u2022(\[]")  # one in each decoration
_SEPARATOR = r"(?:-|\u2013|\u2014|\||::|\u00bb|\u203a|\u00b7|\u2022)"
_TAIL = re.compile(rf"^(?P<head>.*\S)\s+{_SEPARATOR}\s+(?P<tail>\S.*?)\s*$", re.DOTALL)
_KICKER_PATH = re.compile(r"^\s*[^\W\d_][\w &]{0,30}\s*[\u203a\u00bb]\s+(?=\S)")
_WIRE_PREFIX = re.compile(
    r"^\s*(?:"
    r"(?:update|wrapup|refile|rpt|corrected|correction|repeat)(?:\s+\d{1,2})?\s*[-\u2010-\u2014:]\s*"
    r"|(?:breaking(?:\s+news)?|exclusive|video|watch|listen|photos|report|explainer|analysis|opinion"
    r"|just\s+in|developing|updated?|world(?:\s+news)?|politics|business|europe|asia|africa|americas"
    r"|middle\s+east|national|local|sports?|technology|science|health|culture|entertainment"
    r")\s*[:|]\s+"
    r")(?=\S)",
    re.IGNORECASE,
)
# Columns of the wires: `GLOBAL MARKETS-World stocks decline`, `MARKET SNAPSHOT: Stocks held back`.
_CAPITALS = re.compile(
    r"^\s*[A-Z][A-Z&.]+(?:\s[A-Z&.]{2,}){1,3}\s*[-:\u2010-\u2014|]\s*(?=.*[a-z].*[a-z].*[a-z])"
)
_ASIDE = re.compile(
    r"\s*(?:[(\[](?:video|videos|photos?|pictures|audio|gallery|updated?|watch|live|\d{1,2})[)\]]"
    r"|(?:\s-{1,2}\s?|-\s)(?:sources?|reports?|traders|analyst blog|(?:\d(?:st|nd|rd|th)\s)?update)"
    r"|:\s(?:reports?|sources?|traders))\s*$",
    re.IGNORECASE,
)
_QUOTES = re.compile("[\"\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u2039\uff02'`\u00b4]")
_GUILLEMETS = re.compile("\u00ab([^\u00ab\u00bb]{1,200})\u00bb")
_CUT_SHORT = re.compile(r"(?:\u2026|\.\.\.)[\s.)\]]*$")
_MOJIBAKE = re.compile("[\u00c2\u00c3\u00e2\u00c5\u00c4\u00d0\u00d1][\u0080-\u2122]")


def slugify(text: str) -> str:
    """Return `text` in lower case with hyphens between the words, every script kept.

    Latin letters lose their diacritics, apostrophes and invisible characters vanish, letters,
    digits and marks of other scripts stay, everything else becomes one hyphen. May be "".
    """
    if not text.isascii():
        text = _folded(text)
        if not text.isascii():
            return _slug_of_any_script(text)
    return b"-".join(text.encode().translate(_FOLDED, b"'`").split()).decode()


def _folded(text: str) -> str:
    """In lower case, without apostrophes and decomposed; ASCII if its letters are Latin."""
    bare = text.replace("\u2019", "").replace("\u2018", "")
    if bare.isascii():  # as in many English titles
        return bare
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_LATIN)
    folded = unicodedata.normalize("NFD", _APOSTROPHES.sub("", folded))
    latin = _MARKS_OF_LATIN.sub("", _PUNCTUATION.sub(" ", folded))
    return latin if latin.isascii() else folded


def _slug_of_any_script(folded: str) -> str:
    characters: list[str] = []
    latin = False
    for character in folded:
        kind = unicodedata.category(character)
        if kind[0] == "M":
            if not latin:
                characters.append(character)
        elif kind[0] in "LN":
            latin = character <= "\u024f"
            characters.append(character)
        elif kind != "Cf":
            latin = False
            characters.append("-")
    joined = unicodedata.normalize("NFC", "".join(characters))
    return re.sub("-+", "-", joined).strip("-")


def stem(title: str) -> str:
    """Return the readable half of a slug: at most 49 characters, no dangling hyphen."""
    return slugify(plain(title))[:STEM_LENGTH].strip("-")


def plain(title: str) -> str:
    """Undo what syndication does to the characters of a title: entities, tags, mojibake."""
    if "&" in title:
        title = html.unescape(title)
    if "<" in title or "]]>" in title:
        title = _TAG.sub(" ", title)
    if not title.isascii() and _MOJIBAKE.search(title):
        title = _repaired(title)
    return title


def _repaired(title: str) -> str:
    """Read UTF-8 that was taken for windows-1252 once more, if all of it can be."""
    raw = bytearray()
    for character in title:
        try:
            raw += character.encode("cp1252")
        except UnicodeEncodeError:
            if ord(character) > 0xFF:
                return title
            raw.append(ord(character))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return title


def headline(title: str, *, site_names: Collection[str] = ()) -> str:
    """Return the normal form of a headline: its slug without the decorations of syndication.

    Wire prefixes (`UPDATE 2-`, `BREAKING:`), paths (`World > `), asides (`(Video)`) and a tail that
    names the source (` - Reuters`; `site_names` holds slugs) go. One that was cut short ends
    with an ellipsis. "" when nothing is left.
    """
    text = _GUILLEMETS.sub(r"\1", _QUOTES.sub("", plain(title))).strip()
    if _SEPARATING.search(text):
        text = _without_prefixes(_without_tails(text, site_names))
    slug = slugify(text)
    return slug + CUT if slug and _CUT_SHORT.search(text) else slug


def _without_prefixes(text: str) -> str:
    for _ in range(4):
        shorter = _KICKER_PATH.sub("", _WIRE_PREFIX.sub("", text, count=1), count=1)
        shorter = _CAPITALS.sub("", shorter, count=1)
        if shorter == text or not slugify(shorter):
            break
        text = shorter
    return text


def _without_tails(text: str, site_names: Collection[str]) -> str:
    for _ in range(4):
        shorter = _ASIDE.sub("", text)
        parts = _TAIL.match(shorter)
        if parts and slugify(parts["tail"]) in site_names:
            shorter = parts["head"]
        if shorter == text or not slugify(shorter):
            break
        text = shorter
    return text


def tail(title: str) -> str:
    """Return the slug of what follows the last separator of a title, "" if there is none."""
    parts = _TAIL.match(plain(title))
    return slugify(parts["tail"]) if parts else ""


def hash64(*parts: str) -> int:
    """Return a signed 64-bit hash over the parts, the same on every machine and in every run."""
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(joined, digest_size=8).digest(), "big", signed=True)


def hash_digits(value: int) -> str:
    """Return the hex digits of a slug hash that end its slug."""
    return f"{value & 0xFFFFFFFFFFFFFFFF:016x}"[:HASH_DIGITS]


def slug_of(stem_text: str, slug_hash: int) -> str:
    """Return the whole slug: stem, hyphen, 13 hex digits."""
    return f"{stem_text}-{hash_digits(slug_hash)}" if stem_text else hash_digits(slug_hash)
