"""What feedparser does when an element with a text ends, in less time. Pure.

feedparser looks for every value under all names it may have, copies deeply what it knows of a
text, and maps each character for the sake of 27. Here the same comes out but for what sanitises
and resolves: `core/clean` does that.
"""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress
from typing import Any

from feedparser.html import _cp1252
from feedparser.mixin import _FeedParserMixin
from feedparser.util import FeedParserDict

XHTML = "application/xhtml+xml"

# elements that feedparser matches against patterns or turns into numbers
_SHORT = dict.fromkeys(["published", "updated", "created", "expired", "validity"], 128)
_SHORT |= dict.fromkeys(["width", "height"], 16)
_NEVER_KEPT = frozenset(["category", "tags", "itunes_keywords"])  # by themselves
_WINDOWS_1252 = re.compile("[\x80-\x9f]")
_REFERENCE = re.compile("&([A-Za-z0-9_]+);")
# keys that mean other ones, or more than one
_ALIASES = frozenset(FeedParserDict.keymap) | {
    "category",
    "enclosures",
    "license",
    "updated",
    "updated_parsed",
}


class Fields(FeedParserDict):  # type: ignore[misc]
    """A FeedParserDict that looks for other names only of keys that have some."""

    def __getitem__(self, key: str) -> Any:  # as feedparser declares it
        return super().__getitem__(key) if key in _ALIASES else dict.__getitem__(self, key)

    def __setitem__(self, key: str, value: object) -> None:
        if key in _ALIASES:
            super().__setitem__(key, value)
        else:
            dict.__setitem__(self, key, value)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) if key in _ALIASES else dict.__contains__(self, key)

    def get(self, key: str, default: object = None) -> Any:
        """Return the value of a key or of one of its other names."""
        return super().get(key, default) if key in _ALIASES else dict.get(self, key, default)

    def setdefault(self, key: str, default: object = None) -> Any:
        """Return the value of a key, which is given this one if it has none."""
        if key in _ALIASES:
            return super().setdefault(key, default)
        return dict.setdefault(self, key, default)


class Texts(_FeedParserMixin):  # type: ignore[misc]
    """Collects the texts of elements and stores them where they belong."""

    baseuri: str
    lang: str | None
    contentparams: dict[str, Any]  # of the text at hand, which is one with a type

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.feeddata: Fields = Fields(self.feeddata)
        self.depths: dict[str, int] = {}  # at which the fields of the entry at hand were found

    def _start_item(self, attrs: dict[str, str]) -> None:
        self.depths = {}
        super()._start_item(attrs)
        self.entries[-1] = Fields(self.entries[-1])

    _start_entry = _start_item

    def push_content(
        self, tag: str, attrs: dict[str, str], default_type: str, expecting_text: int
    ) -> None:
        """Begin a text that has a type."""
        self.incontent += 1
        self.lang = self.lang and self.lang.replace("_", "-")
        self.contentparams = {
            "type": self.map_content_type(attrs.get("type", default_type)),
            "language": self.lang,
            "base": self.baseuri,
        }
        self.contentparams["base64"] = self._is_base64(attrs, self.contentparams)
        self.push(tag, expecting_text)

    def pop(self, element: str, strip_whitespace: int = 1) -> str | None:
        """End an element, if it is the innermost one, and return its text."""
        if not self.elementstack or self.elementstack[-1][0] != element:
            return None
        _, expecting_text, pieces = self.elementstack.pop()
        output = self._joined(pieces)
        if element in _SHORT:
            output = output.strip()[: _SHORT[element]]
        if strip_whitespace:
            output = output.strip()
        if not expecting_text:
            return output
        output = self._meant(element, output)
        if element in _NEVER_KEPT or (element == "title" and -1 < self.title_depth <= self.depth):
            return output
        return self._stored(element, output)

    def top(self) -> str:
        """The text of the innermost open element so far."""
        return _text(self.elementstack[-1][2]) if self.elementstack else ""

    def _joined(self, pieces: list[str | bytes]) -> str:
        if self.version == "atom10" and self.contentparams.get("type") == XHTML:
            return _text(_without_div([_text([piece]) for piece in pieces]))
        return _text(pieces)

    def _meant(self, element: str, output: str) -> str:
        """What the publisher meant by a text, as far as feedparser can tell."""
        kind = self.contentparams
        if kind.get("base64", 0):
            output = _from_base64(output)
        if output and element in self.can_be_relative_uri:
            output = self.resolve_uri(output)
        if not kind.get("base64", 0):
            output = self.decode_entities(element, output)
        if kind:
            if kind.get("type") == "text/plain" and not self.version.startswith("atom"):
                kind["type"] = "text/html" if self._looks_like_html(output) else "text/plain"
            kind.pop("mode", None)
            kind.pop("base64", None)
        return output if output.isascii() else _mended(output)

    def _looks_like_html(self, output: str) -> bool:
        return ("<" in output or "&" in output) and bool(self.looks_like_html(output))

    def _stored(self, element: str, output: str) -> str:
        """Store a text where it belongs, and return it as it was stored."""
        if self.inentry and not self.insource:
            return self._stored_in_entry(element, output)
        if self.infeed or self.insource:
            return self._stored_in_feed(element, output)
        return output

    def _stored_in_entry(self, element: str, output: str) -> str:
        entry = self.entries[-1]
        if element == "content":
            entry.setdefault("content", []).append(self._detail(output))
        elif element == "link":
            if not self.inimage:
                output = _REFERENCE.sub(r"&\1", output.replace("&amp;", "&"))
                _set_link(entry, output)
        else:
            name = "summary" if element == "description" else element
            if self.depth <= self.depths.get(name, self.depth):
                self.depths[name] = self.depth
                entry[name] = output
            if self.incontent:
                entry[f"{name}_detail"] = self._detail(output)
        return output

    def _stored_in_feed(self, element: str, output: str) -> str:
        context = self._get_context()
        name = "subtitle" if element == "description" else element
        if name == "link":
            output = _REFERENCE.sub(r"&\1", output)
            context["link"] = output
            context["links"][-1]["href"] = output
            return output
        context[name] = output
        if self.incontent:
            context[f"{name}_detail"] = self._detail(output)
        return output

    def _detail(self, output: str) -> dict[str, object]:
        return {**self.contentparams, "value": output}


def _set_link(entry: Fields, link: str) -> None:
    entry["link"] = link
    if link:
        entry["links"][-1]["href"] = link


def _text(pieces: list[str | bytes]) -> str:
    try:
        return "".join(pieces)  # type: ignore[arg-type]
    except TypeError:  # the forgiving parser leaves bytes for references
        return "".join(
            [piece.decode("utf-8") if isinstance(piece, bytes) else piece for piece in pieces]
        )


def _without_div(pieces: list[str]) -> list[str | bytes]:
    """The pieces of a text without the one `div` around all of it (RFC 4287 §3.1.1.3)."""
    full = [index for index, piece in enumerate(pieces) if piece.strip()]
    kept = pieces[full[0] : full[-1] + 1] if full else pieces[:1]
    is_div = bool(kept) and (kept[0] == "<div>" or kept[0].startswith("<div "))
    if is_div and kept[-1] == "</div>" and _is_one_element(kept[:-1]):
        kept = kept[1:-1]
    return [*kept]


def _is_one_element(pieces: list[str]) -> bool:
    """Is an element whose end tag is left out still open after these pieces?"""
    depth = 0
    for piece in pieces:
        if piece.startswith("</"):
            depth -= 1
            if depth == 0:
                return False
        elif piece.startswith("<") and not piece.endswith("/>"):
            depth += 1
    return True


def _from_base64(output: str) -> str:
    try:
        return base64.decodebytes(output.encode("utf-8")).decode("utf-8")
    except (binascii.Error, binascii.Incomplete, UnicodeDecodeError):
        return output


def _mended(output: str) -> str:
    """A text whose UTF-8 or windows-1252 was taken for ISO 8859-1, read as what it is."""
    with suppress(UnicodeError):
        output = output.encode("iso-8859-1").decode("utf-8")
    return output.translate(_cp1252) if _WINDOWS_1252.search(output) else output
