"""Stores with so many made-up articles, and documents of the papers that told them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from html import escape
from pathlib import Path

from aggregator.adapters.sqlite import SqliteStore
from aggregator.adapters.sqlite.connection import connect
from aggregator.app.application import DATABASE
from aggregator.core.model import Document, Entry
from benchmarks.curves.filled import DATA, FILE
from benchmarks.filling import Filler
from benchmarks.press import SOURCES, source

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
