"""JSON Feed 1 and 1.1 (jsonfeed.org) -> Feed. Pure.

Bounded as the rest: nesting by the interpreter, numbers by their digits, entries by a limit.
NaN, infinity and a key given twice make a document that readers disagree about: damaged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import NoReturn

from aggregator.core.clean import one_line, paragraphs, xml_legal
from aggregator.core.errors import ParseError
from aggregator.core.model import Enclosure, Entry, Feed, FeedInfo, Hints
from aggregator.core.parse.dates import moment
from aggregator.core.parse.entry import content_id, shortened
from aggregator.core.parse.fields import (
    MAX_CATEGORY,
    MAX_NAME,
    MAX_TITLE,
    Page,
    categories,
    enclosure,
    enclosures,
    iri,
    language,
    people,
)
from aggregator.core.parse.raw import Raw, mapping, mappings, text, texts

MAX_DIGITS = 300  # of a number
_FORMATS = {"1": "json10", "1.0": "json10", "1.1": "json11"}


def read_json_feed(document: str, *, page: Page, limit: int) -> Feed:
    """The feed in `document`, found at `page`, its entries not yet told apart by guid.

    Raises ParseError, kind "damaged" when it is not JSON, "not_a_feed" when not a JSON Feed.
    """
    raw = _loaded(document)
    version = text(raw, "version") if isinstance(raw, dict) else ""
    if not isinstance(raw, dict) or "jsonfeed.org/version/" not in version:
        raise ParseError("this is JSON, but no JSON Feed: it has no version", kind="not_a_feed")
    info = _info(raw, page=page)
    page = replace(page, site=info.link)
    items = dict.get(raw, "items")
    listed = items if isinstance(items, list) else []
    entries = [_entry(one, page=page) for one in islice(listed, limit)]
    return Feed(
        info=info,
        entries=tuple(filter(None, entries)),
        hints=_hints(raw, page=page),
        format=_FORMATS.get(version.rstrip("/").rpartition("/")[2], "json"),
        skipped=tuple(_skipped(entries, len(listed) - limit, limit)),
    )


def _skipped(entries: list[Entry | None], beyond: int, limit: int) -> Iterator[str]:
    yield from (
        f"entry {index}: no title, no link and no text"
        for index, entry in enumerate(entries, start=1)
        if entry is None
    )
    if beyond > 0:
        yield f"{beyond} entries beyond the limit of {limit}"


def _loaded(document: str) -> object:
    try:
        loaded: object = json.loads(
            document,
            parse_constant=_refused,
            parse_float=_number,
            parse_int=_number,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError) as error:
        raise ParseError(f"this JSON cannot be read: {error}"[:200], kind="damaged") from error
    return loaded


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _number(digits: str) -> int | float:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits) if digits.lstrip("-").isdigit() else float(digits)


def _object(pairs: list[tuple[str, object]]) -> Raw:
    raw = dict(pairs)
    if len(raw) < len(pairs):
        raise ValueError("a key is given twice")
    return raw


def _info(raw: Raw, *, page: Page) -> FeedInfo:
    icons = (text(raw, "icon"), text(raw, "favicon"))
    return FeedInfo(
        title=one_line(text(raw, "title"), MAX_TITLE),
        subtitle=one_line(text(raw, "description"), MAX_TITLE),
        id=iri(text(raw, "feed_url")),
        link=page.followed(page.absolute(text(raw, "home_page_url"))),
        self_link=page.absolute(text(raw, "feed_url")) or page.absolute(page.base),
        authors=people(_authors(raw), page=page),
        icon=next(filter(None, map(page.absolute, icons)), ""),
        language=language(text(raw, "language")),
    )


def _hints(raw: Raw, *, page: Page) -> Hints:
    hubs = (page.absolute(text(hub, "url")) for hub in mappings(raw, "hubs"))
    return Hints(expired=dict.get(raw, "expired") is True, hub=next(filter(None, hubs), ""))


def _entry(raw: object, *, page: Page) -> Entry | None:
    if not isinstance(raw, dict):
        return None
    title = one_line(text(raw, "title"), MAX_TITLE)
    link = page.absolute(text(raw, "url")) or page.absolute(text(raw, "external_url"))
    content = page.html(text(raw, "content_html")) or _typed(text(raw, "content_text"), page=page)
    summary = _typed(text(raw, "summary"), page=page)
    if not (title or link or content or summary):
        return None
    images = (text(raw, "image"), text(raw, "banner_image"))
    return Entry(
        guid=shortened(_id(raw)) or link or content_id(title, content or summary),
        title=title,
        link=page.followed(link),
        published=moment(text(raw, "date_published")),
        updated=moment(text(raw, "date_modified")),
        authors=people(_authors(raw), page=page),
        categories=categories(one_line(tag, MAX_CATEGORY) for tag in texts(raw, "tags")),
        summary="" if summary == content else summary,
        content=content,
        enclosures=enclosures(_attachments(raw, page=page)),
        image=next(filter(None, map(page.absolute, images)), ""),
        language=language(text(raw, "language")),
    )


def _typed(value: str, *, page: Page) -> str:
    return page.html(paragraphs(xml_legal(value)))


def _id(raw: Raw) -> str:
    """Version 1 asks readers to accept numbers (and make strings of them)."""
    value = dict.get(raw, "id")
    known = isinstance(value, str | int | float) and not isinstance(value, bool)
    return xml_legal(str(value)).strip() if known else ""


def _authors(raw: Raw) -> Iterator[Raw]:
    """`authors` of version 1.1, else the `author` of version 1, in feedparser's words."""
    for author in mappings(raw, "authors") or [mapping(raw, "author")]:
        name = one_line(text(author, "name"), MAX_NAME)
        yield {"name": name, "href": text(author, "url")}


def _attachments(raw: Raw, *, page: Page) -> Iterator[Enclosure]:
    for file in mappings(raw, "attachments"):
        yield enclosure(
            text(file, "url"), text(file, "mime_type"), dict.get(file, "size_in_bytes"), page=page
        )
