"""The published bytes over HTTP: validators, codings, caching, deltas (RFC 9110, 9111, 3229)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from email.utils import format_datetime
from functools import partial
from typing import Final

from aiohttp import hdrs, web

from aggregator.core.codings import CODINGS
from aggregator.core.kept import Kept
from aggregator.core.narrow import Narrowing
from aggregator.core.render import ARCHIVE_FORMATS, FORMATS, archive_path, feed_path
from aggregator.core.settings import Output
from aggregator.core.versions import RECORDED, History, from_text, news
from aggregator.web.access import find_output
from aggregator.web.files import IDENTITY, PublishedFile, PublishedFiles
from aggregator.web.headers import FEED_POLICY, not_yet, too_often
from aggregator.web.limit import Limit
from aggregator.web.negotiate import (
    chosen_coding,
    is_not_modified,
    named_tags,
    wants_news,
)
from aggregator.web.queries import Queries
from aggregator.web.view import View

_METHODS: Final = "GET, HEAD, OPTIONS"
_STALE_IF_ERROR: Final = 86400  # seconds (RFC 5861)
_FOR_EVER: Final = "max-age=31536000, immutable"  # RFC 8246
_OFFERED: Final = tuple(coding.name for coding in CODINGS)
_ANY_TIME: Final = 86400
_TIMED_AGE: Final = 600  # seconds; of what the clock alone can change
_HISTORIES: Final = 64
_NEWS_MEMORY: Final = 16 * 1024 * 1024  # bytes of deltas kept: many clients hold one version


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form in which an output is published."""

    name: str  # the ending of its files
    media_type: str

    @property
    def shown_as(self) -> str:
        """What browsers show; feeds they save, or hand to who knows whom."""
        return "application/json" if self.name == "json" else "application/xml"

    @property
    def has_deltas(self) -> bool:
        """Are the versions of its subscription document recorded? `A-IM: feed` is for XML."""
        return self.name in RECORDED


FORMS: Final = tuple(Form(name=name, media_type=kind) for name, kind in FORMATS.items())


class Feeds:
    """The handlers of /feeds/ID.atom, its other forms, and its archive."""

    def __init__(self, view: View, files: PublishedFiles) -> None:
        self._view = view
        self._files = files
        self._limit = Limit()
        self._queries = Queries(view)
        self._histories: Kept[tuple[str, str], History] = Kept(_HISTORIES)
        self._news: Kept[tuple[str, str, str], PublishedFile] = Kept(_NEWS_MEMORY)

    def routes(self) -> list[web.RouteDef]:
        """Every address of a published document, below a token too."""
        found: list[web.RouteDef] = []
        for start in ("/feeds/{id}", "/private/{token}/feeds/{id}"):
            for form in FORMS:
                pairs = [(f"{start}.{form.name}", partial(self.get, form))]
                if form.name in ARCHIVE_FORMATS:
                    page = rf"/archive/{{number:[1-9]\d{{0,8}}}}.{form.name}"
                    pairs.append((start + page, partial(self.archive, form)))
                for path, handler in pairs:
                    found += [web.get(path, handler), web.options(path, self.options)]
        return found

    async def get(self, form: Form, request: web.Request) -> web.Response:
        """200, 226 or 304; 400, 404, 429 or 503 refused. See find_output for others."""
        output = find_output(self._view, request)
        name = feed_path(output.id, form.name)
        file = await self._file(output, name)
        if file is None:
            # An output is built in all its forms at once: one it does not have is no address.
            raise web.HTTPNotFound if await self._is_built(output) else not_yet()
        wanted = await self._queries.understood(output, request)
        if isinstance(wanted, web.Response):
            return wanted
        if wanted is not None:
            return await self._part(form, request, output, wanted)
        answer = _Answer(self._view, request, output, form, name, file)
        if answer.is_known():
            return answer.unchanged()
        return await self._news_of(answer) or self._whole(answer)

    async def _part(
        self, form: Form, request: web.Request, output: Output, wanted: Narrowing
    ) -> web.Response:
        """What is asked for of an output, like a document of its own."""
        file = await self._queries.document(output, form.name, wanted, client=request.remote or "")
        name = f"{feed_path(output.id, form.name)}?{wanted.query}"
        longest = _TIMED_AGE if wanted.is_timed else _ANY_TIME
        answer = _Answer(self._view, request, wanted.of(output), form, name, file, longest=longest)
        return answer.unchanged() if answer.is_known() else self._whole(answer)

    async def archive(self, form: Form, request: web.Request) -> web.Response:
        """A closed archive document, which never changes (RFC 5005 §4)."""
        output = find_output(self._view, request)
        name = archive_path(output.id, int(request.match_info["number"]), form.name)
        file = await self._file(output, name)
        if file is None:
            raise web.HTTPNotFound
        answer = _Answer(self._view, request, output, form, name, file)
        answer.headers[hdrs.CACHE_CONTROL] = f"{answer.audience}, {_FOR_EVER}"
        return answer.unchanged() if answer.is_known() else answer.whole()

    async def options(self, request: web.Request) -> web.Response:
        """What scripts of other sites may do: read, with conditions, without credentials."""
        find_output(self._view, request)
        headers = {
            hdrs.ALLOW: _METHODS,
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: _METHODS,
            hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "A-IM, If-None-Match, If-Modified-Since",
            hdrs.ACCESS_CONTROL_MAX_AGE: "86400",
        }
        return web.Response(status=204, headers=headers)

    async def _file(self, output: Output, name: str) -> PublishedFile | None:
        root = self._view.public_root if output.access is None else self._view.private_root
        return await self._files.get(root / name)

    async def _is_built(self, output: Output) -> bool:
        return await self._file(output, feed_path(output.id)) is not None

    def _whole(self, answer: _Answer) -> web.Response:
        """The whole document, unless this client had it too often."""
        per_hour = self._view.max_requests
        if per_hour:
            wait = self._limit.take(
                answer.request.remote or "",
                answer.name,
                per_hour=per_hour,
                now=self._view.now(),
            )
            if wait:
                raise too_often(wait)
        return answer.whole()

    async def _news_of(self, answer: _Answer) -> web.Response | None:
        """226 with what is new since the version the client has (RFC 3229); None: the whole."""
        if not answer.form.has_deltas or not wants_news(_joined(answer.request, "A-IM")):
            return None
        history = await self._history(answer)
        known = history.versions
        named = {tag: opaque for tag, opaque in named_tags(answer.named) if tag in known}
        if not named:
            return None
        newest = max(named, key=lambda tag: known[tag])
        file = await self._cut(answer, newest, history)
        return answer.news(file, since=named[newest]) if file else None

    async def _history(self, answer: _Answer) -> History:
        """What is remembered of older versions: read once for each version of a document.

        That this version itself may not be recorded yet makes no difference (see core.versions).
        """
        key = answer.name, answer.file.tag
        kept = self._histories.get(key)
        if kept is None:
            kept = from_text(await self._view.history(answer.output.id, answer.form.name))
            self._histories.put(key, kept)
        return kept

    async def _cut(self, answer: _Answer, tag: str, history: History) -> PublishedFile | None:
        """The delta since the version `tag`, cut and compressed once for all who have that."""
        key = answer.name, answer.file.tag, tag
        kept = self._news.get(key)
        if kept is not None:
            return kept
        made = await asyncio.to_thread(_delta, answer.file, tag, history)
        if made is not None:
            size = len(made.body) + sum(map(len, made.coded.values()))
            self._news.put(key, made, size=size)
        return made


class _Answer:
    """What is said about one version of a document to one request."""

    def __init__(
        self,
        view: View,
        request: web.Request,
        output: Output,
        form: Form,
        name: str,
        file: PublishedFile,
        *,
        longest: int = _ANY_TIME,
    ) -> None:
        self.request = request
        self.output = output
        self.form = form
        self.name = name
        self.file = file
        self.named = request.headers.getall(hdrs.IF_NONE_MATCH, [])
        self.audience = "public" if output.access is None else "private"
        self._modified = min(file.modified, view.now().replace(microsecond=0))
        self._longest = longest  # seconds that a copy may be fresh
        self._coding = chosen_coding(_joined(request, hdrs.ACCEPT_ENCODING), _OFFERED)
        self.headers = self._of_every_answer(view)

    def _of_every_answer(self, view: View) -> dict[str, str]:
        max_age = max(0, min(view.max_age(self.output.id), self._longest))
        return {
            hdrs.ETAG: self.file.etag(self._coding),
            hdrs.LAST_MODIFIED: format_datetime(self._modified, usegmt=True),
            hdrs.CACHE_CONTROL: (
                f"{self.audience}, max-age={max_age}, stale-if-error={_STALE_IF_ERROR}"
            ),
            hdrs.VARY: _vary(self.form),
            hdrs.LINK: self._links(view.base_url),
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
            hdrs.ACCESS_CONTROL_EXPOSE_HEADERS: "ETag, Link, Last-Modified, Retry-After",
            hdrs.ACCEPT_RANGES: "none",
            "Content-Security-Policy": FEED_POLICY,
        }

    def _links(self, base_url: str) -> str:
        """RFC 8288; a hub reads them instead of the document (WebSub §4)."""
        address = self.output.base_of(base_url) + self.name
        links = [f'<{address}>; rel="self"; type="{self.form.media_type}"']
        if self.output.hub and self.output.access is None:
            links.append(f'<{self.output.hub}>; rel="hub"')
        return ", ".join(links)

    def is_known(self) -> bool:
        """Has the client these bytes already?"""
        return is_not_modified(
            if_none_match=self.named,
            if_modified_since=self.request.if_modified_since,
            tag=self.file.tag,
            last_modified=self._modified,
        )

    def unchanged(self) -> web.Response:
        """304 with the tag of the copy the client holds: its cache learns which is confirmed."""
        held = (opaque for tag, opaque in named_tags(self.named) if tag == self.file.tag)
        tags = {self.file.etag(coding) for coding in (IDENTITY, *_OFFERED)}
        named = [tag for tag in (f'"{opaque}"' for opaque in held) if tag in tags]
        if named and self.headers[hdrs.ETAG] not in named:
            self.headers[hdrs.ETAG] = named[0]
        return web.Response(status=304, headers=self.headers)

    def whole(self) -> web.Response:
        """200 with all of it."""
        return self._with_body(200, self.file)

    def news(self, cut: PublishedFile, *, since: str) -> web.Response:
        """226 with a part of it, kept by caches that know deltas only (RFC 3229 §10.5.3)."""
        cache = "no-store, im" if self.output.access is None else "private, no-store, im"
        self.headers[hdrs.CACHE_CONTROL] = cache
        self.headers["IM"] = "feed"
        self.headers["Delta-Base"] = f'"{since}"'
        return self._with_body(226, cut)

    def _with_body(self, status: int, file: PublishedFile) -> web.Response:
        # No browser shows application/atom+xml; the same bytes as application/xml it does.
        in_browser = self.request.headers.get("Sec-Fetch-Dest") == "document"
        media_type = self.form.shown_as if in_browser else self.form.media_type
        self.headers[hdrs.CONTENT_TYPE] = f"{media_type}; charset=utf-8"
        if self._coding != IDENTITY:
            self.headers[hdrs.CONTENT_ENCODING] = self._coding
        body = file.in_coding(self._coding)
        return web.Response(status=status, body=body, headers=self.headers)


def _vary(form: Form) -> str:
    named = ["Accept-Encoding", "A-IM", "Sec-Fetch-Dest"]
    return ", ".join(named if form.has_deltas else (named[0], named[2]))


def _delta(file: PublishedFile, tag: str, history: History) -> PublishedFile | None:
    """The document with its new entries only; `tag` is the version they are new since."""
    body = news(history, file.body, tag=tag)
    if body is None:
        return None
    return replace(file, body=body, coded={one.name: one.pack(body) for one in CODINGS})


def _joined(request: web.Request, name: str) -> str | None:
    values = request.headers.getall(name, [])
    return ", ".join(values) if values else None
