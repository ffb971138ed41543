"""The publishers: all feeds of one comparison on loopback, in a process of their own.

    python -m benchmarks.peers.server URLS

/feed/N answers the version of feed N that is published, with ETag and Last-Modified: gzip where
that is accepted, 304 to those who have it. The connection is closed after each answer, as if
each feed were on a host of its own. /publish/STEP decides what is published (see `version_of`);
/record tells what was asked since the last /record. When all is ready, the port and what the
documents are like are printed as JSON.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b

from benchmarks.peers.copies import bodies
from benchmarks.peers.documents import VERSIONS, Facts, Original, corpus, originals

FIRST = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
LATER = timedelta(hours=1)
FEW = 0.07  # of all feeds have something new
STEPS = ("old", "few", "all")  # what is published: the oldest versions, a new one of few, of all


def has_news(number: int) -> bool:
    """Is feed `number` one of the few? They are spread evenly."""
    return int((number + 1) * FEW) > int(number * FEW)


def version_of(number: int, step: str) -> int:
    """Which version feed `number` publishes: from step to step, one entry more or the same."""
    if step == "old":
        return 0
    return int(has_news(number)) + int(step == "all")


@dataclass(slots=True)
class Record:
    """What was asked and answered."""

    requests: int = 0
    whole: int = 0  # 200
    unchanged: int = 0  # 304
    sent: int = 0  # bytes of bodies, packed or not
    packed: int = 0  # answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of one feed, ready to be sent."""

    kind: str
    etag: str
    modified: str
    plain: bytes
    packed: bytes

    def is_known(self, asked: Mapping[str, str]) -> bool:
        """RFC 9110, 13.2.2: the ETag decides where there is one."""
        if "if-none-match" in asked:
            return self.etag in asked["if-none-match"]
        return asked.get("if-modified-since") == self.modified

    def head(self, status: str, *more: str) -> bytes:
        lines = [f"HTTP/1.1 {status}", f"ETag: {self.etag}", f"Last-Modified: {self.modified}"]
        lines += [*more, "Vary: Accept-Encoding", "Connection: close", "", ""]
        return "\r\n".join(lines).encode()

    def answer(self, asked: Mapping[str, str], record: Record) -> bytes:
        """The whole answer to a request with these headers."""
        record.requests += 1
        if self.is_known(asked):
            record.unchanged += 1
            return self.head("304 Not Modified")
        packed = "gzip" in asked.get("accept-encoding", "")
        body = self.packed if packed else self.plain
        record.whole += 1
        record.packed += packed
        record.sent += len(body)
        more = [f"Content-Type: {self.kind}", f"Content-Length: {len(body)}"]
        return self.head("200 OK", *more, *["Content-Encoding: gzip"] * packed) + body


def versions(found: tuple[Original, ...], number: int) -> tuple[Version, ...]:
    """All versions of feed `number`."""
    kind = found[number % len(found)].content_type
    return tuple(
        Version(
            kind=kind,
            etag=f'"{blake2b(body, digest_size=8).hexdigest()}"',
            modified=format_datetime(FIRST + index * LATER, usegmt=True),
            plain=body,
            packed=gzip.compress(body, 6, mtime=0),
        )
        for index, body in enumerate(bodies(found, number))
    )


class Publishers:
    """All feeds, and the record of what was asked."""

    def __init__(self, feeds: tuple[tuple[Version, ...], ...]) -> None:
        assert all(len(feed) == VERSIONS for feed in feeds)
        self._feeds = feeds
        self._step = STEPS[0]
        self.record = Record()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip().split("\r\n")
            fields = (line.partition(":") for line in lines)
            asked = {name.lower(): value.strip() for name, _, value in fields}
            writer.write(self.answer(first.split(" ")[1], asked))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def answer(self, path: str, asked: Mapping[str, str]) -> bytes:
        """Bytes of the whole answer; raises LookupError or ValueError for other paths."""
        _, kind, *rest = path.split("/")
        if kind == "feed":
            number = int(rest[0])
            return self._feeds[number][version_of(number, self._step)].answer(asked, self.record)
        if kind == "publish" and rest[0] in STEPS:
            self._step = rest[0]
            return _told({})
        if kind == "record":
            told, self.record = asdict(self.record), Record()
            return _told(told)
        raise LookupError(path)


def _told(facts: Mapping[str, int]) -> bytes:
    body = json.dumps(facts).encode()
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )


async def main(count: int) -> None:
    folder = corpus()
    found = originals(folder)
    publishers = Publishers(tuple(versions(found, number) for number in range(count)))
    server = await asyncio.start_server(publishers.serve, "127.0.0.1", 0, backlog=4096)
    ready = {"port": server.sockets[0].getsockname()[1]}
    print(json.dumps(ready | asdict(Facts.of(found, collected=folder is not None))), flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
