"""Async saves: committed together, each with its own end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from aggregator.adapters.sqlite import SqliteStore, Writer
from aggregator.adapters.sqlite.writer import INTERVAL
from aggregator.core.errors import StoreError
from aggregator.core.outcome import Outcome, Saved
from tests.adapters.store.polls import HOUR, NOW, adopt, claim, claimed, entry, source


@dataclass
class Counting:
    """A store that notes how many polls each commit had; may refuse all of them."""

    store: SqliteStore
    refuses: bool = False
    commits: list[int] = field(default_factory=list)

    def save_each(self, outcomes: Sequence[Outcome], /) -> tuple[Saved | Exception | None, ...]:
        self.commits.append(len(outcomes))
        if self.refuses:
            raise StoreError("the disk is full")
        return self.store.save_each(outcomes)


def outcomes(store: SqliteStore, count: int) -> list[Outcome]:
    names = [f"s{number:03}" for number in range(count)]
    adopt(store, *map(source, names))
    return [claimed(store, source(name), entry(name)) for name in names]


async def test_polls_that_end_together_are_committed_together(store: SqliteStore) -> None:
    counting = Counting(store)
    writer = Writer(counting)
    saved = await asyncio.gather(*map(writer.save, outcomes(store, 150)))
    assert all(each is not None and each.novelty.new == 1 for each in saved)
    assert sum(counting.commits) == 150
    assert len(counting.commits) < 15
    assert max(counting.commits) <= 64
    await writer.close()


async def test_each_caller_gets_what_its_own_poll_came_to(store: SqliteStore) -> None:
    writer = Writer(store)
    good, lost, broken = outcomes(store, 3)
    lost = replace(lost, state=replace(lost.state, lease_until=NOW))
    broken = replace(broken, settle=lambda _: {"": broken.state}["no such thing"])
    results = await asyncio.gather(*map(writer.save, (good, lost, broken)), return_exceptions=True)
    assert isinstance(results[0], Saved)
    assert results[1] is None
    assert isinstance(results[2], KeyError)
    await writer.close()


async def test_a_commit_that_is_refused_is_refused_to_all_who_wait(store: SqliteStore) -> None:
    writer = Writer(Counting(store, refuses=True))
    results = await asyncio.gather(*map(writer.save, outcomes(store, 5)), return_exceptions=True)
    assert [str(each) for each in results] == ["the disk is full"] * 5
    await writer.close()


async def test_a_commit_that_meets_a_bug_leaves_nobody_waiting(store: SqliteStore) -> None:
    class Broken:
        def save_each(self, outcomes: Sequence[Outcome], /) -> tuple[Saved | Exception | None, ...]:
            raise ZeroDivisionError

    writer = Writer(Broken())
    results = await asyncio.gather(*map(writer.save, outcomes(store, 3)), return_exceptions=True)
    assert [type(each) for each in results] == [ZeroDivisionError, StoreError, StoreError]
    await writer.close()


async def test_a_poll_that_ends_alone_waits_only_a_moment_for_others(store: SqliteStore) -> None:
    counting = Counting(store)
    writer = Writer(counting)
    (one,) = outcomes(store, 1)
    async with asyncio.timeout(5):  # nothing else comes that would push it on
        assert await writer.save(one) is not None
    assert counting.commits == [1]
    await writer.close()


async def test_polls_that_end_one_after_the_other_share_commits_too(store: SqliteStore) -> None:
    counting = Counting(store)
    writer = Writer(counting)
    saves = []
    for one in outcomes(store, 40):
        saves.append(asyncio.create_task(writer.save(one)))
        await writer.run(lambda: claim(store, "s000", now=NOW))  # as the heartbeat does meanwhile
    assert all(await asyncio.gather(*saves))
    assert len(counting.commits) < 20
    await writer.close()


async def test_the_longer_commits_take_the_longer_documents_wait_for_each_other(
    store: SqliteStore,
) -> None:
    class Slow:
        def __init__(self) -> None:
            self.began: list[float] = []

        def save_each(self, outcomes: Sequence[Outcome], /) -> tuple[Saved | Exception | None, ...]:
            self.began.append(time.monotonic())
            threading.Event().wait(0.06)
            return (None,) * len(outcomes)

    slow = Slow()
    writer = Writer(slow)
    for one in outcomes(store, 3):
        await writer.save(one)
    first, second, third = slow.began
    assert min(second - first, third - second) > 2 * INTERVAL
    await writer.close()


async def test_calls_run_on_the_writing_thread(store: SqliteStore) -> None:
    writer = Writer(store)
    (one,) = outcomes(store, 1)
    await writer.save(one)
    states = await writer.run(lambda: claim(store, "s000", now=NOW + HOUR))
    assert states[0].last_success_at == NOW
    with pytest.raises(ZeroDivisionError):
        await writer.run(lambda: 1 // 0)
    await writer.close()


async def test_closing_saves_what_waits_and_refuses_what_comes_later(store: SqliteStore) -> None:
    writer = Writer(store)
    some = outcomes(store, 20)
    saves = [asyncio.create_task(writer.save(each)) for each in some[:-1]]
    await asyncio.sleep(0)
    await writer.close()
    assert all(await asyncio.gather(*saves))
    with pytest.raises(StoreError, match="closing"):
        await writer.save(some[-1])
    await writer.close()


async def test_a_caller_that_is_cancelled_has_its_poll_saved_all_the_same(
    store: SqliteStore,
) -> None:
    writer = Writer(store)
    saves = [asyncio.create_task(writer.save(each)) for each in outcomes(store, 20)]
    await asyncio.sleep(0)
    for save in saves:
        save.cancel()
    await asyncio.gather(*saves, return_exceptions=True)
    await writer.close()
    assert len(list(store.entries())) == 20


async def test_saving_never_blocks_the_event_loop(store: SqliteStore) -> None:
    writer = Writer(store)
    loop = asyncio.get_running_loop()
    saving = asyncio.gather(*map(writer.save, outcomes(store, 100)))
    longest, last = 0.0, loop.time()
    while not saving.done():
        await asyncio.sleep(0.001)
        longest, last = max(longest, loop.time() - last), loop.time()
    assert longest < 0.5  # a bound for slow machines; mostly under 20 ms
    await writer.close()
