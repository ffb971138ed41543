"""Politeness towards hosts: how many polls at once, how far apart, and never while parked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from threading import Lock
from urllib.parse import SplitResult, urlsplit

from aggregator.core.settings import Limits

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa")  # RFC 6761, 6762, 8375
_SHARED = ip_network("100.64.0.0/10")  # RFC 6598: carriers' and overlay networks


@lru_cache(maxsize=4096)  # asked when a poll is claimed, and once more when it is there
def host_key(url: str) -> str:
    """Return host:port in lower case, what politeness is counted by; "" for a local file."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        name = _ascii((parts.hostname or "").rstrip("."))
    except ValueError:  # fetching it will say what is wrong
        return url.lower()
    return f"{name}:{_port(parts)}"


def _port(parts: SplitResult) -> int:
    with suppress(ValueError):
        return parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    return 0


def _ascii(name: str) -> str:
    """Return an international name as it goes over the wire, so that it is one host."""
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def is_private(host: str) -> bool:
    """Tell whether a host key names a machine of the operator's own network.

    There one program often stands for hundreds of publishers, each with limits of its own.
    """
    name, _, _ = host.rpartition(":")
    try:
        address = ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(tuple(f".{local}" for local in _LOCAL_NAMES))
    return address.is_private or address.is_link_local or address in _SHARED


@dataclass(slots=True)
class _Host:
    in_flight: int = 0
    free_at: float = 0.0  # ticks
    parked_until: float = 0.0  # ticks
    deadline: datetime | None = None  # the same for people, as it was told


@dataclass(slots=True)
class Pacer:
    """Which host may be asked now: at most `per_host` in flight, starts `host_interval` apart.

    And as far from the end of the one before: names and TLS may take the first as long as that.
    Counts in ticks, so that no step of the clock brings a poll forward.
    Called from the store's thread (`accept`) and from the event loop (`release`): locked.
    """

    limits: Limits
    ticks: Callable[[], float]  # a monotonic clock, seconds
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _refused_until: float | None = None

    def accept(self, host: str) -> bool:
        """Reserve a start on `host`, or refuse."""
        if not host:
            return True
        with self._lock:
            now = self.ticks()
            entry = self._hosts.setdefault(host, _Host())
            if entry.in_flight >= self.limits.per_host:
                return False  # the end of the poll in flight is news enough
            if entry.free_at > now:
                known = self._refused_until
                self._refused_until = entry.free_at if known is None else min(known, entry.free_at)
                return False
            entry.in_flight += 1
            entry.free_at = now + self.limits.host_interval.total_seconds()
            return True

    def release(self, host: str) -> None:
        """A poll on `host` has ended."""
        with self._lock:
            entry = self._hosts.get(host)
            if entry is None:
                return
            entry.in_flight -= 1
            interval = self.limits.host_interval.total_seconds()
            entry.free_at = max(entry.free_at, self.ticks() + interval)
            if entry.in_flight <= 0 and max(entry.free_at, entry.parked_until) <= self.ticks():
                del self._hosts[host]

    def park(self, host: str, *, until: datetime, now: datetime) -> None:
        """Ask nobody on `host` before `until`; a private host is never parked (P30)."""
        seconds = (until - now).total_seconds()
        if not host or seconds <= 0 or is_private(host):
            return
        with self._lock:
            entry = self._hosts.setdefault(host, _Host())
            ticks = self.ticks() + seconds
            if ticks > entry.parked_until:
                entry.parked_until, entry.deadline = ticks, until

    def parked(self, host: str) -> datetime | None:
        """Return until when `host` is parked, None when it is not."""
        with self._lock:
            entry = self._hosts.get(host)
            return entry.deadline if entry and entry.parked_until > self.ticks() else None

    def take_refused(self) -> float | None:
        """Return when the first host refused for its spacing is free (None: none), and forget it.

        Parked hosts do not count: nobody waits for them.
        """
        with self._lock:
            refused, self._refused_until = self._refused_until, None
            return refused
