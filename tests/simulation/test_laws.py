"""The laws of the simulated month catch what they are for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.core.settings import Schedule
from tests.simulation.laws import violations
from tests.simulation.publishers import HOUR, MINUTE, Answer, Promise
from tests.simulation.visits import Visit

FIRST = Visit(
    source="a",
    configured="https://one.example/a",
    host="one.example:443",
    schedule=Schedule(),
    named=False,
    life=1,
    asked=1000.0,
    asked_offset=0.0,
    answer=Answer(),
    answered=1001.0,
    heard=1001.0,
    believed=True,
    ended=1001.0,
)


def later(seconds: float, **changes: object) -> Visit:
    """Another visit of the same source, asked so many seconds after the first was answered."""
    time = FIRST.answered + seconds
    made = replace(FIRST, asked=time, answered=time, heard=time, ended=time)
    return replace(made, **changes)  # type: ignore[arg-type]


def told(promise: Promise, *, status: int = 200) -> Visit:
    believed = status in (200, 304)
    return replace(FIRST, answer=Answer(status=status, promise=promise), believed=believed)


def said(*visits: Visit) -> str:
    return "; ".join(violations(visits))


def test_an_hour_is_fine_and_a_second_less_is_not() -> None:
    assert said(FIRST, later(HOUR)) == ""
    assert "our own interval" in said(FIRST, later(HOUR - 2))


def test_a_name_given_by_the_operator_goes_below_all_but_the_hard_interval() -> None:
    assert said(told(Promise(cache=2 * HOUR)), later(15 * MINUTE, named=True)) == ""
    assert "the hard interval" in said(FIRST, later(14 * MINUTE, named=True))


def test_another_address_still_waits_for_the_hard_interval() -> None:
    elsewhere = {"configured": "https://two.example/a", "host": "two.example:443"}
    assert said(FIRST, later(15 * MINUTE, **elsewhere)) == ""
    assert "the hard interval" in said(FIRST, later(14 * MINUTE, **elsewhere))


@pytest.mark.parametrize("promise", [Promise(cache=2 * HOUR), Promise(document=2 * HOUR)])
def test_hints_bind_also_after_an_answer_that_holds_none(promise: Promise) -> None:
    silent = later(2 * HOUR, answer=Answer(status=304))
    assert said(told(promise), silent, later(4 * HOUR)) == ""
    assert "hints" in said(told(promise), silent, later(4 * HOUR - 1))


def test_hints_that_were_never_heard_do_not_bind() -> None:
    killed = replace(told(Promise(cache=5 * HOUR)), heard=None, believed=False, ended=None)
    assert said(killed, later(HOUR, life=2)) == ""
    assert "our own interval" in said(killed, later(HOUR - 2, life=2))


@pytest.mark.parametrize("status", [429, 503])
def test_who_asks_for_a_rest_is_not_asked_by_name_either(status: int) -> None:
    resting = told(Promise(retry=5 * HOUR), status=status)
    assert said(resting, later(5 * HOUR)) == ""
    assert "Retry-After" in said(resting, later(4 * HOUR, named=True))


def test_a_429_binds_the_neighbours() -> None:
    parked = told(Promise(retry=5 * HOUR, host=5 * HOUR), status=429)
    neighbour = {"source": "b", "configured": "https://one.example/b"}
    assert said(parked, later(5 * HOUR, **neighbour)) == ""
    assert "parked host" in said(parked, later(5 * HOUR - 1, **neighbour))
    elsewhere = later(MINUTE, host="two.example:443", **neighbour)
    assert said(parked, elsewhere) == ""


def test_a_clock_that_ran_ahead_is_an_excuse_but_not_within_a_life_for_parked_hosts() -> None:
    assert said(FIRST, later(MINUTE, asked_offset=HOUR)) == ""
    parked = told(Promise(host=5 * HOUR), status=429)
    early = later(2 * HOUR, source="b", asked_offset=5 * HOUR)
    assert "parked host" in said(parked, early)
    assert said(parked, replace(early, life=2)) == ""


def test_a_clock_that_was_set_back_is_no_excuse() -> None:
    assert "hard interval" in said(FIRST, later(MINUTE, asked_offset=-HOUR))


def test_a_host_is_asked_by_one_at_a_time_some_seconds_apart() -> None:
    assert said(FIRST, later(1.0, source="b")) == ""
    assert "too close" in said(FIRST, later(0.9, source="b"))
    assert "two at once" in said(replace(FIRST, ended=1010.0), later(5.0, source="b"))
    assert said(FIRST, later(0.1, source="b", life=2)) == ""


def test_a_stampede_is_seen() -> None:
    crowd = [
        replace(FIRST, source=f"s{number}", host=f"{number}.example:443", asked=1000 + number / 10)
        for number in range(60)
    ]
    assert "requests within 10 s" in said(*crowd)
    assert said(*(replace(one, asked=1000 + 6 * (one.asked - 1000)) for one in crowd)) == ""


def test_a_longer_interval_of_the_operator_binds() -> None:
    daily = replace(FIRST, schedule=Schedule(every=timedelta(days=1)))
    assert "our own interval" in said(daily, later(23 * HOUR))
