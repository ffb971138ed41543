"""Ends, ways and refusals that are rare, and must not become a crash or a wrong word."""

from __future__ import annotations

import asyncio
import resource
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.adapters.fetch import Fetcher
from aggregator.core.errors import FetchError
from aggregator.core.settings import Network, Source
from tests.adapters.certificates import own_certificate, tls
from tests.adapters.fetching import (
    FEED,
    LIMITS,
    LOOPBACK,
    failure,
    fetch,
    plainly,
    state_of,
)
from tests.adapters.raw_server import answer, raw_server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_certificate(tmp_path_factory.mktemp("tls"))


# --- answers


@pytest.mark.parametrize("rest", [b"", b"xyz"])
async def test_a_switch_of_protocols_nobody_asked_for_is_an_answer(rest: bytes) -> None:
    async with raw_server({"*": b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + rest}) as server:
        error = await failure(Source(id="a", url=server.url()), kind="http")
    assert "HTTP 101" in str(error)


@pytest.mark.parametrize("line", [b"HTTP/1.1 1000 OK", b"HTTP/1.1 0200 OK", b"HTTP/1.1 020 OK"])
async def test_a_status_is_three_digits(line: bytes) -> None:
    async with raw_server({"*": line + b"\r\nContent-Length: 0\r\n\r\n"}) as server:
        await failure(Source(id="a", url=server.url()), kind=("http", "connect"))


async def test_a_transfer_coding_that_was_not_asked_for_is_refused() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
    async with raw_server({"*": head}) as server:
        await failure(Source(id="a", url=server.url()), kind="bad_encoding")


async def test_a_header_beyond_all_bounds_is_too_large() -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (n, b"y" * 30_000) for n in range(20))
    async with raw_server({"*": b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n"}) as server:
        await failure(Source(id="a", url=server.url()), kind="too_large")


# --- TLS


@contextmanager
def hanging_up(certificate: Path, reply: bytes) -> Iterator[int]:
    """A TLS server that ends without its closing words, as SSLSocket.close does; its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with tls(certificate).wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)
            secured.sendall(reply)

    thread = threading.Thread(target=serve)
    thread.start()
    with listening:
        yield int(listening.getsockname()[1])
        thread.join(10)


async def test_a_body_ended_by_tls_without_closing_words_is_whole(certificate: Path) -> None:
    with hanging_up(certificate, b"HTTP/1.1 200 OK\r\n\r\n" + FEED) as port:
        source = Source(id="a", url=f"https://127.0.0.1:{port}/", verify_tls=False)
        fetched = await fetch(source)
    assert fetched.document is not None
    assert fetched.document.body == FEED


# P69
async def test_a_body_shorter_than_was_said_is_cut_whatever_ends_it(certificate: Path) -> None:
    with hanging_up(certificate, answer(FEED, length=len(FEED) + 9)) as port:
        source = Source(id="a", url=f"https://127.0.0.1:{port}/", verify_tls=False)
        await failure(source, kind="truncated")


async def test_certificates_in_a_directory_that_is_named_count_too(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    public = certificate.with_suffix(".crt")
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(public)]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / f"{name}.0").write_bytes(public.read_bytes())
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    async with raw_server({"/feed": answer(FEED)}, tls(certificate)) as server:
        assert (await fetch(Source(id="a", url=server.url()))).status == 200


# --- ways


# S1 S3
@pytest.mark.parametrize(
    "host", ["0xa9fea9fe", "0x0a.1", "169.254.0xa9fe", "017700000001", "2130706433", "127.1"]
)
async def test_no_way_of_writing_an_address_passes_a_proxy(host: str) -> None:
    async with raw_server({"*": answer(FEED)}) as proxy:
        through = Network(allow=LOOPBACK.allow, proxy=f"http://127.0.0.1:{proxy.port}")
        for scheme in ("http", "https"):
            source = Source(id="a", url=f"{scheme}://{host}/")
            await failure(source, kind="blocked_address", network=through)
        assert proxy.requests == []


# P65
async def test_the_user_info_of_a_proxy_is_read_as_it_is_checked() -> None:
    async with raw_server({"*": answer(FEED)}) as proxy:
        address = f" http://user:p@ss%20word@127.0.0.1:{proxy.port}"
        through = Network(allow=LOOPBACK.allow, proxy=address)
        fetched = await fetch(Source(id="a", url="http://feeds.example/"), network=through)
        assert fetched.status == 200
        assert proxy.field_of("Proxy-Authorization") == "Basic dXNlcjpwQHNzIHdvcmQ="
        assert proxy.field_of("Proxy-Connection") is None


async def test_a_proxy_is_told_nothing_but_where_to_lead() -> None:
    async with raw_server({"*": answer(b"", status="403 Forbidden")}) as proxy:
        through = Network(allow=LOOPBACK.allow, proxy=f"http://127.0.0.1:{proxy.port}")
        source = Source(id="a", url="https://feeds.example/?key=secret", username="u")
        await failure(source, kind="connect", network=through)
        assert proxy.requests == [
            b"CONNECT feeds.example:443 HTTP/1.1\r\nHost: feeds.example:443\r\n\r\n"
        ]


# --- this machine


async def test_a_machine_without_a_free_descriptor_says_so(
    capfd: pytest.CaptureFixture[str],
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with (
        raw_server({"*": answer(FEED)}) as server,
        Fetcher(limits=LIMITS, network=LOOPBACK, user_agent=plainly) as fetcher,
    ):
        source = Source(id="a", url=server.url())
        await fetcher.fetch(source, state_of(source))
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(open_descriptors()), hard))
        try:
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(source, state_of(source))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert caught.value.kind == "connect"
    assert "Too many open files" in str(caught.value)
    assert capfd.readouterr().err == ""


def open_descriptors() -> range:
    """All numbers up to the highest descriptor that is open."""
    with socket.socket() as probe:
        return range(probe.fileno())


async def test_look_ups_that_still_wait_when_it_closes_are_failures() -> None:
    released = threading.Event()

    def look_up(host: str, port: int) -> list[str]:
        released.wait(10)
        return ["127.0.0.1"]

    limits = replace(LIMITS, concurrency=1)
    fetcher = Fetcher(limits=limits, network=LOOPBACK, user_agent=plainly, look_up=look_up)
    sources = [Source(id=str(n), url=f"http://{n}.example/") for n in range(4)]
    polls = [asyncio.create_task(fetcher.fetch(one, state_of(one))) for one in sources]
    await asyncio.sleep(0.05)
    await fetcher.close()
    released.set()
    errors = await asyncio.gather(*polls, return_exceptions=True)
    assert {type(error) for error in errors} == {FetchError}
    with pytest.raises(FetchError, match="ending"):
        await fetcher.fetch(sources[0], state_of(sources[0]))


async def test_a_name_without_an_address_is_a_dns_error() -> None:
    fetcher = Fetcher(limits=LIMITS, network=LOOPBACK, user_agent=plainly, look_up=lambda *_: [])
    async with fetcher:
        source = Source(id="a", url="http://empty.example/")
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(source, state_of(source))
    assert caught.value.kind == "dns"
