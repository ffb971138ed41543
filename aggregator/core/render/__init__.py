"""Articles + Output -> Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1. Pure; feedgen's only importer.

Same input, same bytes, in every process. Whatever the store holds, the documents are valid:
an article that cannot be rendered is left out and named, and costs the others nothing.
Each entry is prepared once for all forms, and written once for as long as its bytes are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aggregator.core.model import Article
from aggregator.core.render.fields import legal
from aggregator.core.render.heading import Heading
from aggregator.core.render.jsonfeed import MARK, json_frame, json_piece
from aggregator.core.render.pieces import Frame, Piece, Pieces
from aggregator.core.render.places import (
    ARCHIVE_FORMATS,
    ATOM_TYPE,
    FORMATS,
    GENERATOR,
    archive_path,
    feed_path,
    page_path,
)
from aggregator.core.render.texts import MAX_TEXT, told
from aggregator.core.settings import Output

__all__ = [
    "ARCHIVE_FORMATS",
    "ATOM_TYPE",
    "FORMATS",
    "GENERATOR",
    "MAX_DOCUMENT",
    "MAX_TEXT",
    "Pieces",
    "Rendered",
    "archive_path",
    "feed_path",
    "is_own",
    "page_path",
    "render",
]

MAX_DOCUMENT: Final = 8 * 1024 * 1024  # characters of all entries; the rest is left out


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
    known: Pieces | None = None,
) -> Rendered:
    """The document of `output` with `articles` in the order given, in each of the `forms`.

    `base_url` is the public address, ending with a slash: nothing else gives the self link.
    `page` makes it a closed page of the archive, `previous` is the page that goes before
    (RFC 5005 §4). `query` belongs to the address of a part of it (see core.narrow). The feed's
    updated is the newest of the articles' and `settings_changed_at`, never the time of
    rendering. Entries written before are taken from `known`, others are added to it. Raises
    nothing for whatever an article holds.
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
    chosen, left_out = _within_bounds(articles)
    pieces, damaged = _pieces(chosen, heading, forms=forms, known=known or Pieces(0))
    shown = [(article, piece) for article, piece in zip(chosen, pieces, strict=True) if piece]
    updated = max([settings_changed_at, *(article.updated for article, _ in shown)])
    frames = _frames(heading, updated, forms)
    return _rendered(shown, frames, updated=updated, left_out=left_out + damaged)


def _rendered(
    shown: Sequence[tuple[Article, Piece]],
    frames: Mapping[str, Frame],
    *,
    updated: datetime,
    left_out: tuple[str, ...],
) -> Rendered:
    return Rendered(
        bodies={
            form: frame.around([piece[form] for _, piece in shown])
            for form, frame in frames.items()
        },
        carried=tuple(article.slug_hash for article, _ in shown),
        updated=updated,
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


def _pieces(
    articles: Sequence[Article], heading: Heading, *, forms: Collection[str], known: Pieces
) -> tuple[list[Piece], tuple[str, ...]]:
    """The piece of each article, an empty one if it cannot be written; and the reasons for that."""
    pieces = [known.of(article) for article in articles]
    lacking: dict[tuple[str, ...], list[int]] = {}
    for place, piece in enumerate(pieces):
        missing = tuple(form for form in forms if form not in piece)
        lacking.setdefault(missing, []).append(place)
    lacking.pop((), None)
    reasons: dict[int, str] = {}
    for missing, places in lacking.items():
        written = _written([articles[place] for place in places], heading, missing)
        for place, new in zip(places, written, strict=True):
            if isinstance(new, str):
                pieces[place], reasons[place] = {}, f"{articles[place].slug}: {new}"
            else:
                # Not only what is kept by now: what comes in pushes out what was there before.
                pieces[place] = known.add(articles[place], {**pieces[place], **new})
    return pieces, tuple(reasons[place] for place in sorted(reasons))


def _written(
    articles: Sequence[Article], heading: Heading, forms: Collection[str]
) -> list[Piece | str]:
    """The piece of each article, or why there is none."""
    from aggregator.core.render.xml import xml_pieces  # noqa: PLC0415

    try:
        entries = [told(article) for article in articles]
        found = xml_pieces(heading, entries, forms)
        if "json" in forms:
            found["json"] = [json_piece(entry) for entry in entries]
    except (ValueError, TypeError) as error:
        if len(articles) == 1:
            return [str(error)]
        return [piece for article in articles for piece in _written([article], heading, forms)]
    pieces = zip(*found.values(), strict=True)
    return [dict(zip(found, piece, strict=True)) for piece in pieces]


def _frames(heading: Heading, updated: datetime, forms: Collection[str]) -> dict[str, Frame]:
    # Loaded late: feedgen and lxml are for those who write a document, and most polls write none.
    from aggregator.core.render.xml import xml_frames  # noqa: PLC0415

    frames = xml_frames(heading, updated, forms)
    if "json" in forms:
        frames["json"] = json_frame(heading, updated)
    return frames
