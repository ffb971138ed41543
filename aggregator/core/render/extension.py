"""What feedgen 1.0.0 leaves out of Atom or gets wrong. Pure.

It writes no whole atom:source, no thumbnail and no language, refuses an empty title, and
forgets everything of a link of an entry but its href.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from feedgen.util import xml_elem

from aggregator.core.model import Article, FeedInfo
from aggregator.core.render.fields import language_tag, legal, people, web_address
from aggregator.core.render.heading import Heading
from aggregator.core.render.history import HISTORY, add_history
from aggregator.core.render.links import Link
from aggregator.core.render.texts import Told

MEDIA: Final = "http://search.yahoo.com/mrss/"
HTML: Final = "http://www.w3.org/1999/xhtml"
_XML: Final = "http://www.w3.org/XML/1998/namespace"


class AtomExtension:
    """A feedgen extension for Atom, for the feed (declares the namespaces) and each entry."""

    heading: Heading | None = None
    entry: Told | None = None

    def extend_ns(self) -> dict[str, str]:
        """The namespaces to declare at the root."""
        return {"media": MEDIA, "fh": HISTORY, "html": HTML}

    def extend_atom(self, element: Any) -> None:
        """Complete the element of the feed, or of an entry."""
        if self.heading is not None:
            _complete_feed(element, self.heading)
        if self.entry is not None:
            _complete_entry(element, self.entry)


def _complete_feed(element: Any, heading: Heading) -> None:
    if not heading.subtitle:
        element.remove(element.find("subtitle"))
    _replace_links(element, heading.links("atom"))
    add_way_out(element, heading)
    add_history(element, heading)


def _complete_entry(element: Any, entry: Told) -> None:
    if not entry.title:
        element.find("title").text = None
    if entry.published is not None:
        xml_elem("published", element).text = entry.published.isoformat()
    _replace_links(element, entry.links)
    add_language(element, entry.article)
    add_thumbnail(element, entry.article)
    _add_source(element, entry.article)


def _replace_links(element: Any, links: Iterable[Link]) -> None:
    remove_all(element, "link")
    for attributes in links:
        xml_elem("link", element, **attributes)


def remove_all(element: Any, name: str) -> None:
    """Remove the children of that name."""
    for child in list(element.iterchildren(name)):  # findall takes ten times as long
        element.remove(child)


def add_way_out(element: Any, heading: Heading) -> None:
    """Let a browser follow a link to the page for people: nothing else in a feed is one.

    It has no text, so that no reader shows one; the stylesheet brings it (W52).
    """
    xml_elem(f"{{{HTML}}}a", element, href=heading.home)


def add_language(element: Any, article: Article) -> None:
    """Say the language of an entry, where it or its source says it."""
    language = language_tag(article.entry.language) or language_tag(article.info.language)
    if language:
        element.set(f"{{{_XML}}}lang", language)


def add_thumbnail(element: Any, article: Article) -> None:
    """Add the picture of an entry as Media RSS, which Atom and RSS readers know."""
    image = web_address(article.entry.image)
    if image:
        xml_elem(f"{{{MEDIA}}}thumbnail", element, url=image)


def _add_source(element: Any, article: Article) -> None:
    """atom:source (RFC 4287 §4.2.11): the entry's own where it carried one, else its feed's."""
    info = article.entry.origin or article.info
    source = xml_elem("source", element)
    _add(source, "id", info.id or web_address(info.self_link) or web_address(info.link))
    _add(source, "title", info.title or web_address(info.link) or article.source)
    _add(source, "updated", (info.updated or article.updated).isoformat())
    if not article.entry.authors:
        for person in people(info.authors):
            _add_author(source, person)
    for rel, href in _feed_links(info):
        xml_elem("link", source, rel=rel, href=href)
    _add(source, "rights", info.rights)
    _add(source, "icon", web_address(info.icon))


def _feed_links(info: FeedInfo) -> tuple[tuple[str, str], ...]:
    links = (("self", web_address(info.self_link)), ("alternate", web_address(info.link)))
    return tuple((rel, href) for rel, href in links if href)


def _add_author(parent: Any, person: dict[str, str]) -> None:
    author = xml_elem("author", parent)
    for field in ("name", "uri", "email"):
        _add(author, field, person[field])


def _add(parent: Any, name: str, text: str) -> None:
    text = legal(text)
    if text:
        xml_elem(name, parent).text = text
