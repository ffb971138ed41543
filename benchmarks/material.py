"""What is measured on: made-up documents, the same ones on every run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from aggregator.core.model import Document
from aggregator.core.settings import Source

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
WORDS = (
    "river council harvest engine border museum signal winter market orchestra satellite "
    "bridge vaccine election glacier printer library reactor festival ceasefire"
).split()


def source(number: int) -> Source:
    """A source of its own host."""
    return Source(id=f"source{number}", url=f"https://source{number}.example/feed.xml")


def document(number: int, *, entries: int) -> Document:
    """An RSS document of `entries` items of about 1.5 KB each."""
    dice = Random(number)
    items = "".join(_items(number, entries, dice))
    body = (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>Source {number}</title><link>https://source{number}.example/</link>"
        f"<description>Benchmark</description>{items}</channel></rss>"
    )
    return Document(url=source(number).url, body=body.encode(), content_type="application/rss+xml")


def _items(number: int, entries: int, dice: Random) -> Iterator[str]:
    for index in range(entries):
        link = f"https://source{number}.example/{index}"
        published = NOON - timedelta(minutes=37 * index)
        yield (
            f"<item><title>{_sentence(dice, 9)} {number}.{index}</title><link>{link}</link>"
            f"<guid>{link}</guid><pubDate>{published:%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
            f"<category>{dice.choice(WORDS)}</category><description>{_text(dice)}</description></item>"
        )


def _text(dice: Random) -> str:
    paragraphs = (f"&lt;p&gt;{_sentence(dice, 60)}.&lt;/p&gt;" for _ in range(3))
    return "".join(paragraphs)


def _sentence(dice: Random, length: int) -> str:
    return " ".join(dice.choice(WORDS) for _ in range(length)).capitalize()
