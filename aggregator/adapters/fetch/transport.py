"""One guarded aiohttp session: sends a single request and hands back the answer's header.

Everything that leaves this program for the network comes through here.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from yarl import URL

from aggregator.adapters.fetch import filtering
from aggregator.adapters.fetch.guard import Guard
from aggregator.adapters.fetch.request import ACCEPT, ACCEPT_ENCODING
from aggregator.adapters.fetch.resolve import LookUp, Resolver
from aggregator.adapters.fetch.trouble import translated
from aggregator.core.settings import Limits, Network

MAX_FIELD = 32 * 1024  # bytes of one header field; some security policies need 10 KiB
MAX_FIELDS = 128


class Transport:
    """A session without memory: no cookies, no kept connections, no environment.

    Every connection goes through the address guard, also one to `network.proxy`: a proxy on a
    private address needs its range in `network.allow`. What a proxy connects to by name is the
    proxy's to guard; IP literals are still checked here.
    """

    def __init__(self, *, limits: Limits, network: Network, look_up: LookUp) -> None:
        self._threads = limits.concurrency
        self._look_up = look_up
        self._guard = Guard(network.allow)
        self._proxy = URL(network.proxy) if network.proxy else None
        self._session: aiohttp.ClientSession | None = None

    async def get(
        self, url: URL, *, headers: Mapping[str, str], verify_tls: bool = True
    ) -> aiohttp.ClientResponse:
        """Send one request; raises FetchError. The caller closes the response."""
        try:
            self._check_literal(url)
            return await self._opened().get(
                url,
                headers=headers,
                allow_redirects=False,
                proxy=self._proxy,
                ssl=verify_tls,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise translated(error, url) from error

    async def post(self, url: URL, form: Mapping[str, str], *, headers: Mapping[str, str]) -> int:
        """Send a form and return the status of the answer; raises FetchError."""
        try:
            self._check_literal(url)
            async with self._opened().post(
                url, data=dict(form), headers=headers, allow_redirects=False, proxy=self._proxy
            ) as response:
                return response.status
        except (aiohttp.ClientError, OSError) as error:
            raise translated(error, url) from error

    async def close(self) -> None:
        """Close what is open; requests still under way fail."""
        if self._session is not None:
            await self._session.close()
            self._session = None

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
        connector = aiohttp.TCPConnector(
            limit=0,  # whoever starts the polls bounds them
            force_close=True,
            use_dns_cache=False,
            resolver=Resolver(self._look_up, threads=self._threads),
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
            headers={"Accept": ACCEPT, "Accept-Encoding": ACCEPT_ENCODING},
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
