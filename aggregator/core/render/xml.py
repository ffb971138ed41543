"""A list of entries -> Atom and RSS. The only importer of feedgen, but for its extensions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from html import escape

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from aggregator import __version__
from aggregator.core.render.extension import AtomExtension
from aggregator.core.render.fields import legal
from aggregator.core.render.heading import Heading
from aggregator.core.render.places import GENERATOR
from aggregator.core.render.rss import RssExtension
from aggregator.core.render.texts import Told


def xml_documents(
    heading: Heading, entries: Sequence[Told], updated: datetime, forms: Collection[str]
) -> dict[str, bytes]:
    """The documents of those `forms` that are XML, by form."""
    bodies: dict[str, bytes] = {}
    feed = _feed(heading, updated)
    for entry in entries:
        _fill(feed.add_entry(order="append"), entry)
    if "atom" in forms:
        bodies["atom"] = _styled(feed.atom_str(), heading)
    if "rss" in forms:
        bodies["rss"] = _styled(feed.rss_str(), heading)
    return bodies


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
