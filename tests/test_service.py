"""The daemon as a process: it serves, reloads, survives mistakes and ends cleanly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.feed_server import FAST, FeedServer, Story, feed_server, rss, write_config

ONE = Story("1", "The first story of this small feed")
TWO = Story("2", "The second story is about something else", body="Quite other words here.")
PATIENCE = 20.0  # seconds


@dataclass(slots=True)
class Daemon:
    """A running `aggregator run`: its address, and what it says on standard error."""

    process: subprocess.Popen[str]
    address: str = ""
    said: list[str] = field(default_factory=list)

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(self.address)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.headers.items()), answer.read()
        finally:
            connection.close()

    def feed(self, output: str = "all") -> bytes:
        status, _, body = self.get(f"/feeds/{output}.atom")
        return body if status == 200 else b""

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def daemon(file: Path, **environ: str) -> Iterator[Daemon]:
    """Run the daemon on a free port until the block ends; killed if the test did not stop it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aggregator", "-c", str(file), "run", "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},
    )
    running = Daemon(process)
    listener = threading.Thread(target=lambda: running.said.extend(process.stderr or ()))
    listener.start()
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("serving on "), running.said
        running.address = first.split()[-1]
        yield running
    finally:
        process.kill()
        process.wait()
        listener.join()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something holds; fail after twenty seconds."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server({"a": rss(ONE, title="Site A"), "b": rss(TWO, title="Site B")}) as running:
        yield running


def test_the_daemon_polls_publishes_serves_and_ends_with_zero(
    server: FeedServer, tmp_path: Path
) -> None:  # P106
    with daemon(write_config(tmp_path, server.config())) as running:
        eventually(lambda: running.feed().count(b"<entry") == 2)
        assert running.get("/healthz")[0] == 200
        assert running.get("/readyz")[0] == 200
        assert b"aggregator_polls_total" in running.get("/metrics")[2]
        assert running.get("/")[0] == 200
        assert running.get("/status")[0] == 200
        assert server.url("a").encode() in running.get("/opml")[2]
        assert running.stop() == 0


def test_ctrl_c_ends_cleanly_and_says_no_traceback(server: FeedServer, tmp_path: Path) -> None:
    with daemon(write_config(tmp_path, server.config())) as running:
        assert running.stop(signal.SIGINT) == 0
    assert not any("Traceback" in line for line in running.said)


def test_a_restart_does_not_poll_again(server: FeedServer, tmp_path: Path) -> None:  # P97
    file = write_config(tmp_path, server.config())
    with daemon(file) as running:
        eventually(lambda: running.feed().count(b"<entry") == 2)
        running.stop()
    asked = len(server.requests)
    with daemon(file) as running:
        eventually(lambda: running.get("/readyz")[0] == 200)
        assert running.feed().count(b"<entry") == 2
        time.sleep(1.5)  # longer than a tick
        running.stop()
    assert len(server.requests) == asked


@pytest.mark.parametrize("by_signal", [True, False])
def test_a_changed_feeds_yaml_is_used(server: FeedServer, tmp_path: Path, by_signal: bool) -> None:
    file = write_config(tmp_path, server.config())
    with daemon(file) as running:
        eventually(lambda: running.feed().count(b"<entry") == 2)
        file.write_text(server.config(outputs="  - {id: new, title: New}\n"), encoding="utf-8")
        if by_signal:
            running.process.send_signal(signal.SIGHUP)
        eventually(lambda: running.feed("new").count(b"<entry") == 2)
        assert running.get("/feeds/all.atom")[0] in (404, 410)
        assert running.stop() == 0


def test_a_bad_feeds_yaml_keeps_the_old_one_and_says_so(server: FeedServer, tmp_path: Path) -> None:
    file = write_config(tmp_path, server.config())
    with daemon(file) as running:
        eventually(lambda: running.feed().count(b"<entry") == 2)
        file.write_text("sources: [", encoding="utf-8")
        eventually(lambda: any("reload refused" in line for line in running.said))
        assert running.feed().count(b"<entry") == 2
        file.write_text(server.config(), encoding="utf-8")
        eventually(lambda: any("reloaded" in line for line in running.said))
        assert running.stop() == 0


def test_a_daemon_and_a_poll_beside_it_fetch_nothing_twice(
    server: FeedServer, tmp_path: Path
) -> None:  # P104
    server.bodies |= {f"s{number}": rss(ONE) for number in range(10)}
    file = write_config(tmp_path, server.config())
    with daemon(file) as running:
        beside = subprocess.run(
            [sys.executable, "-m", "aggregator", "-c", str(file), "poll"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert beside.returncode == 0, beside.stderr
        eventually(lambda: len({path for path, _, _ in server.requests}) == 12)
        running.stop()
    assert all(server.asked(path) == 1 for path in server.bodies)


# P95
def test_a_feed_that_is_listed_twice_is_logged_once(server: FeedServer, tmp_path: Path) -> None:
    again = f"  - {{id: again, url: '{server.url('a')}#x'}}\n"
    config = server.config().replace("outputs:\n", f"{again}outputs:\n", 1)
    file = write_config(tmp_path, config)
    with daemon(file) as running:
        eventually(lambda: running.feed().count(b"<entry") == 2)
        eventually(lambda: any("WARNING duplicate subscription" in line for line in running.said))
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: any("reloaded" in line for line in running.said))
        assert running.stop() == 0
    said = [line for line in running.said if "duplicate subscription" in line]
    assert len(said) == 1
    assert "same feed as again" in said[0]


def test_systemd_is_told_when_the_daemon_is_ready_and_stops(
    server: FeedServer, tmp_path: Path
) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(address))
        channel.settimeout(PATIENCE)
        file = write_config(tmp_path, server.config())
        with daemon(file, NOTIFY_SOCKET=str(address)) as running:
            assert channel.recv(100) == b"READY=1"
            assert channel.recv(100) == b"WATCHDOG=1"
            running.stop()
            told = b""
            while told != b"STOPPING=1":
                told = channel.recv(100)


def test_a_taken_address_is_a_clear_error(server: FeedServer, tmp_path: Path) -> None:
    file = write_config(tmp_path, server.config())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "aggregator",
                "-c",
                str(file),
                "run",
                "--listen",
                f"127.0.0.1:{port}",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert str(port) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_start_with_a_bad_feeds_yaml_exits_with_78(tmp_path: Path) -> None:
    file = write_config(tmp_path, "sources:\n  - {url: 'ftp://example.com/feed'}\n" + FAST)
    ended = subprocess.run(
        [sys.executable, "-m", "aggregator", "-c", str(file), "run"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 78
    assert "feeds.yaml:2:" in ended.stderr
    assert "^" in ended.stderr


def test_kill_nine_costs_one_interval_and_loses_nothing(
    server: FeedServer, tmp_path: Path
) -> None:  # P98
    file = write_config(tmp_path, server.config())
    with daemon(file) as running:
        eventually(lambda: bool(server.requests))
        running.process.kill()
        running.process.wait()
    with daemon(file) as running:
        time.sleep(1.5)  # longer than a tick
        running.stop()
    assert all(server.asked(path) <= 1 for path in server.bodies)
