"""How long news is under way: from the source's answer to the bytes that a reader gets.

    python -m benchmarks.latency [ROUNDS] [ENTRIES]     default 20 rounds, 100 entries in the feed

A source on loopback gets one new entry; `aggregator run`, a process of its own, polls it every
second. Noted are the moment the source has answered, that of the commit in the database, and that
at which a client sees another ETag. Nothing else is polled, so the program builds at once; while
other polls are under way it would wait a second for them. Prints a Markdown table.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

from aggregator.service import DEBOUNCE_SECONDS
from tests.feed_server import FeedServer, Story, feed_server, rss, write_config
from tests.test_service import daemon

ROUNDS, ENTRIES = 20, 100
PATIENCE = 60.0  # seconds
LOOK = 0.002  # seconds between two looks at the database, or at the feed
TEXT = 250  # words of an entry
FEED = "/feeds/all.atom"
CONFIG = """
defaults: {interval: 1s}
limits: {per_host: 64, host_interval: 0s, timeout: 5s, min_interval: 1s, hard_interval: 0s}
network: {allow: [127.0.0.0/8]}
"""


@dataclass(frozen=True, slots=True)
class Journey:
    """The moments of one entry, in seconds of the monotonic clock."""

    answered: float
    committed: float
    served: float


def story(number: int) -> Story:
    """An entry with a text that no other one has."""
    words = (f"w{(number * 7919 + place * place) % 99991}" for place in range(TEXT))
    return Story(
        str(number),
        f"Story number {number} of a busy day",
        body=" ".join(words),
        date=f"Fri, 27 Jun 2025 {number // 60 % 24:02}:{number % 60:02}:00 GMT",
    )


def document(newest: int) -> bytes:
    return rss(*(story(number) for number in range(newest, newest - 20, -1)))


class Reader:
    """A client with a connection that stays open."""

    def __init__(self, address: str) -> None:
        self._connection = HTTPConnection(urlsplit(address).netloc, timeout=10)

    def etag(self) -> str:
        self._connection.request("HEAD", FEED)
        answer = self._connection.getresponse()
        answer.read()
        return answer.headers.get("ETag", "")


def moment_of(condition: Callable[[], bool]) -> float:
    """The time at which something is seen to hold."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError
        time.sleep(LOOK)
    return time.monotonic()


def stored(database: sqlite3.Connection) -> int:
    found: int = database.execute("SELECT count(*) FROM entries").fetchone()[0]
    return found


def travel(server: FeedServer, database: sqlite3.Connection, reader: Reader, n: int) -> Journey:
    """Publish story `n` at the source and watch it."""
    known, etag, asked = stored(database), reader.etag(), len(server.requests)
    server.bodies["a"] = document(n)
    moment_of(lambda: len(server.requests) > asked)
    committed = moment_of(lambda: stored(database) > known)
    served = moment_of(lambda: reader.etag() != etag)
    answered = max(when for _, _, when in server.requests[asked:] if when < committed)
    return Journey(answered=answered, committed=committed, served=served)


def journeys(rounds: int, entries: int, folder: Path) -> Iterator[Journey]:
    """Fill a feed with so many entries, then send one after the other."""
    with feed_server({"a": document(entries)}) as server:
        for first, _ in pairwise(range(entries, -20, -20)):
            server.bodies[f"past-{first}"] = document(first)
        outputs = f"  - {{id: all, limit: {entries}}}\n"
        file = write_config(folder, server.config(outputs=outputs, extra=CONFIG))
        with (
            daemon(file) as running,
            closing(sqlite3.connect(folder / "data" / "aggregator.db")) as database,
        ):
            reader = Reader(running.address)
            moment_of(lambda: running.feed().count(b"<entry") >= entries)
            for number in range(rounds):
                time.sleep(DEBOUNCE_SECONDS + 0.5)  # what came before is built
                yield travel(server, database, reader, entries + 1 + number)


def main(rounds: int, entries: int) -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        found = list(journeys(rounds, entries, Path(folder)))
    print(f"| {rounds} new entries, feed of {entries} | median | 95 % |")
    print("| --- | ---: | ---: |")
    for name, values in {
        "answered by the source → committed": [one.committed - one.answered for one in found],
        "committed → served": [one.served - one.committed for one in found],
    }.items():
        slow = quantiles(values, n=20)[-1]
        print(f"| {name} | {median(values) * 1000:,.0f} ms | {slow * 1000:,.0f} ms |")
    return 0


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(*numbers, *(ROUNDS, ENTRIES)[len(numbers) :])))
