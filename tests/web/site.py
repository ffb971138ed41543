"""A small View over a folder, and a client for the server that shows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from aggregator.adapters.publish import write_published
from aggregator.core.codings import CODINGS
from aggregator.core.errors import StoreError
from aggregator.core.model import SourceState
from aggregator.core.narrow import Narrowed, Narrowing, Version
from aggregator.core.render import feed_path
from aggregator.core.settings import Output, Source
from aggregator.core.versions import History, to_text
from aggregator.explain import Tally
from aggregator.standing import Survey, survey
from aggregator.web import View, make_app

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BODY = b"<?xml version='1.0' encoding='UTF-8'?>\n<feed><entry/><entry/></feed>" + b"<!-- -->" * 99


@dataclass
class FakeView:
    """What the server is told; every field may be changed by a test."""

    public_root: Path
    title: str = "The desk"
    base_url: str = "https://feeds.example.net/sub/"
    outputs: Sequence[Output] = (
        Output(id="all", title="All of it", sources=("one", "two")),
        Output(id="unbuilt", title="Not built"),
    )
    sources: Sequence[Source] = ()
    states: Sequence[SourceState] = ()
    problems: Sequence[str] = ()
    tally: Tally | None = None
    broken: bool = False
    clock: datetime = NOON
    max_requests: int = 0
    removed: Sequence[str] = ()
    queries: bool = True
    histories: dict[str, History] = field(default_factory=dict)
    made_from: Version | None = Version(settings="a", change=1)  # parts of outputs
    effort: float = 0.1  # seconds that a part takes
    made: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def private_root(self) -> Path:
        return self.public_root.with_name(self.public_root.name + "-private")

    def is_removed(self, output: str) -> bool:
        return output in self.removed

    async def history(self, output: str, form: str) -> str:
        return to_text(self.histories.get(f"{output}.{form}", History()))

    async def version(self, output: Output, narrowing: Narrowing) -> Version | None:
        return self.made_from

    async def narrowed(self, output: Output, narrowing: Narrowing, form: str) -> Narrowed | None:
        if self.made_from is None:
            return None
        self.made.append((output.id, narrowing.query, form))
        body = f"{narrowing.query} of {output.id}.{form} at {self.made_from}".encode() * 9
        coded = {coding.name: coding.pack(body) for coding in CODINGS}
        await asyncio.sleep(0)
        return Narrowed(body=body, coded=coded, seconds=self.effort)

    def now(self) -> datetime:
        return self.clock

    def max_age(self, output: str) -> int:
        return 900

    async def survey(self) -> Survey:
        if self.broken:
            raise StoreError("the database is locked")
        return survey(self.sources, self.states, parked={}, now=self.clock)

    def state_of(self, source: str) -> SourceState | None:
        return next((state for state in self.states if state.source == source), None)

    def rules(self) -> Tally | None:
        return self.tally

    async def health(self) -> Sequence[str]:
        return self.problems

    async def readiness(self) -> Sequence[str]:
        return self.problems

    async def metrics(self) -> bytes:
        return b"aggregator_info 1.0\n"

    async def opml(self) -> bytes:
        return b"<opml version='2.0'/>"

    @property
    def path(self) -> Path:
        """Of the published feed "all"."""
        return self.public_root / feed_path("all")

    def publish(
        self,
        body: bytes = BODY,
        *,
        modified: datetime = NOON - timedelta(hours=1),
        form: str = "atom",
    ) -> None:
        """Publish "all"."""
        write_published(self.path.with_suffix(f".{form}"), body, modified=modified)


class Visitor:
    """Sends requests as they are: no decompression, no redirects, no headers of its own."""

    def __init__(self, client: TestClient) -> None:  # type: ignore[type-arg]
        self.client = client

    async def __call__(
        self, path: str, *, method: str = "GET", **headers: str
    ) -> tuple[ClientResponse, bytes]:
        """`headers` with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.request(
            method,
            path,
            headers=sent,
            skip_auto_headers=["Accept-Encoding", "Accept", "User-Agent"],
            allow_redirects=False,
        ) as response:
            return response, await response.read()


@asynccontextmanager
async def visiting(view: View) -> AsyncIterator[Visitor]:
    """Serve `view` on loopback."""
    server = TestServer(make_app(view))
    async with TestClient(server, auto_decompress=False) as client:
        yield Visitor(client)
