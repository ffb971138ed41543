"""How long news is under way: from the source's answer to the bytes that a reader gets.

    python -m benchmarks.latency [ROUNDS] [ENTRIES]     default 20 rounds, 100 entries in the feed

A source on loopback gets one new entry; `aggregator run`, a process of its own, polls it every
second. Noted are the moments at which the source hands the entry out, it is committed in the
database, the Atom document is replaced, a client gets it by HTTP, and all forms, codings and pages
are written. The processor time of the program and its children is that of the change: what as
many seconds without one cost is taken off. Linux only. Prints a Markdown table.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean, median, quantiles

from aggregator.service import REST_SECONDS
from tests.feed_server import FeedServer, Story, feed_server, rss, write_config
from tests.test_service import Daemon, daemon

ROUNDS, ENTRIES = 20, 100
PATIENCE = 60.0  # seconds
LOOK = 0.002  # seconds between two looks
WATCHED = 3.0  # seconds that belong to a change: it is long done then, and the program has rested
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
    """The moments of one entry, in seconds of the monotonic clock, and what it cost."""

    answered: float
    committed: float
    published: float
    served: float
    finished: float
    effort: float  # seconds of processor time

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
    """Seconds of processor time that the living threads of a process and its children have used."""
    folder = Path(f"/proc/{process}/task")
    found = 0.0
    for thread in folder.iterdir():
        found += int((thread / "schedstat").read_text().split()[0]) / 1e9
        children = (thread / "children").read_text().split()
        found += sum(effort_of(int(child)) for child in children)
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
    running: Daemon

    def effort(self) -> float:
        return effort_of(self.running.process.pid)

    def stored(self) -> int:
        (found,) = self.database.execute("SELECT count(*) FROM entries").fetchone()
        return int(found)

    def version(self, name: str) -> int:
        """Another number for each version of a file."""
        return (self.public / name).stat().st_ino

    def idle(self) -> float:
        """The effort of so many seconds in which the source has nothing new."""
        before = self.effort()
        time.sleep(WATCHED)
        return self.effort() - before

    def travel(self, number: int, *, idle: float) -> Journey:
        """Publish a story at the source and watch it."""
        server, before = self.server, self.effort()
        began, known, asked = time.monotonic(), self.stored(), len(server.requests)
        feed, last = self.version("feeds/all.atom"), self.version("index.html")
        server.bodies["a"] = document(number)
        committed = moment_of(lambda: self.stored() > known)
        published = moment_of(lambda: self.version("feeds/all.atom") != feed)
        served = moment_of(lambda: title(number).encode() in self.running.feed())
        finished = moment_of(lambda: self.version("index.html") != last)
        time.sleep(max(0.0, began + WATCHED - time.monotonic()))
        return Journey(
            answered=max(when for _, _, when in server.requests[asked:] if when < committed),
            committed=committed,
            published=published,
            served=served,
            finished=finished,
            effort=self.effort() - before - idle,
        )


def journeys(rounds: int, entries: int, folder: Path) -> Iterator[Journey]:
    """Fill a feed with so many entries, then send one after the other."""
    assert WATCHED > REST_SECONDS  # what came before is built, and the next change is at once
    with feed_server({"a": document(entries)}) as server:
        for first, _ in pairwise(range(entries, -20, -20)):
            server.bodies[f"past-{first}"] = document(first)
        outputs = f"  - {{id: all, limit: {entries}}}\n"
        file = write_config(folder, server.config(outputs=outputs, extra=CONFIG))
        data = folder / "data"
        with (
            daemon(file) as running,
            closing(sqlite3.connect(data / "aggregator.db")) as database,
        ):
            watch = Watch(server, database, data / "public", running)
            moment_of(lambda: running.feed().count(b"<entry") >= entries)
            time.sleep(WATCHED)
            idle = mean(watch.idle() for _ in range(3))
            for number in range(rounds):
                yield watch.travel(entries + 1 + number, idle=idle)


def main(rounds: int, entries: int) -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        found = list(journeys(rounds, entries, Path(folder)))
    print(f"| {rounds} new entries, feed of {entries} | median | 95 % |")
    print("| --- | ---: | ---: |")
    for name, (first, last) in STAGES.items():
        print(_row(name, [one.between(first, last) for one in found]))
    print(_row("processor time of all of it, all processes", [one.effort for one in found]))
    return 0


def _row(name: str, values: list[float]) -> str:
    slow = quantiles(values, n=20)[-1]
    return f"| {name} | {median(values) * 1000:,.0f} ms | {slow * 1000:,.0f} ms |"


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(*numbers, *(ROUNDS, ENTRIES)[len(numbers) :])))
