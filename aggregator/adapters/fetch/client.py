"""The Fetcher: one poll is one conditional GET and its redirects, within one deadline."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from types import TracebackType

import aiohttp
from yarl import URL

from aggregator.adapters.fetch import filtering
from aggregator.adapters.fetch.answer import settle
from aggregator.adapters.fetch.guard import Guard
from aggregator.adapters.fetch.local import read_local
from aggregator.adapters.fetch.request import (
    ACCEPT,
    ACCEPT_ENCODING,
    has_secrets,
    hop_url,
    is_downgrade,
    may_know,
    request_url,
    secret_headers,
    start_url,
    stored_validators,
)
from aggregator.adapters.fetch.resolve import LookUp, Resolver, look_up
from aggregator.adapters.fetch.trouble import translated
from aggregator.core.errors import FetchError
from aggregator.core.model import Fetched, SourceState, Validators
from aggregator.core.settings import Limits, Network, Source
from aggregator.core.validators import Headers, conditional_headers

PERMANENT = (301, 308)
TEMPORARY = (302, 303, 307)
MAX_FIELD = 32 * 1024  # bytes of one header field; some security policies need 10 KiB
MAX_FIELDS = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trail:
    """Where a poll has come to on its way through redirects."""

    url: URL
    configured: URL
    secrets: bool  # once dropped, they stay dropped
    permanent: bool = True  # only permanent hops so far
    moved_to: str | None = None  # the last URL before the first temporary hop

    def follow(self, target: URL, *, permanent: bool, guarded: bool) -> _Trail:
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

    Every connection goes through the address guard, also one to `network.proxy`: a proxy on a
    private address needs its range in `network.allow`. What a proxy connects to by name is the
    proxy's to guard; IP literals are still checked here.
    """

    def __init__(
        self, *, limits: Limits, network: Network, user_agent: str, look_up: LookUp = look_up
    ) -> None:
        self._limits = limits
        self._look_up = look_up
        self._guard = Guard(network.allow)
        self._proxy = URL(network.proxy) if network.proxy else None
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None

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
        if self._session is not None:
            await self._session.close()
            self._session = None

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
        if source.path is not None:
            known = stored_validators(source, state)
            return await read_local(source.path, known, max_body=self._limits.max_body)
        return await self._walk(source, stored_validators(source, state), _first(source, state))

    async def _walk(self, source: Source, validators: Validators, trail: _Trail) -> Fetched:
        """Follow redirects until there is an answer. A redirect's body is never read."""
        conditional = conditional_headers(validators)
        seen = {trail.url}
        for _ in range(self._limits.max_redirects + 1):
            response = await self._get(source, trail, conditional)
            try:
                if response.status not in PERMANENT + TEMPORARY:
                    return await settle(
                        response,
                        stored=validators,
                        sent=conditional,
                        moved_to=trail.moved_to,
                        max_body=self._limits.max_body,
                    )
                trail = _next(source, trail, response)
            finally:
                response.close()
            if trail.url in seen:
                raise FetchError("redirects go round in a circle", kind="redirect")
            seen.add(trail.url)
        raise FetchError(f"more than {self._limits.max_redirects} redirects", kind="redirect")

    async def _get(
        self, source: Source, trail: _Trail, conditional: tuple[tuple[str, str], ...]
    ) -> aiohttp.ClientResponse:
        """Send one request; raises FetchError. The caller closes the response."""
        headers = dict(conditional)
        if trail.secrets:
            headers.update(secret_headers(source))
        try:
            self._check_literal(trail.url)
            return await self._opened().get(
                trail.url,
                headers=headers,
                allow_redirects=False,
                proxy=self._proxy,
                ssl=source.verify_tls,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise translated(error, trail.url) from error

    def _check_literal(self, url: URL) -> None:
        """Behind a proxy the guard never sees the target's address, unless it is literal."""
        if self._proxy is None or url.raw_host is None:
            return
        if ":" in url.raw_host or url.raw_host.replace(".", "").isdigit():
            self._guard.check(url.raw_host)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = self._open()
        return self._session

    def _open(self) -> aiohttp.ClientSession:
        """A session without memory: no cookies, no kept connections, no environment."""
        connector = aiohttp.TCPConnector(
            limit=0,  # whoever starts the polls bounds them
            force_close=True,
            use_dns_cache=False,
            resolver=Resolver(self._look_up, threads=self._limits.concurrency),
            socket_factory=self._guard.open_socket,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            auto_decompress=False,
            trust_env=False,
            max_line_size=MAX_FIELD,
            max_field_size=MAX_FIELD,
            max_headers=MAX_FIELDS,
            request_class=filtering.Request,
            response_class=filtering.Response,
            middlewares=(_only_once,),
            headers={
                "User-Agent": self._user_agent,
                "Accept": ACCEPT,
                "Accept-Encoding": ACCEPT_ENCODING,
            },
        )


async def _only_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a request again when the server hung up: one poll, one GET."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise translated(error, request.url) from error


def _first(source: Source, state: SourceState) -> _Trail:
    configured = request_url(source.url)
    url = start_url(source, state, configured=configured)
    secrets = has_secrets(source) and may_know(configured, url)
    return _Trail(url=url, configured=configured, secrets=secrets)


def _next(source: Source, trail: _Trail, response: aiohttp.ClientResponse) -> _Trail:
    location = Headers.of(response.raw_headers).first(b"location")
    return trail.follow(
        hop_url(trail.url, location),
        permanent=response.status in PERMANENT,
        guarded=has_secrets(source),
    )
