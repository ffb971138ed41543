"""Feeds in three formats that carry an attack in every place a reader looks at."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from html import escape

from aggregator.core.clean import xml_legal

_NAMESPACES = (
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:media="http://search.yahoo.com/mrss/"'
)
_RSS_ITEM = (
    "<item><guid>{v}</guid><title>{v}</title><link>{v}</link><comments>{v}</comments>"
    "<description>{v}</description><content:encoded>kept {v}</content:encoded>"
    "<author>{v}</author><dc:creator>{v}</dc:creator><category domain='{v}'>{v}</category>"
    "<enclosure url='{v}' type='{v}' length='{v}'/><media:thumbnail url='{v}'/>"
    "<media:content url='{v}' medium='image'/><source url='{v}'>{v}</source></item>"
)
_RSS = (
    "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'{namespaces}><channel>"
    "<title>{v}</title><link>{v}</link><description>{v}</description><copyright>{v}</copyright>"
    "<image><url>{v}</url><title>{v}</title><link>{v}</link></image>{items}</channel></rss>"
)
_ATOM_ENTRY = (
    "<entry><id>{v}</id><title type='html'>{v}</title><updated>2025-06-27T00:00:00Z</updated>"
    "<link href='{v}'/><link rel='enclosure' href='{v}' type='{v}'/><link rel='{v}' href='{v}'/>"
    "<summary type='html'>{v}</summary><content type='html' xml:base='{v}'>kept {v}</content>"
    "<author><name>{v}</name><uri>{v}</uri><email>{v}</email></author>"
    "<category term='{v}' label='{v}' scheme='{v}'/><rights type='html'>{v}</rights>"
    "<source><id>{v}</id><title type='html'>{v}</title><link href='{v}'/><icon>{v}</icon></source>"
    "</entry>"
)
_ATOM = (
    "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='{v}'><id>{v}</id><title>{v}</title>"
    "<subtitle type='html'>{v}</subtitle><icon>{v}</icon><link href='{v}'/>"
    "<link rel='self' href='{v}'/><author><name>{v}</name></author>{items}</feed>"
)


def rss(vectors: Sequence[str]) -> bytes:
    """RSS 2.0 with one item for each attack."""
    items = "".join(_RSS_ITEM.format(v=_escaped(vector)) for vector in vectors)
    whole = _RSS.format(v=_escaped(vectors[0]), items=items, namespaces=_NAMESPACES)
    return whole.encode("utf-8", "replace")


def atom(vectors: Sequence[str]) -> bytes:
    """Atom with one entry for each attack."""
    items = "".join(_ATOM_ENTRY.format(v=_escaped(vector)) for vector in vectors)
    return _ATOM.format(v=_escaped(vectors[0]), items=items).encode("utf-8", "replace")


def json_feed(vectors: Sequence[str]) -> bytes:
    """JSON Feed 1.1 with one item for each attack."""
    first = vectors[0]
    whole = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": first,
        "description": first,
        "home_page_url": first,
        "feed_url": first,
        "icon": first,
        "authors": [{"name": first, "url": first}],
        "items": [_item(vector) for vector in vectors],
    }
    return json.dumps(whole).encode()


def _item(vector: str) -> dict[str, object]:
    return {
        "id": vector,
        "url": vector,
        "external_url": vector,
        "title": vector,
        "summary": vector,
        "content_html": f"kept {vector}",
        "image": vector,
        "tags": [vector],
        "authors": [{"name": vector, "url": vector, "avatar": vector}],
        "attachments": [{"url": vector, "mime_type": vector, "title": vector}],
    }


def _escaped(vector: str) -> str:
    return escape(xml_legal(vector))


FORMATS: dict[str, Callable[[Sequence[str]], bytes]] = {
    "rss": rss,
    "atom": atom,
    "json": json_feed,
}
