"""The address guard: which addresses are public, and that no way leads around it."""

from __future__ import annotations

import socket
from datetime import timedelta
from ipaddress import ip_network
from typing import NamedTuple

import pytest

from aggregator.adapters.fetch.guard import BlockedAddressError, Guard, refusal
from aggregator.core.settings import Limits, Network, Source
from tests.adapters.fetching import LOOPBACK, failure, fetch, fetch_from
from tests.adapters.raw_server import answer, raw_server, redirect

PUBLIC_ONLY = Network()
QUICK = Limits(timeout=timedelta(seconds=5))

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
    "100::1",
    "2001:db8::1",
    "2001:2::1",
    "3fff::1",
    "5f00::1",
    "4000::1",
]
DISGUISED = [
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:169.254.169.254",
    "::7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "64:ff9b:1:7f00:1::",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001::1",
    "fec0::1",
    "fe80::1%eth0",
]
PUBLIC = [
    "1.1.1.1",
    "9.255.255.255",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "198.17.255.255",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "64:ff9b::101:101",
    "::ffff:1.1.1.1",
    "2002:101:101::1",
]


# S1
@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert refusal(address)


# S3
@pytest.mark.parametrize("address", DISGUISED)
def test_disguised_addresses_are_unmasked_and_refused(address: str) -> None:
    assert refusal(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_let_through(address: str) -> None:
    assert refusal(address) == ""


@pytest.mark.parametrize("address", ["", "127.1", "localhost", "0x7f.1", "2130706433"])
def test_what_is_no_address_is_refused(address: str) -> None:
    assert refusal(address) == "not an IP address"


# S1
def test_a_named_range_is_let_through_and_nothing_beside_it() -> None:
    allow = (ip_network("192.168.1.0/24"), ip_network("fd00::/8"))
    assert refusal("192.168.1.7", allow=allow) == ""
    assert refusal("::ffff:192.168.1.7", allow=allow) == ""
    assert refusal("fd12::1", allow=allow) == ""
    assert refusal("192.168.2.7", allow=allow) == "private"
    assert refusal("fc00::1", allow=allow) == "not public"


class Address(NamedTuple):
    """As libcurl tells what it is about to connect to."""

    family: int
    socktype: int
    protocol: int
    addr: tuple[object, ...] | str | bytes


# S2
def test_the_guard_looks_at_the_address_that_is_connected() -> None:
    address = Address(socket.AF_INET, socket.SOCK_STREAM, 6, ("10.0.0.1", 80))
    with pytest.raises(BlockedAddressError) as caught:
        Guard().open_socket(address)
    assert caught.value.errno
    with Guard([ip_network("10.0.0.0/8")]).open_socket(address) as made:
        assert made.family == socket.AF_INET


# S1 S3
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "169.254.169.254",
        "10.1.2.3",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fec0::1]",
    ],
)
async def test_a_url_with_a_private_address_is_refused_before_any_connection(host: str) -> None:
    source = Source(id="a", url=f"http://{host}/feed")
    error = await failure(source, kind="blocked_address", network=PUBLIC_ONLY, limits=QUICK)
    assert "not a public address" in str(error)


# S2 S4
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "0x7f.1", "0177.0x0.1"])
async def test_a_name_that_leads_to_a_private_address_is_refused(host: str) -> None:
    async with raw_server({"*": answer()}) as server:
        source = Source(id="a", url=server.url(host=host))
        await failure(source, kind="blocked_address", network=PUBLIC_ONLY, limits=QUICK)
        assert server.requests == []


# S4
@pytest.mark.parametrize(
    "host", ["2130706433", "127.1", "0177.0.0.1", "①②⑦.⓪.⓪.①", "127.0.0.1.", "localhost."]
)
async def test_odd_spellings_of_a_private_address_are_refused(host: str) -> None:
    async with raw_server({"*": answer()}) as server:
        source = Source(id="a", url=server.url(host=host))
        refused = ("blocked_address", "bad_url", "dns")  # some machines know no "localhost."
        await failure(source, kind=refused, network=PUBLIC_ONLY, limits=QUICK)
        assert server.requests == []


# S3
async def test_a_scoped_address_in_a_url_is_refused() -> None:
    source = Source(id="a", url="http://[fe80::1%25eth0]/feed")
    await failure(source, kind="bad_url", network=PUBLIC_ONLY)


# P36 S5
@pytest.mark.parametrize(
    "target",
    ["http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/", "//[fc00::1]/"],
)
async def test_a_redirect_to_a_private_address_is_refused(target: str) -> None:
    routes = {"/feed": redirect("/hop"), "/hop": redirect(target)}
    async with raw_server(routes) as server:
        source = Source(id="a", url=server.url())
        await failure(source, kind="blocked_address", network=LOOPBACK, limits=QUICK)
        assert server.targets() == ["/feed", "/hop"]


# S7
async def test_any_port_may_be_asked() -> None:
    async with raw_server({"/feed": answer()}) as server:
        assert server.port not in (80, 443, 8080, 8443)
        assert (await fetch_from(server)).status == 200


# P65 S1
async def test_a_proxy_is_used_only_when_configured_and_is_guarded_too() -> None:
    async with raw_server({"*": answer()}) as proxy:
        address = f"http://user:pass@127.0.0.1:{proxy.port}"
        source = Source(id="a", url="http://feeds.example/x%7Ey?q=1")
        through = Network(allow=LOOPBACK.allow, proxy=address)
        fetched = await fetch(source, network=through)
        assert fetched.status == 200
        assert proxy.targets() == ["http://feeds.example/x%7Ey?q=1"]
        assert proxy.field_of("Proxy-Authorization") == "Basic dXNlcjpwYXNz"
        unguarded = Network(proxy=address)
        error = await failure(source, kind="blocked_address", network=unguarded, limits=QUICK)
        assert "pass" not in str(error)
        literal = Source(id="a", url="http://192.168.1.1/")
        await failure(literal, kind="blocked_address", network=through)
        assert len(proxy.requests) == 1


async def test_a_proxy_that_refuses_is_named() -> None:
    async with raw_server({"*": answer(b"", status="407 Proxy Authentication Required")}) as proxy:
        network = Network(allow=LOOPBACK.allow, proxy=f"http://127.0.0.1:{proxy.port}")
        source = Source(id="a", url="https://feeds.example/")
        error = await failure(source, kind="connect", network=network)
        assert str(error) == "feeds.example:443: the proxy answered 407"


# P65
async def test_the_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_server({"/feed": answer()}) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1/")
        assert (await fetch_from(server)).status == 200
        assert server.targets() == ["/feed"]
