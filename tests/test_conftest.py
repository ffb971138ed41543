"""The promises of conftest.py."""

from __future__ import annotations

import asyncio
from pathlib import Path


async def test_an_async_test_runs_with_synchronous_fixtures(tmp_path: Path) -> None:
    await asyncio.sleep(0)
    assert tmp_path.is_dir()
    assert asyncio.get_running_loop().is_running()


def test_the_corpus_holds_documents(corpus: Path) -> None:
    assert any(corpus.iterdir())


def test_the_testkit_holds_the_schema_of_atom(testkit: Path) -> None:
    assert (testkit / "atom-rfc4287.rng").is_file()
