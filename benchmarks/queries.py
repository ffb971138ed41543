"""What a part of a feed costs (`?q=`), made and kept: CPU of the whole process, on loopback.

    python -m benchmarks.queries [N]     stored articles, default 10,000

The articles come from local files of 50 entries of about 1.5 KB. Each rule is asked for once and
then a hundred times more, as a reader without validators does; "late" is how long the event loop
was held up at worst meanwhile.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from aggregator.app import App, Engine, LiveView
from aggregator.app.metrics import Metrics
from aggregator.web import make_app
from benchmarks.material import document

ENTRIES = 50
AGAIN = 100
RULES = (
    "title:river",  # all over the place: the first hundred are soon found
    "title:nowhere",
    "nowhere",
    " OR ".join(f"nowhere{number}" for number in range(50)),
    "/nowhere[0-9]/i",
    "source:source7",
    r"/(\w+\s?)+\d$/",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of CPU time of one answer made and one kept, and the worst lag meanwhile."""

    made: float
    kept: float
    late: float


def configured(folder: Path, articles: int) -> Path:
    """A feeds.yaml with as many local feeds as it takes."""
    sources = []
    for number in range(articles // ENTRIES):
        path = folder / f"{number}.xml"
        path.write_bytes(document(number, entries=ENTRIES).body)
        sources.append(f"  - {{id: source{number}, path: {path.name}}}\n")
    file = folder / "feeds.yaml"
    file.write_text(f"sources:\n{''.join(sources)}outputs: [{{id: all}}]\n", encoding="utf-8")
    return file


async def lags(worst: list[float]) -> None:
    """Note how late the loop wakes up, until cancelled."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.002)
        worst.append(time.perf_counter() - before - 0.002)


async def cost_of(session: ClientSession, address: str) -> Cost:
    """Ask once, and then AGAIN times."""
    worst: list[float] = []
    probe = asyncio.create_task(lags(worst))
    before = time.process_time()
    await _get(session, address)
    made = time.process_time() - before
    late = max(worst, default=0.0)
    probe.cancel()
    before = time.process_time()
    for _ in range(AGAIN):
        await _get(session, address)
    kept = (time.process_time() - before) / AGAIN
    return Cost(made * 1000, kept * 1000, late * 1000)


async def _get(session: ClientSession, address: str) -> None:
    async with session.get(address) as response:
        response.raise_for_status()
        await response.read()


async def measured(file: Path) -> None:
    """Poll all, build, and print a line for each rule."""
    with App.open(file, {}) as app:
        async with Engine(app) as engine:
            claim, _ = engine.claim_named(list(app.sources), force=True)
            await engine.dispatcher.run_until_idle(claim)
            await engine.build()
            print(f"{sum(1 for _ in app.articles())} articles stored")
            view = LiveView(app, engine, Metrics())
            async with TestServer(make_app(view)) as server, ClientSession() as session:
                whole = str(server.make_url("/feeds/all.atom"))
                await cost_of(session, whole)
                print(f"{'rule':40} {'made, ms':>9} {'kept, ms':>9} {'late, ms':>9}")
                for query in ("", *(f"?q={quote(rule)}" for rule in RULES)):
                    cost = await cost_of(session, whole + query)
                    print(f"{query[:40]:40} {cost.made:9.1f} {cost.kept:9.2f} {cost.late:9.1f}")


def main() -> None:
    """Print the table."""
    articles = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measured(configured(Path(folder), articles)))


if __name__ == "__main__":
    main()
