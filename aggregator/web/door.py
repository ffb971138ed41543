"""Who may come in: so many connections at a time, and none that says nothing.

The poller shares the process: visitors must never take all its file handles or fill its logs.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Callable
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

MAX_CONNECTIONS: Final = 500
PATIENCE: Final = 30.0  # seconds for the header of a request, and between two requests
TO_READ: Final = 120.0  # seconds that a visitor may take to read an answer
_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\nCache-Control: no-store\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)

logger = logging.getLogger(__name__)


class _OurMistakes(logging.Filter):
    """Drops reports about malformed requests.

    Anybody could fill the log with them, and they quote the request: paths with tokens,
    headers with passwords.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError)


logger.addFilter(_OurMistakes())


class _Refused(asyncio.Protocol):
    """Says 503 and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(_FULL)
        transport.close()


def read_within(seconds: float) -> Middleware:
    """A middleware that hangs up on who does not read: what is not read stays in memory."""

    @web.middleware
    async def send(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        try:
            async with asyncio.timeout(seconds):
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        return response

    return send


def room() -> int:
    """How many connections there is room for: at most half of the files we may open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if files < 0 else max(1, min(MAX_CONNECTIONS, files // 2))


def door(server: web.Server, *, most: int) -> Callable[[], asyncio.Protocol]:
    """A factory of protocols for `loop.create_server` that lets in `most` at a time."""

    def come_in() -> asyncio.Protocol:
        return server() if len(server.connections) < most else _Refused()

    return come_in
