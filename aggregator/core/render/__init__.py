"""Articles + Output -> Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1. Pure; feedgen's only importer.

Same input, same bytes, in every process. Whatever the store holds, the documents are valid:
an article that cannot be rendered is left out and named, and costs the others nothing.
All forms are made from one list of entries, which is prepared once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aggregator.core.model import Article
from aggregator.core.render.fields import legal
from aggregator.core.render.heading import Heading
from aggregator.core.render.jsonfeed import MARK, json_document
from aggregator.core.render.places import (
    ARCHIVE_FORMATS,
    ATOM_TYPE,
    FORMATS,
    GENERATOR,
    archive_path,
    feed_path,
    page_path,
)
from aggregator.core.render.texts import MAX_TEXT, Told, told
from aggregator.core.settings import Output

__all__ = [
    "ARCHIVE_FORMATS",
    "ATOM_TYPE",
    "FORMATS",
    "GENERATOR",
    "MAX_DOCUMENT",
    "MAX_TEXT",
    "Rendered",
    "archive_path",
    "feed_path",
    "is_own",
    "page_path",
    "render",
]

MAX_DOCUMENT: Final = 8 * 1024 * 1024  # characters of all entries; the rest is left out

_Document = Callable[[Sequence[Told]], dict[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One document in its forms. `left_out` has a reason for each article not shown."""

    bodies: Mapping[str, bytes]  # by the ending of the name: atom, rss, json
    carried: tuple[int, ...]  # slug hashes of the articles in it, in order
    updated: datetime  # the feed's atom:updated
    left_out: tuple[str, ...] = ()

    @property
    def body(self) -> bytes:
        """The Atom document."""
        return self.bodies["atom"]


def is_own(head: bytes) -> bool:
    """Do these first bytes (4 KiB are plenty) belong to a document that `render` wrote?"""
    if head.startswith(b"{"):
        return f'"{MARK}":{{'.encode() in head
    return b"<generator" in head and f">{GENERATOR}</generator>".encode() in head


def render(
    output: Output,
    articles: Iterable[Article],
    *,
    base_url: str,
    atom_id: str,
    settings_changed_at: datetime,
    page: int = 0,
    previous: int = 0,
    ttl: int = 60,
    query: str = "",
    forms: Collection[str] = tuple(FORMATS),
) -> Rendered:
    """The document of `output` with `articles` in the order given, in each of the `forms`.

    `base_url` is the public address, ending with a slash: nothing else gives the self link.
    `page` makes it a closed page of the archive, `previous` is the page that goes before
    (RFC 5005 §4). `query` belongs to the address of a part of it (see core.narrow). The feed's
    updated is the newest of the articles' and `settings_changed_at`, never the time of
    rendering. Raises nothing for whatever an article holds.
    """
    heading = Heading(
        output=output,
        base_url=base_url,
        atom_id=atom_id,
        page=page,
        previous=previous,
        ttl=ttl,
        query=query,
    )

    def document(chosen: Sequence[Told]) -> dict[str, bytes]:
        return _document(heading, chosen, _newest(chosen, settings_changed_at), forms)

    chosen, left_out = _within_bounds(articles)
    try:
        entries = [told(article) for article in chosen]
        bodies = document(entries)
    except (ValueError, TypeError):
        entries, damaged = _renderable(chosen, document)
        left_out += damaged
        bodies = document(entries)
    return Rendered(
        bodies=bodies,
        carried=tuple(entry.article.slug_hash for entry in entries),
        updated=_newest(entries, settings_changed_at),
        left_out=left_out,
    )


def _within_bounds(articles: Iterable[Article]) -> tuple[list[Article], tuple[str, ...]]:
    """Leave out second entries of an id (feed readers keep one at random) and what is too much."""
    chosen: dict[str, Article] = {}
    left_out: list[str] = []
    size = 0
    for article in articles:
        if legal(article.id) in chosen:
            left_out.append(f"{article.slug}: repeats the id {article.id}")
            continue
        size += min(len(article.entry.content), MAX_TEXT) + len(article.entry.summary)
        if size > MAX_DOCUMENT and chosen:
            left_out.append(f"{article.slug}: the document is full")
        else:
            chosen[legal(article.id)] = article
    return list(chosen.values()), tuple(left_out)


def _renderable(
    articles: Iterable[Article], document: _Document
) -> tuple[list[Told], tuple[str, ...]]:
    chosen: list[Told] = []
    left_out: list[str] = []
    for article in articles:
        try:
            entry = told(article)
            document((entry,))
        except (ValueError, TypeError) as error:
            left_out.append(f"{article.slug}: {error}")
        else:
            chosen.append(entry)
    return chosen, tuple(left_out)


def _newest(entries: Iterable[Told], floor: datetime) -> datetime:
    return max([floor, *(entry.article.updated for entry in entries)])


def _document(
    heading: Heading, entries: Sequence[Told], updated: datetime, forms: Collection[str]
) -> dict[str, bytes]:
    # Loaded late: feedgen and lxml are for those who write a document, and most polls write none.
    from aggregator.core.render.xml import xml_documents  # noqa: PLC0415

    bodies = xml_documents(heading, entries, updated, forms)
    if "json" in forms:
        bodies["json"] = json_document(heading, entries, updated)
    return bodies
