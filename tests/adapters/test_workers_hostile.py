"""Hostile documents through the real reading, in real workers, within the time budget."""

from __future__ import annotations

import pytest

from aggregator.adapters.workers import Workers
from aggregator.core.errors import ParseError
from aggregator.core.model import Document
from aggregator.core.read import read
from aggregator.core.settings import Source

DEADLINE = 2.0  # seconds
MEMORY = 1024 * 1024 * 1024
SOURCE = Source(id="hostile", url="https://hostile.example/feed")


def rss(item: str) -> str:
    return f"<rss version='2.0'><channel><title>t</title>{item}</channel></rss>"


def described(html: str) -> str:
    return rss(f"<item><title>t</title><description><![CDATA[{html}]]></description></item>")


BOMBS = {
    "nested 20,000 deep": rss("<item>" + "<b>" * 20_000 + "</b>" * 20_000 + "</item>"),
    "20,000 attributes": rss(
        "<item " + " ".join(f"a{n}='1'" for n in range(20_000)) + "><title>t</title></item>"
    ),
    "1,000,000 items": rss("<item/>" * 1_000_000),
    "a title of 10 MB": rss("<item><title>" + "x" * 10_000_000 + "</title></item>"),
    "100,000 categories": rss(
        "<item><title>t</title>" + "<category>c</category>" * 100_000 + "</item>"
    ),
    "comments without end": described("<!--" * 100_000),
    "nested divs": described("<div>" * 100_000),
    "links without end": described('<a href="' * 50_000),
}


# S20 S21
@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_is_read_or_refused_in_time_and_the_worker_goes_on(name: str) -> None:
    pool = Workers(1, DEADLINE, MEMORY)
    try:
        assert await outcome(pool, BOMBS[name]) in ("read", "damaged", "deadline", "memory")
        assert await outcome(pool, rss("<item><title>t</title></item>")) == "read"
    finally:
        await pool.close()


async def outcome(pool: Workers, body: str) -> str:
    document = Document(url=SOURCE.url, body=body.encode())
    try:
        reading = await pool.run(read, document, SOURCE, 2000)
    except ParseError as error:
        return error.kind
    assert len(reading.feed.entries) <= 2000
    return "read"
