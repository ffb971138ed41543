"""Who is compared: how each is set up, run once over all feeds, and asked what it stored."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Protocol

from aggregator import __version__

GROUPS = 4  # outputs besides that of all feeds
CONNECTIONS = 64  # at the same time, where it can be said
READER = Path(__file__).with_name("reader_peer.py")
READER_PYTHON = "AGGREGATOR_READER_PYTHON"


class Contestant(Protocol):
    """One program. Its home is an empty folder at first, later the one of the run before."""

    @property
    def name(self) -> str: ...

    @property
    def does(self) -> str:
        """What it does with the feeds, and what not, for the table."""

    def missing(self) -> str:
        """Why it cannot take part; "" when it can."""

    def version(self) -> str:
        """Which one it is."""

    def prepare(self, home: Path, urls: Sequence[str]) -> None:
        """Write what it is configured by; not measured."""

    def command(self, home: Path) -> list[str]:
        """What asks for each feed once."""

    def environment(self, home: Path) -> dict[str, str]:
        """Variables to set."""

    def stored(self, home: Path) -> int:
        """How many entries it has."""


@dataclass(frozen=True, slots=True)
class Program:
    """What contestants have in common."""

    name: str
    does: str

    def missing(self) -> str:
        return ""

    def environment(self, home: Path) -> dict[str, str]:
        return {"HOME": str(home)}


@dataclass(frozen=True, slots=True)
class Ours(Program):
    """This project, as a cron job would run it."""

    name: str = "aggregator"
    does: str = (
        "conditional GET; every entry made safe in separate processes, compared with all stories; "
        "five outputs as Atom, RSS and JSON Feed with archive and pages; the defaults but for the "
        "bounds for each host, as all feeds are on one here"
    )

    def version(self) -> str:
        return __version__

    def prepare(self, home: Path, urls: Sequence[str]) -> None:
        sources = "".join(
            f"  - {{id: feed-{number}, url: '{url}', tags: [group{number % GROUPS}]}}\n"
            for number, url in enumerate(urls)
        )
        groups = "".join(
            f"  - {{id: group{number}, sources: [tag:group{number}]}}\n" for number in range(GROUPS)
        )
        text = f"""sources:\n{sources}outputs:\n  - {{id: all}}\n{groups}
limits: {{host_interval: 0s, per_host: {CONNECTIONS}}}
network: {{allow: [127.0.0.0/8]}}
"""
        (home / "feeds.yaml").write_text(text, encoding="utf-8")

    def command(self, home: Path) -> list[str]:
        file = str(home / "feeds.yaml")
        return [sys.executable, "-m", "aggregator", "--config", file, "poll", "--force"]

    def stored(self, home: Path) -> int:
        return counted(home / "data" / "aggregator.db", "SELECT count(*) FROM entries")


@dataclass(frozen=True, slots=True)
class Naive(Program):
    """The afternoon's work in naive.py."""

    name: str = "naive"
    does: str = (
        "conditional GET; feedparser as it comes, HTML sanitised by it; an upsert for each feed; "
        "five outputs as Atom; nothing is compared, filtered or bounded"
    )
    flags: tuple[str, ...] = ()

    def version(self) -> str:
        used = ("aiohttp", "feedparser", "sqlite-utils", "feedgen")
        return ", ".join(f"{name} {metadata.version(name)}" for name in used)

    def prepare(self, home: Path, urls: Sequence[str]) -> None:
        listed(home, urls)

    def command(self, home: Path) -> list[str]:
        return [sys.executable, "-m", "benchmarks.peers.naive", str(home), *self.flags]

    def stored(self, home: Path) -> int:
        return counted(home / "naive.db", "SELECT count(*) FROM entries")


UNCONDITIONAL = Naive(
    name="naive (unconditional)",
    does=(
        "the same, but for the GET, which is unconditional as in most scripts written at home: "
        "every document comes whole, and is read and stored again"
    ),
    flags=("--unconditional",),
)


@dataclass(frozen=True, slots=True)
class Reader(Program):
    """The library reader; its own database layer, search switched off."""

    name: str = "reader"
    does: str = (
        "conditional GET; feedparser as it comes, HTML sanitised by it; a transaction for each "
        "feed; marks changed entries; no outputs, nothing is compared or filtered"
    )
    python: str = field(default_factory=lambda: os.environ.get(READER_PYTHON, sys.executable))
    workers: int = 8

    def missing(self) -> str:
        try:
            command = [self.python, "-c", "import reader"]
            asked = subprocess.run(command, check=False, capture_output=True)
        except OSError as error:
            return f"{self.python}: {error.strerror}"
        return f"{self.python} has no reader; see {READER_PYTHON}" if asked.returncode else ""

    def version(self) -> str:
        return said(self.python, "-c", "import reader; print(reader.__version__)")

    def prepare(self, home: Path, urls: Sequence[str]) -> None:
        self._call(home, "add", listed(home, urls))

    def command(self, home: Path) -> list[str]:
        return [self.python, str(READER), str(home / "reader.db"), "update", str(self.workers)]

    def stored(self, home: Path) -> int:
        return int(self._call(home, "count"))

    def _call(self, home: Path, *arguments: str) -> str:
        return said(self.python, str(READER), str(home / "reader.db"), *arguments)


@dataclass(frozen=True, slots=True)
class Newsboat(Program):
    """The terminal reader, unattended."""

    name: str = "newsboat"
    does: str = (
        "C++ and libxml2; conditional GET; entries as they are, made safe only when shown; "
        "no outputs, nothing is compared"
    )
    threads: int = 8

    def missing(self) -> str:
        return "" if shutil.which("newsboat") else "newsboat is not installed"

    def version(self) -> str:
        return said("newsboat", "-v").split()[1]

    def prepare(self, home: Path, urls: Sequence[str]) -> None:
        listed(home, urls)
        (home / "config").write_text(f"reload-threads {self.threads}\n", encoding="ascii")

    def command(self, home: Path) -> list[str]:
        files = ["-u", str(home / "urls"), "-c", str(home / "cache.db"), "-C", str(home / "config")]
        return ["newsboat", "-q", *files, "-x", "reload"]

    def stored(self, home: Path) -> int:
        return counted(home / "cache.db", "SELECT count(*) FROM rss_item")


@dataclass(frozen=True, slots=True)
class Sfeed(Program):
    """A shell script and small C programs, several processes for each feed."""

    name: str = "sfeed"
    does: str = (
        "C and a shell script, a dozen processes for each feed; no conditional GET, no "
        "compression; a text file for each feed; entries as they are; no outputs, nothing is "
        "compared"
    )
    jobs: int = 16

    def missing(self) -> str:
        return "" if shutil.which("sfeed_update") else "sfeed is not installed"

    def version(self) -> str:
        """It does not say; the package manager may."""
        try:
            return said("dpkg-query", "--show", "--showformat=${Version}", "sfeed")
        except (OSError, subprocess.CalledProcessError):
            return "version unknown"  # not from a package

    def prepare(self, home: Path, urls: Sequence[str]) -> None:
        feeds = "".join(f"feed {number} '{url}'\n" for number, url in enumerate(urls))
        folder = f"sfeedpath='{home}/feeds'\nmaxjobs={self.jobs}\n"
        (home / "sfeedrc").write_text(f"{folder}feeds() {{\n{feeds}}}\n", encoding="ascii")

    def command(self, home: Path) -> list[str]:
        return ["sfeed_update", str(home / "sfeedrc")]

    def stored(self, home: Path) -> int:
        return sum(file.read_bytes().count(b"\n") for file in (home / "feeds").iterdir())


def listed(home: Path, urls: Sequence[str]) -> str:
    """Write the file of addresses, one a line; returns its path."""
    file = home / "urls"
    file.write_text("\n".join(urls), encoding="ascii")
    return str(file)


def said(*command: str) -> str:
    """What a command prints."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def counted(database: Path, query: str) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute(query).fetchone()
    return int(count)


CONTESTANTS: tuple[Contestant, ...] = (
    Ours(),
    Naive(),
    UNCONDITIONAL,
    Reader(),
    Newsboat(),
    Sfeed(),
)
