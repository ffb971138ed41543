"""A 304 ends with its header, whatever the server sends after it (RFC 9110 §15.4.5).

aiohttp takes a body after a 304 for the start of another answer, finds that it is none, and
fails the poll; the header is lost when both came in one packet. So what follows is cut off
before aiohttp sees it.
"""

from __future__ import annotations

import asyncio
import re

import aiohttp
from aiohttp.connector import Connection

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")
_END = b"\r\n\r\n"
_MAX_HEAD = 256 * 1024  # bytes; aiohttp has given up long before


class Request(aiohttp.ClientRequest):
    """A request whose answer passes through a cutter."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        if conn.transport is not None and conn.protocol is not None:
            conn.transport.set_protocol(_Cutter(conn.protocol))
        return await super().send(conn)


class _Cutter(asyncio.Protocol):
    """Passes everything on to aiohttp, but nothing that follows the header of a 304."""

    def __init__(self, reader: asyncio.Protocol) -> None:
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
            if status is None or not status[1].startswith((b"1", b"304")):
                self._head = None
                return data
            if status[1] == b"304":
                self._head, self._cut = None, True
                return data[: end - before]
            start = end  # an interim answer (1xx); the final one follows
        if len(head) > _MAX_HEAD:
            self._head = None
        del head[:start]
        return data
