"""Calls in worker processes: real processes, short deadlines."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aggregator.adapters.workers import Workers
from aggregator.core.errors import FetchError, ParseError
from tests.adapters import worker_tasks as tasks

MEMORY = 512 * 1024 * 1024
PRELOAD = (tasks.__name__,)

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


@asynccontextmanager
async def workers(
    count: int = 1, deadline: float = 5.0, calls_per_worker: int = 1000
) -> AsyncIterator[Workers]:
    pool = Workers(count, deadline, MEMORY, preload=PRELOAD, calls_per_worker=calls_per_worker)
    try:
        yield pool
    finally:
        await pool.close()


async def fails(pool: Workers, function: Callable[..., object], *args: object) -> ParseError:
    with pytest.raises(ParseError) as caught:
        await pool.run(function, *args)
    return caught.value


def exists(process: int) -> bool:
    """A zombie is dead too: whoever inherits it has not looked yet."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


async def test_a_call_returns_what_the_function_returns() -> None:
    async with workers() as pool:
        assert await pool.run(tasks.double, 21) == 42


async def test_the_function_runs_in_another_process_that_is_used_again() -> None:
    async with workers() as pool:
        first = await pool.run(tasks.process)
        assert first != os.getpid()
        assert await pool.run(tasks.process) == first


async def test_started_workers_work_side_by_side() -> None:
    async with workers(count=3) as pool:
        await pool.start()
        found = await asyncio.gather(*(pool.run(tasks.process_after, 0.2) for _ in range(3)))
        assert len(set(found)) == 3


@pytest.mark.parametrize("endless", [tasks.hang, tasks.spin, tasks.hang_in_c])
async def test_a_call_that_never_ends_is_killed_at_the_deadline(
    endless: Callable[[], None],
) -> None:
    async with workers(deadline=0.3) as pool:
        await pool.start()
        began = time.monotonic()
        error = await fails(pool, endless)
        assert error.kind == "deadline"
        assert "0.3 s" in str(error)
        assert 0.25 <= time.monotonic() - began < 10
        assert await pool.run(tasks.double, 2) == 4


@linux_only
async def test_the_killed_worker_is_really_gone(tmp_path: Path) -> None:
    async with workers(deadline=0.3) as pool:
        note = tmp_path / "process"
        await fails(pool, tasks.write_process_and_hang, str(note))
        assert not exists(int(note.read_text().split()[0]))


async def test_processor_time_counts_and_not_the_clock_of_a_busy_machine() -> None:
    async with workers(deadline=0.3) as pool:
        assert await pool.run(tasks.process_after, 0.6)
        for _ in range(6):  # each call has the whole time again
            assert await pool.run(tasks.spin_for, 0.1) >= 0.1


async def test_waiting_for_a_worker_does_not_count_towards_the_deadline() -> None:
    async with workers(deadline=0.1) as pool:
        calls = [pool.run(tasks.process_after, 0.15) for _ in range(4)]
        assert len(set(await asyncio.gather(*calls))) == 1


async def test_one_endless_document_does_not_delay_the_others_beyond_its_deadline() -> None:
    async with workers(count=2, deadline=0.5) as pool:
        await pool.start()
        bad = asyncio.create_task(fails(pool, tasks.spin))
        good = await asyncio.gather(*(pool.run(tasks.double, n) for n in range(50)))
        assert good == [2 * n for n in range(50)]
        assert (await bad).kind == "deadline"


async def test_large_documents_leave_a_worker_free_for_small_ones() -> None:  # P103
    async with workers(count=2, deadline=5) as pool:
        await pool.start()

        async def large() -> ParseError:
            async with pool.room(1024 * 1024):
                return await fails(pool, tasks.spin)

        bad = [asyncio.create_task(large()) for _ in range(3)]
        await asyncio.sleep(0)  # all have asked for room
        async with pool.room(1000):
            assert await asyncio.wait_for(pool.run(tasks.double, 4), 4) == 8
        await pool.close()
        await asyncio.gather(*bad, return_exceptions=True)


@pytest.mark.parametrize(
    ("deadly", "kind"),
    [
        (tasks.crash, "damaged"),
        (tasks.leave, "damaged"),
        (tasks.abort, "memory"),
        (tasks.be_killed, "memory"),
    ],
)
async def test_a_worker_that_dies_fails_its_call_and_is_replaced(
    deadly: Callable[[], None], kind: str
) -> None:
    async with workers() as pool:
        assert (await fails(pool, deadly)).kind == kind
        assert await pool.run(tasks.double, 3) == 6


async def test_a_call_beyond_the_memory_limit_fails_and_the_next_has_a_fresh_worker() -> None:
    async with workers() as pool:
        first = await pool.run(tasks.process)
        error = await fails(pool, tasks.fill_memory, 2 * MEMORY)
        assert error.kind == "memory"
        assert await pool.run(tasks.process) != first


async def test_the_limit_is_on_the_worker_alone() -> None:
    async with workers() as pool:
        assert await pool.run(tasks.address_space) == MEMORY


async def test_errors_of_ours_arrive_as_they_were_raised() -> None:
    async with workers() as pool:
        error = await fails(pool, tasks.refuse, "no feed in here")
        assert (str(error), error.kind) == ("no feed in here", "not_a_feed")
        assert not hasattr(error, "__notes__")
        with pytest.raises(FetchError) as caught:
            await pool.run(tasks.fail_to_fetch)
        assert (caught.value.status, caught.value.retry_after) == (503, 7)


async def test_a_bug_arrives_with_the_traceback_of_the_worker() -> None:
    async with workers() as pool:
        with pytest.raises(KeyError, match="zzz") as caught:
            await pool.run(tasks.blunder, "zzz")
        assert "in blunder" in caught.value.__notes__[0]


async def test_an_exception_that_cannot_travel_is_told_by_another() -> None:
    async with workers() as pool:
        with pytest.raises(RuntimeError, match="OddError: odd 1 2") as caught:
            await pool.run(tasks.raise_odd)
        assert "in raise_odd" in caught.value.__notes__[0]


async def test_a_result_that_cannot_travel_is_a_bug_of_the_function() -> None:
    async with workers() as pool:
        with pytest.raises(Exception, match="lambda") as caught:
            await pool.run(tasks.return_what_cannot_travel)
        assert not isinstance(caught.value, ParseError)
        assert await pool.run(tasks.double, 3) == 6


async def test_arguments_that_cannot_travel_fail_the_call_alone() -> None:
    async with workers() as pool:
        with pytest.raises(Exception, match="lambda"):
            await pool.run(tasks.same, lambda: None)
        assert await pool.run(tasks.double, 3) == 6


async def test_large_values_travel_whole_and_the_loop_goes_on() -> None:
    async with workers() as pool:
        await pool.start()
        calls = asyncio.gather(
            pool.run(tasks.size_of, b"x" * 10_000_000), pool.run(tasks.pieces, 1000, 5000)
        )
        turns = 0
        while not calls.done():
            turns += 1
            await asyncio.sleep(0)
        size, pieces = await calls
        assert size == 10_000_000
        assert pieces == tasks.pieces(1000, 5000)
        assert turns > 10


async def test_a_worker_is_retired_after_so_many_calls() -> None:
    async with workers(calls_per_worker=2) as pool:
        seen = [await pool.run(tasks.process) for _ in range(6)]
        assert seen[0] == seen[1] != seen[2] == seen[3] != seen[4] == seen[5]


async def test_a_worker_that_dies_while_idle_harms_nobody() -> None:
    async with workers() as pool:
        idle = await pool.run(tasks.process)
        os.kill(idle, signal.SIGKILL)
        assert wait_until(lambda: not exists(idle))
        assert await pool.run(tasks.double, 4) == 8


@linux_only
async def test_when_the_nursery_dies_its_workers_go_and_new_ones_come(tmp_path: Path) -> None:
    async with workers(deadline=10) as pool:
        note = tmp_path / "process"
        call = asyncio.create_task(fails(pool, tasks.write_process_and_hang, str(note)))
        while not (note.exists() and note.read_text()):
            await asyncio.sleep(0.01)
        worker, nursery = (int(number) for number in note.read_text().split())
        os.kill(nursery, signal.SIGKILL)
        assert (await call).kind == "damaged"
        assert wait_until(lambda: not exists(worker))
        assert await pool.run(tasks.double, 4) == 8


async def test_ctrl_c_and_termination_are_the_business_of_the_parent() -> None:
    async with workers() as pool:
        worker = await pool.run(tasks.process)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(worker, number)
        assert await pool.run(tasks.process) == worker
        assert os.getpgid(worker) != os.getpgid(0)


async def test_workers_see_no_secrets_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FEED_TOKEN", "hunter2")
    async with workers() as pool:
        assert "FEED_TOKEN" not in await pool.run(tasks.environment)


async def test_a_module_that_cannot_be_imported_is_said_at_the_start() -> None:
    pool = Workers(1, 1.0, MEMORY, preload=("aggregator.no_such_module",))
    try:
        with pytest.raises(RuntimeError, match="no_such_module"):
            await pool.start()
    finally:
        await pool.close()


async def test_closing_ends_the_processes_and_fails_the_call_in_flight(tmp_path: Path) -> None:
    pool = Workers(1, 30.0, MEMORY, preload=PRELOAD)
    note = tmp_path / "process"
    call = asyncio.create_task(pool.run(tasks.write_process_and_hang, str(note)))
    while not (note.exists() and note.read_text()):
        await asyncio.sleep(0.01)
    await pool.close()
    with pytest.raises(RuntimeError, match="closed"):
        await call
    processes = [int(number) for number in note.read_text().split()]
    assert wait_until(lambda: not any(exists(process) for process in processes))
    with pytest.raises(RuntimeError):
        await pool.run(tasks.double, 1)
    await pool.close()


PARENT = """
import asyncio, sys
from aggregator.adapters.workers import Workers
from tests.adapters import worker_tasks as tasks

async def main():
    pool = Workers(2, 60.0, 512 * 1024 * 1024, preload=(tasks.__name__,))
    await pool.start()
    await asyncio.gather(*(pool.run(tasks.write_process_and_hang, path) for path in sys.argv[1:]))

asyncio.run(main())
"""


@linux_only
def test_no_process_is_left_when_the_parent_is_killed(tmp_path: Path) -> None:
    notes = [tmp_path / "one", tmp_path / "two"]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *map(str, notes)], cwd=Path(__file__).parents[2]
    )
    try:
        assert wait_until(lambda: all(n.exists() and n.read_text() for n in notes), 20)
        processes = {int(number) for note in notes for number in note.read_text().split()}
        assert len(processes) == 3
        assert all(exists(process) for process in processes)
    finally:
        parent.kill()
        parent.wait()
    assert wait_until(lambda: not any(exists(process) for process in processes))


@linux_only
async def test_idle_workers_use_no_processor_time() -> None:
    async with workers(count=2) as pool:
        await pool.start()
        worker = await pool.run(tasks.process)
        before = processor_time(worker)
        await asyncio.sleep(0.3)
        assert processor_time(worker) == before


def processor_time(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
