"""One guarded libcurl: sends a single request and takes in its answer.

Everything that leaves this program for the network comes through here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from urllib.parse import urlencode

import pycurl

from aggregator.adapters.fetch import options
from aggregator.adapters.fetch.guard import (
    BlockedAddressError,
    Guard,
    SocketAddress,
    is_literal,
)
from aggregator.adapters.fetch.incoming import Head, Incoming, Take
from aggregator.adapters.fetch.options import Option
from aggregator.adapters.fetch.request import request_url
from aggregator.adapters.fetch.resolve import LookUp, Resolver
from aggregator.adapters.fetch.target import Target, bracketed
from aggregator.adapters.fetch.trouble import (
    blocked,
    closed,
    no_socket,
    not_found,
    not_http,
    translated,
    without_last_words,
)
from aggregator.core.settings import Limits, Network

_NO_SOCKET: int = pycurl.SOCKET_BAD


class Transport:
    """libcurl without memory: no cookies, no kept connections, no environment; TLS may resume.

    Every connection goes through the address guard, also one to `network.proxy`: a proxy on a
    private address needs its range in `network.allow`. What a proxy connects to by name is the
    proxy's to guard; IP literals are still checked here. Made for one event loop.
    """

    def __init__(self, *, limits: Limits, network: Network, look_up: LookUp) -> None:
        self._guard = Guard(network.allow)
        self._through = request_url(network.proxy) if network.proxy else None
        self._proxy = tuple(options.proxy(network.proxy, self._through))
        self._patience = (pycurl.CONNECTTIMEOUT_MS, int(limits.timeout.total_seconds() * 1000))
        self._trusted = options.trusted()
        self._resolver = Resolver(look_up, threads=limits.concurrency)
        self._multi: pycurl.AsyncCurlMulti | None = None
        self._closed = False

    async def get(
        self, url: Target, take: Take, *, headers: Mapping[str, str], verify_tls: bool = True
    ) -> Head:
        """Send one request; return the header of the answer when its body was taken.

        `take` says who wants the body; for nobody it is not waited for, and the connection is
        closed. Raises FetchError, and whatever `take` or its sink raised.
        """
        request = options.request(url, headers, form=None)
        trust = self._trusted if verify_tls else (*self._trusted, *options.ANYBODY)
        return await self._exchange(url, take, chain(request, trust))

    async def post(self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str]) -> int:
        """Send a form and return the status of the answer; raises FetchError."""
        goal = request_url(url)
        request = options.request(goal, headers, form=urlencode(form))
        head = await self._exchange(goal, _nobody, chain(request, self._trusted))
        return head.status

    async def close(self) -> None:
        """Close what is open; requests still under way fail."""
        self._closed = True
        self._resolver.close()
        if self._multi is not None:
            await self._multi.aclose()

    async def _exchange(self, url: Target, take: Take, request: Iterable[Option]) -> Head:
        goal = options.goal(url, by_proxy=self._through is not None)
        way = chain(self._proxy, goal, options.names(await self._found(url)))
        with closing(pycurl.Curl()) as curl, closing(_Transfer(url, take, self._guard)) as transfer:
            for option, value in chain(request, way, transfer.callbacks(), (self._patience,)):
                curl.setopt(option, value)
            await self._run(curl, transfer)
        if transfer.incoming.head is None:
            raise not_http(url)
        return transfer.incoming.head

    async def _found(self, url: Target) -> str:
        """The addresses of who is connected, as libcurl is told them; "" for a literal one."""
        if is_literal(url.host):
            try:
                self._guard.check(url.host)  # behind a proxy no socket of ours shows it
            except BlockedAddressError as error:
                raise blocked(error, url) from error
        first = self._through or url
        if is_literal(first.host):
            return ""
        found = await self._looked_up(first, url)
        # The plus: to be forgotten as soon as any other answer of a name server.
        return f"+{first.host}:{first.port}:{','.join(map(bracketed, found))}"

    async def _looked_up(self, first: Target, url: Target) -> Sequence[str]:
        """Its addresses that may be connected to: libcurl takes its time to pass over others."""
        try:
            with self._while_open(url):
                found = await self._resolver.resolve(first.host, first.port)
            return self._guard.let_through(found)
        except BlockedAddressError as error:
            raise blocked(error, url) from error
        except OSError as error:
            raise not_found(error, url) from error

    async def _run(self, curl: pycurl.Curl, transfer: _Transfer) -> None:
        """Run a transfer to its end; raises what went wrong."""
        with self._while_open(transfer.url):
            try:
                if self._multi is None:
                    self._multi = pycurl.AsyncCurlMulti()
                await self._multi.perform(curl)
            except pycurl.error as error:
                transfer.fail(error, curl)

    @contextmanager
    def _while_open(self, url: Target) -> Iterator[None]:
        """What is waited for when we close has failed; what its caller cancels is cancelled."""
        if self._closed:
            raise closed(url)
        try:
            yield
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise closed(url) from None


class _Transfer:
    """What libcurl calls back during one transfer, and what is known when it fails."""

    def __init__(self, url: Target, take: Take, guard: Guard) -> None:
        self.url = url
        self.incoming = Incoming(take)
        self._guard = guard
        self._refused: BlockedAddressError | None = None  # the last address that was
        self._trouble: OSError | None = None  # why the last socket could not be made
        self._sockets: list[socket.socket] = []

    def callbacks(self) -> tuple[Option, ...]:
        return (
            (pycurl.OPENSOCKETFUNCTION, self._open_socket),
            (pycurl.HEADERFUNCTION, self.incoming.line),
            (pycurl.WRITEFUNCTION, self.incoming.piece),
        )

    def _open_socket(self, _: int, address: SocketAddress) -> socket.socket | int:
        """The socket of one attempt to connect; refused, libcurl tries the next address."""
        try:
            made = self._guard.open_socket(address)
        except BlockedAddressError as error:
            self._refused = error
            return _NO_SOCKET
        except OSError as error:
            self._trouble = error
            return _NO_SOCKET
        self._sockets.append(made)
        return made

    def close(self) -> None:
        """Close what was opened: libcurl has closed the copies that it works with."""
        for made in self._sockets:
            made.close()

    def fail(self, error: pycurl.error, curl: pycurl.Curl) -> None:
        """Raise what went wrong, unless we have ended it ourselves because it was enough."""
        if self.incoming.error is not None:
            raise self.incoming.error
        if self.incoming.is_enough:
            return
        if self.incoming.ends_with_connection and without_last_words(error):
            return
        if self._trouble is not None and not self._sockets:
            raise no_socket(self._trouble, self.url) from self._trouble
        if self._refused is not None and not self._sockets:
            raise blocked(self._refused, self.url) from self._refused
        raise translated(error, curl, self.url, broken_off=self.incoming.head is not None)


def _nobody(_: Head) -> None:
    """Nobody wants the body."""
