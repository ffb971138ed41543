"""Outputs built from a real store, hour by hour, and a subscriber that follows their archives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lxml import etree

from aggregator import archive
from aggregator.adapters.sqlite import SqliteStore
from aggregator.archive import Edition
from aggregator.core.model import ArchivePage, Entry
from aggregator.core.settings import Output, Settings, Source
from aggregator.outputs import Catalogue
from aggregator.pipeline import build
from tests.adapters.store.polls import HOUR, NOW, adopt, poll, source

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
BASE = "https://feeds.example.net/"


@dataclass(slots=True)
class Press:
    """What the builder does, step by step and at the hour that the test says."""

    store: SqliteStore
    output: Output
    sources: tuple[Source, ...] = (source("a"), source("b"))
    files: dict[str, bytes] = field(default_factory=dict)
    hour: int = 0

    def __post_init__(self) -> None:
        adopt(self.store, *self.sources)

    @property
    def now(self) -> datetime:
        return NOW + self.hour * HOUR

    def polled(self, name: str, *entries: Entry) -> None:
        wanted = next(one for one in self.sources if one.id == name)
        poll(self.store, wanted, *entries, now=self.now)

    def edition(self) -> Edition:
        settings = Settings(
            file=Path("feeds.yaml"),
            data_dir=Path("data"),
            base_url=BASE,
            sources=self.sources,
            outputs=(self.output,),
        )
        return Edition.of(
            Catalogue.of(settings),
            self.output,
            store=self.store,
            now=self.now,
            atom_id="urn:example:out",
        )

    def build(self) -> bytes:
        """Build the output as the program does; return the Atom document."""
        edition, output, store = self.edition(), self.output, self.store
        change = max(store.changes().values(), default=0)
        state = store.open_build(output.id, digest=repr(output), fresh_id="urn:x", now=self.now)
        if state.built_at is None:
            self._take_down(edition)
        newest = edition.newest()
        late = archive.late(edition, newest, fresh=archive.fresh(edition))
        store.carry(output.id, (*newest, *late), now=self.now)
        while page := archive.full_page(edition):
            self._close(page)
        document = archive.together(output, newest, archive.besides(edition, newest))
        if page := archive.short_page(edition, document):
            self._close(page)
        built = build(
            output,
            articles=document,
            state=state,
            base_url=BASE,
            previous=store.last_page(output.id)[0],
            publish=self._publish,
        )
        store.close_build(output.id, change=change, slug_hashes=built.slug_hashes, now=self.now)
        return self.files[f"feeds/{output.id}.atom"]

    def _close(self, page: ArchivePage) -> None:
        assert self.store.close_page(self.output.id, page)
        self._write(page)

    def _write(self, page: ArchivePage) -> None:
        for name, body in archive.page_bodies(self.output, page, base_url=BASE):
            self._publish(name, body)

    def _take_down(self, edition: Edition) -> None:
        for number in self.store.pages(self.output.id):
            page = self.store.page(self.output.id, number)
            assert page is not None
            left = archive.without_dropped(edition, page)
            if left is not page:
                self.store.rewrite_page(self.output.id, left)
                self._write(left)

    def _publish(self, name: str, body: bytes) -> bool:
        changed = self.files.get(name) != body
        self.files[name] = body
        return changed

    def remade(self, number: int) -> Mapping[str, bytes]:
        """The files of a page, made again from what is kept of it."""
        page = self.store.page(self.output.id, number)
        assert page is not None
        return dict(archive.page_bodies(self.output, page, base_url=BASE))

    @property
    def pages(self) -> dict[str, bytes]:
        return {name: body for name, body in self.files.items() if "/archive/" in name}


@dataclass(slots=True)
class Follower:
    """A feed reader that reconstructs the whole feed (RFC 5005 §4.3) and never asks twice."""

    held: dict[str, str] = field(default_factory=dict)  # id -> updated
    known: set[str] = field(default_factory=set)  # addresses of pages

    def follow(self, files: Mapping[str, bytes], output: str = "out") -> None:
        """Read the document and the pages behind it up to the first one known."""
        document = etree.fromstring(files[f"feeds/{output}.atom"])
        unread = [document]
        while (address := link(unread[-1], "prev-archive")) and address not in self.known:
            self.known.add(address)
            unread.append(etree.fromstring(files[address.removeprefix(BASE)]))
        for each in reversed(unread):
            self._take(each)

    def _take(self, document: Any) -> None:
        for entry in document.findall(ATOM + "entry"):
            name = entry.findtext(ATOM + "id")
            updated = entry.findtext(ATOM + "updated")
            self.held[name] = max(updated, self.held.get(name, ""))


def link(element: Any, rel: str) -> str:
    found = [one.get("href") for one in element.findall(ATOM + "link") if one.get("rel") == rel]
    return found[0] if found else ""


def titles(document: bytes) -> list[str]:
    entries = etree.fromstring(document).findall(ATOM + "entry")
    return [entry.findtext(ATOM + "title") for entry in entries]


def output(**changes: object) -> Output:
    made = Output(id="out", title="Out", sources=("a", "b"), limit=10, archive=10)
    return replace(made, **changes)  # type: ignore[arg-type]


def dated(entries: Sequence[Entry], when: datetime) -> list[Entry]:
    return [
        replace(entry, published=when - number * timedelta(minutes=1))
        for number, entry in enumerate(entries)
    ]
