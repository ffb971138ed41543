"""Document -> Feed. Pure; feedparser is imported by `reader` alone.

    bytes -> decode -> tidy -> reader (feedparser) -> info, entry -> guids -> Feed
                 └──-> jsonfeed ───────────────────────────────────┘

Promise: a document gives a Feed in which everything is safe and valid (see Entry), or a
ParseError; never another exception, never a look at a file or the network, and in time
linear in its size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from aggregator.core.errors import ParseError
from aggregator.core.model import Document, Entry, Feed
from aggregator.core.parse.dates import moment
from aggregator.core.parse.decode import decode
from aggregator.core.parse.entry import read_entry
from aggregator.core.parse.fields import Page
from aggregator.core.parse.guids import distinct
from aggregator.core.parse.info import read_hints, read_info
from aggregator.core.parse.jsonfeed import read_json_feed
from aggregator.core.parse.notfeed import explain, is_html
from aggregator.core.parse.parts import Parts, read_parts
from aggregator.core.parse.reader import Found, read
from aggregator.core.parse.tidy import Tidied, tidy
from aggregator.core.trackers import Cleaning

EVERYTHING = Cleaning()

_JUNK = "\ufeff\0 \t\r\n"
_DATE = re.compile(r"<(?:pubDate|published|updated|dc:date)>([^<]{8,64})<")
_FIRST_ITEM = re.compile(r"<(?:item|entry)[\s>]")
_EDGE = 64 * 1024  # characters looked at for the dates of the first and the last entry


def parse(document: Document, *, max_entries: int, cleaning: Cleaning = EVERYTHING) -> Feed:
    """Read a feed of any format: RSS 0.9x, 1.0, 2.0, Atom 0.3, 1.0, JSON Feed 1, 1.1.

    A feed without entries is a feed. Of more than `max_entries` entries the newest are kept.
    Raises ParseError: kind "not_a_feed", with what it is instead, or "damaged".
    """
    with _damage_told():
        return _parse(document, _page(document, cleaning), max_entries)


def parse_parts(
    document: Document, text: str, *, entries: int, cleaning: Cleaning = EVERYTHING
) -> Parts | None:
    """Read what is left of a document when entries are cut out of its text; see `read_parts`.

    Raises ParseError.
    """
    with _damage_told():
        return read_parts(document, text, page=_page(document, cleaning), entries=entries)


def text_of_document(document: Document) -> str:
    """The text of a document without what may stand before the first character that counts."""
    return decode(document.body, document.content_type).lstrip(_JUNK)


@contextmanager
def _damage_told() -> Iterator[None]:
    """Turn into ParseError whatever a document makes feedparser raise."""
    try:
        yield
    except ParseError:
        raise
    except Exception as error:  # damaged documents make feedparser raise anything
        message = f"the document cannot be read: {type(error).__name__}: {error}"
        raise ParseError(message[:200], kind="damaged") from error


def _page(document: Document, cleaning: Cleaning) -> Page:
    return Page(_base(document), cleaning=cleaning)


def _parse(document: Document, page: Page, limit: int) -> Feed:
    text = text_of_document(document)
    if text.startswith(("{", "[")):
        feed = read_json_feed(text, page=page, limit=limit)
    else:
        feed = _read_xml(document, text, page, limit)
    entries, repeated = distinct(feed.entries)
    return replace(feed, entries=entries, skipped=feed.skipped + repeated)


def _read_xml(document: Document, text: str, page: Page, limit: int) -> Feed:
    tidied = tidy(text)
    found = None
    if tidied.root and not is_html(tidied.root, tidied.doctype):
        found = _found(document, tidied, limit)
    if found is None or not (found.version or found.entries):
        message = explain(document.body, text, root=tidied.root, url=document.url)
        raise ParseError(message, kind="not_a_feed")
    return _feed(document, found, page, limit)


def _found(document: Document, tidied: Tidied, limit: int) -> Found:
    found = read(
        tidied.text,
        base=_base(document),
        language=document.content_language,
        limit=limit,
        oldest_first=tidied.text.count("<") > limit and _oldest_first(tidied.text),
    )
    netscape = "netscape" in tidied.doctype.lower()
    return replace(found, version="rss091n") if netscape else found


def _base(document: Document) -> str:
    return document.url if document.url.startswith(("http://", "https://")) else ""


def _oldest_first(text: str) -> bool:
    """Is the last entry newer than the first? Then a limit must not cut the end off."""
    start = _FIRST_ITEM.search(text)
    dates = start and _DATE.findall(text[start.start() : start.start() + _EDGE])
    if not dates:
        return False
    first, last = moment(dates[0]), moment((_DATE.findall(text[-_EDGE:]) or dates)[-1])
    return first is not None and last is not None and first < last


def _feed(document: Document, found: Found, page: Page, limit: int) -> Feed:
    page = replace(page, atom=found.version.startswith("atom"))
    info = read_info(found.feed, page=page, self_link=document.url)
    page = replace(page, site=info.link)
    entries = [read_entry(raw, page=page) for raw in found.entries]
    return Feed(
        info=info,
        entries=tuple(filter(None, entries)),
        hints=read_hints(found.feed, page=page),
        format=found.version or "unknown",
        skipped=tuple(_skipped(entries, found.left_out, limit)),
    )


def says_nothing(index: int) -> str:
    """Why the entry at this place, counted from 1, was left out."""
    return f"entry {index}: no title, no link and no text"


def _skipped(entries: list[Entry | None], beyond: int, limit: int) -> Iterator[str]:
    for index, entry in enumerate(entries, start=1):
        if entry is None:
            yield says_nothing(index)
    if beyond:
        yield f"{beyond} entries beyond the limit of {limit}"
