"""A rule is loosened over many stored articles: they take their places, and nobody is alarmed.

LOOSENED=10000 stores so many articles.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

from aggregator import explain
from aggregator.app import App, Engine, LiveView, clock
from aggregator.app.application import load_settings
from aggregator.app.metrics import Metrics
from tests.adapters.store.polls import entry, poll, source
from tests.feed_server import write_config
from tests.web.site import visiting

STORED = int(os.environ.get("LOOSENED", "600"))
TAGS = ("red", "green", "blue")
ATOM = "{http://www.w3.org/2005/Atom}"
FEED = "/feeds/out.atom"
CONFIG = """
sources: [{{id: alpha, url: "https://alpha.example/feed"}}]
outputs: [{{id: out, sources: all, keep: "{keep}"}}]
"""
MINUTES = timedelta(minutes=7)


def tell(app: App, numbers: range, *, newest: datetime) -> None:
    """Store stories, each seven minutes older than the one before."""
    entries = [
        entry(
            str(number),
            guid=f"tag:alpha.example,2026:{number}",
            published=newest - number * MINUTES,
            updated=newest - number * MINUTES,
            categories=(TAGS[number % 3],),
        )
        for number in numbers
    ]
    poll(app.store, replace(source("alpha")), *entries, now=clock.now())


def shown(body: bytes) -> dict[str, tuple[datetime, datetime]]:
    """Published and updated of each entry, by its id, in the order of the document."""
    return {
        one.findtext(f"{ATOM}id") or "": (moment(one, "published"), moment(one, "updated"))
        for one in ET.fromstring(body).iter(f"{ATOM}entry")
    }


def moment(element: ET.Element, name: str) -> datetime:
    return datetime.fromisoformat(element.findtext(ATOM + name) or "")


# Of W46
async def test_a_loosened_rule_fills_the_past_in_and_announces_nothing(tmp_path: Path) -> None:
    file = write_config(tmp_path, CONFIG.format(keep="tag:red"))
    newest = clock.now() - timedelta(hours=1)
    with App.open(file, {}) as app:
        async with Engine(app) as engine:
            for start in range(0, STORED, 1000):
                numbers = range(start, min(start + 1000, STORED))
                tell(app, numbers, newest=newest)
            await engine.build()
            async with visiting(LiveView(app, engine, Metrics())) as visit:
                first, before = await visit(FEED)
                file.write_text(CONFIG.format(keep="tag:red OR tag:blue"), encoding="utf-8")
                settings = load_settings(file, {})
                (planned,) = explain.plan(app.store, settings, now=clock.now())
                await engine.reload()
                await engine.build()
                news, delta = await visit(FEED, A_IM="feed", If_None_Match=first.headers["ETag"])
                whole, after = await visit(FEED, If_None_Match=first.headers["ETag"])
                known, _ = await visit(FEED, A_IM="feed", If_None_Match=news.headers["ETag"])
    assert (news.status, whole.status, known.status) == (226, 200, 304)
    assert shown(delta) == {}  # nothing is announced to those who ask what is new
    held, found = shown(before), shown(after)
    appeared = found.keys() - held.keys()
    assert len(appeared) == len(planned.appear) == len(planned.new) >= 50
    assert (planned.announced, planned.vanish.keys() & planned.appear.keys()) == ((), set())
    dates = [published for published, _ in found.values()]
    assert dates == sorted(dates, reverse=True)
    for name, (published, updated) in found.items():
        number = int(name.rpartition(":")[2])
        assert published == updated == newest - number * MINUTES
    assert {name: found[name] for name in held.keys() & found.keys()} == {
        name: held[name] for name in held.keys() & found.keys()
    }
