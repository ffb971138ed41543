"""core/parse/reader: what a document leaves behind in the worker that reads it."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import pytest

from tests.core.documents import read, rss

LONG = 100_000  # characters of a name
MANY = 20_000  # names


def with_long_names(number: int) -> str:
    name = f"x{number}" + "a" * LONG
    return rss(f"<item><title>One</title><{name} {name}='1'>text</{name}></item>")


def with_many_names(number: int) -> str:
    names = "".join(f"<a{number}x{place}/>" for place in range(MANY))
    return rss(f"<item><title>One</title>{names}</item>")


def memory_of(documents: list[str]) -> tuple[int, int]:
    """Read them; return the bytes that stay, and the most that were taken meanwhile."""
    gc.collect()
    tracemalloc.start()
    try:
        for document in documents:
            assert read(document).entries[0].title == "One"
        gc.collect()
        return tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("made", [with_long_names, with_many_names])
def test_names_do_not_outlive_their_document(made: Callable[[int], str]) -> None:
    """A source that invents names must not fill the memory in which others are read."""
    read(made(0))
    documents = [made(number) for number in range(1, 6)]
    stays, _ = memory_of(documents)
    assert stays < 2 * LONG


def test_of_many_names_few_are_kept_at_once() -> None:
    read(with_many_names(0))
    document = with_many_names(1)
    _, most = memory_of([document])
    assert most < 30 * len(document)
