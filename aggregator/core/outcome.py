"""What a poll hands to the store, and what it gets back. Pure.

They live here because both sides of the wall need them: the story and the adapters that
keep it, which never import each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.model import Novelty, Reading, SourceState
from aggregator.core.settings import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything one poll found out, for the store to save at once.

    `state` is the claimed state (its lease fences the write); `settle` turns what the
    document meant to the store into the state to write, inside the same transaction; when it
    raises a SourceError, nothing of the document is kept and the error reaches the caller.
    `capacity` is how many new entries may enter the outputs; beyond it, the newest go first and
    the rest is held: for ever when the document is the source's first one, else queued and let
    out at later polls, `capacity` at a time.
    """

    source: Source
    state: SourceState
    reading: Reading | None
    settle: Callable[[Novelty], SourceState]
    now: datetime
    capacity: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Saved:
    """The state as written, and what was new."""

    state: SourceState
    novelty: Novelty
