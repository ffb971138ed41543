"""Run a command to its end and say what it took, with all processes it started.

    python -m benchmarks.peers.meter COMMAND ...

Prints one line of JSON on its standard output; the command's own output is thrown away. Orphans
become children of this process (Linux: "subreaper") and are waited for like any others, so
that the CPU time of every process is in the sum, whatever started it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

EVERY = 0.1  # seconds between two looks at the memory; less in the beginning
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command and its processes took: seconds, seconds, MB at the highest moment seen."""

    wall: float
    cpu: float
    memory: float


def measure(command: list[str]) -> Cost:
    """Run it; raises SystemExit with its output when it fails."""
    ended = threading.Event()
    peak = [0.0]
    watch = threading.Thread(target=_watch, args=(ended, peak))
    before = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        watch.start()
        _, errors = process.communicate()
    _wait_for_orphans()
    wall = time.perf_counter() - before
    ended.set()
    watch.join()
    if process.returncode:
        raise SystemExit(f"{command[:4]} ended with {process.returncode}: {errors[-2000:]!r}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall=wall, cpu=used.ru_utime + used.ru_stime, memory=peak[0])


def _wait_for_orphans() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _watch(ended: threading.Event, peak: list[float]) -> None:
    pause = EVERY / 10
    while not ended.wait(pause):
        pause = min(EVERY, 1.5 * pause)
        peak[0] = max(peak[0], sum(_shares(os.getpid())))


def _shares(pid: int) -> list[float]:
    """MB of each process below `pid`; what several share is divided among them (PSS)."""
    found: list[float] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # ended meanwhile
            for child in file.read_text(encoding="ascii").split():
                found += [_share(int(child)), *_shares(int(child))]
    return found


def _share(pid: int) -> float:
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        for line in text.splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    print(json.dumps(asdict(measure(sys.argv[1:]))))


if __name__ == "__main__":
    main()
