"""How fast the parts are: the best of a few runs, one process, made-up documents.

    python -m benchmarks.parts

The figures compare one version of the program with another on the same machine, nothing else.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

from aggregator.adapters.sqlite import SqliteStore
from aggregator.core.filter import compile_rule, select, verdict
from aggregator.core.model import Article, Reading, SourceState, Verdict
from aggregator.core.outcome import Outcome
from aggregator.core.read import read
from aggregator.core.render import render
from aggregator.core.settings import Output
from benchmarks.material import NOON, WORDS, document, source

ENTRIES = 50  # of each document
SOURCES = 40
HOUR = timedelta(hours=1)
ORIGIN = timedelta(0)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: how many of `unit` in a second."""

    name: str
    amount: float
    unit: str


def best_of(runs: int, action: Callable[[], object]) -> float:
    """Seconds of the quickest run."""
    return min(_seconds(action) for _ in range(runs))


def _seconds(action: Callable[[], object]) -> float:
    before = time.perf_counter()
    action()
    return time.perf_counter() - before


def reading_figures() -> Iterator[Figure]:
    """Parse, clean and identify: all that a worker process does."""
    one, origin = document(1, entries=ENTRIES), source(1)
    seconds = best_of(5, lambda: read(one, origin, 2000))
    yield Figure(f"read a document of {ENTRIES} entries", ENTRIES / seconds, "entries/s")


def storing_figures(folder: Path) -> Iterator[Figure]:
    """Claim and save: the first poll of each source, then one that brings nothing new."""
    store = SqliteStore.open(folder / "bench.db")
    readings = [read(document(n, entries=ENTRIES), source(n), 2000) for n in range(SOURCES)]
    store.adopt([source(n) for n in range(SOURCES)], now=NOON, spread=ORIGIN)
    total = SOURCES * ENTRIES
    seconds = _seconds(lambda: _save(store, readings, hours=0))
    yield Figure("save new entries", total / seconds, "entries/s")
    seconds = _seconds(lambda: _save(store, readings, hours=2))
    yield Figure("save known entries", total / seconds, "entries/s")
    ids = [source(n).id for n in range(SOURCES)]
    seconds = best_of(3, lambda: tuple(islice(store.articles(ids, priority={}), 100)))
    yield Figure("load the newest 100 articles", 1 / seconds, "outputs/s")
    articles = tuple(store.articles(ids, priority={}))
    store.close()
    yield from building_figures(articles)


def _save(store: SqliteStore, readings: list[Reading], *, hours: int) -> None:
    now = NOON + hours * HOUR
    states = store.claim(
        now=now, lease=HOUR, next_poll=HOUR, limit=SOURCES, accept=lambda _source: True
    )
    by_source = dict(zip((source(n).id for n in range(SOURCES)), range(SOURCES), strict=True))
    store.save_all([_outcome(state, by_source[state.source], readings) for state in states])


def _outcome(state: SourceState, number: int, readings: list[Reading]) -> Outcome:
    after = replace(state, next_poll_at=NOON + HOUR)
    return Outcome(
        source=source(number),
        state=state,
        reading=readings[number],
        settle=lambda _novelty: after,
        now=NOON,
    )


def building_figures(articles: tuple[Article, ...]) -> Iterator[Figure]:
    """Judge, select and render."""
    for count in (1, 500):
        yield _judging(articles, [f"{WORDS[n % len(WORDS)]}{n}" for n in range(count)])
    output = Output(id="bench", title="Benchmark")
    newest = articles[:100]

    def draw() -> object:
        return render(
            output,
            newest,
            base_url="https://feeds.example/",
            atom_id="urn:example:bench",
            settings_changed_at=NOON,
        )

    yield Figure(f"render {len(newest)} articles", 1 / best_of(5, draw), "outputs/s")


def _judging(articles: tuple[Article, ...], words: list[str]) -> Figure:
    rule = compile_rule(words)

    def judge(article: Article) -> Verdict:
        return verdict(
            article,
            source_keep=None,
            source_drop=None,
            output_keep=None,
            output_drop=rule,
            now=NOON,
        )

    def action() -> object:
        limit = len(articles)
        return select(articles, judge=judge, limit=limit, max_age=None, order="newest", now=NOON)

    name = f"judge articles by {len(words)} word{'s' if len(words) > 1 else ''}"
    return Figure(name, len(articles) / best_of(3, action), "articles/s")


def main() -> int:
    """Print the table, a line as soon as it is known."""
    with tempfile.TemporaryDirectory() as folder:
        for figures in (reading_figures(), storing_figures(Path(folder))):
            for figure in figures:
                print(f"{figure.name:<36}{figure.amount:>12,.0f} {figure.unit}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
