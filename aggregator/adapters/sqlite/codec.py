"""Values to column and back: times, sketches, and the JSON of entries, feed infos and hints.

What is read may have been written by a newer version: unknown fields are passed over, missing
ones take their default. Defaults are not written at all.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from aggregator.core.errors import StoreError
from aggregator.core.model import (
    Archived,
    ArchivePage,
    Article,
    Enclosure,
    Entry,
    FeedInfo,
    Hints,
    Person,
    Sighting,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
# Made once: `json.dumps` makes an encoder for each call that asks for anything but its defaults,
# and `json.loads` looks at each text for what no column holds.
_ascii = json.JSONEncoder(separators=(",", ":")).encode
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_decoded = json.JSONDecoder().decode


def to_seconds(moment: datetime) -> int:
    """Return whole seconds since 1970, rounded down. A naive datetime is a bug: TypeError."""
    return (moment - EPOCH) // _SECOND


def to_optional_seconds(moment: datetime | None) -> int | None:
    return None if moment is None else to_seconds(moment)


def to_moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def to_optional_moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else to_moment(seconds)


def legal(text: str) -> str:
    """Lone surrogates (undecodable bytes that a message quotes) have no UTF-8: escape them."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def sketch_to_blob(sketch: tuple[int, ...]) -> bytes:
    """Pack a sketch of unsigned 32-bit numbers; wider ones, should they come, as 64-bit.

    The two are told apart by one byte more.
    """
    try:
        return struct.pack(f"<{len(sketch)}I", *sketch)
    except struct.error:
        return b"q" + struct.pack(f"<{len(sketch)}q", *sketch)


def sketch_from_blob(blob: bytes) -> tuple[int, ...]:
    if len(blob) % 4 == 0:
        return struct.unpack(f"<{len(blob) // 4}I", blob)
    return struct.unpack(f"<{len(blob) // 8}q", blob[1:])


def entry_to_json(entry: Entry) -> str:
    return _dump(_entry_record(entry))


def _entry_record(entry: Entry) -> dict[str, object]:
    record: dict[str, object] = {
        "guid": entry.guid,
        "title": entry.title,
        "link": entry.link,
        "published": to_optional_seconds(entry.published),
        "updated": to_optional_seconds(entry.updated),
        "authors": [_person_record(person) for person in entry.authors],
        "categories": entry.categories,
        "summary": entry.summary,
        "content": entry.content,
        "enclosures": [_enclosure_record(enclosure) for enclosure in entry.enclosures],
        "image": entry.image,
        "rights": entry.rights,
        "language": entry.language,
    }
    record = _told(record)
    if entry.origin is not None:  # one that says nothing is still an origin
        record["origin"] = _info_record(entry.origin)
    return record


def entry_from_json(text: str) -> Entry:
    return _entry(_load(text))


def _entry(record: Mapping[str, Any]) -> Entry:
    origin = record.get("origin")
    return Entry(
        guid=record.get("guid", ""),
        title=record.get("title", ""),
        link=record.get("link", ""),
        published=to_optional_moment(record.get("published")),
        updated=to_optional_moment(record.get("updated")),
        authors=_persons(record),
        categories=tuple(record.get("categories", ())),
        summary=record.get("summary", ""),
        content=record.get("content", ""),
        enclosures=tuple(
            Enclosure(
                href=enclosure.get("href", ""),
                type=enclosure.get("type", ""),
                length=enclosure.get("length"),
            )
            for enclosure in record.get("enclosures", ())
        ),
        image=record.get("image", ""),
        rights=record.get("rights", ""),
        language=record.get("language", ""),
        origin=None if origin is None else _info(origin),
    )


def info_to_json(info: FeedInfo) -> str:
    return _dump(_info_record(info))


def info_from_json(text: str) -> FeedInfo:
    return _info(_load(text))


def page_to_blob(page: ArchivePage) -> bytes:
    """Pack what a closed page of an archive shows: JSON, compressed."""
    record = {
        "previous": page.previous,
        "atom_id": page.atom_id,
        "heading": _info_record(page.heading),
        "articles": [
            _article_record(one.article) | {"first_at": to_seconds(one.first_at)}
            for one in page.articles
        ],
    }
    return zlib.compress(_dump(record).encode(), 9)


def page_from_blob(
    blob: bytes, *, number: int, last_sequence: int, closed_at: int, address: str
) -> ArchivePage:
    try:
        text = zlib.decompress(blob).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise StoreError(f"archive page {number} is damaged: {error}") from error
    record = _load(text)
    return ArchivePage(
        number=number,
        previous=record.get("previous", 0),
        last_sequence=last_sequence,
        closed_at=to_moment(closed_at),
        address=address,
        atom_id=record.get("atom_id", ""),
        heading=_info(record.get("heading", {})),
        articles=tuple(
            Archived(_article(one), to_moment(one["first_at"]))
            for one in record.get("articles", ())
        ),
    )


def _article_record(article: Article) -> dict[str, object]:
    return {
        "slug": article.slug,
        "slug_hash": article.slug_hash,
        "id": article.id,
        "source": article.source,
        "info": _info_record(article.info),
        "entry": _entry_record(article.entry),
        "first_seen": to_seconds(article.first_seen),
        "sort_at": to_seconds(article.sort_at),
        "updated": to_seconds(article.updated),
        "sightings": [[seen.source, seen.title, seen.link] for seen in article.sightings],
        "words": article.words,
    }


def _article(record: Mapping[str, Any]) -> Article:
    return Article(
        slug=record["slug"],
        slug_hash=record["slug_hash"],
        id=record["id"],
        source=record["source"],
        info=_info(record["info"]),
        entry=_entry(record["entry"]),
        first_seen=to_moment(record["first_seen"]),
        sort_at=to_moment(record["sort_at"]),
        updated=to_moment(record["updated"]),
        sightings=tuple(
            Sighting(source=source, title=title, link=link)
            for source, title, link in record.get("sightings", ())
        ),
        words=record.get("words", 0),
    )


def hints_to_json(hints: Hints) -> str:
    return _dump(
        _told(
            {
                "ttl": hints.ttl,
                "syndication": hints.syndication,
                "skip_hours": hints.skip_hours,
                "skip_days": hints.skip_days,
                "expired": hints.expired,
                "new_url": hints.new_url,
                "hub": hints.hub,
            }
        )
    )


@lru_cache(maxsize=1024)
def hints_from_json(text: str) -> Hints:
    record = _load(text)
    return Hints(
        ttl=record.get("ttl"),
        syndication=record.get("syndication"),
        skip_hours=tuple(record.get("skip_hours", ())),
        skip_days=tuple(record.get("skip_days", ())),
        expired=record.get("expired", False),
        new_url=record.get("new_url", ""),
        hub=record.get("hub", ""),
    )


def moments_to_json(moments: Iterable[datetime]) -> str:
    return _ascii([to_seconds(moment) for moment in moments])


def moments_from_json(text: str) -> tuple[datetime, ...]:
    moment = datetime.fromtimestamp  # some twenty in each row of a source
    return tuple([moment(seconds, UTC) for seconds in _decoded(text)])


def many(values: Iterable[object]) -> str:
    """The JSON array that a statement takes for any number of values (`json_each`)."""
    return _ascii(list(values))


def _told(record: Mapping[str, object]) -> dict[str, object]:
    """Leave out what says nothing: None, "", empty. A count of zero says something."""
    return {
        name: value
        for name, value in record.items()
        if value or (value == 0 and isinstance(value, int) and not isinstance(value, bool))
    }


def _info_record(info: FeedInfo) -> dict[str, object]:
    return _told(
        {
            "title": info.title,
            "subtitle": info.subtitle,
            "id": info.id,
            "link": info.link,
            "self_link": info.self_link,
            "updated": to_optional_seconds(info.updated),
            "authors": [_person_record(person) for person in info.authors],
            "rights": info.rights,
            "icon": info.icon,
            "language": info.language,
        }
    )


def _info(record: Mapping[str, Any]) -> FeedInfo:
    return FeedInfo(
        title=record.get("title", ""),
        subtitle=record.get("subtitle", ""),
        id=record.get("id", ""),
        link=record.get("link", ""),
        self_link=record.get("self_link", ""),
        updated=to_optional_moment(record.get("updated")),
        authors=_persons(record),
        rights=record.get("rights", ""),
        icon=record.get("icon", ""),
        language=record.get("language", ""),
    )


def _person_record(person: Person) -> dict[str, object]:
    return _told({"name": person.name, "uri": person.uri, "email": person.email})


def _persons(record: Mapping[str, Any]) -> tuple[Person, ...]:
    return tuple(
        Person(person.get("name", ""), person.get("uri", ""), person.get("email", ""))
        for person in record.get("authors", ())
    )


def _enclosure_record(enclosure: Enclosure) -> dict[str, object]:
    return _told({"href": enclosure.href, "type": enclosure.type, "length": enclosure.length})


def _dump(record: Mapping[str, object]) -> str:
    """JSON with every script as it is: a third of the size of escapes outside of Latin.

    A lone surrogate has no UTF-8 form and is escaped, with everything else in the record.
    """
    text = _compact(record)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _ascii(record)
    return text


def _load(text: str) -> dict[str, Any]:
    try:
        record = _decoded(text)
    except ValueError as error:
        raise StoreError(f"a stored record is damaged: {error}; restore a backup") from error
    if not isinstance(record, dict):
        raise StoreError("a stored record is damaged: no JSON object; restore a backup")
    return record
