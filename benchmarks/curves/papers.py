"""Stores with so many made-up articles, and documents of the papers that told them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from html import escape
from pathlib import Path

from aggregator.adapters.sqlite import SqliteStore
from aggregator.adapters.sqlite.codec import entry_to_json
from aggregator.adapters.sqlite.connection import connect
from aggregator.app.application import DATABASE
from aggregator.core.identify import identify
from aggregator.core.model import Document, Entry
from benchmarks.curves.filled import DATA, FILE
from benchmarks.filling import BLOCK, Filler, paper_of, press
from benchmarks.press import SOURCES, feed, published, source

_WITH_TEXTS = 20  # blocks
_ITEM = (
    "<item><title>{}</title><link>{}</link><guid isPermaLink='false'>{}</guid>"
    "<pubDate>{:%a, %d %b %Y %H:%M:%S} GMT</pubDate><category>news</category>"
    "<description>{}</description>{}</item>"
)
_HEAD = (
    "<?xml version='1.0' encoding='utf-8'?>"
    "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'>"
    "<channel><title>Paper</title><link>https://www.example/</link><description>d</description>"
)


def stores(folder: Path, sizes: Sequence[int]) -> Iterator[tuple[int, Path]]:
    """A feeds.yaml beside a store of each size; what is missing is filled in one go."""
    homes = {size: folder / f"articles-{size}" for size in sizes}
    if not all((home / DATA / DATABASE).exists() for home in homes.values()):
        _fill(folder / "filling.db", homes)
    for size, home in homes.items():
        yield size, home / FILE


def _fill(path: Path, homes: dict[int, Path]) -> None:
    """Fill one store further and further, and copy it at each size."""
    path.unlink(missing_ok=True)
    SqliteStore.open(path).close()
    filler = Filler(path)
    for size, home in sorted(homes.items()):
        filler.fill_to(size)
        with closing(connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (home / DATA).mkdir(parents=True, exist_ok=True)
        _write_profile(home)
        shutil.copyfile(path, home / DATA / DATABASE)
    path.unlink()


def give_texts(path: Path, articles: int) -> None:
    """Store the texts of the newest stories: a build passes over those without, to the very last.

    The filling leaves them out, as retention does with old ones.
    """
    last = articles // BLOCK
    with SqliteStore.open(path), closing(connect(path)) as connection:
        for block in range(max(0, last - _WITH_TEXTS), last):
            paper = paper_of(block)
            entries = [
                press().story(story, paper=paper, at=published(story))
                for story in range(block * BLOCK, (block + 1) * BLOCK)
            ]
            identities = identify(feed(paper, entries), source=source(paper))
            connection.executemany(
                "INSERT OR IGNORE INTO bodies (entry_key, body) VALUES (?, ?)",
                [
                    (identity.entry_key, entry_to_json(entry))
                    for identity, entry in zip(identities, entries, strict=True)
                ],
            )


def _write_profile(home: Path) -> None:
    listed = (source(number) for number in range(SOURCES))
    lines = "".join(f"  - {{id: {one.id}, url: '{one.url}'}}\n" for one in listed)
    (home / FILE).write_text(f"sources:\n{lines}outputs:\n  - {{id: all}}\n", encoding="utf-8")


def document(paper: int, entries: Sequence[Entry]) -> Document:
    """What the paper serves: these entries, in RSS 2.0."""
    body = _HEAD + "".join(map(_item, entries)) + "</channel></rss>"
    return Document(url=source(paper).url, body=body.encode(), content_type="application/rss+xml")


def _item(entry: Entry) -> str:
    content = f"<content:encoded>{escape(entry.content)}</content:encoded>" if entry.content else ""
    texts = (escape(text) for text in (entry.title, entry.link, entry.guid))
    return _ITEM.format(*texts, entry.published, escape(entry.summary), content)
