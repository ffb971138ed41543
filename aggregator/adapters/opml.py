"""OPML: lists of feeds from and for other programs (OPML 2.0). Bounded; nothing is expanded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import NoReturn
from urllib.parse import urlsplit
from xml.parsers import expat

from aggregator.core.errors import ConfigError, Problem
from aggregator.core.settings import Settings, Source

_HEAD = """\
<?xml version='1.0' encoding='utf-8'?>
<opml version="2.0">
  <head>
    {title}
  </head>
"""
# Of attributes; an XML reader makes spaces of line ends that are written as they are.
_QUOTED = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\r": "&#13;",
        "\n": "&#10;",
        "\t": "&#09;",
    }
)
_LARGEST = 50 * 1024 * 1024  # bytes
_MOST_OUTLINES = 100_000
_DEEPEST = 100
_LONGEST_URL = 4096
_LONGEST_TEXT = 300
_LONGEST_TAG = 64
_MOST_TAGS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class OpmlFeed:
    """One feed of an OPML list. Texts are single lines; `url` is http or https."""

    url: str
    title: str = ""
    tags: tuple[str, ...] = ()  # of the folders it is in, outermost first, and its categories


def read_opml(data: bytes, *, file: str = "OPML") -> tuple[OpmlFeed, ...]:
    """Read the feeds of an OPML document in order, each URL once.

    Outlines without an http(s) URL are folders or left out. Raises ConfigError when the
    document is not well-formed, not OPML, declares entities, or has more than 100,000
    outlines, 100 levels or 50 MiB.
    """
    return _Reader(file).feeds(data)


def write_opml(
    settings: Settings,
    *,
    known: Mapping[str, tuple[str, str]] | None = None,
) -> bytes:
    """Write the polled sources as OPML 2.0, in feeds.yaml order, without credentials.

    `known` says by source id what the publishers call their feeds, and the addresses of their
    pages; a title of feeds.yaml goes first.
    """
    # As text, line by line: a tree of 100,000 outlines fills memory and takes ten times as long.
    outlines = [_outline(source, known or {}) for source in settings.sources if source.url]
    body = ["  <body>\n", *outlines, "  </body>\n"] if outlines else ["  <body />\n"]
    return "".join((_head(settings.title), *body, "</opml>\n")).encode("utf-8", "xmlcharrefreplace")


def _head(title: str) -> str:
    return _HEAD.format(
        title=f"<title>{escape(title, quote=False)}</title>" if title else "<title />"
    )


def _outline(source: Source, known: Mapping[str, tuple[str, str]]) -> str:
    """The line of one source."""
    title, site = known.get(source.id, ("", ""))
    title = source.title or title or source.id
    shown = title.translate(_QUOTED)
    said = f'type="rss" text="{shown}" title="{shown}" xmlUrl="{source.url.translate(_QUOTED)}"'
    if site:
        said += f' htmlUrl="{site.translate(_QUOTED)}"'
    if source.tags:
        said += f' category="{",".join(source.tags).translate(_QUOTED)}"'
    return f"    <outline {said} />\n"


class _Reader:
    """Hears the parser's events; a folder is open until its outline ends."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.EntityDeclHandler = self._entity
        self._path: list[tuple[str, str]] = []  # element and folder name
        self._outlines = 0
        self._feeds: dict[str, OpmlFeed] = {}

    def feeds(self, data: bytes) -> tuple[OpmlFeed, ...]:
        if len(data) > _LARGEST:
            self._fail(f"larger than {_LARGEST >> 20} MiB")
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            self._fail(f"not well-formed XML: {reason}", error.lineno, error.offset + 1)
        except (LookupError, ValueError) as error:  # an encoding that Python does not know
            self._fail(f"not readable: {error}")
        return tuple(self._feeds.values())

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.lower()
        if not self._path and name != "opml":
            self._fail_here(f"not OPML: the root element is <{name[:40]}>")
        if len(self._path) >= _DEEPEST:
            self._fail_here(f"nested more than {_DEEPEST} deep")
        folder = self._outline(attributes) if name == "outline" else ""
        self._path.append((name, folder))

    def _end(self, _name: str) -> None:
        self._path.pop()

    def _entity(self, name: str, *_: object) -> None:
        self._fail_here(f"declares the entity {name[:40]}, which is refused")

    def _outline(self, attributes: dict[str, str]) -> str:
        """Take an outline in; the name of the folder that it is, if it is one."""
        self._outlines += 1
        if self._outlines > _MOST_OUTLINES:
            self._fail_here(f"more than {_MOST_OUTLINES:,} outlines")
        said = {name.lower(): value for name, value in attributes.items()}
        title = _line(said.get("title") or said.get("text") or "")
        url = said.get("xmlurl", "").strip()
        if not url:
            return title
        url = url.partition("#")[0]
        if _is_pollable(url):
            feed = OpmlFeed(url=url, title=title[:_LONGEST_TEXT], tags=self._tags(said))
            self._feeds.setdefault(url, feed)
        return ""

    def _tags(self, said: Mapping[str, str]) -> tuple[str, ...]:
        folders = [folder for _, folder in self._path]
        categories = said.get("category", "").split(",")
        named = [_line(name).strip("/ ")[:_LONGEST_TAG].strip() for name in folders + categories]
        return tuple(dict.fromkeys(filter(None, named)))[:_MOST_TAGS]

    def _fail_here(self, what: str) -> NoReturn:
        self._fail(what, self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1)

    def _fail(self, what: str, line: int = 1, column: int = 1) -> NoReturn:
        problem = Problem(file=self._file, line=line, column=column, where="", what=what)
        raise ConfigError((problem,))


def _line(text: str) -> str:
    """On one line, without control characters."""
    spaced = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(spaced.split())


def _is_pollable(url: str) -> bool:
    """Is it an http(s) URL with a host, without white space and control characters?"""
    if len(url) > _LONGEST_URL or any(
        not letter.isprintable() or letter in " \\" for letter in url
    ):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
