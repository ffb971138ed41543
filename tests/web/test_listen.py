"""The listening socket."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from aggregator.web import ListenError, make_app, parse_listen, serve
from tests.web.site import FakeView


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:80", ("localhost", 80)),
        (":8080", ("", 8080)),
        ("0.0.0.0:65535", ("0.0.0.0", 65535)),
    ],
)
def test_an_address_is_host_and_port(listen: str, expected: tuple[str, int]) -> None:
    assert parse_listen(listen) == expected


@pytest.mark.parametrize(
    "listen", ["", "8080", "localhost", "::1:80", "[::1]", "a:b", "a:65536", "a:-1", "http://a:80"]
)
def test_anything_else_is_refused_with_an_example(listen: str) -> None:
    with pytest.raises(ListenError, match="write HOST:PORT"):
        parse_listen(listen)


async def first_line(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
    line = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    await writer.wait_closed()
    return line


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_port_0_is_a_free_port(tmp_path: Path, host: str) -> None:
    written = f"[{host}]" if ":" in host else host
    if ":" in host and not _has_loopback6():
        pytest.skip("no IPv6 here")
    listening = await serve(make_app(FakeView(tmp_path)), f"{written}:0")
    try:
        assert listening.url == f"http://{written}:{listening.port}/"
        assert await first_line(host, listening.port) == b"HTTP/1.0 200 OK\r\n"
    finally:
        await listening.close()
    with pytest.raises(ConnectionRefusedError):
        await first_line(host, listening.port)


def _has_loopback6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_a_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    listening = await serve(make_app(FakeView(tmp_path)), "127.0.0.1:0")
    taken = f"127.0.0.1:{listening.port}"
    try:
        with pytest.raises(ListenError, match=f"cannot listen on {taken}: .*--listen HOST:PORT"):
            await serve(make_app(FakeView(tmp_path)), taken)
    finally:
        await listening.close()
