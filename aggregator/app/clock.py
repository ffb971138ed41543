"""The clock and the dice: read here and nowhere else."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4


def now() -> datetime:
    """Return the time, UTC, in whole seconds: the resolution of everything stored."""
    return datetime.now(UTC).replace(microsecond=0)


def later() -> datetime:
    """Return the time rounded up: a wait that is counted from it is never a moment short."""
    return now() + timedelta(seconds=1)


def ticks() -> float:
    """Return seconds of a clock that never steps."""
    return time.monotonic()


def effort() -> float:
    """Return the seconds of CPU time that this thread has used."""
    return time.thread_time()


def chance() -> float:
    """Return a number from 0 to 1, for jitter."""
    return random.random()  # noqa: S311 (nothing secret depends on it)


def fresh_id() -> str:
    """Return a new atom:id for an output that has none yet (RFC 4287 §4.2.6)."""
    return uuid4().urn
