"""How much work clients may cause: buckets of seconds of CPU time, one each and one for all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final

from aggregator.core.kept import Kept
from aggregator.web.limit import network_of

_CLIENTS: Final = 20_000  # buckets; one that was let go of is full again

_Bucket = tuple[float, datetime]  # seconds in it, as of when


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A bucket holds `most` seconds, and `share` of the time that passes flows into it."""

    most: float
    share: float

    def level(self, bucket: _Bucket | None, *, now: datetime) -> float:
        """What is in it now."""
        if bucket is None:
            return self.most
        level, since = bucket
        passed = max(0.0, (now - since).total_seconds())
        return min(self.most, level + passed * self.share)

    def wait(self, bucket: _Bucket | None, *, now: datetime) -> int:
        """Seconds until there is something in it; 0 when there is."""
        level = self.level(bucket, now=now)
        return 0 if level > 0 else max(1, ceil(-level / self.share))


EACH: Final = Rate(most=30.0, share=0.1)  # one client: a tenth of a core
ALL: Final = Rate(most=60.0, share=0.25)  # the poller shares the machine


class Allowance:
    """Work is done while there is anything in the buckets, and taken out of them afterwards.

    What it costs is known only then; so a bucket may be overdrawn, by one piece of work.
    """

    def __init__(self, *, each: Rate = EACH, everybody: Rate = ALL) -> None:
        self._each = each
        self._everybody = everybody
        self._clients: Kept[str, _Bucket] = Kept(_CLIENTS)
        self._all: _Bucket | None = None

    def wait(self, address: str, *, now: datetime) -> int:
        """Seconds until this client may cause work; 0 at once."""
        return self._each.wait(self._clients.get(network_of(address)), now=now)

    def wait_of_all(self, *, now: datetime) -> int:
        """Seconds until anybody may."""
        return self._everybody.wait(self._all, now=now)

    def charge(self, address: str, seconds: float, *, now: datetime) -> None:
        """Take what a piece of work did cost."""
        client = network_of(address)
        left = self._each.level(self._clients.get(client), now=now) - seconds
        self._clients.put(client, (left, now))
        self._all = self._everybody.level(self._all, now=now) - seconds, now
