"""A server on loopback that sends exactly the bytes it is told to, and remembers what it got."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]
Reply = bytes | Script
Routes = Mapping[str, Reply | list[Reply]]


@dataclass(slots=True)
class RawServer:
    """What the server has seen. `requests` are the heads of all requests, in order."""

    port: int = 0
    scheme: str = "http"
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/feed", *, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def targets(self) -> list[str]:
        """The request targets, byte for byte."""
        return [head.split(b" ")[1].decode() for head in self.requests]

    def field_of(self, name: str, request: int = -1) -> str | None:
        """The value of a header field of one request; None without it."""
        for line in self.requests[request].split(b"\r\n")[1:]:
            known, _, value = line.partition(b":")
            if known.decode().lower() == name.lower():
                return value.strip(b" ").decode()
        return None


def answer(
    body: bytes = b"<rss/>", *, status: str = "200 OK", length: int | None = None, **fields: str
) -> bytes:
    """A whole answer; `_` in a field's name stands for `-`."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def redirect(location: str, *, status: str = "302 Found", body: bytes = b"") -> bytes:
    """A redirect; `location` may hold any character up to U+00FF, each a byte."""
    return answer(body, status=status, Location=location)


async def stall(writer: asyncio.StreamWriter) -> None:
    """Keep the connection open without a word, until the test ends."""
    await asyncio.get_running_loop().create_future()


def then_stall(reply: bytes) -> Script:
    """Send `reply` and keep the connection open."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await stall(writer)

    return send


def drip(head: bytes, crumb: bytes) -> Script:
    """Send `head`, then `crumb` again and again, a little too slowly."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.write(crumb)

    return send


def flood(head: bytes, chunk: bytes) -> Script:
    """Send `head`, then `chunk` as fast as it is taken, for ever."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(chunk)
            await writer.drain()

    return send


@asynccontextmanager
async def raw_server(routes: Routes, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve `routes`: a path gives its bytes, its script, or the next of its list.

    A path without a route is served by the route "*". All is closed when the block ends.
    """
    seen = RawServer(scheme="https" if tls else "http")
    replies = {path: _as_list(reply) for path, reply in routes.items()}
    open_connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_serve(seen, replies, reader, writer))
        open_connections.add(task)
        task.add_done_callback(open_connections.discard)
        task.add_done_callback(lambda _: writer.close())  # also when it was ended before it began

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for task in open_connections:
            task.cancel()
        await asyncio.gather(*open_connections, return_exceptions=True)


async def _serve(
    seen: RawServer,
    replies: dict[str, list[Reply]],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.requests.append(head)
        path = head.split(b" ")[1].decode()
        await _send(replies[path if path in replies else "*"], writer)
    except (OSError, asyncio.IncompleteReadError):
        pass  # the other side has left
    finally:
        await _hang_up(writer)


async def _send(replies: list[Reply], writer: asyncio.StreamWriter) -> None:
    reply = replies.pop(0) if len(replies) > 1 else replies[0]
    if isinstance(reply, bytes):
        writer.write(reply)
        await writer.drain()
    else:
        await reply(writer)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(1):
            await writer.wait_closed()
    writer.transport.abort()


def _as_list(reply: Reply | list[Reply]) -> list[Reply]:
    return list(reply) if isinstance(reply, list) else [reply]
