"""A document of which only some entries are left -> what they and the feed say. Pure.

The text of such a document has a MARK before, between and after its entries, so that it shows
whether an entry stands for itself: then the same entry in the same context means the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from aggregator.core.model import Document, Entry, FeedInfo, Hints
from aggregator.core.parse.entry import read_entry
from aggregator.core.parse.fields import Page
from aggregator.core.parse.info import read_hints, read_info
from aggregator.core.parse.notfeed import is_html
from aggregator.core.parse.reader import Marked, read_marked
from aggregator.core.parse.tidy import Tidied, tidy


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a document says of itself and of some of its entries."""

    info: FeedInfo
    hints: Hints
    format: str
    entries: tuple[Entry | None, ...]  # None: one without title, link and text
    context: str  # all outside of an entry that shapes what is read from it
    head_prefixes: int  # namespaces that the document declares outside of entries
    prefixes: int  # those and the ones that these entries declare


def read_parts(document: Document, text: str, *, page: Page, entries: int) -> Parts | None:
    """Read the marked `text` that is left of a document with so many entries.

    None when it is not well-formed, or entries may depend on each other: to be read as a whole.
    """
    tidied = tidy(text)
    if not tidied.root or is_html(tidied.root, tidied.doctype):
        return None
    marked = read_marked(
        tidied.text, base=page.base, language=document.content_language, entries=entries
    )
    if marked is None:
        return None
    return _parts(document, marked, page=page, tidied=tidied)


def _parts(document: Document, marked: Marked, *, page: Page, tidied: Tidied) -> Parts:
    found = marked.found
    version = "rss091n" if "netscape" in tidied.doctype.lower() else found.version
    page = replace(page, atom=version.startswith("atom"))
    info = read_info(found.feed, page=page, self_link=document.url)
    page = replace(page, site=info.link)
    return Parts(
        info=info,
        hints=read_hints(found.feed, page=page),
        format=version or "unknown",
        entries=tuple(read_entry(raw, page=page) for raw in found.entries),
        context=repr((version, page.base or page.site, marked.context)),
        head_prefixes=marked.head_prefixes,
        prefixes=marked.prefixes,
    )
