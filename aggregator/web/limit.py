"""How often one client may have one whole feed: a bucket of tokens each, bounded in number."""

from __future__ import annotations

from datetime import datetime
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final

from aggregator.core.kept import Kept

_CLIENTS: Final = 20_000  # buckets; one that was let go of is full again
_HOUR: Final = 3600.0


class Limit:
    """Counts the whole documents that were sent; what a client already has costs it nothing.

    So a client that asks with validators once an hour is never refused: it takes at most one
    document an hour, and a bucket holds one more than it gets in an hour.
    """

    def __init__(self) -> None:
        self._buckets: Kept[tuple[str, str], tuple[float, datetime]] = Kept(_CLIENTS)

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, address: str, document: str, *, per_hour: int, now: datetime) -> int:
        """0 when the document may be sent, else the seconds to wait."""
        key = network_of(address), document
        level, since = self._buckets.get(key) or (per_hour + 1.0, now)
        passed = max(0.0, (now - since).total_seconds())
        level = min(per_hour + 1.0, level + passed * per_hour / _HOUR)
        if level < 1:
            self._buckets.put(key, (level, now))
            return ceil((1 - level) * _HOUR / per_hour)
        self._buckets.put(key, (level - 1, now))
        return 0


def network_of(address: str) -> str:
    """Who it is: an IPv4 address, or the /64 an IPv6 client can choose its addresses from."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Address(int(found) >> 64 << 64))
    return str(found)
