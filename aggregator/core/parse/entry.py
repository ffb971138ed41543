"""What feedparser found of an entry -> Entry. Pure.

Of the texts, `content` is what was meant to be read and `summary` what was said about it. An
RSS description is both, depending on the feed: beside a content:encoded it is the summary;
alone it is the content if it has markup or more than MAX_SUMMARY characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from itertools import chain

from aggregator.core.clean import absolute_url, text_of
from aggregator.core.model import Enclosure, Entry
from aggregator.core.parse.dates import moment
from aggregator.core.parse.fields import (
    MAX_NAME,
    MAX_TITLE,
    Page,
    categories,
    enclosure,
    enclosures,
    guessed_html,
    html,
    language,
    line,
    people,
)
from aggregator.core.parse.info import read_info
from aggregator.core.parse.raw import Raw, mapping, mappings, text

MAX_GUID = 2048  # characters; longer ones are cut and told apart by a hash
MAX_SUMMARY = 500  # characters of text
MAX_LINKS = 128
MAX_PARTS = 8  # content elements of one entry

_SECOND_RANK = ("itunes_summary", "media_description", "itunes_subtitle")


def read_entry(raw: Raw, *, page: Page) -> Entry | None:
    """The entry, or None when it has no title, no link and no text."""
    title = line(raw, "title", MAX_TITLE, atom=page.atom)
    summary, content = _texts(raw, page=page)
    files = enclosures(chain(_linked(raw, page=page), _media(raw, page=page)))
    link = _link(raw, page=page) or (files[0].href if files and not (title or content) else "")
    if not (title or link or summary or content):
        return None
    source = mapping(raw, "source")
    return Entry(
        guid=shortened(text(raw, "raw_id") or text(raw, "id").strip())
        or link
        or content_id(title, content or summary),
        title=title,
        link=page.followed(link),
        published=_date(raw, "published") or _date(raw, "created"),
        updated=_date(raw, "updated"),
        authors=people(mappings(raw, "authors"), page=page),
        categories=categories(_terms(raw)),
        summary=summary,
        content=content,
        enclosures=files,
        image=_image(raw, files, page=page),
        rights=line(raw, "rights", MAX_NAME, atom=page.atom),
        language=language(text(mapping(raw, "title_detail"), "language")),
        origin=read_info(source, page=page, self_link=text(source, "href")) if source else None,
    )


def shortened(guid: str) -> str:
    """The guid as published, unless it is longer than MAX_GUID."""
    if len(guid) <= MAX_GUID:
        return guid
    return f"{guid[: MAX_GUID - 33]}#{_digest(guid)}"


def content_id(title: str, markup: str) -> str:
    """An id for what has neither guid nor link: over what it says, never when."""
    return "hash:" + _digest(f"{title}\0{text_of(markup)}")


def _digest(value: str) -> str:
    return blake2b(value.encode("utf-8"), digest_size=16).hexdigest()


def _date(raw: Raw, key: str) -> datetime | None:
    return moment(text(raw, key), dict.get(raw, f"{key}_parsed"))


def _texts(raw: Raw, *, page: Page) -> tuple[str, str]:
    """Summary and content."""
    parts = mappings(raw, "content", limit=MAX_PARTS)
    ranked = sorted(parts, key=lambda part: text(part, "type") == "text/plain")
    content = next(filter(None, (html(part, page=page) for part in ranked)), "")
    summary = html(mapping(raw, "summary_detail"), page=page)
    if not summary and not content:
        second = next(filter(None, (text(raw, key).strip() for key in _SECOND_RANK)), "")
        return guessed_html(second, page=page), ""
    if not content and not page.atom and _is_content(summary):
        return "", summary
    return ("" if summary == content else summary), content


def _is_content(markup: str) -> bool:
    return markup.count("<") > markup.count("<br>") or len(text_of(markup)) > MAX_SUMMARY


def _link(raw: Raw, *, page: Page) -> str:
    """The first usable address: before the click counter, alternate, permalink, content."""
    return next(filter(None, map(page.absolute, _addresses(raw))), "")


def _addresses(raw: Raw) -> Iterator[str]:
    alternates = [
        link for link in mappings(raw, "links", limit=MAX_LINKS) if text(link, "rel") == "alternate"
    ]
    alternates.sort(key=lambda link: text(link, "type") not in ("text/html", ""))
    yield text(raw, "feedburner_origlink")
    yield from (text(link, "href") for link in alternates)
    yield text(raw, "link")
    yield absolute_url(text(raw, "permalink"), "")
    yield from (text(part, "src") for part in mappings(raw, "content", limit=MAX_PARTS))


def _linked(raw: Raw, *, page: Page) -> Iterator[Enclosure]:
    for link in mappings(raw, "links", limit=MAX_LINKS):
        if text(link, "rel") == "enclosure":
            yield enclosure(text(link, "href"), text(link, "type"), text(link, "length"), page=page)


def _media(raw: Raw, *, page: Page) -> Iterator[Enclosure]:
    for media in mappings(raw, "media_content", limit=MAX_LINKS):
        yield enclosure(text(media, "url"), text(media, "type"), text(media, "filesize"), page=page)


def _image(raw: Raw, files: tuple[Enclosure, ...], *, page: Page) -> str:
    thumbnails = (text(one, "url") for one in mappings(raw, "media_thumbnail"))
    pictures = (
        text(one, "url")
        for one in mappings(raw, "media_content")
        if text(one, "medium").lower() == "image"
    )
    candidates = chain(thumbnails, [text(mapping(raw, "image"), "href")], pictures)
    found = next(filter(None, map(page.absolute, candidates)), "")
    return found or next((one.href for one in files if one.type.startswith("image/")), "")


def _terms(raw: Raw) -> Iterator[str]:
    for tag in mappings(raw, "tags"):
        if not text(tag, "scheme").endswith("#kind"):  # Blogger's word for what an entry is
            yield text(tag, "label") or text(tag, "term")
