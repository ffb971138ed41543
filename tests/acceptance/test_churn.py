"""Sources that rename everything at every poll: nothing becomes new."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.acceptance.hostile_kit import hostile_server
from tests.feed_server import Story, rss
from tools.dedupe_report.ids import ATOM
from tools.dedupe_report.service import Service, service, service_of

POLLS = 20
TITLES = (
    "Parliament approves the budget for flood defences",
    "Central bank holds interest rates steady as markets fall",
    "Researchers map the seabed under the northern ice shelf",
    "Rail operators agree on a common ticket for commuters",
    "Harvest of olives falls by half after a dry summer",
)


def published_ids(running: Service) -> list[str]:
    feed = ET.fromstring(running.published())
    return sorted(entry.findtext(f"{ATOM}id") or "" for entry in feed.iter(f"{ATOM}entry"))


async def assert_nothing_becomes_new(
    running: Service, *, before_poll: Callable[[int], None] = lambda _: None
) -> None:
    """Poll twenty times; articles and published ids stay those of the first poll."""
    await running.poll()
    articles, ids = running.atom_ids(), published_ids(running)
    assert len(articles) == len(ids) == len(TITLES)
    for number in range(1, POLLS):
        before_poll(number)
        (report,) = await running.poll()
        assert report.novelty.new_articles == 0
        assert running.atom_ids() == articles
        assert published_ids(running) == ids


@pytest.mark.parametrize("route", ["churn", "reorder", "edit"])
async def test_the_kits_restless_sources_bring_no_new_article(
    testkit: Path, tmp_path: Path, route: str
) -> None:
    with hostile_server(testkit) as server:
        async with service_of(tmp_path, {"restless": f"{server}/{route}"}) as running:
            await assert_nothing_becomes_new(running)


async def test_three_restless_sources_share_their_articles(testkit: Path, tmp_path: Path) -> None:
    with hostile_server(testkit) as server:
        sources = {route: f"{server}/{route}" for route in ("churn", "edit", "reorder")}
        async with service_of(tmp_path, sources) as running:
            await running.poll()
            articles = running.atom_ids()
            assert len(articles) == len(TITLES)
            for _ in range(POLLS - 1):
                await running.poll()
            assert running.atom_ids() == articles


def uniqid(number: int, poll: int) -> str:
    """What PHP's uniqid() looks like: eight digits of seconds, five of microseconds."""
    return f"{0x685D0000 + 3600 * poll + number:08x}{(7919 * poll + 104729 * number) % 0xF4240:05x}"


def body(number: int) -> str:
    return " ".join(f"word{number * 1000 + position * 7 % 83}" for position in range(120))


def document(poll: int, *, texts: bool, edits: bool) -> bytes:
    """Five stories with new guids and new links at each poll; with `edits` titles and dates too."""
    stories = []
    for number, title in enumerate(TITLES):
        token = uniqid(number, poll)
        slug = title.lower().replace(" ", "-")[:49]
        edited = edits and poll > 0
        stories.append(
            Story(
                guid=token,
                title=f"UPDATE {poll}-{title}" if edited else title,
                body=body(number) if texts else "",
                date=f"Fri, 27 Jun 2025 09:{poll if edited else 0:02d}:00 GMT",
                link=f"https://site.example/article/{slug}-{token}",
            )
        )
    return rss(*stories)


@pytest.mark.parametrize("edits", [False, True], ids=["", "edits"])
@pytest.mark.parametrize("texts", [True, False], ids=["texts", "headlines"])
async def test_new_guids_and_links_at_every_poll_bring_no_new_article(
    tmp_path: Path, texts: bool, edits: bool
) -> None:
    def shown(poll: int) -> dict[str, bytes]:
        return {"site": document(poll, texts=texts, edits=edits)}

    async with service(tmp_path, shown(0)) as running:
        await assert_nothing_becomes_new(
            running, before_poll=lambda poll: running.show(shown(poll))
        )
