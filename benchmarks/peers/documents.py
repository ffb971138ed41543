"""What is served: real feed documents in three versions each.

Taken are those that a publisher could have sent today: 5 to 128 KB, well-formed, five entries or
more, each entry with an id that no other has, no story that another document tells too. That
leaves out test cases of a few lines and damage; how damage is read is another question. The
newest version is the document as it was collected; the one before lacks its newest entry, the
oldest its two newest.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean, median
from xml.parsers.expat import ExpatError, ParserCreate

import feedparser

from benchmarks import material

SMALLEST, LARGEST = 5_000, 128_000  # bytes
FEWEST = 5  # entries
VERSIONS = 3
MADE_UP = 60  # documents, where no real ones are at hand

ENTRY = re.compile(r"<(item|entry)[\s>].*?</\1\s*>", re.DOTALL)
_ID = re.compile(r"<(?:guid|id)[\s>]|\srdf:about=")
_DECLARED = re.compile(rb"<\?xml[^>]*\sencoding=[\"']([\w.-]+)")
_HEAD_DATE = re.compile(r"(<(?:lastBuildDate|pubDate|updated|dc:date)>[^<]*:\d\d:)\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A document as it was collected."""

    name: str
    text: str
    encoding: str
    content_type: str
    ids: tuple[str, ...]
    entries: tuple[tuple[int, int], ...]  # where they stand in the text, the newest first

    def version(self, number: int) -> str:
        """The text without its newest entries: two for version 0, one for 1, none for 2."""
        text = self.text
        for start, end in sorted(self.entries[: VERSIONS - 1 - number], reverse=True):
            text = text[:start] + text[end:]
        return _retimed(text, number)


def _retimed(text: str, number: int) -> str:
    """Let the feed itself name another time of its last change, as they do."""
    end = start_of_entries(text)
    return _HEAD_DATE.sub(rf"\g<1>0{number}", text[:end]) + text[end:]


def start_of_entries(text: str) -> int:
    """Where the first entry begins."""
    first = ENTRY.search(text)
    return first.start() if first else len(text)


def corpus() -> Path | None:
    """The folder of collected feed documents that is kept beside the project, if it is there."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    folder = Path(os.environ.get("AGGREGATOR_SHARED", beside)) / "corpus"
    return folder if folder.is_dir() else None


def originals(folder: Path | None) -> tuple[Original, ...]:
    """The documents to serve, always in the same order, which mixes origins and sizes."""
    found = [*_distinct(_collected(folder) if folder else _made_up())]
    Random(7).shuffle(found)
    return tuple(found)


def _distinct(candidates: Iterator[Original]) -> Iterator[Original]:
    known: set[str] = set()
    for one in candidates:
        if known.isdisjoint(one.ids):
            known.update(one.ids)
            yield one


def _collected(folder: Path) -> Iterator[Original]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and SMALLEST <= file.stat().st_size <= LARGEST:
            found = original(str(file.relative_to(folder)), file.read_bytes())
            if found:
                yield found


def _made_up() -> Iterator[Original]:
    for number in range(MADE_UP):
        body = material.document(number, entries=FEWEST + number % 30).body
        found = original(f"made up {number}", body)
        assert found
        yield found


def original(name: str, body: bytes) -> Original | None:
    """The document, or None when it is not one to measure with (see the top)."""
    declared = _DECLARED.match(body)
    encoding = declared[1].decode() if declared else "utf-8"
    if not _is_well_formed(body):
        return None
    text = body.decode(encoding, "replace")
    places = [match.span() for match in ENTRY.finditer(text)]
    if len(places) < FEWEST or not all(_ID.search(text, *place) for place in places):
        return None
    feed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    ids = tuple(str(entry.get("id", "")) for entry in feed.entries)
    if feed.bozo or len(ids) != len(places) or len({*ids, ""}) <= len(ids):
        return None
    dates = [_date(entry) for entry in feed.entries]
    order = sorted(range(len(places)), key=lambda index: dates[index], reverse=True)
    return Original(
        name=name,
        text=text,
        encoding=encoding,
        content_type=f"application/{'atom' if feed.version.startswith('atom') else 'rss'}+xml",
        ids=ids,
        entries=tuple(places[index] for index in order),
    )


def _is_well_formed(body: bytes) -> bool:
    try:
        ParserCreate().Parse(body, True)
    except (ExpatError, ValueError, LookupError):
        return False
    return True


def _date(entry: feedparser.FeedParserDict) -> tuple[int, ...]:
    return tuple(entry.get("published_parsed") or entry.get("updated_parsed") or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the documents are like: least, median, mean and most of each."""

    documents: int
    collected: bool  # or made up
    entries: tuple[float, ...]
    kilobytes: tuple[float, ...]

    @classmethod
    def of(cls, found: tuple[Original, ...], *, collected: bool) -> Facts:
        return cls(
            documents=len(found),
            collected=collected,
            entries=_spread([len(one.entries) for one in found]),
            kilobytes=_spread([len(one.text.encode(one.encoding)) / 1000 for one in found]),
        )


def _spread(values: list[float] | list[int]) -> tuple[float, ...]:
    facts = (min(values), median(values), mean(values), max(values))
    return tuple(round(float(fact), 1) for fact in facts)
