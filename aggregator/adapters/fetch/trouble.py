"""aiohttp's exceptions in our words. No text here ever holds a path, a query or a header."""

from __future__ import annotations

import os
import ssl

import aiohttp
from aiohttp.http_exceptions import LineTooLong
from yarl import URL

from aggregator.adapters.fetch.guard import BlockedAddressError
from aggregator.adapters.fetch.request import place
from aggregator.core.errors import FetchError


def translated(error: Exception, url: URL) -> FetchError:
    """What went wrong before an answer's header was read."""
    where = place(url)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _not_connected(error, where)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return FetchError(f"{where}: the proxy answered {error.status}", kind="connect")
    if isinstance(error, aiohttp.ClientResponseError):
        return _not_http(error, where)
    if isinstance(error, aiohttp.InvalidURL):
        return FetchError(f"{where}: not a host that can be connected to", kind="bad_url")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return FetchError(f"{where}: closed the connection without an answer", kind="connect")
    if isinstance(error, OSError):
        return _not_reached(error, where)
    return FetchError(f"{where}: {type(error).__name__}", kind="connect")


def broken_off(url: URL) -> FetchError:
    """The body ended before it was complete."""
    return FetchError(f"{place(url)}: the body breaks off", kind="truncated")


def _not_connected(error: aiohttp.ClientConnectorError, where: str) -> FetchError:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return FetchError(f"{where}: {_words(error.os_error)}", kind="dns")
    if isinstance(error, aiohttp.ClientSSLError):
        return FetchError(f"{where}: TLS failed: {_words(error.os_error)}", kind="tls")
    return _not_reached(error.os_error, where)


def _not_reached(error: OSError, where: str) -> FetchError:
    if isinstance(error, BlockedAddressError):
        return FetchError(f"{where}: {_words(error)}", kind="blocked_address")
    # asyncio puts words of its own into strerror: "Connect call failed ('192.0.2.1', 80)"
    words = os.strerror(error.errno) if error.errno else _words(error)
    return FetchError(f"{where}: {words}", kind="connect")


def _not_http(error: aiohttp.ClientResponseError, where: str) -> FetchError:
    """A header that is too large, or no HTTP at all; aiohttp calls both an answer of 400."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LineTooLong) or "Too many" in str(cause):
            return FetchError(f"{where}: the header is too large", kind="too_large")
        cause = cause.__cause__
    return FetchError(f"{where}: the answer is not HTTP", kind="http")


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {error.verify_message}"
    return error.strerror or type(error).__name__
