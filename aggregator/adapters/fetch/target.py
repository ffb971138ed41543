"""Where a request goes: a URL as it stands on the wire, taken apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """An http or https URL without user info and fragment. All of it is ASCII.

    `authority` is the host and any port but the usual one, `rest` path and query.
    """

    scheme: str  # in lower case
    host: str  # in lower case; an IPv6 address has no brackets
    port: int
    authority: str
    rest: str  # begins with "/"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.rest}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port (RFC 6454 §4)."""
        return self.scheme, self.host, self.port

    @property
    def place(self) -> str:
        """The URL as error texts name it: host and port. Paths and queries may hold secrets."""
        return f"{bracketed(self.host)}:{self.port}"

    def at(self, rest: str) -> Target:
        """Another path and query of the same origin."""
        return replace(self, rest=rest)


def target(scheme: str, host: str, port: str, rest: str) -> Target:
    """Put a target together; `port` is "" for the usual one. Raises ValueError for a bad port."""
    usual = DEFAULT_PORTS[scheme]
    number = int(port) if port else usual
    if number > 0xFFFF:
        raise ValueError(f"no port has the number {number}")
    authority = bracketed(host) if number == usual else f"{bracketed(host)}:{number}"
    return Target(scheme, host, number, authority, rest)


def bracketed(host: str) -> str:
    """A host as it is written in a URL (RFC 3986 §3.2.2)."""
    return f"[{host}]" if ":" in host else host
