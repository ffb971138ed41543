"""What an answer means: a document, nothing new, or a failure. Reads no more than it must."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import aiohttp

from aggregator.adapters.fetch.decode import Decoder, coding_of
from aggregator.adapters.fetch.filtering import Response
from aggregator.adapters.fetch.trouble import broken_off
from aggregator.core.errors import FetchError
from aggregator.core.model import Document, Fetched, Validators
from aggregator.core.validators import (
    DELTA,
    WEEK,
    Headers,
    fresh_for,
    merge,
    retry_after,
    validators_of,
)

FULL = (200, 203)  # 203: a full answer that a proxy has changed (RFC 9110 §15.3.4)
DELTA_ONLY = 226  # IM Used: only the entries since the version we named (RFC 3229 §10.4.1)
EMPTY = (204, 205)
PERMANENT = (301, 308)
REDIRECTS = (*PERMANENT, 302, 303, 307)


async def settle(
    response: aiohttp.ClientResponse,
    *,
    stored: Validators,
    sent: Sequence[tuple[str, str]],
    moved_to: str | None,
    max_body: int,
) -> Fetched:
    """Turn an answer that is no redirect into what it brought; raises FetchError.

    `sent` are the conditional fields of the request, made from the `stored` validators.
    Only the body of a full answer, or of a delta that was asked for, is read.
    """
    headers = Headers.of(response.raw_headers)
    document, received = None, 0
    if response.status == 304 and sent:
        validators = merge(stored, validators_of(headers))
    elif response.status in FULL or _is_delta(response.status, headers, sent):
        body, received = await read_body(response, headers, max_body)
        if not body:
            raise FetchError("an empty body", kind="empty", status=response.status)
        document = _document(response, headers, body)
        validators = validators_of(headers)
    else:
        raise refused(response.status, headers)
    seconds, reason = fresh_for(headers)
    return Fetched(
        status=response.status,
        document=document,
        validators=validators,
        fresh_for=seconds,
        fresh_reason=reason,
        moved_to=moved_to,
        received=received,
    )


def _is_delta(status: int, headers: Headers, sent: Sequence[tuple[str, str]]) -> bool:
    """Whether the answer holds entries since a version, as we asked, and not some other delta."""
    if status != DELTA_ONLY or DELTA not in sent:
        return False
    manipulations = headers.text(b"im").lower()
    return not manipulations or "feed" in manipulations.replace(",", " ").split()


def _document(response: aiohttp.ClientResponse, headers: Headers, body: bytes) -> Document:
    return Document(
        url=str(response.url),
        body=body,
        content_type=headers.text(b"content-type") or None,
        content_language=headers.text(b"content-language") or None,
    )


async def read_body(
    response: aiohttp.ClientResponse, headers: Headers, max_body: int
) -> tuple[bytes, int]:
    """The decoded body and the number of bytes received; raises FetchError.

    `max_body` bounds the bytes received and the bytes decoded.
    """
    announced = response.content_length
    if announced is not None and announced > max_body:
        raise FetchError(
            f"a body of {announced} bytes was announced, the limit is {max_body}",
            kind="too_large",
            status=response.status,
        )
    codings = b",".join(headers.every(b"content-encoding")).decode("latin-1")
    decoder = Decoder(coding_of(codings), limit=max_body)
    try:
        async for chunk in response.content.iter_any():
            decoder.feed(chunk)
    except (aiohttp.ClientError, OSError) as error:
        raise broken_off(response.url) from error
    if _ends_with_connection(headers) and isinstance(response, Response) and response.was_reset:
        raise broken_off(response.url)
    return decoder.finish(), decoder.received


def _ends_with_connection(headers: Headers) -> bool:
    """Whether nothing but the end of the connection tells the end of the body."""
    chunked = b"chunked" in headers.first(b"transfer-encoding").lower()
    return not chunked and not headers.first(b"content-length")


def refused(status: int, headers: Headers) -> FetchError:
    """An answer that is an error, or one that was not asked for."""
    return FetchError(
        _reason(status, headers),
        kind="empty" if status in EMPTY else "http",
        status=status,
        retry_after=retry_after(headers),
        fresh_for=fresh_for(headers, cap=WEEK)[0],
    )


def _reason(status: int, headers: Headers) -> str:
    try:
        phrase = f" {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = ""
    if status == 304:
        return f"HTTP 304{phrase}, though the request was unconditional"
    if status == DELTA_ONLY:
        return f"HTTP {status}{phrase}, a delta that was not asked for"
    if headers.first(b"cf-mitigated") == b"challenge":
        return f"HTTP {status}{phrase} (Cloudflare asks for a browser)"
    return f"HTTP {status}{phrase}"
