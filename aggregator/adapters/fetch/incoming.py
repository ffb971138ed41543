"""One answer as it comes in: lines of its header, then pieces of its body.

Called by libcurl while it reads. Whatever is wrong with an answer ends the transfer at once, and
so does a header after which nobody wants a body: no more is read than is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from aggregator.core.errors import FetchError
from aggregator.core.validators import Headers

MAX_FIELD = 32 * 1024  # bytes of one header field; some security policies need 10 KiB
MAX_FIELDS = 128
_STATUS_LINE = re.compile(rb"HTTP/[0-9.]+ +([1-9][0-9]{2})(?![0-9])")
NO_MORE = -1  # what a callback returns to end the transfer


@dataclass(frozen=True, slots=True)
class Head:
    """Status and header fields of an answer."""

    status: int
    headers: Headers


class Sink(Protocol):
    """Takes the body of an answer, piece by piece; raises FetchError when it is unfit."""

    def feed(self, data: bytes, /) -> None: ...


Take = Callable[[Head], Sink | None]


class Incoming:
    """Takes in one answer. `take` is given its header and returns who wants the body, if any."""

    def __init__(self, take: Take) -> None:
        self.head: Head | None = None
        self.error: Exception | None = None  # why the transfer was ended
        self.is_enough = False  # ended because nobody wants the body
        self._take = take
        self._sink: Sink | None = None
        self._lines: list[bytes] = []

    @property
    def ends_with_connection(self) -> bool:
        """Is there nothing but the end of the connection to tell the end of the body?"""
        if self.head is None:
            return False
        headers = self.head.headers
        return not (headers.every(b"content-length") or headers.every(b"transfer-encoding"))

    def line(self, line: bytes) -> int | None:
        """Take a line of the header, or of a trailer; those are passed over."""
        if self.head is not None:
            return None
        try:
            return self._line(line.rstrip(b"\r\n"))
        except Exception as error:  # noqa: BLE001 - raised again where the answer is awaited
            self.error = error
            return NO_MORE

    def piece(self, data: bytes) -> int | None:
        """Take a piece of the body."""
        try:
            if self._sink is None:  # after an interim answer that libcurl takes for the last
                raise FetchError("the answer is not HTTP", kind="http")
            self._sink.feed(data)
        except Exception as error:  # noqa: BLE001 - raised again where the answer is awaited
            self.error = error
            return NO_MORE
        return None

    def _line(self, line: bytes) -> int | None:
        if line:
            self._keep(line)
            return None
        status = _status(self._lines)
        if 100 <= status < 200 and status != 101:  # the final answer follows (RFC 9110 §15.2)
            self._lines.clear()
            return None
        self.head = Head(status, _headers(self._lines[1:]))
        self._sink = self._take(self.head)
        self.is_enough = self._sink is None
        return NO_MORE if self.is_enough else None

    def _keep(self, line: bytes) -> None:
        if line[:1] in b" \t" and len(self._lines) > 1:  # a folded field (RFC 9112 §5.2)
            line = self._lines.pop() + b" " + line.strip()
        self._lines.append(line)
        if len(line) > MAX_FIELD or len(self._lines) > MAX_FIELDS + 1:
            raise FetchError("the header is too large", kind="too_large")


def _status(lines: list[bytes]) -> int:
    """The status of an answer (RFC 9112 §4)."""
    found = _STATUS_LINE.match(lines[0]) if lines else None
    if found is None:
        raise FetchError("the answer is not HTTP", kind="http")
    return int(found[1])


def _headers(lines: list[bytes]) -> Headers:
    parts = (line.partition(b":") for line in lines)
    return Headers.of((name, value) for name, _, value in parts)
