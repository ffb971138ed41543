"""Every document of the corpus through parse, clean, identify and render."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from aggregator.core.errors import ParseError
from aggregator.core.judge import resolve
from aggregator.core.known import Known
from aggregator.core.model import Article, Document, Reading
from aggregator.core.read import read
from aggregator.core.render import render
from aggregator.core.settings import Output, Source

SHARDS = 8
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = Source(id="corpus", url="https://corpus.example/feed")
OUTPUT = Output(id="all", title="All of it", sources=("corpus",))


def documents(corpus: Path, shard: int) -> Iterator[tuple[str, bytes]]:
    files = sorted(file for file in corpus.rglob("*") if file.is_file())
    for file in files[shard::SHARDS]:
        yield str(file.relative_to(corpus)), file.read_bytes()


def articles(reading: Reading) -> tuple[Article, ...]:
    """What the store would give back of a first poll."""
    known = Known(entries={}, candidates={})
    founded = {}
    for decision in resolve(reading, source=SOURCE, known=known, now=NOW):
        if decision.mint:
            founded[decision.slug_hash] = Article(
                slug=decision.slug,
                slug_hash=decision.slug_hash,
                id=decision.atom_id,
                source=SOURCE.id,
                info=reading.feed.info,
                entry=reading.feed.entries[decision.index],
                first_seen=decision.first_seen,
                sort_at=decision.sort_at,
                updated=decision.updated,
            )
    return tuple(founded.values())


@pytest.mark.timeout(240)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_whatever_parses_also_renders_and_is_valid(
    corpus: Path, testkit: Path, shard: int
) -> None:  # W1
    schema = etree.RelaxNG(etree.parse(testkit / "atom-rfc4287.rng"))
    parsed = 0
    for name, body in documents(corpus, shard):
        document = Document(url="https://corpus.example/feed", body=body)
        try:
            reading = read(document, SOURCE, 2000)
        except ParseError:
            continue
        parsed += 1
        carried = articles(reading)
        rendered = render(
            OUTPUT,
            carried,
            base_url="https://feeds.example.org/",
            atom_id="urn:uuid:00000000-0000-4000-8000-000000000000",
            settings_changed_at=NOW,
        )
        assert not rendered.left_out, name
        assert schema.validate(etree.fromstring(rendered.body)), (name, schema.error_log)
    assert parsed > 300
