"""Feeds on loopback in a process of their own: good ones, and ones that stall, drip or fail.

    python -m benchmarks.server PORT

/good/N answers a small feed with an ETag (304 when asked with it), /stall/N nothing, /drip/N a
byte a second, /error/N a 500. The connection is closed after each answer. /count tells how many
good answers were given.
"""

from __future__ import annotations

import asyncio
import sys

STORIES = 10


def feed(number: str) -> bytes:
    """A small RSS 2.0 document of ten stories that no other feed has."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{number}-{story}</guid>"
        f"<title>Feed {number} tells story number {story} of its own</title>"
        f"<link>http://site{number}.example/story-{story}</link>"
        f"<pubDate>Fri, 27 Jun 2025 09:{story:02d}:00 GMT</pubDate>"
        f"<description>Some words about story {story} of feed {number}.</description></item>"
        for story in range(STORIES)
    )
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed {number}</title>"
        f"<link>http://site{number}.example/</link><description>d</description>{items}"
        "</channel></rss>"
    ).encode()


class Answers:
    """Counts what it served."""

    def __init__(self) -> None:
        self.good = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            _, kind, number = head.split(" ")[1].split("/", 2)
            await self._answer(kind, number, head, writer)
        except (OSError, ValueError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, kind: str, number: str, head: str, writer: asyncio.StreamWriter
    ) -> None:
        if kind == "stall":
            await asyncio.sleep(3600)
        elif kind == "drip":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
            while not writer.is_closing():
                writer.write(b"<")
                await writer.drain()
                await asyncio.sleep(1)
        elif kind == "error":
            writer.write(response("500 Sorry", b"sorry"))
        elif kind == "count":
            writer.write(response("200 OK", str(self.good).encode()))
        elif f'"{number}"' in head:
            self.good += 1
            writer.write(response("304 Not Modified", b"", etag=number))
        else:
            self.good += 1
            writer.write(response("200 OK", feed(number), etag=number))
        await writer.drain()


def response(status: str, body: bytes, *, etag: str = "") -> bytes:
    """A whole answer that closes the connection."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", "Content-Type: application/rss+xml"]
    if etag:
        lines.append(f'ETag: "{etag}"')
    if not status.startswith("304"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def main(port: int) -> None:
    server = await asyncio.start_server(Answers().serve, "127.0.0.1", port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
