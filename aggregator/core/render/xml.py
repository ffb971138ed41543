"""Headings and entries -> Atom and RSS. Pure; the only importer of feedgen, but for its extensions.

An entry is written in the same bytes whatever stands above and beside it. So entries are written
once, cut out of their document, and put between the head and the tail of others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from aggregator import __version__
from aggregator.core.render.extension import AtomExtension
from aggregator.core.render.fields import legal
from aggregator.core.render.heading import Heading
from aggregator.core.render.pieces import Frame
from aggregator.core.render.places import GENERATOR
from aggregator.core.render.rss import RssExtension
from aggregator.core.render.texts import Told
from aggregator.core.spans import spans_of

_WRITE: Final[Mapping[str, Callable[[FeedGenerator], bytes]]] = {
    "atom": FeedGenerator.atom_str,
    "rss": FeedGenerator.rss_str,
}
_TAILS: Final = {"atom": b"</feed>", "rss": b"</channel></rss>"}


def xml_frames(heading: Heading, updated: datetime, forms: Collection[str]) -> dict[str, Frame]:
    """The document without its entries in those `forms` that are XML."""
    feed = _feed(heading, updated)
    frames: dict[str, Frame] = {}
    for form, write in _WRITE.items():
        if form in forms:
            head = _styled(write(feed), heading).removesuffix(_TAILS[form])
            frames[form] = Frame(head, _TAILS[form])
    return frames


def xml_pieces(
    heading: Heading, entries: Sequence[Told], forms: Collection[str]
) -> dict[str, list[bytes]]:
    """The entries, in their order, in those `forms` that are XML. Raises what feedgen raises."""
    feed = _feed(heading, entries[0].article.updated)
    for entry in entries:
        _fill(feed.add_entry(order="append"), entry)
    return {form: _cut(write(feed)) for form, write in _WRITE.items() if form in forms}


def _cut(document: bytes) -> list[bytes]:
    return [document[start:end] for start, end in spans_of(document)]


def _styled(document: bytes, heading: Heading) -> bytes:
    """With the style sheet for browsers behind the XML declaration (no XSLT: it is going away)."""
    declaration, line_end, rest = document.partition(b"\n")
    style = f'<?xml-stylesheet type="text/css" href="{escape(heading.style)}"?>'
    return declaration + line_end + style.encode() + line_end + rest


def _feed(heading: Heading, updated: datetime) -> FeedGenerator:
    feed = FeedGenerator()
    feed.register_extension("article", AtomExtension, AtomExtension, rss=False)
    feed.register_extension("item", RssExtension, RssExtension, atom=False)
    feed.article.heading = feed.item.heading = heading
    feed.id(legal(heading.atom_id))
    feed.title(heading.title)
    feed.subtitle(heading.subtitle or heading.title)  # RSS must have one; Atom loses it again
    feed.updated(updated)
    feed.link(href=heading.home)  # of RSS; the extensions write all the others
    feed.author(list(heading.authors))
    feed.language(heading.language)
    feed.ttl(heading.ttl)
    # The address of this very service: the only page about it that surely exists.
    feed.generator(GENERATOR, version=__version__, uri=heading.base_url)
    return feed


def _fill(element: FeedEntry, entry: Told) -> None:
    article = entry.article
    element.article.entry = element.item.entry = entry
    element.guid(entry.id, permalink=entry.id == entry.link)
    element.title(entry.title or "-")  # the extensions empty it again
    element.updated(article.updated)
    element.author(list(entry.authors))
    if entry.link:
        element.link(href=entry.link, rel="alternate")
    element.category([{"term": term} for term in entry.terms])
    element.rights(legal(article.entry.rights))
    if entry.content or not entry.link:
        element.content(entry.content, type="html" if entry.is_html else "text")
    if entry.summary:
        element.summary(entry.summary, type="html")
