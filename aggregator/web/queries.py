"""Parts of outputs for whoever asks (`?q=RULE&limit=N`): made once a version, within bounds.

One is made at a time, in a thread. Nobody can make the program work for more than an allowance,
and what is remembered is bounded too: all the rest is in the address, nothing is written.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web

from aggregator.core.filter import RuleError
from aggregator.core.kept import Kept
from aggregator.core.narrow import Narrowing, Version, mistake, narrowing
from aggregator.core.settings import Output
from aggregator.core.versions import tag_of
from aggregator.web.allowance import Allowance
from aggregator.web.asked import Asked, asked
from aggregator.web.files import PublishedFile
from aggregator.web.headers import not_yet, too_often
from aggregator.web.view import View

_MEMORY: Final = 64 * 1024 * 1024  # bytes of documents, in all codings
_UNDERSTOOD: Final = 64 * 1024  # characters of rules that were read; each takes some hundred bytes
_MOST_WAITING: Final = 16
_OFF: Final = "404 No filters: this feed can only be had as it is.\n"

_Key = tuple[str, str, str]  # output, form, query


@dataclass(frozen=True, slots=True)
class _Made:
    """A document, and what it was made from."""

    version: Version
    file: PublishedFile


class Queries:
    """What is asked for beyond the published documents."""

    def __init__(self, view: View, *, allowance: Allowance | None = None) -> None:
        self._view = view
        self._allowance = allowance or Allowance()
        self._understood: Kept[tuple[str, int, Asked], Narrowing | None] = Kept(_UNDERSTOOD)
        self._made: Kept[_Key, _Made] = Kept(_MEMORY)
        self._work = asyncio.Lock()
        self._waiting = 0

    async def understood(
        self, output: Output, request: web.Request
    ) -> Narrowing | web.Response | None:
        """What part of an output is asked for; None for all of it, as it is published.

        A response where it cannot be understood (400), or is not to be had (404).
        """
        wanted = Asked()
        try:
            wanted = asked(request)
            if not wanted:
                return None
            if not (self._view.queries and output.queries):
                return _refusal(404, _OFF)
            return await self._read(output, wanted)
        except RuleError as error:
            return _refusal(400, f"400 Not understood: {mistake(wanted.q, error)}")

    async def _read(self, output: Output, wanted: Asked) -> Narrowing | None:
        """A rule may take milliseconds to read: off the loop, and once."""
        key = output.id, output.limit, wanted
        found = self._understood.get(key)
        if found is None:
            found = await asyncio.to_thread(narrowing, output, q=wanted.q, limit=wanted.limit)
            self._understood.put(key, found, size=len(wanted.q) + len(wanted.limit))
        return found

    async def document(
        self, output: Output, form: str, wanted: Narrowing, *, client: str
    ) -> PublishedFile:
        """A part of an output as it is now.

        To whom no more work is allowed an earlier version of it is handed out, if there is one
        that is made by today's settings. Raises 429, and 503 when too many are waiting.
        """
        version = await self._view.version(output, wanted)
        if version is None:
            raise not_yet()
        key = output.id, form, wanted.query
        kept = self._made.get(key)
        if kept is not None and kept.version == version:
            return kept.file
        refusal = self._refusal(client)
        if refusal is None:
            return await self._in_turn(output, form, wanted, client=client)
        if kept is not None and kept.version.settings == version.settings:
            return kept.file
        raise refusal

    def _refusal(self, client: str) -> web.HTTPException | None:
        now = self._view.now()
        if wait := self._allowance.wait(client, now=now):
            return too_often(wait)
        if self._waiting >= _MOST_WAITING or self._allowance.wait_of_all(now=now):
            return not_yet()
        return None

    async def _in_turn(
        self, output: Output, form: str, wanted: Narrowing, *, client: str
    ) -> PublishedFile:
        """Make a document, unless that was done while we waited."""
        self._waiting += 1
        try:
            async with self._work:
                version = await self._view.version(output, wanted)
                kept = self._made.get((output.id, form, wanted.query))
                if version is None:
                    raise not_yet()
                if kept is not None and kept.version == version:
                    return kept.file
                return await self._make(output, form, wanted, version=version, client=client)
        finally:
            self._waiting -= 1

    async def _make(
        self, output: Output, form: str, wanted: Narrowing, *, version: Version, client: str
    ) -> PublishedFile:
        """Make a document. The version was read before: what is made may be newer, never older."""
        narrowed = await self._view.narrowed(output, wanted, form)
        if narrowed is None:
            raise not_yet()
        now = self._view.now()
        self._allowance.charge(client, narrowed.seconds, now=now)
        key, tag = (output.id, form, wanted.query), tag_of(narrowed.body)
        kept = self._made.get(key)
        modified = kept.file.modified if kept and kept.file.tag == tag else now
        file = PublishedFile(body=narrowed.body, coded=narrowed.coded, tag=tag, modified=modified)
        size = len(file.body) + sum(map(len, file.coded.values()))
        self._made.put(key, _Made(version, file), size=size)
        return file


def _refusal(status: int, text: str) -> web.Response:
    """Plain text also for browsers: it repeats what was asked."""
    headers = {hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*"}
    return web.Response(status=status, headers=headers, text=text, content_type="text/plain")
