"""What is well-formed: expat's events as feedparser's handlers of elements want them. Pure.

feedparser comes with such a driver too. Ours does the same work once for each name in a document
and not once for each element, and looks at bases only where they change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from xml.parsers.expat import ParserCreate
from xml.sax.saxutils import escape

from feedparser import api
from feedparser.urls import _urljoin, make_safe_absolute_uri

from aggregator.core.parse.raw import text
from aggregator.core.parse.reader.bounded import MAX_PREFIXES, Bounded
from aggregator.core.parse.reader.names import (
    LONGEST_KEPT,
    attribute_names,
    is_harmless,
    known_prefix,
    parted,
    split,
)
from aggregator.core.parse.reader.texts import XHTML

MAX_ATTRIBUTES = 64
MAX_NAMES = 1024  # of elements, that are kept at once while a document is read
MAX_KEPT = 256  # of those, kept beyond it: a feed has some twenty

MARK = "<?aggregator-part?>"  # stands before the first entry of a marked text and after each one
_MARK_TARGET = MARK[2:-2]
_NEAREST = 8  # elements around an entry of which base and language are compared
_XLINK = "http://www.w3.org/1999/xlink"
_EMBEDDED = {"math": "http://www.w3.org/1998/Math/MathML", "svg": "http://www.w3.org/2000/svg"}
_IN_TEXTINPUT = frozenset(["title", "link", "description", "name"])
_IN_IMAGE = frozenset(["title", "link", "description", "url", "href", "width", "height"])


@dataclass(frozen=True, slots=True)
class Mark:
    """The parser at a mark: entries so far, namespaces so far, all else that it remembers."""

    entries: int
    prefixes: int
    state: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Element:
    """What feedparser makes of the name of an element."""

    tag: str  # prefix:name in lower case, the prefix as feedparser calls the namespace
    key: str  # prefix_name
    name: str
    begin: Callable[..., object] | None  # the method for it
    end: Callable[..., object] | None
    embedded: str  # the namespace, if that is one of a picture or a formula
    ends_textinput: bool
    ends_image: bool


class Strict(Bounded, api.StrictFeedParser):  # type: ignore[misc]
    """Reads what is well-formed."""

    def __init__(self, base: str, language: str | None) -> None:
        super().__init__(base, language, "utf-8")
        self.decls: dict[str, str]
        self.marks: list[Mark] = []
        self.is_odd = False  # has an entry declared a namespace that may mislead another one?
        self.declared: set[tuple[str, str]] = set()  # before the first mark
        self._scope: list[tuple[str, str]] = []
        self._elements: dict[str, _Element] = {}  # by their names as expat writes them
        self._settled = ""  # a base that stays what it is when it is resolved against itself

    def read(self, document: str) -> None:
        """Raises ExpatError, and whatever feedparser raises: nearly anything."""
        parser = ParserCreate(namespace_separator=" ")
        parser.namespace_prefixes = True
        parser.buffer_text = True  # one call for a text, not one for each of its lines
        parser.StartNamespaceDeclHandler = self._enter_namespace
        parser.EndNamespaceDeclHandler = self._leave_namespace
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.CharacterDataHandler = self._characters
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartCdataSectionHandler = self._cdata
        parser.Parse(document.encode("utf-8"), True)

    # --- elements

    def _open(self, name: str, written: dict[str, str]) -> None:
        element = self._elements.get(name) or self._learn(name)
        if self.leaves_out(element.tag):
            self.decls = {}
            return
        attributes = self._attributes(element, written)
        self.depth += 1
        self._enter(element.tag, attributes)
        if self.incontent and self._is_inline(element.tag, attributes):
            return
        if element.ends_textinput:
            self.intextinput = 0
        if element.ends_image:
            self.inimage = 0
        self._begin(element, attributes)

    def _begin(self, element: _Element, attributes: dict[str, str]) -> None:
        if element.begin is not None:
            try:
                element.begin(self, attributes)
                return
            except AttributeError:  # so does feedparser when its method does not get along
                pass
        if attributes:
            self._get_context()[element.key] = attributes
        else:
            self.push(element.key, 1)

    def _close(self, name: str) -> None:
        element = self._elements.get(name) or self._learn(name)
        if self.leaving_out:
            self.leaving_out = "" if element.tag == self.leaving_out else self.leaving_out
            return
        if element.name == "svg" and self.svgOK:
            self.svgOK -= 1
        self._end(element)
        if self.incontent and self._was_inline(element.tag):
            return
        self._leave()

    def _end(self, element: _Element) -> None:
        if element.end is not None and not self.svgOK:
            try:
                element.end(self)
                return
            except AttributeError:
                pass
        self.pop(element.key)

    def _characters(self, data: str) -> None:
        if self.leaving_out or not self.elementstack:
            return
        if self.contentparams.get("type") == XHTML:
            data = escape(data)
        self.elementstack[-1][2].append(data)

    def _cdata(self) -> None:
        if self.incontent:
            self.contentparams["cdata"] = True

    # --- markup inside of a text

    def _is_inline(self, tag: str, attributes: dict[str, str]) -> bool:
        if not self.contentparams.get("type", "xml").endswith("xml"):
            if tag in ("xhtml:div", "div"):
                return True
            self.contentparams["type"] = XHTML  # it says that it is escaped, and is not
        if self.contentparams.get("type") != XHTML:
            return False
        prefix, name = split(tag)
        written = list(attributes.items())
        if name in _EMBEDDED and self.namespaces_in_use.get(prefix) == _EMBEDDED[name] and prefix:
            written.append(("xmlns", _EMBEDDED[name]))
        if name == "svg":
            self.svgOK += 1
        self.handle_data(f"<{name}{self.strattrs(written)}>", escape=0)
        return True

    def _was_inline(self, tag: str) -> bool:
        """Add an end tag to the text; is it of a `div` that was never opened?"""
        if not self.contentparams.get("type", "xml").endswith("xml"):
            if tag in ("xhtml:div", "div"):
                return True
            self.contentparams["type"] = XHTML
        if self.contentparams.get("type") == XHTML:
            self.handle_data(f"</{tag.rpartition(':')[2]}>", escape=0)
        return False

    # --- bases and languages

    def _enter(self, tag: str, attributes: dict[str, str]) -> None:
        base, language = self.baseuri, self.lang
        if attributes:
            base = attributes.get("xml:base", attributes.get("base")) or base
            written = attributes.get("xml:lang", attributes.get("lang"))
            language = language if written is None else written or None
        if base != self._settled or base != self.baseuri:
            self._rebase(base)
        if language and tag in ("feed", "rss"):
            self.feeddata["language"] = language.replace("_", "-")
        self.lang = language
        self.basestack.append(self.baseuri)
        self.langstack.append(language)

    def _rebase(self, base: str) -> None:
        before = self.baseuri
        if before:
            self.baseuri = make_safe_absolute_uri(before, base) or before
        else:
            self.baseuri = _urljoin(before, base)
        if self.baseuri == before == base:
            self._settled = base

    def _leave(self) -> None:
        if self.basestack:
            self.basestack.pop()
            if self.basestack and self.basestack[-1]:
                self.baseuri = self.basestack[-1]
        if self.langstack:
            self.langstack.pop()
            if self.langstack:
                self.lang = self.langstack[-1]
        self.depth -= 1

    # --- names

    def _learn(self, name: str) -> _Element:
        """What an element of this name is, among the namespaces of the moment."""
        namespace, local = parted(name)
        given = self._prefix_of(namespace)
        tag = (f"{given}:{local}" if given else local).lower()
        written, _ = split(tag)
        element = _element(
            tag,
            self.namespacemap.get(written, written),
            namespace if namespace == _EMBEDDED.get(local.lower(), "") else "",
        )
        if len(self._elements) >= MAX_NAMES:
            self._elements.clear()
        self._elements[name] = element
        return element

    def _prefix_of(self, namespace: str) -> str:
        known = known_prefix(namespace)
        if known or not namespace:
            return known
        used = self.namespaces_in_use.items()
        return next((prefix for prefix, uri in used if prefix and uri == namespace), "")

    def _attributes(self, element: _Element, written: dict[str, str]) -> dict[str, str]:
        """The attributes of an element by the names that feedparser knows them by."""
        found = self._declarations(element) if self.decls or element.embedded else {}
        if not written:
            return found
        if len(written) > MAX_ATTRIBUTES:
            written = dict(islice(written.items(), MAX_ATTRIBUTES))
        names = attribute_names(tuple(written))
        found.update(zip(names.known, written.values(), strict=True))
        found.update(zip(names.otherwise, written.values(), strict=False))
        for name in names.lowered:
            found[name] = found[name].lower()
        return found

    def _declarations(self, element: _Element) -> dict[str, str]:
        """Namespaces that feedparser hands on as attributes."""
        found, self.decls = self.decls, {}
        if element.embedded:
            found["xmlns"] = element.embedded
        for name, uri in found.items():
            self.track_namespace(name[len("xmlns:") :] or None, uri)
        return found

    # --- namespaces

    def _enter_namespace(self, prefix: str | None, uri: str | None) -> None:
        self._scope.append((prefix or "", uri or ""))
        if not self.marks:
            self.declared.add(self._scope[-1])
        if len(self._scope) > MAX_PREFIXES or (self.marks and not is_harmless(prefix, uri or "")):
            self.is_odd = True
        if uri:
            self.track_namespace(prefix, uri)
            if prefix and uri == _XLINK:
                self.decls[f"xmlns:{prefix}"] = uri

    def _leave_namespace(self, _prefix: str | None) -> None:
        self._scope.pop()

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        super().track_namespace(prefix, uri)
        self._elements.clear()

    # --- marks

    def _instruction(self, target: str, _data: str) -> None:
        if target == _MARK_TARGET:
            self.marks.append(Mark(len(self.entries), len(self.namespaces_in_use), self._state()))

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


def _element(tag: str, prefix: str, embedded: str) -> _Element:
    """What feedparser makes of an element: it calls the namespace of this tag by this prefix.

    Feeds share nearly all their names, so the element is kept beyond its document, unless its
    name is long: there are names of megabytes.
    """
    make = _kept_element if len(tag) <= LONGEST_KEPT else _new_element
    return make(tag, prefix, embedded)


def _new_element(tag: str, prefix: str, embedded: str) -> _Element:
    _, name = split(tag)
    key = f"{prefix}_{name}" if prefix else name
    return _Element(
        tag=tag,
        key=key,
        name=name,
        begin=getattr(Strict, f"_start_{key}", None),
        end=getattr(Strict, f"_end_{key}", None),
        embedded=embedded,
        ends_textinput=not prefix and tag not in _IN_TEXTINPUT,
        ends_image=not prefix and tag not in _IN_IMAGE,
    )


_kept_element = lru_cache(maxsize=MAX_KEPT)(_new_element)
