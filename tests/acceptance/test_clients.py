"""Feed readers that people use subscribe to the running service and show what it publishes.

Each is skipped where it is not installed. `reader` is looked for in the Python that
AGGREGATOR_READER_PYTHON names, or in this one; it asks for deltas (`A-IM: feed`).
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

import feedparser
import pytest

from tests.feed_server import FeedServer, Story, feed_server, rss, write_config
from tests.publishing import titles
from tests.test_service import Daemon, daemon, eventually

FEED = "/feeds/all.atom"
CONFIG = """
defaults: {interval: 1s}
limits: {per_host: 64, host_interval: 0s, timeout: 5s, min_interval: 1s, hard_interval: 0s}
network: {allow: [127.0.0.0/8]}
"""
STORIES = (
    Story("1", "Fish & chips: 5 < 6, says “nobody”", body="<p>About <b>fish</b>.</p>"),
    Story("2", "Übermut tut selten gut", body="Ein Text mit Umlauten: äöü."),
    Story("3", "東京の天気", body="晴れ"),
    Story("4", 'It\'s a "quoted" title', body="Words of the fourth story."),
)
FRESH = Story("5", "The news of the day, hot off the press", date="Sat, 28 Jun 2025 09:00:00 GMT")
EDITED = Story("2", "Übermut tut selten gut", body="Ein ganz anderer Text, nach einer Korrektur.")
PATIENCE = 60  # seconds for one run of a client


class Client(Protocol):
    """Fetches when told to, and says which titles it shows."""

    def shown(self, address: str) -> list[str]: ...


class Newsboat:
    """Its cache is what its list of articles is drawn from."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "config").write_text("auto-reload no\n", encoding="utf-8")

    def shown(self, address: str) -> list[str]:
        (self.home / "urls").write_text(f"{address}\n", encoding="utf-8")
        files = ["-u", "urls", "-c", "cache.db", "-C", "config"]
        said = run(["newsboat", *files, "-x", "reload", "print-unread"], self.home)
        with closing(sqlite3.connect(self.home / "cache.db")) as cache:
            rows = cache.execute("SELECT title FROM rss_item WHERE deleted = 0").fetchall()
        assert said.split()[0] == str(len(rows))  # "5 unread articles"
        return [title for (title,) in rows]


class Sfeed:
    """A line for each article, kept from one run to the next."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def shown(self, address: str) -> list[str]:
        rules = f"sfeedpath={self.home}/feeds\nfeeds() {{ feed all '{address}'; }}\n"
        (self.home / "sfeedrc").write_text(rules, encoding="utf-8")
        run(["sfeed_update", str(self.home / "sfeedrc")], self.home)
        lines = (self.home / "feeds" / "all").read_text(encoding="utf-8").splitlines()
        return [line.split("\t")[1] for line in lines]


class Reader:
    """The Python library, in an interpreter that has it."""

    PROGRAM = """
import json, sys
from reader import make_reader
reader = make_reader("reader.db", feed_root=None)
reader.add_feed(sys.argv[1], exist_ok=True)
reader.update_feed(sys.argv[1])
print(json.dumps([entry.title for entry in reader.get_entries()]))
"""

    def __init__(self, home: Path) -> None:
        self.home = home

    def shown(self, address: str) -> list[str]:
        said = run([reader_python(), "-c", self.PROGRAM, address], self.home)
        found: list[str] = json.loads(said)
        return found


class Feedparser:
    """As a program uses it that keeps articles by id, and asks with the validators it has."""

    def __init__(self, home: Path) -> None:
        self.etag: str | None = None
        self.modified: str | None = None
        self.kept: dict[str, str] = {}
        self.statuses: list[int] = []

    def shown(self, address: str) -> list[str]:
        found = feedparser.parse(address, etag=self.etag, modified=self.modified)
        self.statuses.append(found.status)
        assert not found.bozo
        if found.status != 304:
            self.etag, self.modified = found.etag, found.modified
        self.kept |= {entry.id: entry.title for entry in found.entries}
        return list(self.kept.values())


def run(command: Sequence[str], home: Path) -> str:
    environ = {**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command, cwd=home, env=environ, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def reader_python() -> str:
    return os.environ.get("AGGREGATOR_READER_PYTHON", sys.executable)


def has_reader() -> bool:
    command = [reader_python(), "-c", "import reader"]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server({"a": rss(*STORIES, title="A site")}) as running:
        yield running


def published(running: Daemon) -> list[str]:
    body = running.feed()
    return sorted(titles(body)) if body else []


def shows_everything(client: Client, server: FeedServer, folder: Path) -> None:
    """Subscribe; then a story is added, then one is edited."""
    with daemon(write_config(folder, server.config(extra=CONFIG))) as running:
        address = running.address.rstrip("/") + FEED
        eventually(lambda: len(published(running)) == len(STORIES))
        expected = sorted(story.title for story in STORIES)
        assert sorted(client.shown(address)) == published(running) == expected
        server.bodies["a"] = rss(FRESH, *STORIES, title="A site")
        eventually(lambda: FRESH.title in published(running))
        expected = sorted([*expected, FRESH.title])
        assert sorted(client.shown(address)) == published(running) == expected
        assert sorted(client.shown(address)) == expected  # nothing has changed
        edited = [EDITED if story.guid == EDITED.guid else story for story in STORIES]
        server.bodies["a"] = rss(FRESH, *edited, title="A site")
        eventually(lambda: b"nach einer Korrektur" in running.feed())
        assert sorted(client.shown(address)) == published(running) == expected


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.mark.skipif(shutil.which("newsboat") is None, reason="newsboat is not installed")
def test_newsboat_shows_every_article_once(server: FeedServer, home: Path, tmp_path: Path) -> None:
    shows_everything(Newsboat(home), server, tmp_path)


@pytest.mark.skipif(shutil.which("sfeed_update") is None, reason="sfeed is not installed")
def test_sfeed_shows_every_article_once(server: FeedServer, home: Path, tmp_path: Path) -> None:
    shows_everything(Sfeed(home), server, tmp_path)


def test_reader_shows_every_article_once(server: FeedServer, home: Path, tmp_path: Path) -> None:
    if not has_reader():
        pytest.skip("reader is not installed; see AGGREGATOR_READER_PYTHON")
    shows_everything(Reader(home), server, tmp_path)


# W26 W46
def test_feedparser_shows_every_article_once_and_is_sent_only_what_is_new(
    server: FeedServer, home: Path, tmp_path: Path
) -> None:
    client = Feedparser(home)
    shows_everything(client, server, tmp_path)
    assert client.statuses == [200, 226, 304, 226]  # it takes deltas on its own account
