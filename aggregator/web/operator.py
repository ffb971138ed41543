"""What machines ask: health, readiness, metrics, the list of sources, the rule for robots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from aggregator.web.view import View

_ROBOTS: Final = "User-agent: *\nDisallow: /\n"
_NEVER_STORED: Final = {"Cache-Control": "no-store"}


class Operator:
    """The handlers of /healthz, /readyz, /metrics, /opml and /robots.txt."""

    def __init__(self, view: View) -> None:
        self._view = view

    async def health(self, _request: web.Request) -> web.Response:
        """200 while the process is well, else 503 with what is wrong."""
        return _verdict(await self._view.health())

    async def readiness(self, _request: web.Request) -> web.Response:
        """200 when requests can be answered, else 503 with what is missing."""
        return _verdict(await self._view.readiness())

    async def metrics(self, _request: web.Request) -> web.Response:
        """Prometheus text format."""
        headers = {**_NEVER_STORED, "Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=await self._view.metrics(), headers=headers)

    async def opml(self, _request: web.Request) -> web.Response:
        """The sources, for a feed reader to import."""
        headers = {
            "Cache-Control": "public, max-age=300",
            "Content-Type": "text/x-opml; charset=utf-8",
        }
        return web.Response(body=await self._view.opml(), headers=headers)

    async def robots(self, _request: web.Request) -> web.Response:
        """Republished articles belong in search engines under their own addresses only."""
        return web.Response(text=_ROBOTS, headers={"Cache-Control": "public, max-age=86400"})


def _verdict(problems: Sequence[str]) -> web.Response:
    body = {"status": "failing" if problems else "ok", "problems": list(problems)}
    return web.json_response(body, status=503 if problems else 200, headers=_NEVER_STORED)
