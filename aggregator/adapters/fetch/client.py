"""The Fetcher: one poll is one conditional GET and its redirects, within one deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType

from aggregator.adapters.fetch.answer import PERMANENT, REDIRECTS, Answer
from aggregator.adapters.fetch.incoming import Head, Take
from aggregator.adapters.fetch.local import read_local
from aggregator.adapters.fetch.request import (
    has_secrets,
    headers_for,
    hop_url,
    is_downgrade,
    may_know,
    request_url,
    sendable,
    start_url,
    stored_validators,
)
from aggregator.adapters.fetch.resolve import LookUp, look_up
from aggregator.adapters.fetch.robots import Robots
from aggregator.adapters.fetch.target import Target
from aggregator.adapters.fetch.transport import Transport
from aggregator.core.errors import FetchError
from aggregator.core.model import Fetched, SourceState, Validators
from aggregator.core.settings import Limits, Network, Source
from aggregator.core.validators import conditional_headers


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trail:
    """Where a poll has come to on its way through redirects."""

    url: Target
    configured: Target
    secrets: bool  # once dropped, they stay dropped
    permanent: bool = True  # only permanent hops so far
    moved_to: str | None = None  # the last URL before the first temporary hop

    def follow(self, target: Target, *, permanent: bool, guarded: bool) -> _Trail:
        """The next hop; raises FetchError(redirect) where secrets would leave TLS.

        `guarded`: the source has secrets, whether or not they were dropped on the way.
        """
        if guarded and is_downgrade(self.url, target):
            raise FetchError("a redirect from https to http, with credentials", kind="redirect")
        permanent = self.permanent and permanent
        return replace(
            self,
            url=target,
            secrets=self.secrets and may_know(self.configured, target),
            permanent=permanent,
            moved_to=str(target) if permanent else self.moved_to,
        )


class Fetcher:
    """Fetches sources. Make it inside the running loop, close it there (`async with`).

    `user_agent(source)` is the User-Agent to fetch a source with.
    """

    def __init__(
        self,
        *,
        limits: Limits,
        network: Network,
        user_agent: Callable[[Source], str],
        look_up: LookUp = look_up,
    ) -> None:
        self._limits = limits
        self._user_agent = user_agent
        self._transport = Transport(limits=limits, network=network, look_up=look_up)
        self._robots = Robots(self._transport, max_body=limits.max_body) if network.robots else None

    async def __aenter__(self) -> Fetcher:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close what is open; polls still under way fail."""
        await self._transport.close()

    async def fetch(self, source: Source, state: SourceState) -> Fetched:
        """Bring the source's document, or word that it has not changed; raises FetchError.

        `seconds` and the deadline `limits.timeout` cover everything: look-up of names,
        connections, TLS, redirects, header and body.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadline = self._limits.timeout.total_seconds()
        try:
            async with asyncio.timeout(deadline):
                fetched = await self._bring(source, state)
        except TimeoutError as error:
            raise FetchError(f"no full answer within {deadline:g} s", kind="timeout") from error
        return replace(fetched, seconds=loop.time() - started)

    async def _bring(self, source: Source, state: SourceState) -> Fetched:
        validators = stored_validators(source, state)
        if source.path is not None:
            return await read_local(source.path, validators, max_body=self._limits.max_body)
        return await self._walk(source, validators, _first(source, state))

    async def _walk(self, source: Source, validators: Validators, trail: _Trail) -> Fetched:
        """Follow redirects until there is an answer. A redirect's body is never read."""
        sent = conditional_headers(validators)
        seen = {trail.url}
        for _ in range(self._limits.max_redirects + 1):
            answer = Answer(stored=validators, sent=sent, max_body=self._limits.max_body)
            head = await self._get(source, trail, answer.take, conditional=sent)
            if head.status not in REDIRECTS:
                return answer.settle(head, url=trail.url, moved_to=trail.moved_to)
            trail = _next(source, trail, head)
            if trail.url in seen:
                raise FetchError("redirects go round in a circle", kind="redirect")
            seen.add(trail.url)
        raise FetchError(f"more than {self._limits.max_redirects} redirects", kind="redirect")

    async def _get(
        self,
        source: Source,
        trail: _Trail,
        take: Take,
        *,
        conditional: tuple[tuple[str, str], ...],
    ) -> Head:
        """Send one request; raises FetchError."""
        user_agent = sendable(self._user_agent(source))
        if self._robots is not None:
            await self._robots.check(trail.url, user_agent=user_agent, verify_tls=source.verify_tls)
        headers = headers_for(
            source, user_agent=user_agent, conditional=conditional, secrets=trail.secrets
        )
        return await self._transport.get(
            trail.url, take, headers=headers, verify_tls=source.verify_tls
        )


def _first(source: Source, state: SourceState) -> _Trail:
    configured = request_url(source.url)
    url = start_url(source, state, configured=configured)
    secrets = has_secrets(source) and may_know(configured, url)
    return _Trail(url=url, configured=configured, secrets=secrets)


def _next(source: Source, trail: _Trail, head: Head) -> _Trail:
    return trail.follow(
        hop_url(trail.url, head.headers.first(b"location")),
        permanent=head.status in PERMANENT,
        guarded=has_secrets(source),
    )
