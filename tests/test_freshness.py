"""For how long a copy of a feed is fresh: until one of its sources is polled again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aggregator.app.freshness import LONGEST_AGE, SHORTEST_AGE, TIMED_AGE, Freshness
from aggregator.core.settings import Output, Settings
from aggregator.outputs import Catalogue

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SETTINGS = Settings(
    file=Path("feeds.yaml"),
    data_dir=Path("data"),
    outputs=(
        Output(id="both", title="Both", sources=("a", "b")),
        Output(id="one", title="One", sources=("b",)),
        Output(id="timed", title="Timed", sources=("a", "b"), max_age=timedelta(days=7)),
        Output(id="none", title="None"),
    ),
)


def in_minutes(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def told(**polls: float) -> Freshness:
    freshness = Freshness()
    due = {source: in_minutes(minutes) for source, minutes in polls.items()}
    freshness.learn(Catalogue.of(SETTINGS), due)
    return freshness


# W33
def test_the_earliest_of_its_own_sources_counts() -> None:
    freshness = told(a=20, b=40)
    assert freshness.max_age("both", now=NOON) == 20 * 60
    assert freshness.max_age("one", now=NOON) == 40 * 60
    freshness.polled("a", in_minutes(80))
    assert freshness.max_age("both", now=NOON) == 40 * 60
    freshness.polled("b", in_minutes(30))
    assert freshness.max_age("both", now=NOON) == 30 * 60


# W33
def test_it_is_five_minutes_at_least_and_an_hour_at_most() -> None:
    freshness = told(a=90, b=90)
    assert freshness.max_age("both", now=NOON) == LONGEST_AGE == 3600
    assert freshness.max_age("both", now=in_minutes(88)) == SHORTEST_AGE == 300
    assert freshness.max_age("both", now=in_minutes(900)) == SHORTEST_AGE
    assert freshness.max_age("none", now=NOON) == SHORTEST_AGE
    assert freshness.max_age("unknown", now=NOON) == SHORTEST_AGE


# W33
def test_what_the_clock_can_change_is_fresh_until_the_clock_is_asked() -> None:
    assert told(a=50, b=50).max_age("timed", now=NOON) == TIMED_AGE == 600


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(6, 59)), max_size=20))
def test_after_any_polls_it_is_the_earliest(polls: list[tuple[str, int]]) -> None:
    freshness = told(a=30, b=30)
    known = {"a": 30, "b": 30}
    for source, minutes in polls:
        freshness.polled(source, in_minutes(minutes))
        known[source] = minutes
        assert freshness.max_age("both", now=NOON) == min(known.values()) * 60
