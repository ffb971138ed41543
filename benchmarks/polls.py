"""What a poll costs that brings nothing: N sources that all answer 304, plain HTTP on loopback.

python -m benchmarks.polls [N]     default 10,000

Each source is imported first, made due and polled once more by `aggregator poll`; the server runs
in a process of its own and closes the connection after each answer. CPU is user and system
time of the whole process tree. The same requests, by nothing but the HTTP client in one process,
show how much of it is the client's; a poll with nothing due shows what starting costs.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.request import urlopen

from aggregator.adapters.fetch import Fetcher
from aggregator.app import App
from aggregator.app.application import DATABASE, user_agent
from benchmarks.scale import config, server

DEFAULT = 10_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process and its children took: seconds, seconds, MB."""

    wall: float
    cpu: float
    peak: float


def cost_of(*arguments: str) -> Cost:
    """Run `python -m …` to its end; raises SystemExit when it fails."""
    before = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed with {process.returncode}")
    wall = time.perf_counter() - before
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


async def ask_all(file: Path) -> None:
    """Send the conditional requests of all sources; nothing is stored, scheduled or read."""
    with App.open(file, {}) as app:
        states = {state.source: state for state in app.store.states()}
        waiting = iter([(source, states[source.id]) for source in app.settings.sources])
        limits, network = app.settings.limits, app.settings.network
        agent = partial(user_agent, app.settings)
        async with Fetcher(limits=limits, network=network, user_agent=agent) as fetcher:

            async def ask() -> None:
                for source, state in waiting:
                    answer = await fetcher.fetch(source, state)
                    assert answer.status == 304

            before = time.process_time()
            await asyncio.gather(*(ask() for _ in range(limits.concurrency)))
            print(time.process_time() - before, flush=True)


def bare_client(file: Path) -> float:
    """CPU seconds of the requests alone, in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.polls", "--ask", str(file)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def answers(port: int) -> int:
    with urlopen(f"http://127.0.0.1:{port}/count/", timeout=30) as answer:
        return int(answer.read())


def make_due(file: Path) -> None:
    """Let all sources be due now. (`--force` claims by name, as no daemon ever does.)"""
    with closing(sqlite3.connect(file.parent / "data" / DATABASE)) as database, database:
        database.execute("UPDATE source_state SET next_poll_at = ?", (int(time.time()) - 1,))


def measure(count: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder, server() as port:
        file = config(Path(folder), port, [f"good/{number}" for number in range(count)])
        poll = ("aggregator", "--config", str(file), "poll")
        first = cost_of(*poll)
        idle = cost_of(*poll)
        asked = answers(port)
        make_due(file)
        again = cost_of(*poll)
        assert answers(port) - asked == count
        client = bare_client(file)
    print(f"{count} sources             wall s    CPU s  ms/poll  peak MB")
    for name, cost in (("first import", first), ("nothing due", idle), ("all answer 304", again)):
        print(_line(name, cost, count))
    print(f"{'HTTP client alone':<24}{'':>8}{client:>9.1f}{1000 * client / count:>9.2f}")
    print(f"share of the client in a 304: {client / again.cpu:.0%} of all CPU,", end=" ")
    print(f"{client / (again.cpu - idle.cpu):.0%} without start and end")


def _line(name: str, cost: Cost, count: int) -> str:
    each = 1000 * cost.cpu / count
    return f"{name:<24}{cost.wall:>8.1f}{cost.cpu:>9.1f}{each:>9.2f}{cost.peak:>9.0f}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ask"]:
        asyncio.run(ask_all(Path(sys.argv[2])))
    else:
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT)
