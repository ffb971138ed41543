"""The pages for people: index, one page an output, status. Templates escape everything."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from aggregator.core.render import feed_path, page_path
from aggregator.core.render.fields import web_address
from aggregator.core.settings import Output
from aggregator.standing import Standing, counts, facts, standings, values
from aggregator.standing.words import distance
from aggregator.web.feeds import find_output
from aggregator.web.files import PublishedFiles
from aggregator.web.view import View
from aggregator.web.words import day_name, days

PAGE_ARTICLES: Final = 100
STATUS_SOURCES: Final = 500  # a browser still likes that; the rest is in status.json
_FRESH: Final = {"Cache-Control": "public, max-age=60"}
_NEVER_STORED: Final = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLine:
    """One output on the index page."""

    id: str
    title: str
    subtitle: str
    language: str
    sources: int
    entries: int | None  # None: not built yet
    updated: datetime | None


class Pages:
    """Draws pages; every link is relative, so that they work below any path."""

    def __init__(self, view: View, published: PublishedFiles) -> None:
        self._view = view
        self._published = published
        self._style = files("aggregator").joinpath("templates/style.css").read_bytes()
        self._environment = Environment(
            loader=PackageLoader("aggregator", "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        version = hashlib.blake2b(self._style, digest_size=6).hexdigest()
        self._environment.globals.update(
            style=f"style.css?v={version}",
            feed_path=feed_path,
            page_path=page_path,
            distance=distance,
            day_name=day_name,
            facts=facts,
            web_address=web_address,
        )

    async def index(self, _request: web.Request) -> web.Response:
        """All outputs, with autodiscovery of each."""
        lines = [await self._output_line(output) for output in self._view.outputs]
        return self._page("index.html", root="./", headers=_FRESH, outputs=lines)

    async def output(self, request: web.Request) -> web.Response:
        """The newest articles of one output."""
        output = find_output(self._view, request)
        articles = await self._view.articles(output.id, min(output.limit, PAGE_ARTICLES))
        grouped = await asyncio.to_thread(days, articles)
        line = await self._output_line(output)
        return self._page("output.html", root="../../", headers=_FRESH, output=line, days=grouped)

    async def output_without_slash(self, request: web.Request) -> web.Response:
        """Relative links need the slash."""
        output = find_output(self._view, request)
        raise web.HTTPPermanentRedirect(f"{output.id}/")

    async def status(self, _request: web.Request) -> web.Response:
        """How each source is, those in trouble first."""
        told = await self._standings()
        return await asyncio.to_thread(
            self._page,
            "status.html",
            root="./",
            headers=_NEVER_STORED,
            sources=told[:STATUS_SOURCES],
            total=len(told),
            counts=counts(told),
        )

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

    async def stylesheet(self, _request: web.Request) -> web.Response:
        """Its address changes with its content."""
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "Content-Type": "text/css; charset=utf-8",
        }
        return web.Response(body=self._style, headers=headers)

    def error(self, request: web.Request, title: str, text: str) -> str:
        """An error page that finds the stylesheet from any depth."""
        root = "../" * (request.raw_path.partition("?")[0].count("/") - 1) or "./"
        return self._draw("error.html", root=root, heading=title, text=text)

    async def _output_line(self, output: Output) -> OutputLine:
        file = await self._published.get(self._view.public_root / feed_path(output.id))
        return OutputLine(
            id=output.id,
            title=output.title,
            subtitle=output.subtitle,
            language=output.language,
            sources=len(output.sources),
            entries=file.entries if file else None,
            updated=file.modified if file else None,
        )

    def _page(
        self, template: str, *, root: str, headers: dict[str, str], **values: object
    ) -> web.Response:
        text = self._draw(template, root=root, **values)
        return web.Response(text=text, headers=headers, content_type="text/html")

    def _draw(self, template: str, *, root: str, **values: object) -> str:
        return self._environment.get_template(template).render(
            root=root, site=self._view.title, now=self._view.now(), **values
        )


def _status_json(told: Sequence[Standing], now: datetime) -> bytes:
    value = {"now": now, "sources": [values(one) for one in told]}
    text = json.dumps(value, default=datetime.isoformat, ensure_ascii=False, sort_keys=True)
    return text.encode() + b"\n"
