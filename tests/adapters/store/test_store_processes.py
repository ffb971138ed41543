"""Two processes on one file, and processes that die: nothing lost, nothing half-written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from aggregator.adapters.sqlite import SqliteStore
from tests.adapters.store.poller import ENTRIES, document
from tests.adapters.store.polls import (
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    adopt,
    claim,
    entry,
    poll,
    source,
)
from tests.conftest import PROJECT

COMMITS_BEFORE_THE_KILL = (1, 4, 2, 7)


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.adapters.store.poller", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def lines(child: subprocess.Popen[str]) -> IO[str]:
    assert child.stdout is not None
    return child.stdout


# P11
def test_a_process_killed_at_any_moment_leaves_whole_polls_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    committed = 0
    for commits in COMMITS_BEFORE_THE_KILL:
        with process("polls", str(path)) as child:
            for _ in range(commits):
                committed = int(lines(child).readline())
            child.kill()  # SIGKILL, wherever the next poll is
        with SqliteStore.open(path) as store:
            assert store.integrity() == "ok"
            state = store.state("a")
            assert state is not None
            told = int(state.validators.etag or b"0")
            assert told >= committed
            guids = {stored.guid for stored in store.entries()}
            expected = {each.guid for number in range(1, told + 1) for each in document(number)}
            assert guids == expected
            assert len(list(store.articles(["a"], priority={}))) == told * ENTRIES


# P98
def test_a_process_killed_between_claim_and_save_costs_one_interval(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore.open(path) as store:
        adopt(store, *(source(f"s{number}") for number in range(3)))
    with process("claims", str(path)) as child:
        assert lines(child).readline() == "s0\n"
        child.kill()
    with SqliteStore.open(path) as store:
        adopt(store, *(source(f"s{number}") for number in range(3)), now=NOW + MINUTE)
        assert claim(store, "s0", now=NOW + MINUTE, force=True) == ()
        assert claim(store, now=NOW + HOUR - SECOND) == ()
        assert len(claim(store, now=NOW + HOUR)) == 3


# P104
def test_two_processes_never_claim_the_same_source(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    names = [f"s{number:03}" for number in range(150)]
    with SqliteStore.open(path) as store:
        adopt(store, *map(source, names))
    with process("claims", str(path)) as one, process("claims", str(path)) as other:
        taken = [line.strip() for child in (one, other) for line in lines(child)]
    assert sorted(taken) == names


def test_a_save_waits_for_another_process_that_writes(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore.open(path) as store:
        adopt(store, source("a"), source("b"))
        with process("polls", str(path)) as child:
            lines(child).readline()
            for number in range(20):
                poll(store, source("b"), entry(f"b{number}"), now=NOW + number * HOUR)
        assert len(list(store.entries(source="b"))) == 20


def test_two_processes_may_make_the_same_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    children = [process("claims", str(path)) for _ in range(3)]
    with children[0] as one, children[1] as two, children[2] as three:
        assert [child.wait() for child in (one, two, three)] == [0, 0, 0]
    with SqliteStore.open(path) as store:
        assert store.integrity() == "ok"


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_disk_that_refuses_is_told_and_leaves_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with process("fills", str(path)) as child:
        told = lines(child).read().splitlines()
    assert told[0].startswith(f"refused {path}: the disk")
    with SqliteStore.open(path) as store:
        assert store.integrity() == "ok"
        stored = len(list(store.entries()))
        assert told[1] == f"entries {stored}"
        assert stored > 0
        assert stored % ENTRIES == 0
        assert poll(store, source("a"), entry("later"), now=NOW + 9999 * HOUR).novelty.new == 1
