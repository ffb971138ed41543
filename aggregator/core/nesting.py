"""How the tags of HTML stand in each other: told from the tags alone, without a parser. Pure.

Everything here is linear in the markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_DEPTH = 512  # open elements; the sanitiser is quadratic in them
MAX_STYLED = 64  # open formatting elements; parsers repeat them in every new block
MAX_REPEATS = 200_000  # formatting elements repeated over a whole text
MAX_TIDY_DEPTH = MAX_STYLED
MAX_TIDY = MAX_REPEATS // MAX_STYLED  # tags


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_START_OR_END = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_NEVER_NESTED = _words(
    "area base br caption col colgroup dd dt embed hr img input li link meta optgroup option p"
    " param rb rp rt rtc source tbody td tfoot th thead tr track wbr"
)
_FORMATTING = _words("a b big code em font i nobr s small strike strong tt u")
_STYLE = re.compile(
    rf"<(/?)(?:{'|'.join(sorted(_FORMATTING))})(?![a-z0-9])", re.ASCII | re.IGNORECASE
)


def is_too_nested(markup: str) -> bool:
    """Would a parser open, or repeat, more elements than it can in decent time?"""
    tags = markup.count("<")
    if tags <= MAX_DEPTH:  # neither too deep nor, with so few styles open, repeated too often
        return tags > MAX_STYLED and _most_styled(markup) > MAX_STYLED
    return _is_too_nested(
        (bool(slash), name.lower()) for slash, name in _START_OR_END.findall(markup)
    )


def _most_styled(markup: str) -> int:
    """How many formatting elements are open at once, at most."""
    most = styled = 0
    for slash in _STYLE.findall(markup):
        styled = max(styled - 1, 0) if slash else styled + 1
        most = max(most, styled)
    return most


def _is_too_nested(tags: Iterable[tuple[bool, str]]) -> bool:
    depth = styled = repeats = 0
    for closing, name in tags:
        if name in _NEVER_NESTED:
            repeats += styled
        elif closing:
            depth = max(depth - 1, 0)
            styled = max(styled - (name in _FORMATTING), 0)
        else:
            depth += 1
            styled += name in _FORMATTING
            repeats += styled
        if depth > MAX_DEPTH or styled > MAX_STYLED or repeats > MAX_REPEATS:
            return True
    return False


# --- markup that means what it says

_VOID = _words("br img wbr")
_PHRASES = _words(
    "abbr acronym b bdi bdo big cite code del dfn em i ins kbd mark q s samp small span strike"
    " strong sub sup time tt u var"
)
_BLOCKS = _words(
    "article aside blockquote center details div figcaption figure footer header hgroup main nav"
    " ol p section summary ul"
)
_HEADINGS = _words("h1 h2 h3 h4 h5 h6")
_WRITTEN_OTHERWISE = ("\r", "\xa0", "&#")  # by who serialises HTML (HTML Standard §13.3)


def is_tidy(clean_html: str) -> bool:
    """Does a parser see just the elements that stand in this HTML, which a sanitiser wrote?

    Then to parse and to write it again changes nothing. Said only of what is certain: elements
    properly nested, of which none closes, moves or repeats another (HTML Standard §13.2.6.4.7).
    """
    tags = _START_OR_END.findall(clean_html)
    if len(tags) > MAX_TIDY or any(each in clean_html for each in _WRITTEN_OTHERWISE):
        return False
    around: list[str] = []
    for slash, name in tags:
        if slash:
            if not around or around.pop() != name:
                return False
        elif name not in _VOID:
            if not _stays_in(around, name):
                return False
            around.append(name)
    return not around


def _stays_in(around: list[str], name: str) -> bool:
    """Does an element of this name that begins inside of those `around` it just become one more?"""
    if name in _PHRASES:
        return len(around) < MAX_TIDY_DEPTH and around.count(name) < 3  # a fourth: Noah's Ark
    if name == "a":
        return "a" not in around
    if "p" in around:
        return False
    parent = around[-1] if around else ""
    if name == "li":
        return parent in ("ol", "ul")
    if name in _HEADINGS:
        return parent not in _HEADINGS
    return name in _BLOCKS and len(around) < MAX_TIDY_DEPTH
