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
    document meant to the store into the state to write, inside the same transaction.
    """

    source: Source
    state: SourceState
    reading: Reading | None
    settle: Callable[[Novelty], SourceState]
    now: datetime


@dataclass(frozen=True, slots=True)
class Saved:
    """The state as written, and what was new."""

    state: SourceState
    novelty: Novelty
