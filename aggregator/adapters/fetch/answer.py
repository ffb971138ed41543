"""What an answer means: a document, nothing new, or a failure. Reads no more than it must."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from aggregator.adapters.fetch.decode import Decoder, coding_of
from aggregator.adapters.fetch.incoming import Head
from aggregator.adapters.fetch.target import Target
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


class Answer:
    """One answer to a conditional request. Takes the body of a full answer or a wanted delta.

    `stored` are the validators that the conditional fields `sent` were made from; `max_body`
    bounds the bytes received and the bytes decoded.
    """

    def __init__(
        self, *, stored: Validators, sent: Sequence[tuple[str, str]], max_body: int
    ) -> None:
        self._stored = stored
        self._sent = sent
        self._max_body = max_body
        self._decoder: Decoder | None = None

    def take(self, head: Head) -> Decoder | None:
        """Say who takes the body: nobody if it is not wanted. Raises FetchError."""
        if head.status in FULL or self._is_delta(head):
            self._decoder = decoder_for(head, max_body=self._max_body)
        return self._decoder

    def settle(self, head: Head, *, url: Target, moved_to: str | None) -> Fetched:
        """Turn the answer, no redirect, into what it brought; raises FetchError."""
        document, received = None, 0
        validators = validators_of(head.headers)
        if self._decoder is not None:
            document = _document(url, head, self._decoder.finish())
            received = self._decoder.received
        elif head.status == 304 and self._sent:
            validators = merge(self._stored, validators)
        else:
            raise refused(head.status, head.headers)
        seconds, reason = fresh_for(head.headers)
        return Fetched(
            status=head.status,
            document=document,
            validators=validators,
            fresh_for=seconds,
            fresh_reason=reason,
            moved_to=moved_to,
            received=received,
        )

    def _is_delta(self, head: Head) -> bool:
        """Does it hold entries since a version, as we asked, and is it not some other delta?"""
        if head.status != DELTA_ONLY or DELTA not in self._sent:
            return False
        manipulations = head.headers.text(b"im").lower()
        return not manipulations or "feed" in manipulations.replace(",", " ").split()


def _document(url: Target, head: Head, body: bytes) -> Document:
    if not body:
        raise FetchError("an empty body", kind="empty", status=head.status)
    return Document(
        url=str(url),
        body=body,
        content_type=head.headers.text(b"content-type") or None,
        content_language=head.headers.text(b"content-language") or None,
    )


def decoder_for(head: Head, *, max_body: int) -> Decoder:
    """What takes the body of an answer; raises FetchError when it is said to be too large."""
    announced = head.headers.first(b"content-length")
    if announced.isdigit() and int(announced[:20]) > max_body:
        raise FetchError(
            f"a body of {int(announced[:20])} bytes was announced, the limit is {max_body}",
            kind="too_large",
            status=head.status,
        )
    codings = b",".join(head.headers.every(b"content-encoding")).decode("latin-1")
    return Decoder(coding_of(codings), limit=max_body)


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
