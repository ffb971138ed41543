"""Lost entries, churning guids and validators that lie: noticed, said, and answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.core.cadence import is_doubtful, to_be_asked
from aggregator.core.model import Novelty, SourceState, Validators
from tests.core.cadence_cases import (
    DAY,
    HOUR,
    NOW,
    STEADY,
    TIMEOUT,
    a_reading,
    fail,
    got,
    succeed,
    wait,
)

EPOCH = Validators(last_modified=b"Thu, 01 Jan 1970 00:00:00 GMT")
AHEAD = Validators(last_modified=b"Fri, 01 Jan 2100 00:00:00 GMT")
HONEST = Validators(etag=b'"1"', last_modified=b"Mon, 02 Jun 2025 00:00:00 GMT")
SILENT = replace(STEADY, validators=EPOCH, last_full_at=NOW - 9 * DAY)
QUIET = replace(STEADY, new_entry_times=(NOW - 20 * DAY, NOW - 10 * DAY))


def brought(state: SourceState, novelty: Novelty, *, status: int = 200) -> SourceState:
    return succeed(state, got(status), reading=a_reading(), novelty=novelty)


# --- gaps


def test_a_document_without_any_known_entry_halves_the_interval_and_says_so() -> None:
    calm = brought(QUIET, Novelty(new=1, unchanged=1))
    lost = brought(QUIET, Novelty(new=2))
    assert (lost.gaps, lost.gap_at) == (1, NOW)
    assert "entries were lost between polls" in lost.next_reason
    assert wait(lost) <= wait(calm)


@pytest.mark.parametrize("novelty", [Novelty(), Novelty(unchanged=3), Novelty(new=9, churned=9)])
def test_an_empty_or_known_document_is_no_gap(novelty: Novelty) -> None:
    assert brought(QUIET, novelty).gaps == 0


def test_the_first_document_is_no_gap() -> None:
    fresh = replace(QUIET, last_success_at=None)
    assert brought(fresh, Novelty(new=9)).gaps == 0


def test_a_delta_is_no_gap() -> None:  # P63
    assert brought(QUIET, Novelty(new=2), status=226).gaps == 0


def test_a_gap_is_forgotten_after_a_week_without_another() -> None:
    state = replace(QUIET, gaps=3, gap_at=NOW - 6 * DAY)
    assert brought(state, Novelty(unchanged=1)).gaps == 3
    state = replace(QUIET, gaps=3, gap_at=NOW - 8 * DAY)
    assert brought(state, Novelty(unchanged=1)).gaps == 0


def test_gaps_never_push_below_the_minimum() -> None:
    state = QUIET
    for _ in range(20):
        state = brought(state, Novelty(new=2))
    assert wait(state) >= HOUR


# --- guids


def test_a_source_that_renames_its_entries_is_marked_until_it_stops() -> None:
    marked = brought(STEADY, Novelty(new=10, churned=9))
    assert marked.unstable_guids
    still = brought(marked, Novelty(new=1, unchanged=2))
    assert still.unstable_guids
    assert not brought(still, Novelty(unchanged=10)).unstable_guids


def test_few_renamed_entries_say_nothing() -> None:
    assert not brought(STEADY, Novelty(new=4, churned=4)).unstable_guids
    assert not brought(STEADY, Novelty(new=10, churned=8)).unstable_guids


# --- validators


@pytest.mark.parametrize("validators", [EPOCH, AHEAD])
def test_suspicious_validators_are_left_out_once_in_eight_days(validators: Validators) -> None:
    # P14
    state = replace(SILENT, validators=validators)
    assert to_be_asked(state, now=NOW).validators == Validators()
    recent = replace(state, last_full_at=NOW - 7 * DAY)
    assert to_be_asked(recent, now=NOW) == recent
    probed = succeed(state, got(200), reading=a_reading())
    assert probed.last_full_at == NOW


def test_honest_validators_are_never_doubted() -> None:  # P14
    state = replace(SILENT, validators=HONEST, last_full_at=NOW - 400 * DAY)
    assert to_be_asked(state, now=NOW) == state


def test_a_probe_that_fails_was_the_probe_of_these_eight_days() -> None:  # P14
    failed = fail(SILENT, TIMEOUT)
    assert failed.validators == EPOCH
    assert not is_doubtful(failed, now=NOW + timedelta(days=7))
    assert is_doubtful(failed, now=NOW + timedelta(days=8))


def test_a_304_is_no_full_answer() -> None:
    assert succeed(STEADY, got(304)).last_full_at == STEADY.last_full_at


# --- credentials


def test_other_credentials_forget_the_validators_and_nothing_else() -> None:  # P9
    state = replace(STEADY, validators=HONEST, request_mark="aa", hints=STEADY.hints)
    after = fail(state, TIMEOUT, mark="bb")
    assert (after.validators, after.body_hash, after.request_mark) == (Validators(), b"", "bb")
    assert after.info == state.info
    assert fail(state, TIMEOUT, mark="aa").validators == HONEST
