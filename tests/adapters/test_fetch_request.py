"""What goes out: the exact URL, the header fields, TLS, and nothing that tells a secret."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.fetch import Fetcher
from aggregator.adapters.fetch.request import (
    hop_url,
    is_downgrade,
    may_know,
    request_url,
    start_url,
)
from aggregator.adapters.fetch.resolve import Resolver, look_up
from aggregator.core.errors import FetchError
from aggregator.core.settings import Network, Secret, Source
from tests.adapters.certificates import own_certificate, tls
from tests.adapters.fetching import (
    FEED,
    LIMITS,
    LOOPBACK,
    failure,
    fetch,
    fetch_from,
    plainly,
    state_of,
)
from tests.adapters.raw_server import answer, raw_server, redirect

# --- URLs


# P58
@pytest.mark.parametrize(
    "path",
    [
        "/a%7Eb%41%2Fc%2fd+e",
        "/?u=http%3A%2F%2Fx&b=2&a=1&a=0",
        "/feed[]?tags[]=x&tags[]=y",
        "/a//b/./c/../d;p=1",
        "/~user/:@!$&'()*,=",
        "/x?a=b+c%20d%",
        '/a|b"<>`{}^',
    ],
)
async def test_the_url_goes_out_exactly_as_configured(path: str) -> None:
    async with raw_server({"*": answer(FEED)}) as server:
        fetched = await fetch_from(server, path)
        assert server.targets() == [path]
        assert fetched.document is not None
        assert fetched.document.url == server.url(path)


# P59
async def test_an_iri_goes_out_as_percent_encoded_utf_8() -> None:
    async with raw_server({"*": answer(FEED)}) as server:
        await fetch_from(server, "/fußball/日本?q=é b%C3%A9")
        assert server.targets() == ["/fu%C3%9Fball/%E6%97%A5%E6%9C%AC?q=%C3%A9%20b%C3%A9"]


# P59
@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://bücher.example/", "xn--bcher-kva.example"),
        ("http://BÜCHER.example/", "xn--bcher-kva.example"),
        ("http://例え.テスト:8080/x", "xn--r8jz45g.xn--zckzah"),
        ("http://Example.COM/", "example.com"),
        ("http://with_underscore.example/", "with_underscore.example"),
    ],
)
def test_a_host_goes_out_in_punycode(url: str, host: str) -> None:
    assert request_url(url).host == host


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a.example", "http://a.example/"),
        ("http://a.example?x=1", "http://a.example/?x=1"),
        ("HTTPS://a.example:8443/x", "https://a.example:8443/x"),
        ("http://a.example:/x", "http://a.example/x"),
        ("http://[2001:DB8::1]:80/x", "http://[2001:db8::1]/x"),
        (" http://a.example/x ", "http://a.example/x"),
    ],
)
def test_a_url_is_completed_and_no_more(url: str, expected: str) -> None:
    assert str(request_url(url)) == expected


# S6 S10
@pytest.mark.parametrize(
    "url",
    [
        "",
        "feed.xml",
        "file:///etc/passwd",
        "gopher://a.example/",
        "ftp://a.example/",
        "data:text/xml,<rss/>",
        r"\\host\share",
        r"http:\\a.example\x",
        r"http://a.example\@b.example/",
        "http:a.example",
        "http://",
        "http:///x",
        "http://a.example:99999/",
        "http://a.example:x/",
        "http://a example/",
        "http://[::1/",
        "http://[x]/",
        "http://[fe80::1%25eth0]/",
        "http://a%00.example/",
        "http://ㅤ.example/",
        "http://a.example/\r\nX: y",
        "http://a.example/\x00",
        "http://a.example/\x7f",
        "http://a\n.example/",
        "http://a.example/" + "x" * 8000,
        "http://" + "a" * 300 + "/",
    ],
)
async def test_a_url_that_is_not_plain_http_is_refused(url: str) -> None:
    await failure(Source(id="a", url=url), kind="bad_url")


@pytest.mark.parametrize("label", ["a" * 64, "a..b"])
async def test_a_name_that_cannot_be_looked_up_is_an_error(label: str) -> None:
    await failure(Source(id="a", url=f"http://{label}.invalid/"), kind=("dns", "bad_url"))


@given(st.text(max_size=60), st.binary(max_size=60))
def test_no_url_and_no_location_raises_anything_but_a_fetch_error(
    text: str, location: bytes
) -> None:
    for url in (text, f"http://{text}", f"http://a.example/{text}"):
        try:
            wire = str(request_url(url))
        except FetchError:
            continue
        assert wire.isascii()
        assert wire.isprintable()
        assert " " not in wire
    try:
        target = hop_url(request_url("http://a.example/dir/"), location)
    except FetchError:
        return
    assert target.scheme in ("http", "https")
    assert target.host


# P52
async def test_a_fragment_is_not_sent_and_user_info_becomes_basic_auth() -> None:
    async with raw_server({"/feed": answer(FEED)}) as server:
        url = server.url("/feed#part").replace("http://", "http://ignored:ignored@")
        secret = Secret(value="pässword:x")
        fetched = await fetch(Source(id="a", url=url, username="usér", password=secret))
        assert server.targets() == ["/feed"]
        assert server.field_of("Authorization") == "Basic dXPDqXI6cMOkc3N3b3JkOng="
        assert server.field_of("Host") == f"127.0.0.1:{server.port}"
        assert fetched.document is not None
        assert fetched.document.url == server.url()


# --- header fields


# P54 P55 P56 P57
async def test_the_header_of_a_request_holds_what_is_needed_and_nothing_else() -> None:
    async with raw_server({"/feed": answer(FEED)}) as server:
        await fetch_from(server)
        lines = server.requests[0].decode().split("\r\n")[1:-2]
        fields = dict(line.split(": ", 1) for line in lines)
        assert fields == {
            "Host": f"127.0.0.1:{server.port}",
            "User-Agent": "test/1 (+http://t.example/)",
            "Accept": fields["Accept"],
            "Accept-Encoding": "gzip, deflate, br, zstd",
            "Connection": "close",
        }
        assert fields["Accept"].startswith("application/atom+xml, application/rss+xml")
        assert fields["Accept"].endswith("*/*;q=0.1")


# P56
async def test_a_cookie_is_not_kept_for_the_next_poll() -> None:
    async with raw_server({"/feed": answer(FEED, Set_Cookie="a=b")}) as server:
        source = Source(id="a", url=server.url())
        async with Fetcher(limits=LIMITS, network=LOOPBACK, user_agent=plainly) as fetcher:
            for _ in range(2):
                await fetcher.fetch(source, state_of(source))
        assert server.field_of("Cookie") is None


# P56
async def test_configured_fields_are_sent_and_replace_the_usual_ones() -> None:
    headers = (
        ("Cookie", Secret(value="a=b")),
        ("user-agent", Secret(value="mine")),
        ("X-Umlaut", Secret(value="ä")),
    )
    async with raw_server({"/feed": answer(FEED)}) as server:
        await fetch_from(server, source=Source(id="a", headers=headers))
        assert server.field_of("Cookie") == "a=b"
        assert server.field_of("User-Agent") == "mine"
        assert server.field_of("X-Umlaut") == "ä"
        assert server.requests[0].lower().count(b"user-agent") == 1


# S10
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "b\r\nX-Injected: c"),
        ("X-A", "b\nc"),
        ("X-A", "b\x00c"),
        ("X-A", "\ud800"),
        ("X-A\r\nX-B", "c"),
        ("X A", "c"),
        ("", "c"),
        ("X-A:", "c"),
    ],
)
async def test_a_field_that_would_inject_another_is_refused_unseen(name: str, value: str) -> None:
    async with raw_server({"/feed": answer(FEED)}) as server:
        source = Source(id="a", url=server.url(), headers=((name, Secret(value=value)),))
        error = await failure(source, kind="bad_url")
        assert str(error) == "a configured header cannot be sent"
        assert server.requests == []


# P53 S10
async def test_a_user_agent_names_the_feed_and_cannot_hold_another_field() -> None:
    async with raw_server({"/feed": answer(FEED)}) as server:

        def tell(source: Source) -> str:
            return f"test/1 (feed-id={source.id})\r\nX-Injected: é\x00\ud800"

        async with Fetcher(limits=LIMITS, network=LOOPBACK, user_agent=tell) as fetcher:
            for name in ("a", "b"):
                source = Source(id=name, url=server.url())
                await fetcher.fetch(source, state_of(source))
                sent = f"test/1 (feed-id={name})X-Injected: é?"
                assert server.field_of("User-Agent") == sent
        assert server.field_of("X-Injected") is None


# S11
@pytest.mark.parametrize("path", ["/401", "/loop", "/short", "/file", "/gone", "/bad", "/quiet"])
async def test_no_error_and_no_log_tells_a_secret(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    routes = {
        "/401?key=s3cret": answer(b"", status="401 Unauthorized"),
        "/loop?key=s3cret": redirect("/loop?key=s3cret"),
        "/short?key=s3cret": answer(b"<rss/>", length=50),
        "/file?key=s3cret": redirect("file:///s3cret"),
        "/gone?key=s3cret": redirect("http://127.0.0.1:1/s3cret"),
        "/bad?key=s3cret": b"s3cret",
        "/quiet?key=s3cret": b"",
    }
    caplog.set_level(logging.DEBUG)
    async with raw_server(routes) as server:
        source = Source(
            id="a",
            url=server.url(f"{path}?key=s3cret"),
            username="s3cret",
            password=Secret(value="s3cret"),
            headers=(("X-Key", Secret(value="s3cret")),),
        )
        kinds = ("http", "redirect", "truncated", "connect")
        error = await failure(source, kind=kinds)
        assert "s3cret" not in str(error)
        assert "s3cret" not in caplog.text
        assert "s3cret" not in repr(source).replace("key=s3cret", "").replace("='s3cret'", "")


# --- connections


async def test_a_refused_connection_is_named() -> None:
    async with raw_server({}) as server:
        port = server.port
    error = await failure(Source(id="a", url=f"http://127.0.0.1:{port}/x"), kind="connect")
    assert str(error) == f"127.0.0.1:{port}: Connection refused"


async def test_a_name_that_does_not_exist_is_a_dns_error() -> None:
    await failure(Source(id="a", url="http://name.invalid/"), kind="dns")


async def test_names_are_looked_up_in_threads_of_their_own() -> None:
    resolver = Resolver(look_up, threads=1)
    found = await resolver.resolve("localhost", 80)
    resolver.close()
    assert found
    assert set(found) <= {"127.0.0.1", "::1"}


async def test_many_polls_share_one_fetcher() -> None:
    async with raw_server({"/feed": answer(FEED)}) as server:
        source = Source(id="a", url=server.url())
        async with Fetcher(limits=LIMITS, network=LOOPBACK, user_agent=plainly) as fetcher:
            polls = [fetcher.fetch(source, state_of(source)) for _ in range(20)]
            assert {fetched.status for fetched in await asyncio.gather(*polls)} == {200}


# --- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_certificate(tmp_path_factory.mktemp("tls"))


# P64
async def test_certificates_are_verified_unless_the_source_says_otherwise(
    certificate: Path,
) -> None:
    async with raw_server({"/feed": answer(FEED, ETag='"1"')}, tls(certificate)) as server:
        source = Source(id="a", url=server.url())
        error = await failure(source, kind="tls")
        assert "TLS failed: certificate not accepted: self-signed certificate" in str(error)
        assert server.requests == []
        trusting = replace(source, verify_tls=False)
        assert (await fetch(trusting)).validators.etag == b'"1"'


# P64
async def test_a_certificate_that_the_system_trusts_is_accepted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    async with raw_server({"/feed": answer(FEED)}, tls(certificate)) as server:
        assert (await fetch(Source(id="a", url=server.url()))).status == 200
        elsewhere = Source(id="a", url=server.url(host="localhost"))
        assert "TLS failed" in str(await failure(elsewhere, kind="tls"))


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A proxy that says something of its own before it leads to the target."""
    target = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
    there, away = await asyncio.open_connection(*target.split(":"))
    writer.write(b'HTTP/1.1 200 Connected\r\nETag: "of the proxy"\r\nX-A: b\r\n\r\n')
    await asyncio.gather(pump(reader, away), pump(there, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(4096):
            writer.write(data)
    writer.close()


# P65
async def test_what_a_proxy_says_is_not_taken_for_the_answer(certificate: Path) -> None:
    proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    async with proxy, raw_server({"/feed": answer(FEED)}, tls(certificate)) as server:
        port = proxy.sockets[0].getsockname()[1]
        through = Network(allow=LOOPBACK.allow, proxy=f"http://127.0.0.1:{port}")
        source = Source(id="a", url=server.url(), verify_tls=False)
        fetched = await fetch(source, network=through)
        assert server.targets() == ["/feed"]
        assert (fetched.status, fetched.validators.etag) == (200, None)


async def test_plain_http_on_a_tls_port_is_a_tls_error() -> None:
    async with raw_server({}) as server:

        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        plain = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        async with plain:
            port = plain.sockets[0].getsockname()[1]
            source = Source(id="a", url=f"https://127.0.0.1:{port}/")
            await failure(source, kind=("tls", "connect"))
        assert server.requests == []


# P45
async def test_a_hop_from_https_to_http_is_refused_with_credentials(certificate: Path) -> None:
    async with raw_server({"/feed": answer(FEED)}) as plain:
        routes = {"/feed": redirect(plain.url())}
        async with raw_server(routes, tls(certificate)) as server:
            source = Source(id="a", url=server.url(), verify_tls=False)
            assert (await fetch(source)).status == 200
            guarded = replace(source, username="user", password=Secret(value="pass"))
            error = await failure(guarded, kind="redirect")
            assert "https to http" in str(error)
            assert len(plain.requests) == 1


# P45
@pytest.mark.parametrize(
    ("target", "known"),
    [
        ("http://a.example/other", True),
        ("http://a.example:80/other", True),
        ("https://a.example/", True),
        ("https://a.example:8443/", False),
        ("http://a.example:8080/", False),
        ("http://b.example/", False),
        ("http://sub.a.example/", False),
    ],
)
def test_secrets_may_go_to_the_same_origin_or_up_to_https(target: str, known: bool) -> None:
    assert may_know(request_url("http://a.example/feed"), request_url(target)) is known


# P45
def test_secrets_never_leave_tls() -> None:
    secure, plain = request_url("https://a.example/"), request_url("http://a.example/")
    assert not may_know(secure, plain)
    assert is_downgrade(secure, plain)
    source = Source(id="a", url="https://a.example/", username="user")
    state = state_of(source, effective_url="http://a.example/")
    assert start_url(source, state, configured=secure) == secure
    assert start_url(replace(source, username=""), state, configured=secure) == plain


def test_a_state_of_another_url_does_not_count() -> None:
    state = state_of(Source(id="a", url="http://a.example/"), effective_url="http://b.example/")
    edited = Source(id="a", url="http://c.example/")
    configured = request_url(edited.url)
    assert start_url(edited, state, configured=configured) is configured
