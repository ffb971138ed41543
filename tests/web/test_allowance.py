"""Work is allowed by the second of CPU time: to each client, and to all together."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.allowance import ALL, EACH, Allowance
from tests.web.site import NOON


def test_an_overdrawn_client_waits_until_there_is_something_again() -> None:
    allowance = Allowance()
    allowance.charge("192.0.2.1", EACH.most + 5, now=NOON)
    wait = allowance.wait("192.0.2.1", now=NOON)
    assert wait == 5 / EACH.share
    assert allowance.wait("192.0.2.2", now=NOON) == 0
    assert allowance.wait_of_all(now=NOON) == 0
    assert allowance.wait("192.0.2.1", now=NOON + timedelta(seconds=wait + 1)) == 0


def test_all_together_have_a_bound_too() -> None:
    allowance = Allowance()
    for number in range(20):
        allowance.charge(f"192.0.2.{number}", 10, now=NOON)
    assert allowance.wait("192.0.2.1", now=NOON) == 0
    wait = allowance.wait_of_all(now=NOON)
    assert wait == (200 - ALL.most) / ALL.share
    assert allowance.wait_of_all(now=NOON + timedelta(seconds=wait + 1)) == 0


def test_a_network_is_one_client() -> None:
    allowance = Allowance()
    allowance.charge("2001:db8::1", 100, now=NOON)
    assert allowance.wait("2001:db8::2", now=NOON) > 0
    assert allowance.wait("2001:db8:0:1::1", now=NOON) == 0


def test_a_clock_that_was_set_back_makes_nobody_wait_longer() -> None:
    allowance = Allowance()
    allowance.charge("192.0.2.1", EACH.most + 1, now=NOON)
    assert allowance.wait("192.0.2.1", now=NOON - timedelta(days=1)) == 1 / EACH.share


@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0.01, 5)), min_size=20, max_size=60))
def test_no_client_gets_more_than_its_share(asked: list[tuple[int, float]]) -> None:
    allowance, now, spent = Allowance(), NOON, 0.0
    for pause, effort in asked:
        now += timedelta(seconds=pause)
        if not allowance.wait("a", now=now):
            allowance.charge("a", effort, now=now)
            spent += effort
    passed = (now - NOON).total_seconds()
    assert spent <= EACH.most + EACH.share * passed + 5
