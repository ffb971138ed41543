"""The feed readers that are measured, each driven by its own command in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from aggregator import __version__

PATIENCE = 300  # seconds for one run


@dataclass(frozen=True, slots=True)
class Client:
    """A feed reader: `prepare(folder, urls, eager)` gives the command of one update.

    `eager` asks for the shortest interval between polls that the client can be set to,
    otherwise its settings are its defaults. `rest` waits until that interval is over.
    """

    name: str
    version: str
    settings: str  # what was set, for the document
    prepare: Callable[[Path, Sequence[str], bool], list[str]]
    rest: Callable[[], None]


def update(command: Sequence[str], folder: Path) -> None:
    """Run one update to its end; exit codes tell of failing feeds and are no news here."""
    subprocess.run(
        command,
        env={**os.environ, "HOME": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
    )


def clients(*, reader_python: str) -> list[Client]:
    """Those that are installed, this project first."""
    found = [_aggregator()]
    if reader_python:
        found.append(_reader(reader_python))
    if which("newsboat"):
        found.append(_newsboat())
    if which("sfeed_update"):
        found += [_sfeed(), _sfeed_conditional()]
    return found


def _seconds(count: float) -> Callable[[], None]:
    return lambda: time.sleep(count)


# --- this project


def _aggregator() -> Client:
    return Client(
        "this project",
        __version__,
        "`aggregator poll`; feeds.yaml with `network: {allow: [127.0.0.0/8]}`; in rounds also "
        "`interval: 1s`, `min_interval: 1s`, `hard_interval: 0s`, `host_interval: 0s`, "
        "`per_host: 64`; 5 s between rounds",
        _prepare_aggregator,
        _seconds(5),
    )


def _prepare_aggregator(folder: Path, urls: Sequence[str], eager: bool) -> list[str]:
    sources = "".join(f"  - {{id: s{n}, url: '{url}'}}\n" for n, url in enumerate(urls))
    limits = (
        "defaults: {interval: 1s}\n"
        "limits: {min_interval: 1s, hard_interval: 0s, host_interval: 0s, per_host: 64}\n"
    )
    network = "network: {allow: [127.0.0.0/8]}\n"
    text = f"sources:\n{sources}{network}{limits if eager else ''}"
    file = folder / "feeds.yaml"
    file.write_text(text, encoding="utf-8")
    return [sys.executable, "-m", "aggregator", "--config", str(file), "poll"]


# --- reader

_ADD = """
import sys
from reader import make_reader
database, eager, *urls = sys.argv[1:]
with make_reader(database) as reader:
    for url in urls:
        reader.add_feed(url)
    if eager == "True":
        reader.set_tag((), ".reader.update", {"interval": 1})
"""


def _reader(python: str) -> Client:
    def prepare(folder: Path, urls: Sequence[str], eager: bool) -> list[str]:
        database = str(folder / "reader.sqlite")
        subprocess.run([python, "-c", _ADD, database, str(eager), *urls], check=True)
        return [python, "-m", "reader", "--db", database, "update"]

    return Client(
        "reader",
        _said([python, "-c", "import reader; print(reader.__version__)"]),
        "`python -m reader update` (it asks what is due by its schedule, hourly by default); in "
        "rounds the tag `.reader.update` is `{interval: 1}`, a minute, and so long they are apart",
        prepare,
        _wait_for_next_minute,
    )


def _wait_for_next_minute() -> None:
    """reader counts its intervals from the full minute."""
    time.sleep(61 - time.time() % 60)


# --- newsboat


def _newsboat() -> Client:
    return Client(
        "newsboat",
        _said(["newsboat", "--version"]).split(" - ")[0].removeprefix("newsboat").strip(),
        "`newsboat -x reload`; an empty config; when to run it is left to its user",
        _prepare_newsboat,
        _seconds(2),
    )


def _prepare_newsboat(folder: Path, urls: Sequence[str], _eager: bool) -> list[str]:
    (folder / "urls").write_text("".join(f'"{url}"\n' for url in urls), encoding="utf-8")
    (folder / "config").touch()
    files = ["-u", str(folder / "urls"), "-C", str(folder / "config")]
    return ["newsboat", *files, "-c", str(folder / "cache.db"), "-x", "reload"]


# --- sfeed


def _sfeed() -> Client:
    return Client(
        "sfeed",
        _sfeed_version(),
        "`sfeed_update sfeedrc`; the sfeedrc lists the feeds; when to run it is left to its user",
        lambda folder, urls, _eager: _prepare_sfeed(folder, urls, ""),
        _seconds(2),
    )


def _sfeed_conditional() -> Client:
    """With the options that sfeed's README names for saving bandwidth."""
    options = "-L --max-redirs 0 -H 'User-Agent:' -f -s -m 15 --compressed"
    etags = '--etag-save "$3.etag" --etag-compare "$3.etag" -z "$3.etag"'
    fetch = f'fetch() {{\n  curl {options} {etags} "$2"\n}}\n'
    return Client(
        "sfeed, with curl's ETag options",
        _sfeed_version(),
        "the same, with a `fetch()` that passes curl `--compressed --etag-save --etag-compare -z`, "
        "as its README suggests",
        lambda folder, urls, _eager: _prepare_sfeed(folder, urls, fetch),
        _seconds(2),
    )


def _prepare_sfeed(folder: Path, urls: Sequence[str], fetch: str) -> list[str]:
    feeds = "".join(f"  feed 's{number}' '{url}'\n" for number, url in enumerate(urls))
    text = f"sfeedpath='{folder}/feeds'\n{fetch}feeds() {{\n{feeds}}}\n"
    (folder / "sfeedrc").write_text(text, encoding="utf-8")
    return ["sfeed_update", str(folder / "sfeedrc")]


def _sfeed_version() -> str:
    package = _said(["dpkg-query", "--show", "--showformat=${Version}", "sfeed"])
    curl = _said(["curl", "--version"]).split(" ")[1]
    return f"{package} (curl {curl})"


def _said(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return "?"
    return done.stdout.splitlines()[0].strip()
