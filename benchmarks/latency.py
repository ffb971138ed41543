"""How long news is under way: from the source's answer to the bytes that a reader gets.

    python -m benchmarks.latency [ROUNDS] [ENTRIES]     default 20 rounds, 100 entries in the feed

A source on loopback gets one new entry; `aggregator run`, a process of its own, polls it every
second. Noted are the moments at which the source hands the entry out, it is committed in the
database, the Atom document is replaced, a client gets it by HTTP, and all forms, codings and pages
are written. The processor time is that of the program and its children for one change, on
average: what as many seconds without a change cost is taken off. Linux only. Prints a Markdown
table.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

from aggregator.service import REST_SECONDS
from benchmarks.scale import daemon
from benchmarks.serving import ask
from tests.feed_server import FeedServer, Story, feed_server, rss, write_config

ROUNDS, ENTRIES = 20, 100
PATIENCE = 60.0  # seconds
LOOK = 0.002  # seconds between two looks
WATCHED = 3.0  # seconds that belong to a change: it is long done then, and the program has rested
IDLE = 20.0  # seconds without a change, to compare with
TEXT = 250  # words of an entry
CONFIG = """
defaults: {interval: 1s}
limits: {per_host: 64, host_interval: 0s, timeout: 5s, min_interval: 1s, hard_interval: 0s}
network: {allow: [127.0.0.0/8]}
"""
STAGES = {
    "handed out by the source → committed": ("answered", "committed"),
    "committed → in the Atom document": ("committed", "published"),
    "handed out by the source → served by HTTP": ("answered", "served"),
    "handed out by the source → in all forms, codings and pages": ("answered", "finished"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The moments of one entry, in seconds of the monotonic clock."""

    answered: float
    committed: float
    published: float
    served: float
    finished: float

    def between(self, first: str, last: str) -> float:
        """Seconds from one moment to another."""
        return float(getattr(self, last) - getattr(self, first))


def story(number: int) -> Story:
    """An entry with a text that no other one has."""
    words = (f"w{(number * 7919 + place * place) % 99991}" for place in range(TEXT))
    return Story(
        str(number),
        title(number),
        body=" ".join(words),
        date=f"Fri, 27 Jun 2025 {number // 60 % 24:02}:{number % 60:02}:00 GMT",
    )


def title(number: int) -> str:
    return f"Story number {number} of a busy day"


def document(newest: int) -> bytes:
    return rss(*(story(number) for number in range(newest, newest - 20, -1)))


def effort_of(process: int) -> float:
    """Seconds of processor time that a process and its children used, also those that ended."""
    folder = Path(f"/proc/{process}")
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    found = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    for thread in (folder / "task").iterdir():
        found += sum(map(effort_of, map(int, (thread / "children").read_text().split())))
    return found


def moment_of(condition: Callable[[], bool]) -> float:
    """The time at which something is seen to hold."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError
        time.sleep(LOOK)
    return time.monotonic()


@dataclass(frozen=True, slots=True)
class Watch:
    """What can be seen of a running program from outside."""

    server: FeedServer
    database: sqlite3.Connection
    public: Path
    process: int
    address: str

    def effort(self) -> float:
        return effort_of(self.process)

    def feed(self) -> bytes:
        """The document as a client gets it; empty while there is none."""
        status, _, body = ask(self.address)
        return body if status == 200 else b""

    def stored(self) -> int:
        (found,) = self.database.execute("SELECT count(*) FROM entries").fetchone()
        return int(found)

    def version(self, name: str) -> int:
        """Another number for each version of a file."""
        return (self.public / name).stat().st_ino

    def travel(self, number: int) -> Journey:
        """Publish a story at the source and watch it for a while."""
        server, began = self.server, time.monotonic()
        known, asked = self.stored(), len(server.requests)
        feed, last = self.version("feeds/all.atom"), self.version("index.html")
        server.bodies["a"] = document(number)
        committed = moment_of(lambda: self.stored() > known)
        published = moment_of(lambda: self.version("feeds/all.atom") != feed)
        served = moment_of(lambda: title(number).encode() in self.feed())
        finished = moment_of(lambda: self.version("index.html") != last)
        time.sleep(max(0.0, began + WATCHED - time.monotonic()))
        return Journey(
            answered=max(when for _, _, when in server.requests[asked:] if when < committed),
            committed=committed,
            published=published,
            served=served,
            finished=finished,
        )


def journeys(rounds: int, entries: int, folder: Path) -> tuple[list[Journey], float]:
    """Fill a feed with so many entries, then send one after the other; and the effort for each."""
    assert WATCHED > REST_SECONDS  # what came before is built, and the next change is at once
    with feed_server({"a": document(entries)}) as server:
        for first, _ in pairwise(range(entries, -20, -20)):
            server.bodies[f"past-{first}"] = document(first)
        outputs = f"  - {{id: all, limit: {entries}}}\n"
        file = write_config(folder, server.config(outputs=outputs, extra=CONFIG))
        data = folder / "data"
        with (
            daemon(file) as (process, address, _),
            closing(sqlite3.connect(data / "aggregator.db")) as database,
        ):
            watch = Watch(server, database, data / "public", process, address)
            moment_of(lambda: watch.feed().count(b"<entry") >= entries)
            time.sleep(WATCHED)
            efforts = [watch.effort()]
            time.sleep(IDLE)
            efforts.append(watch.effort())
            found = [watch.travel(entries + 1 + number) for number in range(rounds)]
            efforts.append(watch.effort())
    idle, all_of_them = (after - before for before, after in pairwise(efforts))
    return found, all_of_them / rounds - idle * WATCHED / IDLE


def main(rounds: int, entries: int) -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        found, effort = journeys(rounds, entries, Path(folder))
    print(f"| {rounds} new entries, feed of {entries} | median | 95 % |")
    print("| --- | ---: | ---: |")
    for name, (first, last) in STAGES.items():
        print(_row(name, [one.between(first, last) for one in found]))
    print(f"| processor time of all of it, all processes, on average | {effort * 1000:,.0f} ms | |")
    return 0


def _row(name: str, values: list[float]) -> str:
    slow = quantiles(values, n=20)[-1]
    return f"| {name} | {median(values) * 1000:,.0f} ms | {slow * 1000:,.0f} ms |"


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(*numbers, *(ROUNDS, ENTRIES)[len(numbers) :])))
