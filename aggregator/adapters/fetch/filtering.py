"""What aiohttp gets wrong about where an answer ends, put right on the way to it.

A 304 or 204 ends with its header, whatever the server sends after it (RFC 9110 §15.4.5): aiohttp
takes a body there for the start of another answer and fails; the header is lost when both came
in one packet. And where only the end of the connection ends the body, aiohttp takes a reset for
a proper end.
"""

from __future__ import annotations

import asyncio
import re

import aiohttp
from aiohttp.connector import Connection

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")
_BODILESS = (b"204", b"304")
_END = b"\r\n\r\n"
_MAX_HEAD = 256 * 1024  # bytes; aiohttp has given up long before


class Response(aiohttp.ClientResponse):
    """A response that knows whether its connection was reset."""

    filter: _Filter | None = None

    @property
    def was_reset(self) -> bool:
        return self.filter is not None and self.filter.was_reset


class Request(aiohttp.ClientRequest):
    """A request whose answer passes through a filter."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        transport, protocol = conn.transport, conn.protocol
        if transport is None or protocol is None:
            return await super().send(conn)  # lost already, and it will say so
        filtered = _Filter(protocol)
        transport.set_protocol(filtered)
        response = await super().send(conn)
        if isinstance(response, Response):
            response.filter = filtered
        return response


class _Filter(asyncio.Protocol):
    """Passes everything on to aiohttp, but nothing that follows the header of a 304 or 204."""

    def __init__(self, reader: asyncio.Protocol) -> None:
        self.was_reset = False
        self._reader = reader
        self._head: bytearray | None = bytearray()  # None once there is nothing left to decide
        self._cut = False

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            data = self._examined(self._head, data)
        elif self._cut:
            return
        self._reader.data_received(data)

    def eof_received(self) -> bool | None:
        return self._reader.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.was_reset = exc is not None
        self._reader.connection_lost(exc)

    def pause_writing(self) -> None:
        self._reader.pause_writing()

    def resume_writing(self) -> None:
        self._reader.resume_writing()

    def _examined(self, head: bytearray, data: bytes) -> bytes:
        """The part of `data` to pass on; `head` gathers the header until its end."""
        before = len(head)
        head += data
        start = 0
        while (end := head.find(_END, start)) >= 0:
            status = _STATUS.match(head, start)
            end += len(_END)
            if status is None or not status[1].startswith((b"1", *_BODILESS)):
                self._head = None
                return data
            if status[1] in _BODILESS:
                self._head, self._cut = None, True
                return data[: end - before]
            start = end  # an interim answer (1xx); the final one follows
        if len(head) > _MAX_HEAD:
            self._head = None
        del head[:start]
        return data
