"""What is measured: labelled feeds of the story generator, real captures, real headlines."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from xml.sax.saxutils import escape

PROJECT = Path(__file__).resolve().parent.parent.parent
GENERATOR = "duplicate_stories.py"
CAPTURES = "arminreiter__FeedReader/FeedReader.Tests/Feeds"
HEADLINES = "ankurbag__my-refugee-app/uci-news-aggregator.csv"
CAPTURED_AT = datetime(2017, 1, 7, 15, 30, tzinfo=UTC)
_DATE = re.compile(rb"(<(?:pubDate|published|updated)>)([^<]+)")
_TEXT = re.compile(
    rb"<description>[^<]*</description>(?=</item>)"
    rb'|<content type="html">[^<]*</content>(?=</entry>)'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a feed showed: an entry as it was before or after an edit."""

    feed: str
    guid: str
    link: str
    title: str
    story: str  # the true story
    relation: str = field(default="copy", compare=False)  # copy, update, hard (looks like a copy)
    operations: tuple[str, ...] = field(default=(), compare=False)  # how the copy was changed


@dataclass(frozen=True, slots=True)
class Round:
    """What all feeds show at one time, and what is true about it."""

    documents: Mapping[str, bytes]  # by feed
    items: tuple[Item, ...] = ()


def outside(name: str) -> Path:
    """The folder of the outside material of this name; it need not be there."""
    return Path(os.environ.get("AGGREGATOR_SHARED", PROJECT.parent / "shared")) / name


# --- labelled stories


def generate(testkit: Path, folder: Path, *, seed: int) -> None:
    """Let the generator of the test kit write its feeds into a folder."""
    command = [sys.executable, str(testkit / GENERATOR), str(folder), "--seed", str(seed)]
    subprocess.run(command, check=True, capture_output=True)


def rounds(folder: Path, *, texts: bool = True) -> tuple[Round, ...]:
    """What the generator wrote, in order; without `texts` its feeds have headlines only."""
    told: dict[int, list[Item]] = {}
    for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        number, item = _item(json.loads(line))
        told.setdefault(number, []).append(item)
    return tuple(
        Round(_documents(folder / f"round{number}", texts=texts), tuple(items))
        for number, items in sorted(told.items())
    )


def _item(told: dict[str, object]) -> tuple[int, Item]:
    operations = told["ops"]
    assert isinstance(operations, list)
    item = Item(
        feed=str(told["feed"]).removesuffix(".xml"),
        guid=str(told["guid"]),
        link=str(told["link"]),
        title=str(told["title"]),
        story=str(told["story"]),
        relation=str(told["relation"]),
        operations=tuple(dict.fromkeys(map(str, operations))),
    )
    return int(str(told["round"])), item


def _documents(folder: Path, *, texts: bool) -> dict[str, bytes]:
    documents = {file.stem: file.read_bytes() for file in sorted(folder.glob("*.xml"))}
    if texts:
        return documents
    return {name: without_texts(body) for name, body in documents.items()}


def without_texts(body: bytes) -> bytes:
    """A document of the generator that has lost the texts of its entries."""
    return _TEXT.sub(b"", body)


# --- real ones


def captures(corpus: Path, *, now: datetime) -> dict[str, bytes]:
    """The front pages of January 2017 by name, as if they were captured `now`.

    Their dates are moved: some of the feeds have none and count as seen now, and a story is not
    compared with one nine years older.
    """
    by = now - CAPTURED_AT
    return {
        file.stem.lower(): _moved(file.read_bytes(), by)
        for file in sorted((corpus / CAPTURES).glob("*.xml"))
    }


def _moved(body: bytes, by: timedelta) -> bytes:
    return _DATE.sub(lambda found: found[1] + _moved_date(found[2].decode(), by), body)


def _moved_date(date: str, by: timedelta) -> bytes:
    """An RFC 822 or RFC 3339 date, later; what is neither stays."""
    if re.match(r"\d{4}-\d\d-\d\dT", date):
        return (datetime.fromisoformat(date.replace("Z", "+00:00")) + by).isoformat().encode()
    try:
        return format_datetime(parsedate_to_datetime(date) + by).encode()
    except ValueError:
        return date.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A line of the UCI News Aggregator data: a headline and the story it belongs to."""

    number: str  # its ID there; in our feeds the guid
    title: str
    link: str
    publisher: str
    host: str
    story: str
    seen: datetime


def headlines(corpus: Path) -> Iterator[Headline]:
    """All headlines in the order of the file."""
    with (corpus / HEADLINES).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield Headline(
                number=row["ID"],
                title=row["TITLE"],
                link=row["URL"].replace("\\", ""),  # escapes of the file, not of the address
                publisher=row["PUBLISHER"],
                host=row["HOSTNAME"],
                story=row["STORY"],
                seen=datetime.fromtimestamp(float(row["TIMESTAMP"]) / 1000, UTC),
            )


def by_publisher(found: Iterable[Headline]) -> dict[str, bytes]:
    """A feed of headlines without texts for each publisher."""
    shelves: dict[str, list[Headline]] = {}
    for headline in found:
        shelves.setdefault(headline.publisher, []).append(headline)
    return {f"publisher{number:03d}": _feed(shelf) for number, shelf in enumerate(shelves.values())}


def _feed(shelf: list[Headline]) -> bytes:
    items = "".join(
        f"<item><title>{escape(each.title)}</title><link>{escape(each.link)}</link>"
        f"<guid isPermaLink='false'>{each.number}</guid>"
        f"<pubDate>{format_datetime(each.seen)}</pubDate></item>"
        for each in shelf
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>{escape(shelf[0].publisher)}</title><link>http://{shelf[0].host}/</link>"
        f"<description>Headlines</description>{items}</channel></rss>"
    ).encode()
