"""The links of one entry (RFC 4287 §4.2.7). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from aggregator.core.model import Article, Enclosure
from aggregator.core.render.fields import legal, source_author, web_address

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(\s*;[\x20-\x7e]*)?", re.ASCII)

Link = dict[str, str]  # rel and href, then type, title, length where known


def links_of(article: Article) -> list[Link]:
    """The article, who else carries it, its files, and our source where it names another."""
    entry = article.entry
    links = [_link("alternate", entry.link)]
    links += [_link("related", seen.link, title=seen.title) for seen in article.sightings]
    links += [_enclosure(enclosure) for enclosure in entry.enclosures]
    if entry.origin:
        feed = article.info.self_link or article.info.link
        links.append(_link("via", feed, title=source_author(article).name))
    return _distinct(links)


def _link(rel: str, href: str, *, title: str = "") -> Link:
    link = {"rel": rel, "href": web_address(href)}
    if legal(title):
        link["title"] = legal(title)
    return link


def _enclosure(enclosure: Enclosure) -> Link:
    link = _link("enclosure", enclosure.href)
    if _MEDIA_TYPE.fullmatch(enclosure.type):
        link["type"] = enclosure.type
    if enclosure.length is not None and enclosure.length >= 0:
        link["length"] = str(enclosure.length)
    return link


def _distinct(links: Iterable[Link]) -> list[Link]:
    """Links that lead somewhere, the first of each; related is what is not the article itself."""
    found: dict[tuple[str, str], Link] = {}
    for link in links:
        rel, href = link["rel"], link["href"]
        if href and not (rel == "related" and ("alternate", href) in found):
            found.setdefault((rel, href), link)
    return list(found.values())
