"""Articles -> JSON Feed 1.1 (jsonfeed.org). Pure.

The same ids in the same order as in the Atom document. What JSON Feed has no word for (the
source of an entry) stands in objects whose names begin with an underscore, as it asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Final

from aggregator import __version__
from aggregator.core.clean import text_of
from aggregator.core.model import Article
from aggregator.core.render.fields import language_tag, legal, source_author, web_address
from aggregator.core.render.heading import Heading
from aggregator.core.render.links import Link
from aggregator.core.render.pieces import Frame
from aggregator.core.render.texts import Told

VERSION: Final = "https://jsonfeed.org/version/1.1"
MARK: Final = "_aggregator"
UNKNOWN_TYPE: Final = "application/octet-stream"  # a file has to have a type


def json_frame(heading: Heading, updated: datetime) -> Frame:
    """Return the document without its items. `updated` is that of the whole feed."""
    document = _said(
        {
            "version": VERSION,
            "title": heading.title,
            MARK: {"version": __version__, "id": legal(heading.atom_id), "updated": _time(updated)},
            "home_page_url": heading.home,
            "feed_url": heading.address("json"),
            "description": heading.subtitle,
            "next_url": heading.previous_address("json"),
            "authors": _people(heading.authors),
            "language": heading.language,
            "expired": bool(heading.page),  # a closed page never changes
            "hubs": [{"type": "WebSub", "url": heading.hub}] if heading.hub else [],
        }
    )
    document["items"] = []
    tail = b"]}"
    return Frame(_written(document).removesuffix(tail), tail, between=b",")


def json_piece(entry: Told) -> bytes:
    """Return the item of an entry. Raises ValueError when a text cannot be UTF-8."""
    return _written(_item(entry))


def _written(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _said(record: Mapping[str, object]) -> dict[str, object]:
    """Without what says nothing: "", [], False, None."""
    return {name: value for name, value in record.items() if value}


def _item(entry: Told) -> dict[str, object]:
    article = entry.article
    links = entry.links
    item: dict[str, object] = {"id": entry.id}
    item |= _said({"url": entry.link, "title": entry.title})
    # Readers show the content, so an entry that has only a summary shows that.
    item["content_html"] = _content(entry)
    item |= _said(
        {
            "summary": text_of(entry.summary) if entry.content else "",
            "image": web_address(article.entry.image),
            "date_published": _time(entry.published),
            "date_modified": _time(article.updated),
            "authors": _people(entry.authors),
            "tags": entry.terms,
            "language": language_tag(article.entry.language) or language_tag(article.info.language),
            "attachments": [_attachment(link) for link in links if link["rel"] == "enclosure"],
            "_source": _source(article),
            "_related": [link["href"] for link in links if link["rel"] == "related"],
        }
    )
    return item


def _content(entry: Told) -> str:
    if not entry.is_html:
        return escape(entry.content, quote=False)
    return entry.content or entry.summary


def _time(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _people(persons: Iterable[Mapping[str, str]]) -> list[dict[str, object]]:
    return [_said({"name": person["name"], "url": person["uri"]}) for person in persons]


def _attachment(link: Link) -> dict[str, object]:
    attachment: dict[str, object] = {
        "url": link["href"],
        "mime_type": link.get("type", UNKNOWN_TYPE),
    }
    if "length" in link:
        attachment["size_in_bytes"] = int(link["length"])
    return attachment


def _source(article: Article) -> dict[str, object]:
    info = article.entry.origin or article.info
    return _said(
        {
            "id": legal(info.id) or web_address(info.self_link) or web_address(info.link),
            "title": legal(info.title).strip() or source_author(article).name,
            "url": web_address(info.link),
            "feed_url": web_address(info.self_link),
            "rights": legal(article.entry.rights) or legal(info.rights),
        }
    )
