"""Visitors who mean no good: silent ones, too many, and those who send rubbish."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from aggregator.web import Listening, make_app, serve
from tests.web.site import FakeView

TOKEN = "secret-token-of-a-private-output"
RUBBISH = [
    b"GET /private/%s/ HTTP/9.9\r\n\r\n",
    b"GET /private/%s/\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nAuthorization: Basic %s" + b"a" * 9000 + b"\r\n\r\n",
    b"GET /%s HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    b"POST /%s HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\n",
    b"\x16\x03\x01%s\r\n\r\n",
]


@asynccontextmanager
async def served(
    folder: Path, *, most: int = 500, patience: float = 30, to_read: float = 30
) -> AsyncIterator[Listening]:
    app = make_app(FakeView(folder), to_read=to_read)
    listening = await serve(app, "127.0.0.1:0", most=most, patience=patience)
    try:
        yield listening
    finally:
        await listening.close()


async def told(listening: Listening, request: bytes) -> bytes:
    """The answer, until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "start", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-a", HEALTH[:-26] + b"\r\n\r\n"]
)
async def test_who_does_not_go_on_is_shown_out(tmp_path: Path, start: bytes) -> None:
    """Before the first request, in a header, and after an answer."""
    async with served(tmp_path, patience=0.3) as listening:
        before = asyncio.get_running_loop().time()
        await told(listening, start)
        assert asyncio.get_running_loop().time() - before < 5


async def test_too_many_at_a_time_are_refused_and_those_inside_are_served(tmp_path: Path) -> None:
    async with served(tmp_path, most=3) as listening:
        inside = [await asyncio.open_connection("127.0.0.1", listening.port) for _ in range(3)]
        refused = await told(listening, b"")
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"Cache-Control: no-store" in refused
        reader, writer = inside.pop()
        writer.write(HEALTH)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
        for _, other in inside:
            other.close()
            await other.wait_closed()
        assert (await told(listening, HEALTH)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("rubbish", RUBBISH)
async def test_rubbish_is_refused_and_written_down_nowhere(
    tmp_path: Path, rubbish: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with served(tmp_path) as listening:
        answer = await told(listening, rubbish.replace(b"%s", TOKEN.encode()))
        assert answer.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
    assert not [record for record in caplog.records if record.name != "asyncio"]


async def test_who_does_not_read_an_answer_is_not_waited_for(tmp_path: Path) -> None:
    feeds = tmp_path / "feeds"
    feeds.mkdir(exist_ok=True)
    (feeds / "all.atom").write_bytes(b"<feed/>" + b" " * 20_000_000)
    async with served(tmp_path, to_read=0.3) as listening:
        reader, writer = await asyncio.open_connection("127.0.0.1", listening.port, limit=1024)
        writer.write(b"GET /feeds/all.atom HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(1)  # reading nothing, longer than it may take
        received = 0
        with suppress(ConnectionResetError):
            async with asyncio.timeout(5):
                while part := await reader.read(100_000):
                    received += len(part)
        assert received < 20_000_000
        writer.close()
