"""Feeds whose identity is hard to keep, and what subscribers would notice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from aggregator.app import App, Engine
from aggregator.core.model import PollReport
from tests.feed_server import FAST, write_config
from tests.test_engine import ATOM, published

LEAN = FAST.replace("limits:", "limits:\n  workers: 1")  # a process takes long to start


@dataclass(frozen=True, slots=True)
class Item:
    """One item that says only what it is given."""

    guid: str = ""
    title: str = ""
    body: str = ""
    date: str = ""
    link: str = ""

    def xml(self) -> str:
        parts = {
            "guid isPermaLink='false'": self.guid,
            "title": self.title,
            "link": self.link,
            "pubDate": self.date,
            "description": self.body,
        }
        return "".join(
            f"<{tag}>{escape(text)}</{tag.split()[0]}>" for tag, text in parts.items() if text
        )


def feed(*items: Item, title: str = "A site", site: str = "https://site.example/") -> bytes:
    """An RSS 2.0 document of these items."""
    shown = "".join(f"<item>{item.xml()}</item>" for item in items)
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>{escape(title)}</title><link>{site}</link>"
        f"<description>d</description>{shown}</channel></rss>"
    ).encode()


# Years outside of every window; without links; without dates; without words that tell them apart.
HARD = (
    Item("1", "Weekly links", "Ten things that we have read this week.", "", ""),
    Item("2", "Weekly links", "Ten other things, read in a week before.", "", ""),
    Item("3", "Old and dated", "From long ago.", "Mon, 05 Jan 2015 09:00:00 GMT", ""),
    Item("4", "", "No title, no link, no date: only words.", "", ""),
    Item("5", "Morning briefing", "", "Tue, 06 Jan 2015 09:00:00 GMT", ""),
    Item("6", "On a page of its own", "Text.", "", "https://site.example/6"),
    Item("7", "他来了", "", "", ""),
    Item("8", "\U0001f680", "Up it goes.", "", ""),
)


def config(
    sources: Sequence[str], *, outputs: str = "  - {id: all, title: All of it}\n", extra: str = LEAN
) -> str:
    """A feeds.yaml of these lines of sources."""
    listed = "".join(f"  - {source}\n" for source in sources)
    return f"sources:\n{listed}outputs:\n{outputs}{extra}"


def entries(app: App, output: str = "all") -> dict[str, tuple[str, str, str, str]]:
    """The entries of a published feed by id: title, content, published and updated."""
    return {
        found.findtext(f"{ATOM}id", ""): (
            found.findtext(f"{ATOM}title", ""),
            (found.findtext(f"{ATOM}content") or found.findtext(f"{ATOM}summary") or "").strip(),
            found.findtext(f"{ATOM}published", ""),
            found.findtext(f"{ATOM}updated", ""),
        )
        for found in published(app, output).iter(f"{ATOM}entry")
    }


def related(app: App, output: str = "all") -> list[tuple[str, str]]:
    """Title and address of all links to other copies."""
    return sorted(
        (link.get("title", ""), link.get("href", ""))
        for link in published(app, output).iter(f"{ATOM}link")
        if link.get("rel") == "related"
    )


def names(app: App) -> dict[str, tuple[str, ...]]:
    """The slug of each stored article, and the guids in it."""
    found: dict[str, list[str]] = {}
    for entry in app.store.entries():
        found.setdefault(entry.slug, []).append(entry.guid)
    return {slug: tuple(sorted(guids)) for slug, guids in found.items()}


def feed_bytes(folder: Path, output: str = "all") -> bytes:
    return (folder / "data" / "public" / "feeds" / f"{output}.atom").read_bytes()


class Live:
    """One running engine, polled as often as a test likes."""

    def __init__(self, app: App, engine: Engine, reports: list[PollReport]) -> None:
        self.app = app
        self.engine = engine
        self._reports = reports

    async def poll(self, *names: str) -> int:
        """Poll the named sources in this order, or all; build; return how many entries were new."""
        self._reports.clear()
        for name in names or self.app.sources:
            claim, _ = self.engine.claim_named([name], force=True)
            await self.engine.dispatcher.run_until_idle(claim)
        await self.engine.build(timed=True)
        assert not [report.error for report in self._reports if report.error]
        return sum(report.novelty.new for report in self._reports)


@asynccontextmanager
async def live(folder: Path, text: str) -> AsyncIterator[Live]:
    """Run the program in a folder with this feeds.yaml."""
    reports: list[PollReport] = []
    with App.open(write_config(folder, text), {}) as app:
        async with Engine(app, report=reports.append) as engine:
            yield Live(app, engine, reports)
