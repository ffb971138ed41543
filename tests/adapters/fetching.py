"""What the tests of the fetcher share: one poll of a scripted server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from aggregator.adapters.fetch import Fetcher
from aggregator.core.errors import FetchError
from aggregator.core.model import Fetched, SourceState, Validators
from aggregator.core.settings import Limits, Network, Source
from tests.adapters.raw_server import RawServer

LOOPBACK = Network(allow=(ip_network("127.0.0.0/8"),))
LIMITS = Limits(timeout=timedelta(seconds=20), concurrency=4)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NONE = Validators()
FEED = b"<rss version='2.0'><channel/></rss>"


def state_of(
    source: Source, validators: Validators = NONE, *, effective_url: str = ""
) -> SourceState:
    """The state after an earlier poll of `source`."""
    return SourceState(
        source=source.id,
        url=source.url,
        validators=validators,
        effective_url=effective_url,
        next_poll_at=NOW,
    )


def plainly(_: Source) -> str:
    """A User-Agent."""
    return "test/1 (+http://t.example/)"


async def fetch(
    source: Source,
    state: SourceState | None = None,
    *,
    limits: Limits = LIMITS,
    network: Network = LOOPBACK,
) -> Fetched:
    """One poll with a fetcher of its own."""
    async with Fetcher(limits=limits, network=network, user_agent=plainly) as fetcher:
        return await fetcher.fetch(source, state or SourceState(source=source.id, next_poll_at=NOW))


async def fetch_from(
    server: RawServer, path: str = "/feed", *, source: Source | None = None
) -> Fetched:
    """One first poll of a path of the server, by a plain source or one like `source`."""
    return await fetch(replace(source or Source(id="a"), url=server.url(path)))


async def failure(
    source: Source,
    state: SourceState | None = None,
    *,
    kind: str | Sequence[str],
    limits: Limits = LIMITS,
    network: Network = LOOPBACK,
) -> FetchError:
    """The error of one poll, which must be of a given kind."""
    with pytest.raises(FetchError) as caught:
        await fetch(source, state, limits=limits, network=network)
    kinds = (kind,) if isinstance(kind, str) else kind
    assert caught.value.kind in kinds, (caught.value.kind, str(caught.value))
    return caught.value
