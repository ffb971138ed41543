"""What is it, if it is not a feed? A message that helps the operator. Pure."""

from __future__ import annotations

import html
import re

from aggregator.core.clean import absolute_url, one_line

MAX_LOOKED_AT = 64 * 1024  # characters

_MAGIC = (
    ("\x89PNG", "a PNG image"),
    ("GIF8", "a GIF image"),
    ("\xff\xd8\xff", "a JPEG image"),
    ("%PDF", "a PDF document"),
    ("PK\x03\x04", "a ZIP archive"),
    ("\x1f\x8b", "a gzip archive"),
)
_ROOTS = {"opml": "an OPML list of feeds: import it instead", "svg": "an SVG image"}
_HTML_ROOTS = frozenset(["html", "head", "body", "meta", "title", "script", "div", "p"])
_HTML_DOCTYPE = re.compile(r"<!doctype\s{1,8}html", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,1000})", re.IGNORECASE)
_LINK = re.compile(r"<link\s([^<>]{1,2000})>", re.IGNORECASE)
_FEED_LINK = re.compile(
    r"type\s?=\s?[\"']?application/(?:rss\+xml|atom\+xml|feed\+json)", re.IGNORECASE
)
_HREF = re.compile(r"href\s?=\s?(?:\"([^\"]{1,1000})\"|'([^']{1,1000})')", re.IGNORECASE)


def is_html(root: str, doctype: str) -> bool:
    """Is this a page for people? A feed under an HTML document type is still a feed."""
    return root.lower() == "html" or (
        root.lower() in _HTML_ROOTS and _HTML_DOCTYPE.match(doctype) is not None
    )


def explain(body: bytes, text: str, *, root: str, url: str) -> str:
    """One sentence on what the document is."""
    if not body.strip(b"\0 \t\r\n"):
        return "the document is empty"
    start = body[:16].decode("latin-1")
    for magic, name in _MAGIC:
        if start.startswith(magic):
            return f"this is {name}"
    if root.lower() in _HTML_ROOTS:
        return _explain_page(text[:MAX_LOOKED_AT], url)
    if root:
        known = _ROOTS.get(root.lower(), f"XML with the root element <{root[:40]}>")
        return f"this is {known}"
    return f"this is neither XML nor JSON; it begins with {one_line(text, 40)!r}"


def _explain_page(page: str, url: str) -> str:
    title = _TITLE.search(page)
    named = f" (title: {one_line(html.unescape(title[1]), 80)})" if title else ""
    feeds = (_HREF.search(link[1]) for link in _LINK.finditer(page) if _FEED_LINK.search(link[1]))
    found = (absolute_url(html.unescape(one[1] or one[2]), url) for one in feeds if one)
    feed = next(filter(None, found), "")
    return f"this is an HTML page{named}" + (f"; it links a feed at {feed}" if feed else "")
