"""What a source does that makes us doubt it: lost entries, churning guids, odd validators. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.core.model import Novelty, SourceState, Validators
from aggregator.core.validators import is_suspicious

_GAP_REMEMBERED = timedelta(days=7)
_MOST_HALVINGS = 4
_CHURN_ENTRIES = 5  # fewer say nothing
_CHURN_SHARE = 0.8
_PROBE_EVERY = timedelta(days=8)


def with_gap(state: SourceState, *, lost: bool, now: datetime) -> SourceState:
    """Return `state` after a document; `lost`: it held no entry of the one before.

    Then the feed turns over faster than we ask, and what came and went in between was never
    seen. Each such gap halves the adaptive interval for the following week.
    """
    if lost:
        return replace(state, gaps=min(state.gaps + 1, _MOST_HALVINGS), gap_at=now)
    if state.gap_at is not None and now - state.gap_at > _GAP_REMEMBERED:
        return replace(state, gaps=0, gap_at=None)
    return state


def with_guids(state: SourceState, *, novelty: Novelty) -> SourceState:
    """Return `state` with its mark for a source that invents new guids for known entries (P83)."""
    if novelty.new >= _CHURN_ENTRIES and novelty.churned > _CHURN_SHARE * novelty.new:
        return replace(state, unstable_guids=True)
    if novelty.unchanged >= _CHURN_ENTRIES and not novelty.churned:
        return replace(state, unstable_guids=False)
    return state


def to_be_asked(state: SourceState, *, now: datetime) -> SourceState:
    """Return the state to fetch with: without validators once they have lost our trust (P14).

    A server whose Last-Modified is the epoch, or lies in the future, may answer 304 for ever. One
    unconditional request each 8 days finds out; trustworthy validators are never doubted.
    """
    return replace(state, validators=Validators()) if is_doubtful(state, now=now) else state


def is_doubtful(state: SourceState, *, now: datetime) -> bool:
    """Have suspicious validators brought nothing but 304 for 8 days?"""
    if state.last_full_at is None or now - state.last_full_at < _PROBE_EVERY:
        return False
    return is_suspicious(state.validators, now=now)
