"""What a daemon costs that has nothing to do, and its start, from 100 to 100,000 sources.

The store has polled all sources before; none is due while it is measured. Everything but the
start is CPU time of the whole process with its workers, user and system.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from benchmarks.curves import processes
from benchmarks.curves.filled import DATA, FILE, fill, profile
from benchmarks.curves.processes import Memory
from benchmarks.curves.ticks import DUE, Start
from benchmarks.scale import daemon, metric

SIZES = (100, 1000, 10_000, 100_000)
LEAST = max(DUE)  # so many are made due at once
IDLE_SECONDS = 30  # ticks
PAGES = ("metrics", "status", "status.json", "opml")
_ASKED = 3  # times each page
_SETTLED = 0.02  # CPU seconds in LOOK seconds: what is left after a start is done
_LOOK = 3.0
_LOOKS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """A daemon of so many sources. CPU in seconds."""

    sources: int
    ready: float  # CPU until it serves
    settled: float  # and until it has looked at all sources once
    waited: float  # wall seconds until it serves
    beat: float  # CPU of each second, all of the process, nothing due
    lag: float  # seconds: longest delay of the event loop while pages were asked for
    after_start: Memory
    after_pages: Memory
    pages: dict[str, float]
    ticks: dict[int, float]  # the tick alone, with so many due
    read_profile: float
    poll: float  # `aggregator poll` with nothing due
    poll_peak: float  # MiB


def measured(folder: Path, sizes: Sequence[int]) -> Iterator[Idle]:
    """Make what is not there yet, and measure each size in turn."""
    for size in sizes:
        home = folder / f"sources-{size}"
        home.mkdir(parents=True, exist_ok=True)
        file = home / FILE
        if not (home / DATA).exists():
            fill(profile(home, size))
        yield _measure(file, size)


def _measure(file: Path, size: int) -> Idle:
    poll, peak = processes.command("-c", file, "poll")
    with daemon(file) as (pid, address, waited):
        ready = processes.cpu(pid)
        settled = _settle(pid)
        after_start = processes.memory(pid)
        beat = _beat(pid)
        pages = {page: _ask(pid, address, page) for page in PAGES}
        lag = metric(address, "aggregator_loop_lag_seconds")
        after_pages = processes.memory(pid)
    start = _ticks(file)
    return Idle(
        sources=size,
        ready=ready,
        settled=settled,
        waited=waited,
        beat=beat,
        lag=lag,
        after_start=after_start,
        after_pages=after_pages,
        pages=pages,
        ticks=start.ticks,
        read_profile=start.read_profile,
        poll=poll,
        poll_peak=peak,
    )


def _settle(pid: int) -> float:
    """Wait until a start has nothing more to do; the CPU it took in all."""
    before = processes.cpu(pid)
    for _ in range(_LOOKS):
        time.sleep(_LOOK)
        now = processes.cpu(pid)
        if now - before < _SETTLED:
            break
        before = now
    return now


def _beat(pid: int) -> float:
    before = processes.cpu_of_tree(pid)
    time.sleep(IDLE_SECONDS)
    return (processes.cpu_of_tree(pid) - before) / IDLE_SECONDS


def _ask(pid: int, address: str, page: str) -> float:
    """CPU seconds of one answer, of several in a row: what is kept of the first one counts."""
    before = processes.cpu(pid)
    for _ in range(_ASKED):
        with urlopen(f"{address}{page}", timeout=300) as answer:
            while answer.read(1 << 20):
                pass
    return (processes.cpu(pid) - before) / _ASKED


def _ticks(file: Path) -> Start:
    line = [sys.executable, "-m", "benchmarks.curves.ticks", str(file)]
    told = subprocess.run(line, check=True, capture_output=True, text=True)
    found = json.loads(told.stdout)
    ticks = {int(due): seconds for due, seconds in found["ticks"].items()}
    return Start(found["read_profile"], found["adopt"], ticks)


def table(found: Sequence[Idle]) -> Iterator[str]:
    """The figures in Markdown, a column for each number of sources."""
    yield f"| | {' | '.join(f'{one.sources:,} sources' for one in found)} |"
    yield f"|---|{'---:|' * len(found)}"
    for name, cells in _lines(found):
        yield f"| {name} | {' | '.join(cells)} |"


def _lines(found: Sequence[Idle]) -> Iterator[tuple[str, list[str]]]:
    yield "tick, nothing due", [_ms(one.ticks[0]) for one in found]
    for due in list(found[0].ticks)[1:]:
        yield f"tick, {due} due", [_ms(one.ticks[due]) for one in found]
    yield "daemon with nothing due, each second", [_ms(one.beat) for one in found]
    yield "memory with workers", [f"{one.after_start.tree:.0f} MiB" for one in found]
    yield "… after all pages were asked for", [f"{one.after_pages.tree:.0f} MiB" for one in found]
    yield "… main process at its peak", [f"{one.after_pages.peak:.0f} MiB" for one in found]
    yield "read feeds.yaml", [f"{one.read_profile:.2f} s" for one in found]
    yield "start until it serves", [f"{one.ready:.2f} s" for one in found]
    yield "… and has looked at all sources", [f"{one.settled:.2f} s" for one in found]
    yield "`poll` with nothing due", [f"{one.poll:.2f} s" for one in found]
    yield "… at its peak", [f"{one.poll_peak:.0f} MiB" for one in found]
    for page in PAGES:
        yield f"`/{page}`", [_ms(one.pages[page]) for one in found]
    yield "event loop, longest delay", [_ms(one.lag) for one in found]


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms" if seconds < 0.1 else f"{1000 * seconds:,.0f} ms"
