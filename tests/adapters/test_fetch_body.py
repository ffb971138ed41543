"""Bodies: bounds, codings, and answers that break off, drip or never end."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import brotli  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.fetch.decode import ZSTD, Decoder, coding_of
from aggregator.core.errors import FetchError
from aggregator.core.settings import Limits, Source
from tests.adapters.fetching import FEED, failure, fetch, fetch_from
from tests.adapters.raw_server import (
    Reply,
    Script,
    answer,
    drip,
    flood,
    raw_server,
    redirect,
    stall,
    then_stall,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1024 * 1024
CAP = Limits(timeout=timedelta(seconds=20), max_body=MIB)
SHORT = Limits(timeout=timedelta(seconds=0.3))
LONG_FEED = b"<rss>" + bytes(range(32, 127)) * 3000 + b"</rss>"


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


def decoded(coding: str, data: bytes, *, limit: int = 10 * MIB, chunk: int = 65_536) -> bytes:
    decoder = Decoder(coding, limit=limit)
    for start in range(0, len(data), chunk):
        decoder.feed(data[start : start + chunk])
    return decoder.finish()


# --- codings


@pytest.mark.parametrize("coding", CODED)
async def test_every_coding_that_is_asked_for_is_read(coding: str) -> None:
    reply = answer(CODED[coding](FEED), Content_Encoding=coding, Content_Type="text/xml")
    async with raw_server({"/feed": reply}) as server:
        fetched = await fetch_from(server)
        assert fetched.document is not None
        assert fetched.document.body == FEED
        assert fetched.document.content_type == "text/xml"
        assert fetched.received == len(CODED[coding](FEED))


# P71
@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", "identity"),
        ("identity", "identity"),
        ("GZIP", "gzip"),
        ("gzip, identity", "gzip"),
        ("none", "identity"),
    ],
)
def test_a_single_coding_is_recognised(header: str, coding: str) -> None:
    assert coding_of(header) == coding


# P71
@pytest.mark.parametrize("header", ["gzip, gzip", "br, gzip", "compress", "exi", "gzip;q=1"])
async def test_several_layers_and_unknown_codings_are_errors(header: str) -> None:
    async with raw_server({"/feed": answer(FEED, Content_Encoding=header)}) as server:
        await failure(Source(id="a", url=server.url()), kind="bad_encoding")


@pytest.mark.parametrize("chunk", [1, 7, 65_536])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_may_come_in_pieces_of_any_size(coding: str, chunk: int) -> None:
    assert decoded(coding, CODED[coding](LONG_FEED), chunk=chunk) == LONG_FEED


# P70
def test_deflate_without_the_zlib_format_is_read() -> None:
    assert decoded("deflate", raw_deflate(LONG_FEED)) == LONG_FEED


# P70
@pytest.mark.parametrize("declared", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize(
    "body", [FEED, b"\xef\xbb\xbf<rss/>", b"{}", b'\n\n  <?xml version="1.0"?>']
)
def test_plain_text_under_a_wrong_coding_is_read(declared: str, body: bytes) -> None:
    assert decoded(declared, body) == body


# P70
@pytest.mark.parametrize("declared", ["identity", "deflate", "br", "zstd", "gzip"])
@pytest.mark.parametrize("actual", ["gzip", "zstd"])
def test_compressed_bytes_are_known_by_their_first_bytes(declared: str, actual: str) -> None:
    assert decoded(declared, CODED[actual](LONG_FEED)) == LONG_FEED


# P71
@pytest.mark.parametrize("chunk", [1, 2, 3, 11, 65_536])
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_all_members_of_a_body_are_read(coding: str, chunk: int) -> None:
    pack = CODED[coding]
    body = pack(b"<rss>") + pack(LONG_FEED) + pack(b"</rss>")
    assert decoded(coding, body, chunk=chunk) == b"<rss>" + LONG_FEED + b"</rss>"


def test_a_body_of_too_many_members_is_refused() -> None:
    with pytest.raises(FetchError) as caught:
        decoded("gzip", gzip.compress(b"x") * 1001)
    assert caught.value.kind == "bad_encoding"


# S14
@pytest.mark.parametrize("chunk", [1, 65_536])
@pytest.mark.parametrize("garbage", [b"\0", b"\0" * 512, b"<!-- x -->", b"\x1f", b"\x1f\x8b\x07"])
def test_garbage_after_the_end_is_ignored(garbage: bytes, chunk: int) -> None:
    for coding in ("gzip", "zstd", "deflate"):
        assert decoded(coding, CODED[coding](FEED) + garbage, chunk=chunk) == FEED


# S14
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_compressed_body_without_its_end_is_truncated(coding: str) -> None:
    with pytest.raises(FetchError) as caught:
        decoded(coding, CODED[coding](LONG_FEED)[:-9])
    assert caught.value.kind == "truncated"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_damaged_body_is_an_error(coding: str) -> None:
    body = bytearray(CODED[coding](LONG_FEED))
    body[len(body) // 2 :] = b"\xff" * 40
    with pytest.raises(FetchError) as caught:
        decoded(coding, bytes(body))
    assert caught.value.kind in ("bad_encoding", "truncated")


# S14
def test_a_zstd_window_beyond_8_mib_is_refused() -> None:
    window: dict[int, int] = {zstd.CompressionParameter.window_log: 27}
    packer = zstd.ZstdCompressor(options=window)
    body = packer.compress(FEED, zstd.ZstdCompressor.FLUSH_BLOCK) + packer.flush()
    assert body.startswith(ZSTD)
    with pytest.raises(FetchError) as caught:
        decoded("zstd", body)
    assert caught.value.kind == "bad_encoding"


@given(st.sampled_from(["gzip", "deflate", "br", "zstd", "identity"]), st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_fetch_error(coding: str, data: bytes) -> None:
    for start in (b"", b"\x1f\x8b\x08", ZSTD, b"x\x9c"):
        with suppress(FetchError):
            assert len(decoded(coding, start + data, limit=5000, chunk=13)) <= 5000


# --- bombs


def bomb(coding: str, size: int) -> bytes:
    """`size` zero bytes, packed."""
    if coding == "gzip":
        packer = zlib.compressobj(9, wbits=31)
        return b"".join(packer.compress(bytes(MIB)) for _ in range(size // MIB)) + packer.flush()
    if coding == "br":
        return bytes(brotli.compress(bytes(size), quality=5))
    return CODED[coding](bytes(size))


# P68 S12
@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
async def test_a_bomb_is_given_up_at_the_cap_with_little_memory(coding: str) -> None:
    reply = answer(bomb(coding, 64 * MIB), Content_Encoding=coding)
    async with raw_server({"/feed": reply}) as server:
        tracemalloc.start()
        await failure(Source(id="a", url=server.url()), kind="too_large", limits=CAP)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3 * MIB


# P71 S12
async def test_a_bomb_in_a_bomb_is_refused_unread() -> None:
    inner = gzip.compress(bomb("gzip", 16 * MIB))
    async with raw_server({"/feed": answer(inner, Content_Encoding="gzip, gzip")}) as server:
        await failure(Source(id="a", url=server.url()), kind="bad_encoding", limits=CAP)


# P68
def test_a_body_that_grows_two_hundredfold_is_refused_before_the_cap() -> None:
    with pytest.raises(FetchError) as caught:
        decoded("gzip", bomb("gzip", 5 * MIB), chunk=100)
    assert caught.value.kind == "too_large"
    assert "200-fold" in str(caught.value)


def test_a_small_body_may_be_as_repetitive_as_it_likes() -> None:
    assert decoded("gzip", bomb("gzip", MIB)) == bytes(MIB)


# P36 S13
@pytest.mark.parametrize("status", ["302 Found", "404 Not Found", "429 Too Many Requests"])
async def test_the_body_of_a_redirect_or_an_error_is_never_read(status: str) -> None:
    packed = bomb("gzip", 16 * MIB)
    head = answer(packed, status=status, length=10**9, Location="/ok", Content_Encoding="gzip")
    async with raw_server({"/feed": flood(head, packed), "/ok": answer(FEED)}) as server:
        source = Source(id="a", url=server.url())
        if status.startswith("302"):
            assert (await fetch(source, limits=CAP)).received == len(FEED)
        else:
            await failure(source, kind="http", limits=CAP)


# --- size


# P67
async def test_a_body_announced_beyond_the_cap_is_not_read() -> None:
    reply = then_stall(answer(b"<rss/>", length=MIB + 1))
    async with raw_server({"/feed": reply}) as server:
        error = await failure(Source(id="a", url=server.url()), kind="too_large", limits=CAP)
        assert str(MIB + 1) in str(error)


ENDLESS = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


# P67 S15
@pytest.mark.parametrize(
    "reply",
    [flood(ENDLESS, b"x" * 65_536), flood(CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n")],
)
async def test_an_endless_body_is_given_up_at_the_cap(reply: Reply) -> None:
    async with raw_server({"/feed": reply}) as server:
        await failure(Source(id="a", url=server.url()), kind="too_large", limits=CAP)


async def test_a_body_of_exactly_the_cap_is_read() -> None:
    async with raw_server({"/feed": answer(b"x" * MIB)}) as server:
        fetched = await fetch(Source(id="a", url=server.url()), limits=CAP)
        assert fetched.document is not None
        assert len(fetched.document.body) == MIB


# P69
@pytest.mark.parametrize(
    "reply",
    [
        answer(FEED, length=1000),
        CHUNKED + b"6\r\n<rss/>\r\n",
        CHUNKED + b"6\r\n<rss",
        CHUNKED + b"6\r\n<rss/>\r\nzz\r\n",
        CHUNKED + b"-1\r\n<rss/>\r\n0\r\n\r\n",
    ],
)
async def test_a_body_that_breaks_off_is_an_error(reply: bytes) -> None:
    async with raw_server({"/feed": reply}) as server:
        await failure(Source(id="a", url=server.url()), kind=("truncated", "http"))


def then_reset(reply: bytes) -> Script:
    """Send `reply`, then close with a reset."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await writer.drain()
        await asyncio.sleep(0.05)
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return send


# P69
@pytest.mark.parametrize(
    "head",
    [answer(b"<rss>", length=1000), b"HTTP/1.1 200 OK\r\n\r\n<rss>", CHUNKED + b"5\r\n<rss>"],
)
async def test_a_connection_reset_within_the_body_is_an_error(head: bytes) -> None:
    async with raw_server({"/feed": then_reset(head)}) as server:
        await failure(Source(id="a", url=server.url()), kind="truncated")


async def test_a_connection_reset_after_the_body_is_none() -> None:
    async with raw_server({"/feed": then_reset(answer(FEED))}) as server:
        assert (await fetch_from(server)).status == 200


async def test_a_body_that_ends_with_the_connection_is_read() -> None:
    async with raw_server({"/feed": b"HTTP/1.0 200 OK\r\n\r\n<rss/>"}) as server:
        fetched = await fetch_from(server)
        assert fetched.document is not None
        assert fetched.document.body == b"<rss/>"


# P72
@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("200 OK", b""),
        ("200 OK", gzip.compress(b"")),
        ("204 No Content", b""),
        ("204 No Content", b"<rss/>"),
        ("205 Reset Content", b""),
    ],
)
async def test_an_empty_body_is_an_error(status: str, body: bytes) -> None:
    async with raw_server({"/feed": answer(body, status=status)}) as server:
        error = await failure(Source(id="a", url=server.url()), kind="empty")
        assert error.status == int(status[:3])


# P72
@pytest.mark.parametrize(
    "status", ["206 Partial Content", "201 Created", "226 IM Used", "300 Many"]
)
async def test_a_partial_or_odd_answer_is_an_error(status: str) -> None:
    async with raw_server({"/feed": answer(FEED, status=status)}) as server:
        error = await failure(Source(id="a", url=server.url()), kind="http")
        assert error.status == int(status[:3])


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/octet-stream", ""])
async def test_a_document_is_taken_whatever_type_it_claims(kind: str) -> None:
    async with raw_server({"/feed": answer(FEED, Content_Type=kind)}) as server:
        fetched = await fetch_from(server)
        assert fetched.document is not None
        assert fetched.document.content_type == (kind or None)
        assert fetched.document.url == server.url()


# --- header


# S15
@pytest.mark.parametrize(
    "reply",
    [
        answer(FEED, X="a" * 5 * MIB),
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
        flood(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000),
        flood(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65_536),
        flood(b"HTTP/1.1 200 ", b"O" * 65_536),
    ],
)
async def test_an_endless_header_is_given_up(reply: Reply) -> None:
    async with raw_server({"/feed": reply}) as server:
        await failure(Source(id="a", url=server.url()), kind="too_large")


async def test_a_long_but_honest_header_field_is_read() -> None:
    async with raw_server({"/feed": answer(FEED, Content_Security_Policy="a" * 20_000)}) as server:
        assert (await fetch_from(server)).status == 200


# S17
@pytest.mark.parametrize(
    "reply", [b"hello", b"<rss/>\r\n\r\n", b"HTTP/9.9 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nX"]
)
async def test_what_is_not_http_is_an_error(reply: bytes) -> None:
    async with raw_server({"/feed": reply}) as server:
        await failure(Source(id="a", url=server.url()), kind=("http", "connect"))


# --- time


# P66 S16
@pytest.mark.parametrize(
    "reply",
    [
        stall,
        then_stall(answer(b"", length=100)),
        drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        drip(answer(b"", length=10_000), b"x"),
        drip(CHUNKED, b"1\r\nx\r\n"),
    ],
)
async def test_the_deadline_ends_a_poll_wherever_the_server_dawdles(reply: Reply) -> None:
    async with raw_server({"/feed": reply}) as server:
        loop = asyncio.get_running_loop()
        started = loop.time()
        await failure(Source(id="a", url=server.url()), kind="timeout", limits=SHORT)
        assert loop.time() - started < 2


# P66
async def test_the_deadline_covers_all_redirects_together() -> None:
    async def slowly(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)
        writer.write(redirect(f"/{id(writer)}"))

    async with raw_server({"*": slowly}) as server:
        await failure(Source(id="a", url=server.url()), kind="timeout", limits=SHORT)
        assert 1 <= len(server.requests) <= 3


# S16
async def test_a_tls_handshake_that_stalls_ends_at_the_deadline() -> None:
    async with raw_server({}) as server:  # waits for a request in plain text
        url = server.url().replace("http:", "https:")
        await failure(Source(id="a", url=url), kind="timeout", limits=SHORT)


async def test_a_cancelled_poll_stops_at_once() -> None:
    async with raw_server({"/feed": stall}) as server:
        task = asyncio.create_task(fetch_from(server))
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
