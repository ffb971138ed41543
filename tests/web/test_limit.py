"""Clients that ask too often wait; those that ask as they should never do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.limit import Limit
from tests.web.site import NOON, FakeView, visiting

FEED = "/feeds/all.atom"


@pytest.fixture
def view(tmp_path: Path) -> FakeView:
    view = FakeView(tmp_path, max_requests=2)
    view.publish()
    return view


# W39
async def test_whoever_takes_the_whole_too_often_is_told_when_to_come_again(view: FakeView) -> None:
    async with visiting(view) as visit:
        statuses = [(await visit(FEED))[0].status for _ in range(3)]
        refused, _ = await visit(FEED)
        assert refused.headers["Cache-Control"] == "no-store"
        wait = int(refused.headers["Retry-After"])
        view.clock = NOON + timedelta(seconds=wait - 1)
        early, _ = await visit(FEED)
        view.clock = NOON + timedelta(seconds=wait)
        again, _ = await visit(FEED)
    assert statuses == [200, 200, 200]
    assert (refused.status, early.status, again.status) == (429, 429, 200)
    assert wait == 1800


# W39
async def test_what_the_client_has_already_does_not_count(view: FakeView) -> None:
    async with visiting(view) as visit:
        tag = (await visit(FEED))[0].headers["ETag"]
        statuses = {(await visit(FEED, If_None_Match=tag))[0].status for _ in range(20)}
        assert (await visit(FEED))[0].status == 200
    assert statuses == {304}


async def test_without_the_setting_nobody_is_refused(view: FakeView) -> None:
    view.max_requests = 0
    async with visiting(view) as visit:
        assert {(await visit(FEED))[0].status for _ in range(20)} == {200}


# W39
@given(
    per_hour=st.integers(1, 50),
    early=st.lists(st.integers(0, 5), min_size=1, max_size=48),
)
def test_a_client_that_takes_a_document_an_hour_is_never_refused(
    per_hour: int, early: list[int]
) -> None:
    """Even where all of a day's answers are new, and its clock wakes it seconds early."""
    limit = Limit()
    for hour, seconds in enumerate(early):
        now = NOON + timedelta(hours=hour, seconds=-seconds)
        assert limit.take("192.0.2.1", "feeds/all.atom", per_hour=per_hour, now=now) == 0


def test_clients_and_documents_are_told_apart() -> None:
    limit = Limit()

    def take(address: str, document: str = "a") -> bool:
        return limit.take(address, document, per_hour=1, now=NOON) == 0

    assert [take("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert take("192.0.2.2")
    assert take("192.0.2.1", "b")
    assert [take(f"2001:db8::{number}") for number in range(3)] == [True, True, False]
    assert take("2001:db8:0:1::1")
    assert take("fe80::1%eth0")
    assert take("")


def test_a_clock_that_was_set_back_refuses_nobody_for_longer() -> None:
    limit = Limit()
    for _ in range(3):
        limit.take("192.0.2.1", "a", per_hour=1, now=NOON)
    wait = limit.take("192.0.2.1", "a", per_hour=1, now=NOON - timedelta(days=1))
    assert 0 < wait <= 3600


def test_the_memory_of_clients_is_bounded() -> None:
    limit = Limit()
    for number in range(30_000):
        limit.take(str(number), "a", per_hour=1, now=NOON)
    assert len(limit) <= 20_000
