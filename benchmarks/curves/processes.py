"""What a process and its children have used: CPU to the nanosecond, memory. Linux only."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024  # KiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """MiB. Pages that processes share count once in `tree`, in each process in `main`."""

    peak: float  # of the main process so far
    main: float  # of it now
    tree: float  # of it and its children now


def tree(pid: int) -> Iterator[int]:
    """The process and all that descend from it."""
    yield pid
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in file.read_text(encoding="ascii").split():
            yield from tree(int(child))


def cpu(pid: int) -> float:
    """CPU seconds, user and system, of all threads of one process."""
    return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3)


def cpu_of_tree(pid: int) -> float:
    """The same, with its children."""
    return sum(cpu(each) for each in tree(pid))


def memory(pid: int) -> Memory:
    """What a process and its children hold."""
    shared = [_field(Path(f"/proc/{each}/smaps_rollup"), "Pss") for each in tree(pid)]
    status = Path(f"/proc/{pid}/status")
    return Memory(peak=_field(status, "VmHWM"), main=_field(status, "VmRSS"), tree=sum(shared))


def _field(file: Path, name: str) -> float:
    for line in file.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / _MIB
    raise KeyError(name)


def command(*arguments: str | Path) -> tuple[float, float]:
    """Run the program: CPU seconds with children, and MiB of the largest process at its peak.

    Raises CalledProcessError.
    """
    line: Sequence[str | Path] = (sys.executable, "-m", "aggregator", *arguments)
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        told = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, line, stderr=told)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / _MIB
