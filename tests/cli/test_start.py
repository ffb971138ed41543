"""A poll pays at its start for what it uses: it is run by cron, a thousand times a week."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import PROJECT
from tests.feed_server import Story, feed_server, rss, write_config

# The server, the scheduler, the languages, and what reads, renders and draws.
UNUSED = frozenset(
    "aggregator.core.chunk aggregator.core.filter.rule aggregator.explain aggregator.service "
    "aggregator.web aiohttp apscheduler feedgen feedparser jinja2 prometheus_client regex "
    "sqlite_utils".split()
)
POLL = """
import sys
from aggregator.cli import main
try:
    main(sys.argv[1:])
finally:
    print(*sys.modules, file=sys.stderr)
"""


def poll(file: Path) -> subprocess.CompletedProcess[str]:
    """Run `aggregator poll --force` on its own; on standard error is what was loaded."""
    command = [sys.executable, "-c", POLL, "-c", str(file), "poll", "--force"]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)


def test_a_poll_that_brings_nothing_loads_neither_server_nor_scheduler_nor_parser(
    tmp_path: Path,
) -> None:
    with feed_server({"a": rss(Story("1", "The only story of this feed"))}) as server:
        file = write_config(tmp_path, server.config())
        poll(file)
        again = poll(file)
    assert "0 new, 0 updated; 0 feeds published" in again.stdout
    assert UNUSED.intersection(again.stderr.split()) == set()
