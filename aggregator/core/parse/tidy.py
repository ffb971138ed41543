"""Text -> text that an XML reader can follow. Pure, and linear in its input.

The prologue goes (junk before it, declaration, comments, document type), forbidden characters
go, and every reference becomes one that XML itself knows. So nothing is ever left for a
parser to expand, to fetch or to fail on, and one stray `&` does not cost a feed its structure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.entities import html5

from aggregator.core.clean import xml_legal

MAX_ENTITY = 64  # characters of an entity declared in the document
MAX_EXPANSION = 256 * 1024  # characters that such entities may add to one document
MAX_JUNK = 64 * 1024  # characters that may stand before the feed

_CDATA = "<![CDATA["
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,60}(?::[A-Za-z_][\w.-]{0,60})?")
_DTD_END = re.compile(r"\]\s*+>")
_DECLARED = re.compile(r"<!ENTITY\s{1,20}([A-Za-z_][\w.-]{0,60})\s")
_HARMLESS = re.compile(
    r"""<!ENTITY\s{1,20}([A-Za-z_][\w.-]{0,60})\s{1,20}"""
    rf"""["'](&\#\w{{1,8}};|[^"'<>&%]{{0,{MAX_ENTITY}}})["']\s{{0,20}}>"""
)
_STRAY = re.compile(r"<(?![A-Za-z_:/!?])")
_REFERENCE = re.compile(  # or a stray ampersand; XML itself knows five by name
    r"&(?!(?:lt|gt|amp|quot|apos);)(?:\#([0-9]++);|\#[xX]([0-9a-fA-F]++);|([A-Za-z_][\w.-]*+);)?"
)
_FEED_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,30}:)?(?:rss|feed|rdf)(?=[\s>])", re.IGNORECASE)
_WARNING_ROOTS = frozenset(["b", "br", "div", "font", "p", "pre", "script", "span", "style"])
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}


@dataclass(frozen=True, slots=True)
class Tidied:
    """A document without prologue and the name of its root as written ("" when it has none)."""

    root: str
    text: str
    doctype: str


def tidy(text: str) -> Tidied:
    """Make `text` as well-formed as that can be done without understanding it."""
    text = xml_legal(text)
    start, doctype = _skip_prologue(text)
    name = _NAME.match(text, start + 1)
    if (
        name
        and name[0].lower() in _WARNING_ROOTS
        and (feed := _FEED_ROOT.search(text, 0, MAX_JUNK))
    ):
        start, name = feed.start(), _NAME.match(text, feed.start() + 1)
    if not name:
        return Tidied("", "", doctype)
    resolver = _Resolver(_entities(doctype))
    return Tidied(name[0], resolver.rewrite(_trimmed(text[start:], name[0])), doctype)


def _skip_prologue(text: str) -> tuple[int, str]:
    """Where the root element starts, and the document type declaration before it."""
    position, doctype = 0, ""
    while (start := text.find("<", position)) >= 0:
        if text.startswith("<!--", start):
            position = _after(text, "-->", start + 4)
        elif text.startswith("<!", start):
            position = _after_doctype(text, start)
            doctype = doctype or text[start:position]
        elif text.startswith("<?", start):
            position = _after(text, ">", start + 2)
        elif _NAME.match(text, start + 1):
            return start, doctype
        else:
            position = start + 1
    return len(text), doctype


def _after(text: str, mark: str, start: int) -> int:
    found = text.find(mark, start)
    return start if found < 0 else found + len(mark)


def _after_doctype(text: str, start: int) -> int:
    end = _after(text, ">", start + 2)
    subset = text.find("[", start, end)
    closing = _DTD_END.search(text, subset) if subset >= 0 else None
    return closing.end() if closing else end


def _trimmed(document: str, root: str) -> str:
    """Cut what was appended behind the end of the root element (counters, scripts)."""
    end = document.rfind(f"</{root}")
    return document if end < 0 else document[: _after(document, ">", end)]


def _entities(doctype: str) -> dict[str, str]:
    """Entities the document declares; all but short plain text become nothing."""
    values = dict.fromkeys(_DECLARED.findall(doctype), "")
    values.update(_HARMLESS.findall(doctype))
    return values


class _Resolver:
    """Rewrites references; counts what declared entities add, so that nothing explodes."""

    def __init__(self, entities: dict[str, str]) -> None:
        self._entities = entities
        self._left = MAX_EXPANSION

    def rewrite(self, document: str) -> str:
        pieces: list[str] = []
        position = 0
        while (start := document.find(_CDATA, position)) >= 0:
            pieces.append(self._resolved(document[position:start]))
            position = _after(document, "]]>", start)
            if position == start:  # never closed: whatever follows is inside
                break
            pieces.append(document[start:position])
        else:
            start = len(document)
        pieces.append(self._resolved(document[position:start]))
        pieces.append(document[start:])
        return _paired("".join(pieces))

    def _resolved(self, markup: str) -> str:
        return _REFERENCE.sub(self._reference, _STRAY.sub("&lt;", markup))

    def _reference(self, match: re.Match[str]) -> str:
        decimal, hexadecimal, name = match.groups()
        if decimal:
            return _character(decimal, 10)
        if hexadecimal:
            return _character(hexadecimal, 16)
        if name:
            return self._named(name)
        return "&amp;"

    def _named(self, name: str) -> str:
        if name in self._entities:
            return self._declared(name)
        known = html5.get(f"{name};")
        return f"&amp;{name};" if known is None else _escaped(known)

    def _declared(self, name: str) -> str:
        value = self._entities[name]
        self._left -= len(value)
        if self._left < 0:
            return ""
        return _REFERENCE.sub(self._reference, value) if value.startswith("&") else _escaped(value)


def _character(digits: str, base: int) -> str:
    """A reference to a character that XML allows; surrogates are left for `_paired`."""
    digits = digits.lstrip("0")
    number = int(digits or "0", base) if len(digits) <= 8 else 0x110000
    if number < 0x20:
        return f"&#{number};" if number in (0x9, 0xA, 0xD) else ""
    if 0xD800 <= number < 0xE000:
        return chr(number)
    if number > 0x10FFFF or number in (0xFFFE, 0xFFFF):
        return "\N{REPLACEMENT CHARACTER}"
    return f"&#{number};"


def _paired(text: str) -> str:
    """Join the halves of characters that were referenced as UTF-16; a single half is U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)
