"""One published file -> an answer: coding, validators, 200 or 304 (RFC 9110)."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from typing import Final

from aiohttp import hdrs, web

from aggregator.core.codings import CODINGS
from aggregator.web.files import IDENTITY, PublishedFile
from aggregator.web.negotiate import chosen_coding, is_not_modified

_OFFERED: Final = tuple(coding.name for coding in CODINGS)


def answer_file(
    request: web.Request, file: PublishedFile, *, media_type: str, cache: str, now: datetime
) -> web.Response:
    """What does not need the care of a feed: pages and stylesheets. `cache`: Cache-Control."""
    coding = chosen_coding(_accepted(request), _OFFERED)
    modified = min(file.modified, now.replace(microsecond=0))
    headers = {
        hdrs.ETAG: file.etag(coding),
        hdrs.LAST_MODIFIED: format_datetime(modified, usegmt=True),
        hdrs.CACHE_CONTROL: cache,
        hdrs.VARY: hdrs.ACCEPT_ENCODING,
    }
    if is_not_modified(
        if_none_match=request.headers.getall(hdrs.IF_NONE_MATCH, []),
        if_modified_since=request.if_modified_since,
        tag=file.tag,
        last_modified=modified,
    ):
        return web.Response(status=304, headers=headers)
    headers[hdrs.CONTENT_TYPE] = f"{media_type}; charset=utf-8"
    if coding != IDENTITY:
        headers[hdrs.CONTENT_ENCODING] = coding
    return web.Response(body=file.in_coding(coding), headers=headers)


def _accepted(request: web.Request) -> str | None:
    values = request.headers.getall(hdrs.ACCEPT_ENCODING, [])
    return ", ".join(values) if values else None
