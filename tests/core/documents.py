"""Small documents to parse, and how to parse them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from aggregator.core.model import Document, Entry, Feed
from aggregator.core.parse import parse

URL = "https://h.example/dir/feed.xml"


def read(body: bytes | str, *, url: str = URL, content_type: str = "", limit: int = 100) -> Feed:
    """Parse a body as if it came from `url`."""
    raw = body.encode() if isinstance(body, str) else body
    return parse(Document(url=url, body=raw, content_type=content_type or None), max_entries=limit)


def rss(items: str, channel: str = "<title>F</title><link>https://h.example/</link>") -> str:
    """An RSS 2.0 document with every namespace the tests need."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:media="http://search.yahoo.com/mrss/"'
        ' xmlns:podcast="https://podcastindex.org/namespace/1.0"'
        ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
        ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">'
        f"<channel>{channel}{items}</channel></rss>"
    )


def atom(entries: str, attributes: str = "") -> str:
    """An Atom 1.0 document."""
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>F</title><id>urn:f</id>'
        f"<updated>2025-06-27T00:00:00Z</updated>{entries}</feed>"
    )


def one(item: str) -> Entry:
    """The only entry of an RSS document with this inside its item."""
    (entry,) = read(rss(f"<item>{item}</item>")).entries
    return entry


def one_atom(entry: str, attributes: str = "") -> Entry:
    """The only entry of an Atom document with this inside its entry."""
    (found,) = read(atom(f"<entry>{entry}</entry>", attributes)).entries
    return found


def load(path: Path) -> ModuleType:
    """A module of the test kit, which is no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
