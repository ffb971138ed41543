"""The published bytes over HTTP: validators, codings, caching (RFC 9110, RFC 9111)."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from typing import Final

from aiohttp import hdrs, web

from aggregator.core.render import ATOM_TYPE, feed_path
from aggregator.core.settings import Output
from aggregator.web.files import PublishedFile, PublishedFiles
from aggregator.web.headers import FEED_POLICY, not_yet
from aggregator.web.negotiate import accepts_gzip, is_not_modified
from aggregator.web.view import View

_METHODS: Final = "GET, HEAD, OPTIONS"
_STALE_IF_ERROR: Final = 86400  # seconds (RFC 5861)


class Feeds:
    """The handlers of /feeds/ID.atom."""

    def __init__(self, view: View, files: PublishedFiles) -> None:
        self._view = view
        self._files = files

    async def get(self, request: web.Request) -> web.Response:
        """200 or 304 with the whole document; 404 unknown; 503 not built yet."""
        output = find_output(self._view, request)
        file = await self._files.get(self._view.public_root / feed_path(output.id))
        if file is None:
            raise not_yet()
        modified = min(file.modified, self._view.now().replace(microsecond=0))
        gzipped = accepts_gzip(_joined(request, hdrs.ACCEPT_ENCODING))
        headers = self._headers(output, etag=file.etag(gzipped=gzipped), modified=modified)
        named = request.headers.getall(hdrs.IF_NONE_MATCH, [])
        if is_not_modified(
            if_none_match=named,
            if_modified_since=request.if_modified_since,
            tag=file.tag,
            last_modified=modified,
        ):
            headers[hdrs.ETAG] = _held_tag(file, gzipped=gzipped, named=", ".join(named))
            return web.Response(status=304, headers=headers)
        return _whole(request, file, headers, gzipped=gzipped)

    async def options(self, request: web.Request) -> web.Response:
        """What scripts of other sites may do: read, with conditions, without credentials."""
        find_output(self._view, request)
        headers = {
            hdrs.ALLOW: _METHODS,
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: _METHODS,
            hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "If-None-Match, If-Modified-Since",
            hdrs.ACCESS_CONTROL_MAX_AGE: "86400",
        }
        return web.Response(status=204, headers=headers)

    def _headers(self, output: Output, *, etag: str, modified: datetime) -> dict[str, str]:
        address = self._view.base_url + feed_path(output.id)
        max_age = max(0, self._view.max_age(output.id))
        return {
            hdrs.ETAG: etag,
            hdrs.LAST_MODIFIED: format_datetime(modified, usegmt=True),
            hdrs.CACHE_CONTROL: f"public, max-age={max_age}, stale-if-error={_STALE_IF_ERROR}",
            hdrs.VARY: "Accept-Encoding, Sec-Fetch-Dest",
            hdrs.LINK: f'<{address}>; rel="self"; type="{ATOM_TYPE}"',
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
            hdrs.ACCESS_CONTROL_EXPOSE_HEADERS: "ETag, Link, Last-Modified, Retry-After",
            hdrs.ACCEPT_RANGES: "none",
            "Content-Security-Policy": FEED_POLICY,
        }


def find_output(view: View, request: web.Request) -> Output:
    """The output named in the path; 404 unless configured. No file name is made of a request."""
    wanted = request.match_info["id"]
    for output in view.outputs:
        if output.id == wanted:
            return output
    raise web.HTTPNotFound


def _joined(request: web.Request, name: str) -> str | None:
    values = request.headers.getall(name, [])
    return ", ".join(values) if values else None


def _held_tag(file: PublishedFile, *, gzipped: bool, named: str) -> str:
    """The tag of the copy the client holds, so that its cache knows which one is confirmed."""
    chosen, other = file.etag(gzipped=gzipped), file.etag(gzipped=not gzipped)
    return other if other in named and chosen not in named else chosen


def _whole(
    request: web.Request, file: PublishedFile, headers: dict[str, str], *, gzipped: bool
) -> web.Response:
    # No browser shows application/atom+xml; the same bytes as application/xml it does.
    in_browser = request.headers.get("Sec-Fetch-Dest") == "document"
    media_type = "application/xml" if in_browser else ATOM_TYPE
    headers[hdrs.CONTENT_TYPE] = f"{media_type}; charset=utf-8"
    if gzipped:
        headers[hdrs.CONTENT_ENCODING] = "gzip"
    return web.Response(body=file.gzip_body if gzipped else file.body, headers=headers)
