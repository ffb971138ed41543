"""What a valid RSS 2.0 document and a valid JSON Feed 1.1 are, as assertions."""

from __future__ import annotations

import json
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
_CHANNEL = frozenset(
    "title link description language docs generator lastBuildDate ttl item".split()
)
_ITEM = frozenset("title link description category enclosure guid pubDate source".split())
_RFC_822 = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} ([+-]\d{4}|GMT)")
_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})")
_WEB = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


def assert_rss(body: bytes) -> Any:
    """Return the channel of a valid RSS 2.0 document."""
    root = etree.fromstring(body)
    assert (root.tag, root.get("version"), len(root)) == ("rss", "2.0", 1)
    channel = root[0]
    own = [element.tag for element in channel if not element.tag.startswith("{")]
    assert set(own) <= _CHANNEL
    assert all(own.count(name) == 1 for name in ("title", "link", "description", "ttl"))
    assert channel.findtext("title").strip()
    assert _WEB.fullmatch(channel.findtext("link"))
    assert channel.findtext("ttl").isdigit()
    assert_rfc_822(channel.findtext("lastBuildDate"))
    links = [link.get("rel") for link in channel.findall(ATOM + "link")]
    assert links.count("self") == 1
    for item in channel.findall("item"):
        _assert_item(item)
    guids = [item.findtext("guid") for item in channel.findall("item")]
    assert len(set(guids)) == len(guids)
    return channel


def _assert_item(item: Any) -> None:
    own = [element.tag for element in item if not element.tag.startswith("{")]
    assert set(own) <= _ITEM
    assert all(own.count(name) <= 1 for name in set(own) - {"category"})
    assert {"title", "description"} & set(own)
    (guid,) = item.findall("guid")
    is_link = guid.text == item.findtext("link")
    assert guid.get("isPermaLink") == ("true" if is_link else "false")
    assert_rfc_822(item.findtext("pubDate"))
    for link in item.findall("link"):
        assert _WEB.fullmatch(link.text)
    for source in item.findall("source"):
        assert source.text.strip()
        assert _WEB.fullmatch(source.get("url"))
    for file in item.findall("enclosure"):
        assert file.get("length").isdigit()
        assert "/" in file.get("type")
        assert _WEB.fullmatch(file.get("url"))


def assert_rfc_822(text: str) -> datetime:
    assert _RFC_822.fullmatch(text), text
    return parsedate_to_datetime(text)


_FEED_KEYS: dict[str, type] = {
    "version": str,
    "title": str,
    "home_page_url": str,
    "feed_url": str,
    "description": str,
    "next_url": str,
    "authors": list,
    "language": str,
    "expired": bool,
    "hubs": list,
    "items": list,
}
_ITEM_KEYS: dict[str, type] = {
    "id": str,
    "url": str,
    "title": str,
    "content_html": str,
    "summary": str,
    "image": str,
    "date_published": str,
    "date_modified": str,
    "authors": list,
    "tags": list,
    "language": str,
    "attachments": list,
}


def assert_json_feed(body: bytes) -> dict[str, Any]:
    """Return a valid JSON Feed 1.1."""
    feed = json.loads(body.decode("utf-8"), object_pairs_hook=_without_repeats)
    assert isinstance(feed, dict)
    _assert_keys(feed, _FEED_KEYS, required=("version", "title", "items"))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    for name in ("home_page_url", "feed_url", "next_url"):
        assert _WEB.fullmatch(feed.get(name, "https://x/"))
    for hub in feed.get("hubs", ()):
        assert set(hub) == {"type", "url"}
    for item in feed["items"]:
        _assert_json_item(item)
    ids = [item["id"] for item in feed["items"]]
    assert len(set(ids)) == len(ids)
    return feed


def _assert_json_item(item: dict[str, Any]) -> None:
    _assert_keys(item, _ITEM_KEYS, required=("id", "content_html"))
    for name in ("url", "image"):
        assert _WEB.fullmatch(item.get(name, "https://x/"))
    for name in ("date_published", "date_modified"):
        assert _RFC_3339.fullmatch(item.get(name, "2026-01-01T00:00:00Z"))
    for author in item.get("authors", ()):
        assert author.get("name") or author.get("url") or author.get("avatar")
    for file in item.get("attachments", ()):
        assert _WEB.fullmatch(file["url"])
        assert "/" in file["mime_type"]
        assert isinstance(file.get("size_in_bytes", 0), int)


def _assert_keys(
    record: dict[str, Any], known: dict[str, type], *, required: tuple[str, ...]
) -> None:
    assert set(required) <= record.keys()
    for name, value in record.items():
        assert name.startswith("_") or isinstance(value, known[name]), name


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    assert len(record) == len(pairs)
    return record
