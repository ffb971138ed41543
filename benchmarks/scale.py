"""A daemon with many sources, and one with bad neighbours: whole processes on loopback.

python -m benchmarks.scale sources [N]     start, memory, event loop (default 10,000)
python -m benchmarks.scale neighbours      500 feeds alone, and beside 20 bad ones
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

LIMITS = """
limits: {per_host: 64, host_interval: 0s, timeout: 20s}
network: {allow: [127.0.0.0/8]}
"""
GOOD = 500
BAD = ("stall",) * 7 + ("drip",) * 7 + ("error",) * 6
ROUNDS = 3


@contextmanager
def server() -> Iterator[int]:
    """The feed server; yields its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def config(folder: Path, port: int, paths: Sequence[str]) -> Path:
    sources = "".join(
        f"  - {{id: {path.replace('/', '-')}, url: 'http://127.0.0.1:{port}/{path}'}}\n"
        for path in paths
    )
    file = folder / "feeds.yaml"
    outputs = "outputs:\n  - {id: all, title: All}\n"
    file.write_text(f"sources:\n{sources}{outputs}{LIMITS}", encoding="utf-8")
    return file


@contextmanager
def daemon(file: Path) -> Iterator[tuple[int, str, float]]:
    """A daemon; yields its pid, its address and the seconds until it was ready."""
    before = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "aggregator", "-c", str(file), "run", "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().split()[-1]
        yield process.pid, address, time.perf_counter() - before
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        process.kill()
        process.wait()


def memory(pid: int) -> tuple[float, float]:
    """Peak MB of the process, and MB that its children hold now."""
    return _status(pid, "VmHWM"), sum(_tree(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    """The children of all threads of a process."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in lists for child in file.read_text(encoding="ascii").split()]


def _tree(pid: int) -> float:
    return _status(pid, "VmRSS") + sum(_tree(child) for child in _children(pid))


def _status(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu(pid: int) -> float:
    """CPU seconds of the process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def metric(address: str, name: str) -> float:
    text = urlopen(f"{address}metrics", timeout=30).read().decode()
    return sum(
        float(line.split()[-1])
        for line in text.splitlines()
        if line.startswith((name + " ", name + "{"))
    )


def many_sources(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, server() as port:
        file = config(Path(folder), port, [f"good/{number}" for number in range(count)])
        with daemon(file) as (pid, address, seconds):
            print(f"{count} sources: ready after {seconds:.1f} s")
            before = time.perf_counter()
            while metric(address, "aggregator_polls_total") < count:
                time.sleep(10)  # as often as a monitor asks
            took = time.perf_counter() - before
            main, children = memory(pid)
            lag = metric(address, "aggregator_loop_lag_seconds")
            print(f"first import of all: {took:.0f} s, {cpu(pid):.0f} s CPU of the main process")
            print(f"memory: main process {main:.0f} MB at its peak, workers {children:.0f} MB")
            print(f"event loop: longest delay {1000 * lag:.0f} ms")
        with daemon(file) as (pid, address, seconds):
            time.sleep(10)
            main, _ = memory(pid)
            lag = metric(address, "aggregator_loop_lag_seconds")
            print(f"restart: ready after {seconds:.1f} s, {main:.0f} MB, lag {1000 * lag:.0f} ms")


def bad_neighbours() -> None:
    good = [f"good/{number}" for number in range(GOOD)]
    bad = [f"{kind}/{number}" for number, kind in enumerate(BAD)]
    alone, beside = [], []
    with server() as port:
        for _ in range(ROUNDS):
            alone.append(_until_all_good(port, good, good))
            beside.append(_until_all_good(port, [*bad, *good], good))
    ratio = statistics.median(beside) / statistics.median(alone)
    print(f"{GOOD} feeds alone: {statistics.median(alone):.2f} s")
    print(f"beside {len(bad)} bad ones: {statistics.median(beside):.2f} s, ratio {ratio:.2f}")


def _until_all_good(port: int, paths: Sequence[str], good: Sequence[str]) -> float:
    """Seconds of `aggregator poll --force` until the last good source is reported."""
    names = {path.replace("/", "-") for path in good}
    with tempfile.TemporaryDirectory() as folder:
        file = config(Path(folder), port, paths)
        command = [sys.executable, "-u", "-m", "aggregator", "-c", str(file), "poll", "--force"]
        before = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                names.discard(line.split(":")[0])
                if not names:
                    seconds = time.perf_counter() - before
                    process.kill()
                    return seconds
    raise SystemExit(f"never polled: {sorted(names)[:5]}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["neighbours"]:
        bad_neighbours()
    else:
        many_sources(int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
