"""Reading what is new gives what reading the whole gives: over the corpus, and over versions.

A sample by default; the whole corpus with AGGREGATOR_WHOLE_CORPUS=1, as many pairs of versions
as AGGREGATOR_PAIRS says.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

from aggregator.core.chunk import incremental_read, read_new
from aggregator.core.chunk.increment import GIVEN_UP
from aggregator.core.errors import ParseError
from aggregator.core.gist import hash_of_gist
from aggregator.core.model import Document, Entry, Reading
from aggregator.core.read import read
from aggregator.core.settings import Source
from tests.core.documents import atom, rss
from tests.core.versions import arrived, entries, mutated

LIMIT = 60  # entries: some documents are beyond it
PAIRS = int(os.environ.get("AGGREGATOR_PAIRS", "400"))
WHOLE = bool(os.environ.get("AGGREGATOR_WHOLE_CORPUS"))
SEED = 20261122
LARGE = 400_000  # bytes
SOURCE = Source(id="chunks", url="https://h.example/feed.xml", title="Chunks")


def document(body: bytes) -> Document:
    return Document(url=SOURCE.url, body=body, content_type="text/xml")


def full(body: bytes) -> Reading | None:
    try:
        return read(document(body), SOURCE, LIMIT)
    except ParseError:
        return None


def new(body: bytes, memory: bytes) -> Reading | None:
    try:
        return read_new(document(body), SOURCE, LIMIT, memory)
    except ParseError:
        return None


def by_key(reading: Reading) -> dict[int, Entry]:
    pairs = zip(reading.identities, reading.feed.entries, strict=True)
    return {identity.entry_key: entry for identity, entry in pairs}


def assert_equal(whole: Reading, found: Reading) -> None:
    """All that was read is as in the whole, in its order, and so is what was not."""
    seen = {one.entry_key for one in found.seen}
    rest = [index for index, one in enumerate(whole.identities) if one.entry_key not in seen]
    assert found.identities == tuple(whole.identities[index] for index in rest)
    assert found.feed.entries == tuple(whole.feed.entries[index] for index in rest)
    assert replace(found.feed, entries=()) == replace(whole.feed, entries=())
    assert [(one.entry_key, one.gist) for one in found.seen] == [
        (one.entry_key, hash_of_gist(one.headline))
        for one in whole.identities
        if one.entry_key in seen
    ]


def assert_unchanged(before: Reading, whole: Reading, found: Reading) -> None:
    """What was not read is in both versions the same entry."""
    old, now = by_key(before), by_key(whole)
    for one in found.seen:
        assert old[one.entry_key] == now[one.entry_key]


@dataclass(slots=True)
class Compared:
    """A document through its versions, read both ways."""

    counts: Counter[str]
    before: Reading | None = None
    memory: bytes = b""

    def take(self, body: bytes) -> None:
        whole, found = full(body), new(body, self.memory)
        assert (whole is None) == (found is None)
        if whole is None or found is None:
            self.counts["damaged"] += 1
            return
        assert_equal(whole, found)
        if found.seen:
            assert self.before is not None
            assert_unchanged(self.before, whole, found)
        self.counts["seen"] += len(found.seen)
        self.counts["read"] += len(found.feed.entries)
        self.counts["incremental"] += bool(found.seen)
        self.counts["pairs"] += 1
        assert len(found.memory) <= 600 + 100 * len(whole.identities)
        self.before = whole
        self.memory = b"" if found.memory.startswith(GIVEN_UP) else found.memory


def corpus_documents(corpus: Path) -> list[bytes]:
    with (corpus / "MANIFEST.tsv").open(newline="") as manifest:
        rows = list(csv.DictReader(manifest, delimiter="\t"))
    files = [corpus / row["repository"].replace("/", "__") / row["path"] for row in rows]
    sizes = [(file, file.stat().st_size) for file in files]
    if not WHOLE:
        dice = Random(SEED)
        sizes = dice.sample([one for one in sizes if one[1] < LARGE], len(sizes) // 10)
    return [file.read_bytes() for file, _ in sizes]


@pytest.mark.timeout(600)
def test_a_document_and_its_twin_are_read_as_the_whole_is_and_the_twin_is_not_read(
    corpus: Path,
) -> None:
    counts: Counter[str] = Counter()
    for body in corpus_documents(corpus):
        compared = Compared(counts)
        compared.take(body)
        compared.take(body)
    assert counts["seen"] > 0.4 * counts["read"] > 100


def starts(corpus: Path) -> list[bytes]:
    """Documents that versions are made of: real ones of several entries, and made-up ones."""
    found = [body for body in corpus_documents(corpus) if 4 <= len(entries(body)) <= LIMIT]
    return [*found, *map(str.encode, MADE_UP)]


@pytest.mark.timeout(1800)
def test_what_is_new_in_a_version_is_read_as_the_whole_is_and_the_rest_is_unchanged(
    corpus: Path,
) -> None:
    dice = Random(SEED)
    bodies = [body for body in starts(corpus) if len(body) < 60_000]
    counts: Counter[str] = Counter()
    while counts["pairs"] + counts["damaged"] < PAIRS:
        body = dice.choice(bodies)
        compared = Compared(counts)
        for _ in range(dice.randrange(2, 7)):
            compared.take(arrived(dice, body))
            body = mutated(dice, body)
    assert counts["incremental"] > 0.2 * counts["pairs"]


def story(number: int, mark: str = "") -> str:
    link = f"https://h.example/news/{number}"
    return (
        f"<item><title>Council approves bridge number {number} over river{mark}</title>"
        f"<link>{link}</link><guid>{link}</guid><description>&lt;p&gt;Text {number} of the story"
        f" with &lt;a href='/x'&gt;words&lt;/a&gt; enough.&lt;/p&gt;</description>"
        f"<pubDate>Fri, {number:02} Jun 2025 10:00:00 GMT</pubDate></item>"
    )


def atom_story(number: int, mark: str = "") -> str:
    return (
        f"<entry><title>Harvest number {number} begins early in the north{mark}</title>"
        f'<id>urn:story:{number}</id><link href="https://h.example/{number}"/>'
        f"<updated>2025-06-{number:02}T10:00:00Z</updated><content type='xhtml'>"
        f'<div xmlns="http://www.w3.org/1999/xhtml"><p>Text {number}</p></div></content></entry>'
    )


MADE_UP = (
    rss("".join(story(number) for number in range(1, 13))),
    rss("".join(story(number, " - Evening Post") for number in range(1, 9))),
    rss("".join(story(number, " | Evening Post" * (number % 2)) for number in range(1, 9))),
    atom("".join(atom_story(number) for number in range(1, 11))),
    atom("".join(atom_story(number, " - Evening Post") for number in range(1, 6))),
)


@pytest.mark.parametrize("body", MADE_UP)
def test_a_plain_document_can_be_taken_apart(body: str) -> None:
    first = incremental_read(document(body.encode()), source=SOURCE, memory=b"", max_entries=99)
    assert first is not None
    again = new(body.encode(), first.memory)
    assert again is not None
    assert not again.feed.entries
    assert again.memory == first.memory


@pytest.mark.timeout(1800)
def test_versions_of_made_up_documents_are_read_as_the_whole_is() -> None:
    dice = Random(SEED)
    counts: Counter[str] = Counter()
    while counts["pairs"] + counts["damaged"] < PAIRS:
        body = dice.choice(MADE_UP).encode()
        compared = Compared(counts)
        for _ in range(5):
            compared.take(arrived(dice, body))
            body = mutated(dice, body)
    assert counts["incremental"] > 0.3 * counts["pairs"]
