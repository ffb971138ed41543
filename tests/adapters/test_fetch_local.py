"""`path:` sources: files of this machine."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.core.settings import Source
from tests.adapters.fetching import FEED, LIMITS, failure, fetch, state_of


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sämple feed.xml"
    path.write_bytes(FEED)
    return path


async def test_a_file_is_read_and_tells_nobody_where_it_lies(sample: Path) -> None:
    fetched = await fetch(Source(id="a", path=sample))
    assert fetched.status == 200
    assert fetched.received == len(FEED)
    assert fetched.document is not None
    assert fetched.document.body == FEED
    assert fetched.document.url == ""


async def test_an_unchanged_file_is_not_read_again(sample: Path) -> None:
    source = Source(id="a", path=sample)
    fetched = await fetch(source)
    again = await fetch(source, state_of(source, fetched.validators))
    assert again.status == 304
    assert again.document is None
    assert again.validators == fetched.validators


async def test_a_touched_or_grown_file_is_read_again(sample: Path) -> None:
    source = Source(id="a", path=sample)
    state = state_of(source, (await fetch(source)).validators)
    os.utime(sample, ns=(1, 1))
    assert (await fetch(source, state)).document is not None
    unconditional = replace(source, ignore_validators=True)
    state = state_of(source, (await fetch(source)).validators)
    assert (await fetch(unconditional, state)).document is not None


async def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml.gz"
    path.write_bytes(gzip.compress(FEED))
    fetched = await fetch(Source(id="a", path=path))
    assert fetched.document is not None
    assert fetched.document.body == FEED


async def test_a_file_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path) -> None:
    missing = tmp_path / "missing.xml"
    error = await failure(Source(id="a", path=missing), kind="file")
    assert str(error) == f"{missing}: No such file or directory"


async def test_only_files_of_a_usable_size_are_read(tmp_path: Path) -> None:
    empty, large, bomb = tmp_path / "empty", tmp_path / "large", tmp_path / "bomb"
    empty.write_bytes(b"")
    large.write_bytes(bytes(2001))
    bomb.write_bytes(gzip.compress(bytes(100_000)))
    limits = replace(LIMITS, max_body=2000)
    for path in (empty, large, bomb, tmp_path):
        error = await failure(Source(id="a", path=path), kind="file", limits=limits)
        assert str(path) in str(error)


async def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    error = await failure(Source(id="a", path=pipe), kind="file")
    assert str(error) == f"{pipe}: not a regular file"
