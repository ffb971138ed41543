"""What the server needs to know, all of it in words of the core. The app satisfies it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from aggregator.core.model import SourceState
from aggregator.core.narrow import Narrowed, Narrowing, Version
from aggregator.core.settings import Output, Source
from aggregator.explain import Tally
from aggregator.standing import Survey


class View(Protocol):
    """The state of the program as the server shows it.

    Properties are cheap and may change between requests (a reload). Nothing raises but
    StoreError, which becomes a 503.
    """

    @property
    def title(self) -> str:
        """Of the whole site."""

    @property
    def base_url(self) -> str:
        """The public address, ending with a slash; the Host header is never believed."""

    @property
    def public_root(self) -> Path:
        """The folder of published files: `public_root`/feeds/ID.atom."""

    @property
    def private_root(self) -> Path:
        """The same of private outputs."""

    @property
    def outputs(self) -> Sequence[Output]:
        """In the order of feeds.yaml."""

    @property
    def sources(self) -> Sequence[Source]:
        """In the order of feeds.yaml."""

    @property
    def max_requests(self) -> int:
        """Whole documents of one feed that one client may have in an hour; 0 for any number."""

    @property
    def queries(self) -> bool:
        """May anybody ask for a part of an output (`?q=`, `?limit=`)?"""

    async def version(self, output: Output, narrowing: Narrowing) -> Version | None:
        """From what a part of an output would be made now; None when it was never built."""

    async def narrowed(self, output: Output, narrowing: Narrowing, form: str) -> Narrowed | None:
        """A part of an output, made anew; None when the output was never built.

        `form` is the ending of its name. Takes up to seconds, in a thread.
        """

    def is_removed(self, output: str) -> bool:
        """Was there a public output of this id until lately?"""

    async def history(self, output: str, form: str) -> str:
        """What the versions of a document held, as core.versions writes it."""

    def now(self) -> datetime:
        """The clock."""

    def max_age(self, output: str) -> int:
        """Seconds a copy of the output's feed stays fresh."""

    async def survey(self) -> Survey:
        """How all of `sources` are; of many as it was a moment ago."""

    def state_of(self, source: str) -> SourceState | None:
        """What the poller remembers of a source now. Reads the store: not on the event loop."""

    def rules(self) -> Tally | None:
        """How often the rules of public outputs decide, counted lately; None: not counted yet."""

    async def health(self) -> Sequence[str]:
        """What is wrong with the process; empty when it is alive and well."""

    async def readiness(self) -> Sequence[str]:
        """What is missing before requests can be answered; empty when ready."""

    async def metrics(self) -> bytes:
        """Prometheus text format 0.0.4, UTF-8."""

    async def opml(self) -> bytes:
        """The sources as OPML 2.0, without credentials."""
