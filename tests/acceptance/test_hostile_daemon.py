"""One daemon among everything that is hostile, beside 50 good feeds that must not notice.

AGGREGATOR_HOSTILE=all adds the documents that take minutes to build and serve;
AGGREGATOR_HOSTILE_SECONDS says how long to watch.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from aggregator.app import App
from tests.acceptance.hostile_kit import (
    RAW_ROUTES,
    Trap,
    cases,
    hostile_server,
    identifier,
    lures,
    raw_server,
    transport_sources,
    trap,
)
from tests.feed_server import FeedServer, Story, feed_server, rss, write_config
from tests.test_service import Daemon, daemon

ALL = os.environ.get("AGGREGATOR_HOSTILE") == "all"
SECONDS = float(os.environ.get("AGGREGATOR_HOSTILE_SECONDS", "240" if ALL else "20"))
CALM = 12.0  # seconds to watch the good feeds alone
PATIENCE = 60.0  # seconds more, for a slow machine to try every source once
GOOD = 50
INTERVAL = 4  # seconds between two polls of a good feed
ALLOWANCE = 6  # seconds: one of jitter, one to the next heartbeat, four for a busy machine
SOON = timedelta(seconds=3)  # the daemon has started then: what is overdue would be a backlog
GOOD_SPREAD = timedelta(seconds=INTERVAL)
BAD_SPREAD = timedelta(seconds=10)
GROWTH = 100  # MB of peak memory
PROMPT = 2.0  # seconds for an answer to /healthz
LIMITS = f"""
limits:
  per_host: 64
  host_interval: 0s
  timeout: {"60s" if ALL else "4s"}
  parse_deadline: 2s
  min_interval: 10s
  hard_interval: 1s
network:
  allow: [127.0.0.1/32]
"""

# What must fail, and how; everything else has something that can be read. The kit's server
# takes so long over the big documents that they may also time out.
FAILURES = {
    "timeout": "t-slow-0-5 t-slow-20 t-drip-7-0-3 t-stall r-drip r-hdrdrip",
    "redirect": "t-loop t-hops-30 to-0 to-1 to-2 r-loop r-inc0 r-file r-badloc",
    "blocked_address": "to-3 to-4 to-5 to-6 to-7 to-8",
    "truncated": "t-short t-reset c-gzip-truncated r-trunc",
    "bad_encoding": "r-gzgz c-gzip-double",
    "too_large": "t-endless t-hugeheader t-manyheaders c-title-10mb c-body-100mb c-entries-1m "
    "c-gzip-bomb-1gb r-gz r-br r-zs r-bighdr r-infinite",
    "empty": "t-status-204 c-empty-body",
    "http": "t-long t-etaglie t-status-429 t-status-503 t-status-410 t-status-304 t-status-206 "
    "t-status-401 t-status-418 r-http09",
    "not_a_feed": "c-body-is-path c-body-is-url c-enc-codec-zlib c-html-page c-html-login-200 "
    "c-whitespace-body c-binary-png c-opml-as-feed c-svg-as-feed r-redirgz r-cookie r-etag "
    "r-utf8loc lure-text near-text",
}
EXPECTED = {source: kind for kind, names in FAILURES.items() for source in names.split()}
LATE = {"timeout", "deadline"}  # a slow machine may say so of any of them
MAY_FAIL = {
    "t-flip": {"not_a_feed"},  # a feed and a web page by turns
    "t-long": {"not_a_feed"},  # its first 50 bytes, where they were read before the rest came
}


@dataclass(slots=True)
class Neighbourhood:
    """The good feeds, the bad sources by id, and who must never be visited."""

    good: FeedServer
    bad: Mapping[str, str]
    traps: tuple[Trap, ...]

    def config(self, *, bad: bool) -> str:
        """feeds.yaml with or without the bad sources."""
        lines = [
            f"  - {{id: {path}, url: '{self.good.url(path)}', interval: {INTERVAL}s}}"
            for path in self.good.bodies
        ]
        if bad:
            lines += [f"  - {{id: {name}, url: '{url}'}}" for name, url in self.bad.items()]
        outputs = f"  - {{id: all}}\n  - {{id: good, sources: [{', '.join(self.good.bodies)}]}}\n"
        return "\n".join(["defaults: {interval: 20s}", "sources:", *lines, "outputs:", outputs])


@contextmanager
def neighbourhood(kit: Path) -> Iterator[Neighbourhood]:
    """Start every server."""
    with ExitStack() as stack:
        near, far, six = (
            stack.enter_context(trap(host)) for host in ("127.0.0.1", "127.0.0.2", "::1")
        )
        hostile = stack.enter_context(hostile_server(kit))
        raw = stack.enter_context(raw_server(kit))
        bodies = lures(far.address)
        for name, body in lures(near.address).items():  # may be connected to, but not for this
            bodies[name.replace("lure", "near")] = body
        luring = stack.enter_context(feed_server(bodies))
        bad = transport_sources(hostile, [far.address, six.address])
        bad |= {f"c-{identifier(name)}": f"{hostile}/case/{name}" for name in cases(kit, big=ALL)}
        bad |= {f"r-{route}": f"{raw}/{route}" for route in RAW_ROUTES if raw}
        bad |= {path: luring.url(path) for path in luring.bodies}
        good = stack.enter_context(feed_server({f"good-{n}": story(n, 1) for n in range(GOOD)}))
        yield Neighbourhood(good, bad, (near, far, six))


def story(number: int, count: int) -> bytes:
    """A good feed of so many stories of its own."""
    told = (
        Story(f"{number}-{n}", f"Good feed {number} tells story number {n}") for n in range(count)
    )
    return rss(*told, title=f"Good {number}")


@pytest.mark.timeout(900)
def test_good_feeds_stay_on_time_among_everything_hostile(
    testkit: Path, tmp_path: Path
) -> None:  # S5 S15 S17 S18 S20 S21 P37 P66 P67 P103
    with neighbourhood(testkit) as around:
        file = write_config(tmp_path, around.config(bad=False) + LIMITS)
        introduce(file, GOOD_SPREAD)
        with daemon(file) as running:
            watch(running, CALM)
            calm = peak_memory(running)
            for number in range(GOOD):
                around.good.bodies[f"good-{number}"] = story(number, 2)
            write_config(tmp_path, around.config(bad=True) + LIMITS)
            introduce(file, BAD_SPREAD)
            running.process.send_signal(signal.SIGHUP)
            watch(running, SECONDS)
            wait_until_all_were_tried(running, around)
            growth = peak_memory(running) - calm
            until = time.monotonic()
            assert running.stop() == 0
        gaps = longest_gaps(around.good, until)
        sys.stderr.write(f"+{growth:.0f} MB, longest gap {max(gaps.values()):.1f} s\n")  # for -s
        assert growth < GROWTH
        assert not {path: gap for path, gap in gaps.items() if gap > INTERVAL + ALLOWANCE}
        assert all(not one.visits for one in around.traps)
        nothing_leaked(tmp_path, running)
        everything_is_told(file, around)
        published = (tmp_path / "data" / "public" / "feeds" / "good.atom").read_text("utf-8")
        assert published.count("tells story number 1") >= GOOD


def introduce(file: Path, spread: timedelta) -> None:
    """Put the sources into the database: soon due, nearer together than the daemon would."""
    with App.open(file, {}) as app:
        app.store.adopt(app.settings.sources, now=app.now() + SOON, spread=spread)


def run(file: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "aggregator", "-c", str(file), *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout


def watch(running: Daemon, seconds: float) -> None:
    """Ask five times a second whether the daemon is well."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        asked = time.monotonic()
        assert running.get("/healthz")[0] == 200
        assert time.monotonic() - asked < PROMPT
        time.sleep(0.2)  # an observer of a real process


def wait_until_all_were_tried(running: Daemon, around: Neighbourhood) -> None:
    give_up = time.monotonic() + PATIENCE
    while missing := set(around.bad) - tried(running):
        assert time.monotonic() < give_up, sorted(missing)
        watch(running, 0.5)


def tried(running: Daemon) -> set[str]:
    found = (re.search(r" poll source=(\S+)", line) for line in list(running.said))
    return {match[1] for match in found if match}


def peak_memory(running: Daemon) -> float:
    """Peak MB of the main process."""
    status = Path(f"/proc/{running.process.pid}/status").read_text(encoding="ascii")
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1]) / 1024


def longest_gaps(good: FeedServer, until: float) -> dict[str, float]:
    """For each good feed the longest time between two requests, in seconds."""
    times: dict[str, list[float]] = {f"/{path}": [] for path in good.bodies}
    for path, _, moment in good.requests:
        times[path].append(moment)
    return {
        path: max(later - earlier for earlier, later in pairwise([*moments, until]))
        for path, moments in times.items()
    }


def nothing_leaked(folder: Path, running: Daemon) -> None:
    """Neither /etc/passwd nor what a trap would have answered is anywhere."""
    said = "".join(running.said)
    assert "Traceback" not in said
    texts = {"log": said.encode()}
    for file in sorted((folder / "data").rglob("*")):
        if file.is_file():
            body = file.read_bytes()
            texts[file.name] = gzip.decompress(body) if file.suffix == ".gz" else body
    assert {"aggregator.db", "all.atom", "good.atom"} <= texts.keys()
    for name, body in texts.items():
        assert b"root:" not in body, name
        assert b"canary" not in body, name


def everything_is_told(file: Path, around: Neighbourhood) -> None:
    """`status` shows a fitting error for every bad source, and none for the good ones."""
    rows = {
        row["source"]: row for row in map(json.loads, run(file, "status", "--json").splitlines())
    }
    for path in around.good.bodies:
        assert rows[path]["state"] == "ok", rows[path]
    for source in around.bad:
        row = rows[source]
        if source in EXPECTED or row["state"] != "ok":
            allowed = {EXPECTED.get(source, "timeout")} | MAY_FAIL.get(source, set()) | LATE
            assert row["state"] == "failing", row
            assert row["last_error_kind"] in allowed, row
            assert row["last_error"], row
