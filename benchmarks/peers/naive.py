"""The pipeline that a competent developer writes in an afternoon, to be measured against.

    python -m benchmarks.peers.naive FOLDER [--unconditional]    with the addresses in FOLDER/urls

aiohttp with one session and a bound on concurrency, conditional GETs, feedparser as it comes,
one upsert of the entries per feed with sqlite-utils, and feedgen for the newest 100 entries
of each output. No filters, no likeness of stories, nothing against hostile documents.

With `--unconditional` it never sends what a feed said about its version, as most scripts do
that were written at home: every answer is the whole document, and is read and stored again.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import struct_time
from typing import Any

import aiohttp
import feedparser
from feedgen.feed import FeedGenerator
from sqlite_utils import Database

CONCURRENCY = 64
NEWEST = 100
FEED = ("url", "title", "etag", "modified", "asked", "answer")  # columns
OUTPUTS = 5  # one of all feeds, and one of every fourth each


def opened(folder: Path) -> Database:
    """The database with its two tables."""
    database = Database(folder / "naive.db")
    database.enable_wal()
    feeds = {"id": int, **dict.fromkeys(FEED, str)}
    database.table("feeds").create(feeds, pk="id", if_not_exists=True)
    entries = {"feed": int, "id": str, "title": str, "link": str, "author": str, "content": str}
    database.table("entries").create(
        {**entries, "published": str}, pk=("feed", "id"), if_not_exists=True
    )
    database.table("entries").create_index(["published"], if_not_exists=True)
    return database


def conditions(feed: dict[str, Any]) -> dict[str, str]:
    """The headers that ask for a document only if it is another one."""
    said = {"If-None-Match": feed["etag"], "If-Modified-Since": feed["modified"]}
    return {header: value for header, value in said.items() if value}


async def poll(
    database: Database,
    session: aiohttp.ClientSession,
    feed: dict[str, Any],
    headers: dict[str, str],
) -> None:
    """Ask for one feed, store what it brings, and note how it went."""
    feed["asked"] = datetime.now(UTC).isoformat()
    try:
        async with session.get(feed["url"], headers=headers) as response:
            body = await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        feed["answer"] = str(error)
    else:
        feed["answer"] = str(response.status)
        if response.status == 200:
            feed["etag"] = response.headers.get("ETag")
            feed["modified"] = response.headers.get("Last-Modified")
            store(database, feed, body)
    database.table("feeds").upsert(feed, pk="id")


def store(database: Database, feed: dict[str, Any], body: bytes) -> None:
    """Read a document and write all its entries."""
    parsed = feedparser.parse(body)
    feed["title"] = parsed.feed.get("title")
    rows = [row(feed["id"], entry) for entry in parsed.entries]
    database.table("entries").upsert_all(rows, pk=("feed", "id"))


def row(feed: int, entry: feedparser.FeedParserDict) -> dict[str, Any]:
    """One entry as it is stored."""
    content = entry.content[0].value if "content" in entry else entry.get("summary", "")
    return {
        "feed": feed,
        "id": entry.get("id") or entry.get("link"),
        "title": entry.get("title", ""),
        "link": entry.get("link", ""),
        "author": entry.get("author", ""),
        "content": content,
        "published": date(entry.get("published_parsed") or entry.get("updated_parsed")),
    }


def date(value: struct_time | None) -> str:
    return datetime(*value[:6], tzinfo=UTC).isoformat() if value else datetime.now(UTC).isoformat()


def publish(database: Database, folder: Path, output: int) -> None:
    """Write one merged feed."""
    feed = FeedGenerator()
    feed.id(f"urn:example:{output}")
    feed.title(f"Output {output}")
    feed.link(href=f"https://feeds.example/{output}.atom", rel="self")
    for entry in newest(database, output):
        made = feed.add_entry(order="append")
        made.id(entry["id"])
        made.title(entry["title"] or "Untitled")
        if entry["link"]:
            made.link(href=entry["link"])
        made.published(entry["published"])
        made.updated(entry["published"])
        made.content(entry["content"], type="html")
    feed.atom_file(str(folder / f"{output}.atom"))


def newest(database: Database, output: int) -> Iterator[dict[str, Any]]:
    """The newest entries of one output; the first is that of all feeds."""
    where = "feed % (:outputs - 1) = :output - 1" if output else "1"
    sql = f"select * from entries where {where} order by published desc limit :newest"
    return database.query(sql, {"outputs": OUTPUTS, "output": output, "newest": NEWEST})


async def main(folder: Path, *, conditional: bool = True) -> None:
    with closing(opened(folder)) as database:
        await run(database, folder, conditional=conditional)


async def run(database: Database, folder: Path, *, conditional: bool) -> None:
    """Poll all feeds and publish."""
    known = {feed["id"]: feed for feed in database.table("feeds").rows}
    fresh = dict.fromkeys(FEED)
    urls = (folder / "urls").read_text(encoding="ascii").split()
    feeds = [known.get(n, {"id": n, **fresh, "url": url}) for n, url in enumerate(urls)]
    bound = asyncio.Semaphore(CONCURRENCY)
    async with aiohttp.ClientSession() as session:

        async def bounded(feed: dict[str, Any]) -> None:
            async with bound:
                headers = conditions(feed) if conditional else {}
                await poll(database, session, feed, headers)

        await asyncio.gather(*(bounded(feed) for feed in feeds))
    for output in range(OUTPUTS):
        publish(database, folder, output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.naive")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--unconditional", action="store_true")
    asked = parser.parse_args()
    asyncio.run(main(asked.folder, conditional=not asked.unconditional))
