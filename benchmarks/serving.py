"""What an answer costs: the program against nginx, over the same public tree, in the same run.

    python -m benchmarks.serving [SECONDS]     for each of the measurements, default 5

The tree is made by `aggregator run` from two files of 50 entries each, which then serves it; nginx
serves it as deploy/web/nginx.conf says, in one process as well. wrk asks both on loopback for the
feed, compressed: with its validator (304), and without (200). What is counted is the CPU time,
user and system, of the server's process alone. Needs nginx and wrk.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.material import document
from tests.web.static_servers import command, free_port, nginx

ENTRIES = 50
CONNECTIONS = 16
PATIENCE = 60.0  # seconds until the feed must be there
FEED = "/feeds/all.atom"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """What answering took: requests, seconds by the clock, CPU seconds of the server."""

    requests: int
    wall: float
    cpu: float

    @property
    def per_second(self) -> float:
        return self.requests / self.wall

    @property
    def per_cpu_second(self) -> float:
        return self.requests / self.cpu


@contextmanager
def program(folder: Path) -> Iterator[tuple[str, int]]:
    """`aggregator run` with a feed of 2 x ENTRIES articles; gives its address and process id."""
    for number in range(2):
        (folder / f"{number}.xml").write_bytes(document(number, entries=ENTRIES).body)
    (folder / "feeds.yaml").write_text(
        "sources: [{id: a, path: 0.xml}, {id: b, path: 1.xml}]\n"
        "outputs: [{id: all}]\nserver: {max_requests: 0}\n",
        encoding="utf-8",
    )
    port = free_port()
    arguments = [sys.executable, "-m", "aggregator", "--config", str(folder / "feeds.yaml")]
    arguments += ["run", "--listen", f"127.0.0.1:{port}"]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for_both(address)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait()


def _wait_for_both(address: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            status, _, body = ask(address)
        except OSError:
            status, body = 0, b""
        if status == 200 and body.count(b"<entry") >= 2 * ENTRIES:
            return
        time.sleep(0.2)
    raise TimeoutError(f"no feed at {address}{FEED}")


def ask(address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for the feed: status, header fields in lower case, body."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=5)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", FEED, headers=sent)
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return response.status, told, response.read()
    finally:
        connection.close()


def cpu(pid: int) -> float:
    """CPU seconds of a process up to now."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def load(address: str, pid: int, seconds: int, headers: dict[str, str]) -> Cost:
    """Ask one server for the feed, as fast as it answers."""
    arguments = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    for name, value in headers.items():
        arguments += ["-H", f"{name}: {value}"]
    before, began = cpu(pid), time.monotonic()
    said = subprocess.run([*arguments, address + FEED], check=True, capture_output=True, text=True)
    wall, after = time.monotonic() - began, cpu(pid)
    match = re.search(r"(\d+) requests in", said.stdout)
    if match is None or "Socket errors" in said.stdout:
        raise RuntimeError(said.stdout)
    return Cost(requests=int(match[1]), wall=wall, cpu=after - before)


def measure(
    servers: dict[str, tuple[str, int]], seconds: int
) -> Iterator[tuple[str, dict[str, Cost]]]:
    """Each kind of answer, by each server: warmed up first, then counted."""
    for status in (304, 200):
        costs = {}
        for name, (address, pid) in servers.items():
            headers = {"Accept-Encoding": "gzip"}
            if status == 304:
                headers["If-None-Match"] = ask(address, **headers)[1]["etag"]
            got, told, body = ask(address, **headers)
            if got != status or (status == 200 and told["content-encoding"] != "gzip"):
                raise RuntimeError(f"{name} answers {got} with {len(body)} bytes")
            load(address, pid, 1, headers)
            costs[name] = load(address, pid, seconds, headers)
        yield f"{status}, {len(body):,} bytes", costs


def main(seconds: int) -> int:
    """Print the table, a line as soon as it is known."""
    missing = [name for name in ("nginx", "wrk") if command(name) is None]
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
        return 1
    print(f"{'':<20}{'server':<12}{'requests/s':>12}{'per CPU s':>12}{'CPU s':>8}")
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as prefix,
        program(Path(folder)) as own,
        nginx(Path(folder) / "data" / "public", Path(prefix)) as other,
    ):
        for answer, costs in measure({"aggregator": own, "nginx": other}, seconds):
            for name, cost in costs.items():
                figures = f"{cost.per_second:>12,.0f}{cost.per_cpu_second:>12,.0f}{cost.cpu:>8.2f}"
                print(f"{answer:<20}{name:<12}{figures}", flush=True)
            ratio = costs["nginx"].per_cpu_second / costs["aggregator"].per_cpu_second
            print(f"{answer:<20}nginx does {ratio:.1f} times as many on the same CPU", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
