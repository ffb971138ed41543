"""All rules of 20 outputs changed over 100,000 articles: does anybody have to wait meanwhile?

python -m benchmarks.reload [--articles N] [--outputs N] [--folder PATH]

The program runs in this process, as the daemon runs it. A task on its event loop sleeps for a
millisecond again and again: what it wakes up late by is what a request would wait. Half of the
rules match often, so that an output is full soon; half match next to nothing, so that every
article is looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aggregator.adapters.sqlite import SqliteStore
from aggregator.adapters.sqlite.codec import entry_to_json
from aggregator.adapters.sqlite.connection import connect, writing
from aggregator.app import App, Engine
from aggregator.core.model import Entry
from benchmarks.filling import Filler
from benchmarks.press import SOURCES, source

NAP = 0.001  # seconds
WORDS = [f"{start}{end}" for start in ("bar", "kel", "mor", "tis") for end in range(500)]


def fill(path: Path, articles: int) -> None:
    """Stories of all sources, each with a text of a hundred words."""
    SqliteStore.open(path).close()
    Filler(path).fill_to(articles)
    dice = Random(1)
    with closing(connect(path)) as connection, writing(connection):
        rows = connection.execute(
            "SELECT entry_key, guid, title, link FROM entries ORDER BY sort_at"
        ).fetchall()
        connection.executemany(
            "INSERT INTO bodies (entry_key, body) VALUES (?, ?)",
            ((key, _body(dice, *names)) for key, *names in rows),
        )


def _body(dice: Random, guid: str, title: str, link: str) -> str:
    text = " ".join(dice.choices(WORDS, k=100))
    return entry_to_json(Entry(guid=guid, title=title, link=link, content=f"<p>{text}</p>"))


def write_config(file: Path, outputs: int, *, edition: int) -> None:
    file.write_text(config(outputs, edition=edition), encoding="utf-8")


def config(outputs: int, *, edition: int) -> str:
    """A feeds.yaml; each edition has other rules in every output."""
    lines = ["sources:"]
    lines += [f"  - {{id: {source(n).id}, url: '{source(n).url}'}}" for n in range(SOURCES)]
    lines.append("outputs:")
    for number in range(outputs):
        word = WORDS[number * 10 + edition]
        rare = f"{word} {WORDS[-number - 1]} {WORDS[number + 700]} {WORDS[number + 900]}"
        rule = rare if number % 2 else f"-{word}"
        lines.append(f"  - {{id: out{number}, title: Out, keep: '{rule}', drop: nowhere{edition}}}")
    return "\n".join(lines) + "\n"


@dataclass(slots=True)
class Delays:
    """How late a task woke up, in milliseconds."""

    all: list[float] = field(default_factory=list)

    @asynccontextmanager
    async def measured(self) -> AsyncIterator[None]:
        """Measure inside the block."""
        probe = asyncio.create_task(self._probe())
        try:
            yield
        finally:
            probe.cancel()

    async def _probe(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(NAP)
            self.all.append(1000 * (time.perf_counter() - before - NAP))

    def __str__(self) -> str:
        found = sorted(self.all)
        share = found[int(0.99 * len(found))]
        return f"longest {found[-1]:.1f} ms, 99 % below {share:.1f} ms, of {len(found):,} naps"


def _answered(path: Path) -> None:
    """Every source has been polled: outputs of sources that never answered are not built."""
    with closing(connect(path)) as connection:
        connection.execute("UPDATE source_state SET last_success_at = next_poll_at")


async def reloaded(file: Path, outputs: int) -> None:
    """Start, build, change every rule, reload and build again."""
    with App.open(file, {}) as app:
        async with Engine(app) as engine:
            _answered(app.store.path)
            await engine.build()
            gc.collect()
            gc.freeze()  # as the daemon does
            idle, busy = Delays(), Delays()
            async with idle.measured():
                await asyncio.sleep(5)
            write_config(file, outputs, edition=1)
            before = time.perf_counter()
            async with busy.measured():
                await engine.reload()
                loaded = time.perf_counter()
                reports = await engine.build()
            built = time.perf_counter()
    print(f"reload {loaded - before:.1f} s, {len(reports)} builds {built - loaded:.1f} s")
    print(f"event loop idle:           {idle}")
    print(f"event loop in the meantime: {busy}")


def main() -> None:
    parser = argparse.ArgumentParser(description="How long the event loop waits at a reload.")
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--outputs", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="kept, and used again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = (arguments.folder or Path(folder)) / "data"
        if not data.exists():
            data.mkdir(parents=True)
            fill(data / "aggregator.db", arguments.articles)
        file = data.parent / "feeds.yaml"
        write_config(file, arguments.outputs, edition=0)
        asyncio.run(reloaded(file, arguments.outputs))


if __name__ == "__main__":
    main()
