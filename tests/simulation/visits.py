"""What the publishers have seen: every request, its answer, and whether that was ever heard."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.core.settings import Schedule
from tests.simulation.publishers import Answer


@dataclass(slots=True, kw_only=True)
class Visit:
    """One poll as its publisher saw it. Times are seconds of the server's own clock.

    An answer is heard once the program has written it down: what came just before a kill was
    never heard. The offsets say how wrong the program's clock was.
    """

    source: str
    configured: str  # the address in feeds.yaml
    host: str  # asked first
    schedule: Schedule
    named: bool  # polled by name, though not due
    life: int
    asked: float
    asked_offset: float  # when it was claimed
    answer: Answer | None = None
    answered: float = 0.0
    heard: float | None = None
    heard_offset: float = 0.0
    believed: bool = False  # it was a document or "not modified", and of the right feed
    ended: float | None = None  # None: killed
