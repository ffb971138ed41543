"""How long `aggregator why` takes in a store of 1,000,000 articles.

python -m benchmarks.why [--articles N] [--outputs N] [--database PATH]

PATH is a store that `benchmarks.filling` has filled; without it one is made, which takes minutes
and 2.5 GB for a million. Each way to name an article is tried for articles from all over the
store: milliseconds of the whole answer, the median and the slowest. Starting Python and reading
feeds.yaml come on top.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median

from aggregator import explain
from aggregator.adapters.sqlite import SqliteStore
from aggregator.adapters.sqlite.codec import entry_to_json
from aggregator.adapters.sqlite.connection import connect
from aggregator.core.filter import compile_rule
from aggregator.core.model import Entry
from aggregator.core.settings import Output, Rules, Settings
from benchmarks.filling import Filler
from benchmarks.press import SOURCES, published, source

ASKED = 50  # articles for each way to name one
_ANY = """
SELECT e.entry_key, a.slug, a.atom_id, e.guid, e.link, e.title
FROM entries AS e CROSS JOIN articles AS a ON a.slug_hash = e.slug_hash
WHERE e.entry_key >= ? ORDER BY e.entry_key LIMIT 1
"""
WAYS = ("slug", "id", "guid", "link", "headline", "two words", "common word", "nothing")


def settings(outputs: int) -> Settings:
    """Outputs that carry all sources, each with rules of its own."""
    drop = compile_rule([f"word{number}" for number in range(50)])
    return Settings(
        file=Path("feeds.yaml"),
        data_dir=Path("data"),
        sources=tuple(source(number) for number in range(SOURCES)),
        outputs=tuple(
            Output(
                id=f"out{number}",
                title=f"Output {number}",
                sources=tuple(source(one).id for one in range(SOURCES)),
                rules=Rules(keep=compile_rule(f"-word{number}"), drop=drop),
            )
            for number in range(outputs)
        ),
    )


def questions(connection: sqlite3.Connection, dice: Random) -> Iterator[tuple[str, str]]:
    """A way and a question, for articles from all over the store; every second has a text."""
    for number in range(ASKED):
        key = dice.randrange(-(2**63), 2**63 - 2**50)
        entry_key, *names = connection.execute(_ANY, (key,)).fetchone()
        title = names[-1]
        if number % 2:
            body = entry_to_json(
                Entry(guid=names[2], title=title, content="<p>Some text.</p>" * 50)
            )
            connection.execute(
                "INSERT OR IGNORE INTO bodies (entry_key, body) VALUES (?, ?)", (entry_key, body)
            )
        words = title.split()
        rare = " ".join(dice.sample(words, 2)) if len(words) > 2 else title
        yield from zip(WAYS, (*names, rare, dice.choice(words), f"nowhere{number}"), strict=True)


def measured(path: Path, outputs: int) -> Iterator[str]:
    """Lines of a table in Markdown."""
    with closing(connect(path)) as connection:
        asked = list(questions(connection, Random(6)))
    using = settings(outputs)
    with SqliteStore.open(path) as store:
        store.adopt(using.sources, now=published(0), spread=timedelta(0))
        store.find("warm")
        yield "| asked by | median ms | slowest ms | articles |"
        yield "|---|---|---|---|"
        for way in WAYS:
            took, answers = _times(store, using, [what for name, what in asked if name == way])
            yield f"| {way} | {median(took):.1f} | {max(took):.1f} | {answers / len(took):.1f} |"


def _times(store: SqliteStore, using: Settings, whats: Sequence[str]) -> tuple[list[float], int]:
    """Milliseconds of each answer, the best of three, and how many articles they were about."""
    took, answers = [], 0
    for what in whats:
        tries = []
        for _ in range(3):
            before = time.perf_counter()
            found = explain.why(store, using, what, now=published(0))
            tries.append(1000 * (time.perf_counter() - before))
        answers += len(found)
        took.append(min(tries))
    return took, answers


def main() -> None:
    parser = argparse.ArgumentParser(description="How long `why` takes in a large store.")
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--outputs", type=int, default=20)
    parser.add_argument("--database", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.database or Path(folder) / "why.db"
        if arguments.database is None:
            SqliteStore.open(path).close()
            Filler(path).fill_to(arguments.articles)
        for line in measured(path, arguments.outputs):
            print(line, flush=True)


if __name__ == "__main__":
    main()
