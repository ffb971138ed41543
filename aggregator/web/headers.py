"""Headers that every answer carries, and how errors look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from aggregator.core.errors import StoreError

PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
FEED_POLICY: Final = "default-src 'none'; style-src 'self'; sandbox"  # it names a stylesheet
RETRY_AFTER: Final = 30  # seconds: the first build is rarely further away

_ALWAYS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_WORDS: Final = {
    401: ("Not for everybody", "This feed is private: its name and password are needed."),
    404: ("Not here", "There is nothing at this address."),
    405: ("Not like this", "This address only answers GET and HEAD."),
    410: ("No more", "This feed is not published any more."),
    429: ("Not so often", "This feed was sent to you many times just now. Please come later."),
    503: ("Not yet", "This is still being prepared. Please try again in a moment."),
}
_OF_ERRORS: Final = ("Allow", "Retry-After", "WWW-Authenticate")

ErrorPage = Callable[[web.Request, str, str], str]


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Set what no handler may forget; an error is never stored by a cache."""
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "aggregator"  # not the versions of our libraries
    if response.status >= 400:
        response.headers["Cache-Control"] = "no-store"


def error_pages(draw: ErrorPage) -> Middleware:
    """A middleware: HTTP errors become a page for browsers, a line of text for programs."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except StoreError:
            return _error(request, 503, {"Retry-After": str(RETRY_AFTER)}, draw)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return _error(request, error.status, _kept(error), draw)

    return middleware


def _kept(error: web.HTTPException) -> dict[str, str]:
    return {name: error.headers[name] for name in _OF_ERRORS if name in error.headers}


def not_yet() -> web.HTTPException:
    """503: configured, but never built; an empty feed would make readers forget everything."""
    return web.HTTPServiceUnavailable(headers={"Retry-After": str(RETRY_AFTER)})


def too_often(wait: int) -> web.HTTPException:
    """429: the client had this document often enough; `wait` is in seconds (RFC 6585 §4)."""
    return web.HTTPTooManyRequests(headers={"Retry-After": str(wait)})


def _error(
    request: web.Request, status: int, headers: dict[str, str], draw: ErrorPage
) -> web.Response:
    title, text = _WORDS.get(status, (f"Error {status}", "The request could not be answered."))
    if "text/html" in request.headers.get("Accept", ""):
        body = draw(request, title, text)
        return web.Response(status=status, headers=headers, text=body, content_type="text/html")
    return web.Response(status=status, headers=headers, text=f"{status} {title}: {text}\n")
