"""Several polls in one transaction: each can fail alone, and what is alike is written at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from aggregator.adapters.sqlite import states
from aggregator.adapters.sqlite.codec import to_optional_seconds
from aggregator.adapters.sqlite.connection import refusals, savepoint, writing
from aggregator.core.model import Novelty, SourceState
from aggregator.core.outcome import Outcome, Saved

_Result = TypeVar("_Result")


def save_each(
    connection: sqlite3.Connection, outcomes: Sequence[Outcome], *, path: Path
) -> tuple[Saved | Exception | None, ...]:
    """Save several polls in one transaction, each on its own: what fails is handed back.

    Those that bring nothing are written together. Raises when the transaction as a whole is
    refused; then nothing is written.
    """
    with writing(connection):
        group = _Group(connection, path, states.leases(connection, outcomes))
        results = [group.save(outcome) for outcome in outcomes]
        refused = group.write_quiet()
    return tuple(
        refused.get(result.state.source, result) if isinstance(result, Saved) else result
        for result in results
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """Polls in one transaction. The leases are of its begin: it has the write lock."""

    connection: sqlite3.Connection
    path: Path
    leases: dict[str, int | None]
    quiet: dict[str, tuple[SourceState, SourceState]] = field(default_factory=dict)

    def save(self, outcome: Outcome) -> Saved | Exception | None:
        source = outcome.state.source
        lease = self.leases.get(source)
        if lease is None or lease != to_optional_seconds(outcome.state.lease_until):
            return None
        result = self._quiet(outcome) if _brings_nothing(outcome) else self._alone(outcome)
        if isinstance(result, Saved):
            self.leases[source] = None
        return result

    def _quiet(self, outcome: Outcome) -> Saved | Exception:
        """Settle a poll that touches no other row than that of its source."""
        try:
            state = states.settled(outcome, Novelty(), queued=0)
        except Exception as error:  # noqa: BLE001 - a bug in one poll must not cost the others theirs
            return error
        self.quiet[state.source] = (outcome.state, state)
        return Saved(state, Novelty())

    def _alone(self, outcome: Outcome) -> Saved | Exception:
        # With the judge and all it needs: a poll that brings nothing does without.
        from aggregator.adapters.sqlite.saving import save_alone  # noqa: PLC0415

        return self._apart(partial(save_alone, self.connection, outcome))

    def _apart(self, write: Callable[[], _Result]) -> _Result | Exception:
        """Write a part that can fail alone."""
        try:
            with refusals(self.path), savepoint(self.connection):
                return write()
        except Exception as error:  # a bug in one poll must not cost the others theirs
            if not self.connection.in_transaction:  # SQLite gave up the whole of it
                raise
            return error

    def write_quiet(self) -> dict[str, Exception]:
        """Write all quiet states at once; when that fails one by one, to find whose fault it is.

        Returns what failed, by source.
        """
        changes = list(self.quiet.values())
        if not isinstance(self._write(changes), Exception):
            return {}
        each = {before.source: self._write([(before, after)]) for before, after in changes}
        return {source: end for source, end in each.items() if isinstance(end, Exception)}

    def _write(self, changes: Sequence[tuple[SourceState, SourceState]]) -> Exception | None:
        return self._apart(partial(states.write_all, self.connection, changes))


def _brings_nothing(outcome: Outcome) -> bool:
    return outcome.reading is None and not outcome.state.queued
