"""Feed readers that come by the hour and write down what they were answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from aggregator.core.codings import CODINGS
from tests.publishing import ATOM, link
from tests.web.site import Visitor

FEED = "/feeds/all.atom"
BASE = "https://feeds.example.net/sub"
LITTLE = 0.1  # of the entries in the document
_UNPACK = {coding.name: coding.unpack for coding in CODINGS}
_LARGEST = 64 * 1024 * 1024


def entries_of(body: bytes) -> dict[str, str]:
    """Of each entry its id, and when it was updated."""
    return _entries(etree.fromstring(body))


def _entries(document: Any) -> dict[str, str]:
    found = document.findall(ATOM + "entry")
    return {one.findtext(ATOM + "id"): one.findtext(ATOM + "updated") for one in found}


@dataclass(slots=True, kw_only=True)
class Subscriber:
    """Asks with the validator it has. `deltas`: also says that it takes only what is new.

    `answers` counts (status, was little new?), `received` the bytes of bodies.
    """

    deltas: bool = False
    coding: str = "gzip"
    etag: str = ""
    held: dict[str, str] = field(default_factory=dict)  # id -> updated
    answers: Counter[tuple[int, bool]] = field(default_factory=Counter)
    received: int = 0
    _before: Mapping[str, str] = field(default_factory=dict)

    async def ask(self, visit: Visitor, shown: Mapping[str, str]) -> None:
        """Ask once. `shown` is what the document holds now, to judge the answer by."""
        status, body = await self._get(visit)
        new = sum(self._before.get(name) != updated for name, updated in shown.items())
        self.answers[status, new < LITTLE * len(shown)] += 1
        self._before = dict(shown)
        if body:
            self.take(etree.fromstring(body))

    async def _get(self, visit: Visitor) -> tuple[int, bytes]:
        headers = {"Accept_Encoding": self.coding}
        if self.etag:
            headers["If_None_Match"] = self.etag
        if self.deltas:
            headers["A_IM"] = "feed"
        response, body = await visit(FEED, **headers)
        assert response.status in ((200, 226, 304) if self.deltas else (200, 304))
        self.etag = response.headers["ETag"]
        self.received += len(body)
        return response.status, self._unpacked(body)

    def _unpacked(self, body: bytes) -> bytes:
        unpack = _UNPACK.get(self.coding)
        return (unpack(body, _LARGEST) or b"") if unpack and body else body

    def take(self, document: Any) -> None:
        """Remember its entries, the newest telling of each."""
        for name, updated in _entries(document).items():
            self.held[name] = max(updated, self.held.get(name, ""))

    @property
    def statuses(self) -> dict[int, int]:
        """How often each status was answered."""
        found: Counter[int] = Counter()
        for (status, _), times in self.answers.items():
            found[status] += times
        return dict(sorted(found.items()))

    @property
    def spared(self) -> float:
        """The share of 304 and 226 among the answers when nothing or little was new."""
        calm = {status: times for (status, little), times in self.answers.items() if little}
        return (calm.get(304, 0) + calm.get(226, 0)) / sum(calm.values())


@dataclass(slots=True, kw_only=True)
class Follower(Subscriber):
    """Reads the archive behind what it gets, down to the first page it knows (RFC 5005 §4.3)."""

    known: set[str] = field(default_factory=set)  # addresses of pages

    async def ask(self, visit: Visitor, shown: Mapping[str, str]) -> None:
        status, body = await self._get(visit)
        self.answers[status, False] += 1
        if not body:
            return
        unread = [etree.fromstring(body)]
        while (address := link(unread[-1], "prev-archive")) and address not in self.known:
            self.known.add(address)
            unread.append(etree.fromstring(await self._page(visit, address)))
        for document in reversed(unread):
            self.take(document)

    async def _page(self, visit: Visitor, address: str) -> bytes:
        response, page = await visit(address.removeprefix(BASE), Accept_Encoding=self.coding)
        assert response.status == 200
        assert "immutable" in response.headers["Cache-Control"]
        self.received += len(page)
        return self._unpacked(page)
