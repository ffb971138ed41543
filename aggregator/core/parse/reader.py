"""XML text -> what feedparser finds in it. Pure; the only importer of feedparser.

feedparser's own `parse()` is left out on purpose. It would guess the encoding and the document
type once more, follow every quirk in quadratic time, forget the published guid and all but one
of the hours in skipHours. Its parsers are used as they are, with the bounds and the memory
that `_Bounded` adds to them.
"""

from __future__ import annotations

import io
import re
import xml.sax.handler
import xml.sax.xmlreader
from dataclasses import dataclass
from itertools import islice
from xml.sax.expatreader import ExpatParser

from feedparser import api
from feedparser.mixin import _FeedParserMixin

from aggregator.core.clean import absolute_url
from aggregator.core.parse.raw import Raw, text

MAX_ELEMENTS = 2000  # of one entry, outside its texts
MAX_TAGS = 64
MAX_ATTRIBUTES = 64
MAX_PREFIXES = 64
MAX_LISTED = 64  # hours or days

# elements that feedparser matches against patterns or turns into numbers
_SHORT = dict.fromkeys(["published", "updated", "created", "expired", "validity"], 128)
_SHORT |= dict.fromkeys(["width", "height"], 16)
_VOID_ENDS = frozenset(
    f"</{name}>" for name in ("br", "hr", "img", "input", "wbr", "col", "source", "area", "embed")
)
_ITEM = re.compile(r"<(?:[\w.-]{1,40}:)?(?:item|entry)(?=[\s/>])")

MARK = "<?aggregator-part?>"  # stands before the first entry of a marked text and after each one
_MARK_TARGET = MARK[2:-2]
_NEAREST = 8  # elements around an entry of which base and language are compared
# prefixes that mean something to feedparser or to us, whatever they stand for
_KNOWN_PREFIXES = frozenset(_FeedParserMixin.namespaces.values()) - {""} | {"atom"}
_KNOWN_NAMESPACES = {uri.lower(): name for uri, name in _FeedParserMixin.namespaces.items()}


@dataclass(frozen=True, slots=True)
class Found:
    """What feedparser found. `left_out` counts the entries beyond the limit."""

    feed: Raw
    entries: list[Raw]
    version: str
    left_out: int


@dataclass(frozen=True, slots=True)
class Marked:
    """What feedparser found in a marked text, and whether each entry stands for itself.

    `context` is the state in which each entry was read: the same chunk read in the same state
    gives the same entry. `prefixes` counts the namespaces met, `head_prefixes` those of them
    that the entries did not bring.
    """

    found: Found
    context: str
    head_prefixes: int
    prefixes: int


class _Bounded(_FeedParserMixin):  # type: ignore[misc]
    """Keeps feedparser linear, and what it would forget."""

    can_be_relative_uri = _FeedParserMixin.can_be_relative_uri - {"id"}
    resolve_relative_uris = False
    sanitize_html = False
    first = 0  # entries before this one are left out
    limit = 0  # so are those after so many
    seen = 0
    left_out = 0
    elements = 0  # of the entry at hand
    leaving_out = ""  # name of the element that is being skipped

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        if tag in ("item", "entry") and not self.incontent:
            self.seen += 1
            kept = self.first < self.seen <= self.first + self.limit
            self.left_out += not kept
            self.leaving_out = "" if kept else tag
            self.elements = 0
        elif self.inentry and not self.incontent and not self.leaving_out:
            self.elements += 1
            self.leaving_out = tag if self.elements > MAX_ELEMENTS else ""
        if not self.leaving_out:
            super().unknown_starttag(tag, attrs)

    def unknown_endtag(self, tag: str) -> None:
        if not self.leaving_out:
            super().unknown_endtag(tag)
        elif tag == self.leaving_out:
            self.leaving_out = ""

    def handle_data(self, text: str, escape: int = 1) -> None:
        # feedparser ends void elements of XHTML, and HTML reads </br> as one more <br>
        if not self.leaving_out and (escape or text not in _VOID_ENDS):
            super().handle_data(text, escape)

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        if len(self.namespaces_in_use) < MAX_PREFIXES:
            super().track_namespace(prefix, uri)

    def resolve_uri(self, uri: str) -> str:
        # feedparser makes `http:///x` a host named x, and of `http://` the document itself
        return absolute_url(uri, self.baseuri) if self.baseuri else uri

    def pop(self, element: str, strip_whitespace: int = 1) -> object:
        if element in _SHORT and self.elementstack and self.elementstack[-1][0] == element:
            self.elementstack[-1][2] = [self._top().strip()[: _SHORT[element]]]
        return super().pop(element, strip_whitespace)

    def _top(self) -> str:
        """The text of the innermost open element so far."""
        pieces = self.elementstack[-1][2] if self.elementstack else []
        return "".join(
            piece.decode("utf-8") if isinstance(piece, bytes) else piece for piece in pieces
        )

    def _add_tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        if len(self._get_context().get("tags", ())) < MAX_TAGS:
            super()._add_tag(term, scheme, label)

    def _sync_author_detail(self, key: str = "author") -> None:
        # feedparser's pattern knows no top level domain longer than .info, in quadratic time
        context = self._get_context()
        if key == "author" and context.get("authors") and not context["authors"][-1]:
            context["authors"][-1]["name"] = context.get("author", "")

    # the guid as published: feedparser resolves it and mends its encoding

    def _end_guid(self) -> None:
        published = self.decode_entities("id", self._top()).strip()
        value = self.pop("id")
        context = self._get_context()
        if value is not None and context.get("id") == value:
            context["raw_id"] = published
        if self.guidislink:
            self._save("permalink", published)

    _end_id = _end_guid

    # descriptions of the second rank: feedparser would make them the content

    def _start_itunes_summary(self, _attrs: dict[str, str]) -> None:
        self.push("itunes_summary", 1)

    def _end_itunes_summary(self) -> None:
        self.pop("itunes_summary")

    def _start_itunes_subtitle(self, _attrs: dict[str, str]) -> None:
        self.push("itunes_subtitle", 1)

    def _end_itunes_subtitle(self) -> None:
        self.pop("itunes_subtitle")

    def _start_media_description(self, _attrs: dict[str, str]) -> None:
        self.push("media_description", 1)

    def _end_media_description(self) -> None:
        self.pop("media_description")

    # lists of which feedparser keeps the last

    def _start_hour(self, _attrs: dict[str, str]) -> None:
        self.push("hour", 0)

    def _end_hour(self) -> None:
        self._list("skip_hours", self.pop("hour"))

    def _start_day(self, _attrs: dict[str, str]) -> None:
        self.push("day", 0)

    def _end_day(self) -> None:
        self._list("skip_days", self.pop("day"))

    def _list(self, key: str, value: object) -> None:
        listed = self.feeddata.setdefault(key, [])
        if not self.inentry and len(listed) < MAX_LISTED:
            listed.append(value)


@dataclass(frozen=True, slots=True)
class _Mark:
    """The parser at a mark: entries so far, namespaces so far, all else that it remembers."""

    entries: int
    prefixes: int
    state: tuple[object, ...]


class _Strict(_Bounded, api.StrictFeedParser, xml.sax.handler.LexicalHandler):  # type: ignore[misc]
    """Reads what is well-formed."""

    def __init__(self, base: str, language: str | None, encoding: str) -> None:
        super().__init__(base, language, encoding)
        self.marks: list[_Mark] = []
        self.is_odd = False  # has an entry declared a namespace that may mislead another one?
        self._scope: list[tuple[str, str]] = []
        self.declared: set[tuple[str, str]] = set()  # before the first mark

    def startElementNS(  # noqa: N802
        self,
        name: tuple[str | None, str],
        qname: str | None,
        attrs: xml.sax.xmlreader.AttributesNSImpl,
    ) -> None:
        if len(attrs) > MAX_ATTRIBUTES:
            first = dict(islice(attrs.items(), MAX_ATTRIBUTES))
            attrs = xml.sax.xmlreader.AttributesNSImpl(first, {key: key[1] for key in first})
        super().startElementNS(name, qname, attrs)

    def startPrefixMapping(self, prefix: str | None, uri: str) -> None:  # noqa: N802
        super().startPrefixMapping(prefix, uri)
        self._scope.append((prefix or "", uri or ""))
        if not self.marks:
            self.declared.add(self._scope[-1])
        if len(self._scope) > MAX_PREFIXES or (self.marks and not _is_harmless(prefix, uri)):
            self.is_odd = True

    def endPrefixMapping(self, _prefix: str | None) -> None:  # noqa: N802
        self._scope.pop()

    def processingInstruction(self, target: str, _data: str) -> None:  # noqa: N802
        if target == _MARK_TARGET:
            self.marks.append(_Mark(len(self.entries), len(self.namespaces_in_use), self._state()))

    def _state(self) -> tuple[object, ...]:
        """All that feedparser carries from one entry into the next, and namespaces in force.

        Left out is what a start of an entry resets, what lies below its element on the stack,
        and the names of namespaces (see `_is_harmless`).
        """
        image = self.feeddata.get("image")
        return (
            self.version,
            (self.baseuri, self.lang, self.depth),
            (tuple(self.basestack[-_NEAREST:]), tuple(self.langstack[-_NEAREST:])),
            (len(self.basestack), len(self.langstack)),
            (self.infeed, self.inentry, self.incontent, self.intextinput, self.inimage),
            (self.inauthor, self.incontributor, self.inpublisher, self.insource),
            (self.svgOK, self.hasContent, self._summaryKey, self.leaving_out),
            (self.psc_chapters_flag, self.ingeometry, bool(self.decls)),
            (dict(self.contentparams), dict(self.sourcedata)),
            tuple(self._scope[:MAX_PREFIXES]),
            image is None,
            # feedparser lets an entry add to the image of the feed
            text(image, "href") if isinstance(image, dict) else "",
        )

    def startCDATA(self) -> None:  # noqa: N802
        if self.incontent:
            self.contentparams["cdata"] = True


def _is_harmless(prefix: str | None, uri: str) -> bool:
    """May an entry declare this namespace without changing how feedparser reads other entries?

    feedparser remembers declarations beyond their scope, by prefix as well as by namespace.
    """
    if not prefix:
        return True
    known = _KNOWN_NAMESPACES.get(uri.lower())
    if known is None:
        return prefix.lower() not in _KNOWN_PREFIXES and "backend.userland.com" not in uri.lower()
    return prefix == (known or "atom")


class _Loose(_Bounded, api.LooseFeedParser):  # type: ignore[misc]
    """Reads what is not."""

    def parse_declaration(self, i: int) -> int:
        if self.incontent and self.rawdata.startswith("<![CDATA[", i):
            self.contentparams["cdata"] = True
        return int(super().parse_declaration(i))


class _Expat(ExpatParser):
    def reset(self) -> None:
        super().reset()
        # one call for a text, not one for each of its lines
        self._parser.buffer_text = True  # type: ignore[attr-defined]


def read(
    text: str, *, base: str, language: str | None, limit: int, oldest_first: bool = False
) -> Found:
    """Let feedparser read a tidied document; at most `limit` entries.

    With `oldest_first` the entries left out are the first ones. Raises whatever feedparser
    raises: nearly anything.
    """
    first = max(len(_ITEM.findall(text)) - limit, 0) if oldest_first else 0
    strict = _Strict(base, language, "utf-8")
    try:
        handler = _fed(strict, text, first=first, limit=limit)
    except xml.sax.SAXException:
        handler = _Loose(base, language, "utf-8", {})
        handler.first, handler.limit = first, limit
        handler.feed(text)
    return Found(handler.feeddata, handler.entries, str(handler.version), handler.left_out)


def read_marked(marked: str, *, base: str, language: str | None, entries: int) -> Marked | None:
    """Let feedparser read a tidied text with a MARK before, between and after its `entries`.

    None when it is not well-formed, or when an entry may depend on those before it. Raises as
    `read` does.
    """
    handler = _Strict(base, language, "utf-8")
    try:
        _fed(handler, marked, first=0, limit=entries)
    except xml.sax.SAXException:
        return None
    marks = handler.marks
    in_order = [mark.entries for mark in marks] == list(range(entries + 1))
    if not in_order or handler.left_out or handler.is_odd or len(handler.entries) != entries:
        return None
    if any(mark.state != marks[0].state for mark in marks):
        return None
    return Marked(
        found=Found(handler.feeddata, handler.entries, str(handler.version), 0),
        context=repr((marks[0].state[:-1], sorted(handler.declared))),
        head_prefixes=marks[0].prefixes,
        prefixes=len(handler.namespaces_in_use),
    )


def _fed(handler: _Strict, text: str, *, first: int, limit: int) -> _Strict:
    handler.first, handler.limit = first, limit
    parser = _Expat(namespaceHandling=1)
    parser.setFeature(xml.sax.handler.feature_external_ges, False)
    parser.setContentHandler(handler)
    parser.setErrorHandler(handler)
    parser.setProperty(xml.sax.handler.property_lexical_handler, handler)
    source = xml.sax.xmlreader.InputSource()
    source.setByteStream(io.BytesIO(text.encode("utf-8")))
    parser.parse(source)
    return handler
