"""The pages for people: index and one page an output as written, status as it is now."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from aggregator.core.render import feed_path, page_path
from aggregator.core.settings import Output
from aggregator.explain import Tally, rule_values
from aggregator.pages import (
    FEED_STYLE,
    INDEX,
    INDEX_TO_ROOT,
    STATUS_SOURCES,
    STYLE,
    OutputLine,
    Site,
    draw_error,
    draw_index,
    draw_status,
    output_line,
)
from aggregator.standing import Standing, Survey, values
from aggregator.web.access import find_output, opened_outputs
from aggregator.web.answer import answer_file
from aggregator.web.files import PublishedFiles
from aggregator.web.headers import not_yet
from aggregator.web.view import View

_FRESH: Final = "max-age=300"
_FOR_A_DAY: Final = "max-age=86400"
_FOR_EVER: Final = "max-age=31536000, immutable"
_NEVER_STORED: Final = {hdrs.CACHE_CONTROL: "no-store"}
_HTML: Final = "text/html"
_HTML_UTF_8: Final = f"{_HTML}; charset=utf-8"
_CSS: Final = "text/css"
_PIECE: Final = 100  # sources: a tenth of a megabyte


class Pages:
    """The handlers of everything that a browser shows."""

    def __init__(self, view: View, published: PublishedFiles) -> None:
        self._view = view
        self._published = published

    async def index(self, request: web.Request) -> web.Response:
        """All public outputs, with autodiscovery of each."""
        return await self._file(request, self._view.public_root / INDEX, _HTML)

    async def private_index(self, request: web.Request) -> web.Response:
        """The outputs that one token opens: drawn for the asking, and written nowhere."""
        lines = [await self._line(output) for output in opened_outputs(self._view, request)]
        body = draw_index(Site(title=self._view.title), lines, private=True)
        headers = {hdrs.CACHE_CONTROL: "private, no-cache", hdrs.CONTENT_TYPE: _HTML_UTF_8}
        return web.Response(body=body, headers=headers)

    async def output(self, request: web.Request) -> web.Response:
        """The newest articles of one output; 503 when it was never built."""
        output = find_output(self._view, request)
        path = self._root(output) / page_path(output.id) / INDEX
        audience = "public" if output.access is None else "private"
        return await self._file(request, path, _HTML, cache=f"{audience}, {_FRESH}")

    async def output_without_slash(self, request: web.Request) -> web.Response:
        """Relative links need the slash."""
        output = find_output(self._view, request)
        raise web.HTTPPermanentRedirect(f"{output.id}/")

    async def status(self, _request: web.Request) -> web.Response:
        """How each source is, those in trouble first."""
        found = await self._view.survey()
        body = await asyncio.to_thread(self._status, found, self._view.rules())
        return web.Response(body=body, headers={**_NEVER_STORED, hdrs.CONTENT_TYPE: _HTML_UTF_8})

    async def status_json(self, _request: web.Request) -> web.Response:
        """The same for programs: all sources, times in RFC 3339."""
        found = await self._view.survey()
        body = self._status_json(found, self._view.rules())
        return web.Response(body=body, headers=_NEVER_STORED, content_type="application/json")

    def _status(self, found: Survey, rules: Tally | None) -> bytes:
        now = self._view.now()
        return draw_status(
            Site(title=self._view.title),
            list(self._told(found, found.order[:STATUS_SOURCES], now)),
            found.counts,
            rules=rules,
            now=now,
        )

    async def _status_json(self, found: Survey, rules: Tally | None) -> AsyncIterator[bytes]:
        """Write some sources at a time: of 100,000 the text is 100 MB."""
        now = self._view.now()
        counted = None if rules is None else [rule_values(one) for one in rules.rules]
        yield b'{"now": %s, "rules": %s, "sources": [' % (_json(now), _json(counted))
        for start in range(0, len(found.order), _PIECE):
            names = found.order[start : start + _PIECE]
            piece = await asyncio.to_thread(self._sources_json, found, names, now)
            yield b", " * bool(start) + piece
        yield b"]}\n"

    def _sources_json(self, found: Survey, names: Sequence[str], now: datetime) -> bytes:
        return b", ".join(_json(values(one)) for one in self._told(found, names, now))

    def _told(self, found: Survey, names: Sequence[str], now: datetime) -> Iterator[Standing]:
        return found.standings(names, self._view.state_of, now=now, public=True)

    async def style(self, request: web.Request) -> web.Response:
        """Pages name their stylesheet by its version: this address may be kept for ever."""
        path = self._view.public_root / STYLE
        return await self._file(request, path, _CSS, cache=f"public, {_FOR_EVER}")

    async def feed_style(self, request: web.Request) -> web.Response:
        """Feeds name theirs without a version, for their bytes shall stay."""
        path = self._view.public_root / FEED_STYLE
        return await self._file(request, path, _CSS, cache=f"public, {_FOR_A_DAY}")

    def error(self, request: web.Request, heading: str, text: str) -> str:
        """An error page that finds the stylesheet from any depth."""
        depth = request.raw_path.partition("?")[0].count("/") - 1
        site = Site(title=self._view.title, root="../" * depth or INDEX_TO_ROOT)
        return draw_error(site, heading, text).decode()

    async def _line(self, output: Output) -> OutputLine:
        file = await self._published.get(self._root(output) / feed_path(output.id))
        return output_line(output, updated=file.modified if file else None)

    def _root(self, output: Output) -> Path:
        return self._view.public_root if output.access is None else self._view.private_root

    async def _file(
        self, request: web.Request, path: Path, media_type: str, *, cache: str = f"public, {_FRESH}"
    ) -> web.Response:
        file = await self._published.get(path)
        if file is None:
            raise not_yet()
        now = self._view.now()
        return answer_file(request, file, media_type=media_type, cache=cache, now=now)


def _json(value: object) -> bytes:
    text = json.dumps(value, default=datetime.isoformat, ensure_ascii=False, sort_keys=True)
    return text.encode()
