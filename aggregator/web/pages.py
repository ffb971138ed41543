"""The pages for people: index and one page an output as written, status as it is now."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from aiohttp import hdrs, web

from aggregator.core.render import page_path
from aggregator.pages import (
    FEED_STYLE,
    INDEX_TO_ROOT,
    Site,
    draw_error,
    draw_status,
    stylesheets,
)
from aggregator.standing import Standing, counts, standings, values
from aggregator.web.access import find_output
from aggregator.web.files import PublishedFile, PublishedFiles
from aggregator.web.headers import not_yet
from aggregator.web.negotiate import is_not_modified
from aggregator.web.view import View

_FRESH: Final = "public, max-age=300"
_FOR_A_DAY: Final = "public, max-age=86400"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_NEVER_STORED: Final = {hdrs.CACHE_CONTROL: "no-store"}
_HTML: Final = "text/html; charset=utf-8"


class Pages:
    """The handlers of everything that a browser shows."""

    def __init__(self, view: View, published: PublishedFiles) -> None:
        self._view = view
        self._published = published

    async def index(self, request: web.Request) -> web.Response:
        """All outputs, with autodiscovery of each."""
        return await self._page(request, "index.html")

    async def output(self, request: web.Request) -> web.Response:
        """The newest articles of one output; 503 when it was never built."""
        output = find_output(self._view, request)
        private = output.access is not None
        return await self._page(request, page_path(output.id) + "index.html", private=private)

    async def output_without_slash(self, request: web.Request) -> web.Response:
        """Relative links need the slash."""
        output = find_output(self._view, request)
        raise web.HTTPPermanentRedirect(f"{output.id}/")

    async def status(self, _request: web.Request) -> web.Response:
        """How each source is, those in trouble first."""
        told = await self._standings()
        site, now = Site(title=self._view.title), self._view.now()
        body = await asyncio.to_thread(draw_status, site, told, counts(told), now=now)
        return web.Response(body=body, headers={**_NEVER_STORED, hdrs.CONTENT_TYPE: _HTML})

    async def status_json(self, _request: web.Request) -> web.Response:
        """The same for programs: all sources, times in RFC 3339."""
        told = await self._standings()
        body = await asyncio.to_thread(_status_json, told, self._view.now())
        return web.Response(body=body, headers=_NEVER_STORED, content_type="application/json")

    async def _standings(self) -> list[Standing]:
        """How all sources are, off the loop: there may be thousands."""
        view = self._view
        states = await view.source_states()
        return await asyncio.to_thread(standings, view.sources, states, now=view.now(), public=True)

    async def stylesheet(self, request: web.Request) -> web.Response:
        """Pages name their stylesheet by its version; feeds do not, their bytes shall stay."""
        name = request.path.rpartition("/")[2]
        headers = {
            hdrs.CACHE_CONTROL: _FOR_A_DAY if name == FEED_STYLE else _FOR_EVER,
            hdrs.CONTENT_TYPE: "text/css; charset=utf-8",
        }
        return web.Response(body=stylesheets()[name], headers=headers)

    def error(self, request: web.Request, heading: str, text: str) -> str:
        """An error page that finds the stylesheet from any depth."""
        depth = request.raw_path.partition("?")[0].count("/") - 1
        site = Site(title=self._view.title, root="../" * depth or INDEX_TO_ROOT)
        return draw_error(site, heading, text).decode()

    async def _page(
        self, request: web.Request, name: str, *, private: bool = False
    ) -> web.Response:
        root = self._view.private_root if private else self._view.public_root
        file = await self._published.get(root / name)
        if file is None:
            raise not_yet()
        modified = min(file.modified, self._view.now().replace(microsecond=0))
        headers = {
            hdrs.ETAG: file.etag(),
            hdrs.LAST_MODIFIED: format_datetime(modified, usegmt=True),
            hdrs.CACHE_CONTROL: _FRESH.replace("public", "private") if private else _FRESH,
        }
        if _is_known(request, file, modified):
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.body, headers={**headers, hdrs.CONTENT_TYPE: _HTML})


def _is_known(request: web.Request, file: PublishedFile, modified: datetime) -> bool:
    return is_not_modified(
        if_none_match=request.headers.getall(hdrs.IF_NONE_MATCH, []),
        if_modified_since=request.if_modified_since,
        tag=file.tag,
        last_modified=modified,
    )


def _status_json(told: Sequence[Standing], now: datetime) -> bytes:
    value = {"now": now, "sources": [values(one) for one in told]}
    text = json.dumps(value, default=datetime.isoformat, ensure_ascii=False, sort_keys=True)
    return text.encode() + b"\n"
