"""Which addresses may be connected to: the public ones, and those the operator named.

The guard stands where the socket is made, so it sees the address that is really connected:
after DNS, for every redirect hop, and for IP literals. (A check before the connection would
look at another answer of the name server than the connection does.)
"""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Sequence
from functools import lru_cache, partial
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Protocol

Address = IPv4Address | IPv6Address


class SocketAddress(Protocol):
    """What is about to be connected to, as libcurl tells it."""

    @property
    def family(self) -> int: ...
    @property
    def socktype(self) -> int: ...
    @property
    def protocol(self) -> int: ...
    @property
    def addr(self) -> tuple[object, ...] | str | bytes: ...  # of the Internet: host first


# The special-purpose registries of IANA (RFC 6890 and its updates), and two more that lead
# inside a cloud. An explicit table, because ipaddress.is_global errs for several of them.
DENIED_IPV4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), name)
    for network, name in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by carriers"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "the host of a cloud machine"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarks"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)

# Everything outside PUBLIC_IPV6 is denied as well: loopback, fc00::/7, fe80::/10, fec0::/10,
# ff00::/8, 100::/64, ::a.b.c.d, 64:ff9b:1::/48 and whatever will be assigned next.
PUBLIC_IPV6 = IPv6Network("2000::/3")
DENIED_IPV6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), name)
    for network, name in (
        ("2001::/23", "protocol assignments, Teredo"),
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
    )
)

_HEX = re.compile("0x[0-9a-f]*")
_KNOWN = 4096  # addresses whose answer is kept: it depends on nothing but the address

# Where an IPv4 address is carried inside: the network, and the bits to its right.
EMBEDDING: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped, RFC 4291 §2.5.5.2
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052 §2.1
    (IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056 §2
)


class BlockedAddressError(OSError):
    """The guard refused an address. An OSError, so that the next address of a name is tried."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(errno.EACCES, f"{address} is not a public address ({reason})")


def refusal(address: str, *, allow: Sequence[IPv4Network | IPv6Network] = ()) -> str:
    """Why `address` must not be connected to; "" when it may be."""
    try:
        known = ip_address(address)
    except ValueError:
        return "not an IP address"
    carried = embedded(known)
    if any(_within(known, network) or _within(carried, network) for network in allow):
        return ""
    if isinstance(carried, IPv4Address):
        return _named(carried, DENIED_IPV4)
    return _named(carried, DENIED_IPV6) or ("" if carried in PUBLIC_IPV6 else "not public")


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address leads to, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    for network, shift in EMBEDDING:
        if address in network:
            return IPv4Address((int(address) >> shift) & 0xFFFF_FFFF)
    return address


class Guard:
    """Makes the sockets of one fetcher; refuses those to addresses that are off limits."""

    def __init__(self, allow: Sequence[str | IPv4Network | IPv6Network] = ()) -> None:
        networks = tuple(ip_network(network) for network in allow)
        self._refusal = lru_cache(maxsize=_KNOWN)(partial(refusal, allow=networks))

    def check(self, address: str) -> None:
        """Raise BlockedAddressError unless `address` may be connected to."""
        reason = self._refusal(address)
        if reason:
            raise BlockedAddressError(address, reason)

    def let_through(self, addresses: Sequence[str]) -> list[str]:
        """Those that may be connected to; raises BlockedAddressError when there are none."""
        allowed = [address for address in addresses if not self._refusal(address)]
        if not allowed:
            self.check(addresses[-1])
        return allowed

    def open_socket(self, address: SocketAddress) -> socket.socket:
        """Make a socket for one address; raises BlockedAddressError."""
        self.check(str(address.addr[0]))
        return socket.socket(address.family, address.socktype, address.protocol)


def is_literal(host: str) -> bool:
    """Is the host of a URL an address (without brackets), and not a name?"""
    last = host.rstrip(".").rpartition(".")[2]  # a number ends every form of IPv4 (WHATWG URL §3.5)
    return ":" in host or last.isdigit() or _HEX.fullmatch(last) is not None


def _within(address: Address, network: IPv4Network | IPv6Network) -> bool:
    return address.version == network.version and address in network


def _named(
    address: Address, table: Sequence[tuple[IPv4Network, str] | tuple[IPv6Network, str]]
) -> str:
    return next((name for network, name in table if address in network), "")
