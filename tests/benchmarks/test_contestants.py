"""Contestants ask as they should, and store what is counted."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aggregator.adapters.config import load
from benchmarks.material import document
from benchmarks.peers import naive
from benchmarks.peers.comparison import START
from benchmarks.peers.contestants import CONTESTANTS, GROUPS, UNCONDITIONAL, Naive, Ours
from benchmarks.peers.documents import original
from benchmarks.peers.server import Publishers, versions

FEEDS = 3
ENTRIES = 6


def publishers() -> Publishers:
    found = original("one", document(1, entries=ENTRIES).body)
    assert found
    return Publishers(tuple(versions((found,), number) for number in range(FEEDS)))


async def test_the_naive_pipeline_stores_all_asks_conditionally_and_publishes(
    tmp_path: Path,
) -> None:
    served = publishers()
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        Naive().prepare(tmp_path, [f"http://127.0.0.1:{port}/feed/{n}" for n in range(FEEDS)])
        await naive.main(tmp_path)
        assert served.record.whole == FEEDS
        await naive.main(tmp_path)
        assert (served.record.whole, served.record.unchanged) == (FEEDS, FEEDS)
        served.answer("/publish/all", {})
        await naive.main(tmp_path)
    assert Naive().stored(tmp_path) == FEEDS * (ENTRIES - 1)
    assert (tmp_path / "0.atom").read_bytes().count(b"<entry>") == FEEDS * (ENTRIES - 1)


async def test_the_unconditional_pipeline_gets_every_document_again(tmp_path: Path) -> None:
    served = publishers()
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        UNCONDITIONAL.prepare(tmp_path, [f"http://127.0.0.1:{port}/feed/{n}" for n in range(FEEDS)])
        await naive.main(tmp_path, conditional=False)
        await naive.main(tmp_path, conditional=False)
        assert (served.record.whole, served.record.unchanged) == (2 * FEEDS, 0)
    assert UNCONDITIONAL.stored(tmp_path) == FEEDS * (ENTRIES - 2)


def test_no_name_of_a_contestant_looks_like_two() -> None:
    names = [one.name for one in CONTESTANTS]
    assert len(set(names)) == len(names)
    assert not any("," in name for name in names)  # --only takes names with commas between


def test_this_project_is_set_up_with_all_feeds_and_as_many_outputs(tmp_path: Path) -> None:
    for count in (START.feeds or 0, 100):
        Ours().prepare(tmp_path, [f"http://127.0.0.1:1/feed/{n}" for n in range(count)])
        settings = load(tmp_path / "feeds.yaml", environ={})
        assert len(settings.sources) == count
        assert len(settings.outputs) == GROUPS + 1 == naive.OUTPUTS
