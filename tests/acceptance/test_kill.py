"""kill -9 at random moments: no entry lost, none twice, nothing polled early."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.feed_server import FeedServer, Story, feed_server, rss, write_config

SOURCES = 200
ROUNDS = int(os.environ.get("AGGREGATOR_KILL_ROUNDS", "3"))
LIMITS = """
defaults: {interval: 1s}
limits:
  concurrency: 16
  per_host: 64
  host_interval: 0s
  timeout: 2s
  parse_deadline: 2s
  min_interval: 1s
  hard_interval: 0s
network:
  allow: [127.0.0.0/8]
"""


def stories(source: int, count: int) -> list[Story]:
    return [
        Story(f"{source}-{number}", f"Source {source} tells story number {number} of its own")
        for number in range(count)
    ]


def change(server: FeedServer, chance: random.Random, counts: list[int]) -> None:
    """Half of the sources get one to three new stories; none ever loses one."""
    for source in range(SOURCES):
        if chance.random() < 0.5:
            counts[source] += chance.randint(1, 3)
        server.bodies[f"s{source}"] = rss(*stories(source, counts[source]), title=f"Site {source}")


def poll(file: Path, kill_after: float | None) -> int:
    process = subprocess.Popen(
        [sys.executable, "-m", "aggregator", "-c", str(file), "poll"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _, said = process.communicate(timeout=kill_after or 60)
    except subprocess.TimeoutExpired:
        process.kill()
        _, said = process.communicate()
    sys.stderr.write(said)  # shown by pytest when the test fails
    return process.returncode


def stored_times(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute("SELECT source, next_poll_at FROM source_state"))


def wait_for_leases(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        (last,) = connection.execute(
            "SELECT max(max(coalesce(lease_until, 0), next_poll_at)) FROM source_state"
        ).fetchone()
    time.sleep(max(0.0, min(last + 1 - time.time(), 60.0)))  # noqa: TID251 (a real process's clock)


@pytest.mark.timeout(900)
def test_kill_nine_at_random_moments_loses_nothing(tmp_path: Path) -> None:  # P11 P98
    chance = random.Random(20260101)
    counts = [2] * SOURCES
    with feed_server() as server:
        change(server, chance, counts)
        file = write_config(tmp_path, server.config(extra=LIMITS))
        database = tmp_path / "data" / "aggregator.db"
        poll(file, None)
        for _ in range(ROUNDS):
            change(server, chance, counts)
            before, seen = stored_times(database), len(server.requests)
            poll(file, chance.uniform(0.6, 3.0))
            nothing_early(server, before, seen)
        wait_for_leases(database)
        assert poll(file, None) == 0
        everything_once(database, counts)


def nothing_early(server: FeedServer, before: dict[str, int], seen: int) -> None:
    """No source was asked before the time that stood in the store when the round began."""
    offset = time.time() - time.monotonic()  # noqa: TID251 (a real process's clock)
    for path, _, moment in server.requests[seen:]:
        assert moment + offset >= before.get(path[1:], 0)


def everything_once(database: Path, counts: list[int]) -> None:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT source, guid FROM entries").fetchall()
    assert len(rows) == len(set(rows))
    found = Counter(source for source, _ in rows)
    assert found == {f"s{source}": count for source, count in enumerate(counts)}
