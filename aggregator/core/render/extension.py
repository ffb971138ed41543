"""What feedgen 1.0.0 leaves out of an entry or gets wrong. Pure.

It writes no whole atom:source, no thumbnail and no language, refuses an empty title, and
forgets everything of a link but its href.
"""

from __future__ import annotations

from typing import Any

from feedgen.util import xml_elem

from aggregator.core.model import Article, FeedInfo
from aggregator.core.render.fields import language_tag, legal, people, web_address
from aggregator.core.render.links import links_of

_MEDIA = "http://search.yahoo.com/mrss/"
_XML = "http://www.w3.org/XML/1998/namespace"


class ArticleExtension:
    """A feedgen extension, for the feed (declares the namespace) and for each entry."""

    article: Article | None = None

    def extend_ns(self) -> dict[str, str]:
        """The namespaces to declare at the root."""
        return {"media": _MEDIA}

    def extend_atom(self, element: Any) -> None:
        """Complete the element of the entry; the feed's own stays as it is."""
        if self.article is None:
            return
        if not legal(self.article.entry.title):
            element.find("title").text = None
        _replace_links(element, self.article)
        _add_language(element, self.article)
        _add_thumbnail(element, self.article)
        _add_source(element, self.article)


def _replace_links(element: Any, article: Article) -> None:
    for link in element.findall("link"):
        element.remove(link)
    for attributes in links_of(article):
        xml_elem("link", element, **attributes)


def _add_language(element: Any, article: Article) -> None:
    language = language_tag(article.entry.language) or language_tag(article.info.language)
    if language:
        element.set(f"{{{_XML}}}lang", language)


def _add_thumbnail(element: Any, article: Article) -> None:
    image = web_address(article.entry.image)
    if image:
        xml_elem(f"{{{_MEDIA}}}thumbnail", element, url=image)


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
    if legal(text):
        xml_elem(name, parent).text = legal(text)
