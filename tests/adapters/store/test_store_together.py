"""Polls in one transaction: what is written, how often, and what one failure costs the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.adapters.sqlite import SqliteStore, together
from aggregator.adapters.sqlite.connection import connect
from aggregator.core.errors import StoreError
from aggregator.core.model import FeedInfo, Hints
from aggregator.core.outcome import Outcome, Saved
from tests.adapters.store.polls import NOW, adopt, claim, claimed, entry, outcome, source

NAMES = tuple(f"s{number:02}" for number in range(40))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.open(tmp_path / "store.db")) as store:
        adopt(store, *map(source, NAMES))
        yield store


def unchanged(store: SqliteStore, names: Sequence[str] = NAMES) -> list[Outcome]:
    """Polls of claimed sources that brought nothing."""
    states = claim(store, *names, force=True)
    return [outcome(source(state.source), state, None) for state in states]


def save(
    store: SqliteStore, outcomes: Sequence[Outcome]
) -> tuple[list[str], int, tuple[Saved | Exception | None, ...]]:
    """Save them; return the statements that ran, how many rows changed, and the results."""
    statements: list[str] = []
    with closing(connect(store.path)) as connection:
        connection.set_trace_callback(statements.append)
        results = together.save_each(connection, outcomes, path=store.path)
        return statements, connection.total_changes, results


def test_polls_that_bring_nothing_write_their_states_and_nothing_else(
    opened: SqliteStore,
) -> None:
    statements, changes, results = save(opened, unchanged(opened))
    assert all(isinstance(result, Saved) for result in results)
    assert changes == len(NAMES)
    assert statements.count("BEGIN IMMEDIATE") == statements.count("COMMIT") == 1
    updates = [each for each in statements if each.startswith("UPDATE source_state")]
    assert len(updates) == len(NAMES)
    # Besides: begin, commit, one look at all leases, one savepoint around all updates.
    assert len(statements) - len(updates) == 5
    assert {state.last_success_at for state in opened.states()} == {NOW}


def test_what_is_stored_as_json_is_written_only_when_it_changed(opened: SqliteStore) -> None:
    same, told, hinted, timed = unchanged(opened, NAMES[:4])
    told = outcome(told.source, told.state, None, info=FeedInfo(title="A title"))
    hinted = outcome(hinted.source, hinted.state, None, hints=Hints(ttl=60))
    timed = outcome(timed.source, timed.state, None, new_entry_times=(NOW,))
    statements, _, _ = save(opened, [same, told, hinted, timed])
    assert sum("info = " in each for each in statements) == 3
    states = {state.source: state for state in opened.states()}
    assert states[told.state.source].info.title == "A title"
    assert states[hinted.state.source].hints.ttl == 60
    assert states[timed.state.source].new_entry_times == (NOW,)
    assert states[same.state.source].info == FeedInfo()


def test_a_state_that_cannot_be_written_costs_the_others_nothing(opened: SqliteStore) -> None:
    outcomes = unchanged(opened)
    bad = outcomes[7]
    outcomes[7] = outcome(bad.source, bad.state, None, fail_count=2**70)
    _, _, results = save(opened, outcomes)
    assert isinstance(results[7], StoreError)
    assert sum(isinstance(result, Saved) for result in results) == len(NAMES) - 1
    states = {state.source: state for state in opened.states()}
    assert states[bad.state.source].lease_until == bad.state.lease_until
    assert sum(state.last_success_at == NOW for state in states.values()) == len(NAMES) - 1


def test_a_bug_in_one_poll_costs_the_others_nothing(opened: SqliteStore) -> None:
    outcomes = unchanged(opened)
    outcomes[3] = replace(outcomes[3], settle=lambda _: {"": outcomes[3].state}["no such thing"])
    _, changes, results = save(opened, outcomes)
    assert isinstance(results[3], KeyError)
    assert changes == len(NAMES) - 1


def test_a_poll_whose_lease_is_another_s_by_now_writes_nothing(opened: SqliteStore) -> None:
    outcomes = unchanged(opened)
    late = outcomes[0].state
    later = NOW + timedelta(hours=2)
    (again,) = claim(opened, late.source, now=later, force=True)
    _, changes, results = save(opened, outcomes)
    assert results[0] is None
    assert changes == len(NAMES) - 1
    kept = opened.state(late.source)
    assert kept is not None
    assert (kept.lease_until, kept.last_success_at) == (again.lease_until, None)


def test_a_claim_counts_for_one_poll_in_a_transaction(opened: SqliteStore) -> None:
    (one,) = unchanged(opened, NAMES[:1])
    _, changes, results = save(opened, [one, one])
    assert isinstance(results[0], Saved)
    assert results[1] is None
    assert changes == 1


def test_a_transaction_that_cannot_begin_is_refused_as_a_whole(opened: SqliteStore) -> None:
    outcomes = unchanged(opened)
    with closing(connect(opened.path)) as connection:
        connection.execute("PRAGMA query_only = ON")
        with pytest.raises(sqlite3.OperationalError):
            together.save_each(connection, outcomes, path=opened.path)
    assert all(state.last_success_at is None for state in opened.states())


def test_news_and_silence_are_committed_together(opened: SqliteStore) -> None:
    news = claimed(opened, source(NAMES[0]), entry("one"))
    statements, _, results = save(opened, [*unchanged(opened, NAMES[1:]), news])
    assert all(isinstance(result, Saved) for result in results)
    assert isinstance(results[-1], Saved)
    assert results[-1].novelty.new == 1
    assert statements.count("COMMIT") == 1
