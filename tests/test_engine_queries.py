"""Parts of outputs on real parts: what an output with the rule among its `keep:` would carry."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree

from aggregator.app import clock
from aggregator.app.narrower import MOST_ARTICLES, within
from tests.core.valid import assert_json_feed, assert_rss
from tests.feed_server import FeedServer, Story, feed_server, rss
from tests.test_engine_serving import poll, running
from tests.web.site import Visitor

ATOM = "{http://www.w3.org/2005/Atom}"
FEED = "/feeds/all.atom"
PLACES = "kursk sumy belgorod odesa".split()
TOPICS = "harbour ferry council budget river bridge winter election museum".split()
RULES = (
    "title:kursk",
    "kursk OR sumy",
    "title:(kursk OR sumy) -title:ferry",
    '"kursk ferry" OR words>12',
    "/kur|ode/i",
    "source:a",
    "-source:b title:river",
    "age<20h",
    "age>20h kursk",
    "nowhere",
    "title:/^Story/ -title:kursk",
)
NARROW = {
    "sources": ["a", "b"],
    "keep": "title:(kursk OR sumy OR ferry)",
    "drop": ["title:winter"],
    "order": "oldest",
    "limit": 7,
    "max_per_source": 5,
    "max_age": "30h",
}


def stories(first: int, count: int) -> list[Story]:
    now = clock.now()
    return [
        Story(
            str(number),
            f"Story {number} of {PLACES[number % 4]} {TOPICS[number % 9]} {TOPICS[number % 7]}",
            body=" ".join(f"{word}{number}" for word in TOPICS[: 3 + number % 6]),
            date=format_datetime(now - timedelta(minutes=37 * number + 1)),
        )
        for number in range(first, first + count)
    ]


def outputs() -> str:
    """Two outputs, and for each rule each of them with the rule among its `keep:`."""
    listed: list[dict[str, Any]] = [{"id": "all"}, {"id": "narrow", **NARROW}]
    for number, rule in enumerate(RULES):
        listed.append({"id": f"all-{number}", "keep": rule})
        both = {"all": [NARROW["keep"], rule]}
        listed.append({"id": f"narrow-{number}", **NARROW, "keep": both})
    return "".join(f"  - {json.dumps(one)}\n" for one in listed)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    bodies = {"a": rss(*stories(0, 40), title="A"), "b": rss(*stories(40, 40), title="B")}
    with feed_server(bodies) as made:
        yield made


async def document(visit: Visitor, path: str) -> Any:
    response, body = await visit(path)
    assert response.status == 200, body
    return etree.fromstring(body)


def ids(feed: Any) -> list[str]:
    return [entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")]


def link(feed: Any, rel: str) -> str:
    found = [one.get("href") for one in feed.findall(f"{ATOM}link") if one.get("rel") == rel]
    return found[0] if found else ""


async def test_a_part_is_what_an_output_with_the_rule_carries(
    server: FeedServer, tmp_path: Path
) -> None:
    counts = set()
    async with running(tmp_path, server.config(outputs=outputs())) as (_, visit, _):
        for base in ("all", "narrow"):
            for number, rule in enumerate(RULES):
                expected = ids(await document(visit, f"/feeds/{base}-{number}.atom"))
                found = ids(await document(visit, f"/feeds/{base}.atom?q={quote(rule)}"))
                assert found == expected, (base, rule)
                counts.add(len(found))
        expected = ids(await document(visit, "/feeds/all-1.atom"))[:3]
        found = ids(await document(visit, f"/feeds/all.atom?q={quote(RULES[1])}&limit=3"))
        assert found == expected
    assert 0 in counts
    assert len(counts) > 5


async def test_a_part_looks_behind_what_the_output_shows(
    server: FeedServer, tmp_path: Path
) -> None:
    text = server.config(outputs="  - {id: all, limit: 5}\n")
    async with running(tmp_path, text) as (_, visit, _):
        assert len(ids(await document(visit, f"{FEED}?q=title:kursk"))) == 5
        assert len(ids(await document(visit, f"{FEED}?limit=3"))) == 3


# W2 W5 W6
async def test_a_part_is_a_feed_of_its_own(server: FeedServer, tmp_path: Path) -> None:
    text = server.config(outputs="  - {id: all, title: All of it, hub: 'http://127.0.0.1:9/'}\n")
    async with running(tmp_path, text) as (view, visit, _):
        whole = await document(visit, FEED)
        part = await document(visit, f"{FEED}?limit=4&q=title:kursk+-ferry")
        few = await document(visit, f"{FEED}?limit=4")
        address = f"{view.base_url}feeds/all.atom?q=title:kursk%20-ferry&limit=4"
        assert link(part, "self") == address
        assert {one.get("href") for one in part if one.get("rel") == "alternate"} == {
            f"{view.base_url}feeds/all/",
            address.replace(".atom", ".rss"),
            address.replace(".atom", ".json"),
        }
        assert link(whole, "hub")
        assert not link(part, "hub")
        assert part.findtext(f"{ATOM}title") == "All of it (title:kursk -ferry)"
        assert part.findtext(f"{ATOM}id") != whole.findtext(f"{ATOM}id")
        assert few.findtext(f"{ATOM}id") == whole.findtext(f"{ATOM}id")
        assert few.findtext(f"{ATOM}title") == "All of it"
        channel = assert_rss((await visit("/feeds/all.rss?limit=4&q=title:kursk+-ferry"))[1])
        told = assert_json_feed((await visit("/feeds/all.json?limit=4&q=title:kursk+-ferry"))[1])
        assert told["feed_url"] == address.replace(".atom", ".json")
        assert [one["id"] for one in told["items"]] == ids(part)
        assert [one.findtext("guid") for one in channel.iter("item")] == ids(part)
        name = part.findtext(f"{ATOM}id")
    async with running(tmp_path, text) as (_, visit, _):
        again = await document(visit, f"{FEED}?q=title:kursk+-ferry")
        assert again.findtext(f"{ATOM}id") == name


async def test_a_part_of_a_private_output_names_itself_by_the_token(
    server: FeedServer, tmp_path: Path
) -> None:
    token = "correct-horse_battery-staple"
    text = server.config(outputs=f"  - {{id: all, token: {token}}}\n")
    async with running(tmp_path, text) as (view, visit, _):
        part = await document(visit, f"/private/{token}{FEED}?q=kursk")
        assert link(part, "self") == f"{view.base_url}private/{token}{FEED}?q=kursk"
        assert (await visit(f"{FEED}?q=kursk"))[0].status == 404


async def test_a_part_follows_its_output(server: FeedServer, tmp_path: Path) -> None:
    path = f"{FEED}?q=title:new"
    text = server.config()
    async with running(tmp_path, text) as (_, visit, engine):
        first, body = await visit(path)
        assert ids(etree.fromstring(body)) == []
        tag = first.headers["ETag"]
        assert (await visit(path, If_None_Match=tag))[0].status == 304
        fresh = Story("new", "New things", date=format_datetime(clock.now()))
        server.bodies["a"] = rss(fresh, *stories(0, 40), title="A")
        await poll(engine)
        assert (await visit(path, If_None_Match=tag))[0].status == 200
        assert len(ids(await document(visit, path))) == 1
        # What is dropped is in no part either, as soon as the output is built.
        (tmp_path / "feeds.yaml").write_text(
            text.replace("{id: all,", "{id: all, drop: 'title:new',"), encoding="utf-8"
        )
        await engine.reload()
        await engine.build()
        assert ids(await document(visit, path)) == []


async def test_the_loop_goes_on_while_a_part_is_made(server: FeedServer, tmp_path: Path) -> None:
    """A hostile pattern stalls nobody, is cut off, and still gets an answer."""
    hostile = Story("h", "a" * 60 + "!", body="a" * 90 + "!", date=format_datetime(clock.now()))
    server.bodies["a"] = rss(hostile, *stories(0, 40), title="A")
    async with running(tmp_path, server.config()) as (_, visit, _):
        part = asyncio.create_task(visit(f"{FEED}?q={quote('/(a+)+$/ OR /(a|aa)+$/')}"))
        worst = 0.0
        while not part.done():
            before = clock.ticks()
            await asyncio.sleep(0.005)
            worst = max(worst, clock.ticks() - before)
        response, body = await part
        assert response.status == 200
        assert ids(etree.fromstring(body)) == []
    assert worst < 1


def test_what_is_looked_at_is_bounded_in_number_and_in_time() -> None:
    taken: list[int] = []

    def articles() -> Iterator[Any]:
        for number in range(10**9):
            taken.append(number)
            yield number

    assert len(list(within(articles(), until=1.0, effort=lambda: 0.0))) == MOST_ARTICLES
    ticks = iter(range(1000))
    assert len(list(within(articles(), until=10, effort=lambda: float(next(ticks))))) == 12
