"""core/parse over the documents of the corpus: no surprise, and nothing that gets lost.

A quarter of them, always the same; all with AGGREGATOR_WHOLE_CORPUS=1 in the environment.
"""

from __future__ import annotations

import csv
import io
import os
import random
import warnings
from collections import Counter
from pathlib import Path

import feedparser
import pytest

from aggregator.core.errors import ParseError
from tests.core.documents import read
from tests.core.test_parse import assert_sound

LIMIT = 2000
WHOLE = bool(os.environ.get("AGGREGATOR_WHOLE_CORPUS"))
SEED = 20251122


def documents(corpus: Path) -> list[Path]:
    """The documents to be read."""
    with (corpus / "MANIFEST.tsv").open(newline="") as manifest:
        rows = csv.DictReader(manifest, delimiter="\t")
        found = [corpus / row["repository"].replace("/", "__") / row["path"] for row in rows]
    return found if WHOLE else random.Random(SEED).sample(found, len(found) // 4)


def found_by_feedparser(body: bytes) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = feedparser.parse(
                io.BytesIO(body),
                sanitize_html=False,
                resolve_relative_uris=False,
                response_headers={"content-location": "https://h.example/feed.xml"},
            )
        except Exception:  # noqa: BLE001 - as it comes
            return 0
    return len(result.entries)


# P78
@pytest.mark.timeout(240)
def test_every_document_gives_a_sound_feed_in_which_no_entry_is_lost(corpus: Path) -> None:
    counted: Counter[str] = Counter()
    lost = []
    for path in documents(corpus):
        body = path.read_bytes()
        kept = 0
        try:
            feed = read(body, limit=LIMIT)
        except ParseError as error:
            counted[error.kind] += 1
        else:
            assert_sound(feed)
            kept = len(feed.entries) + len(feed.skipped)
            counted["entries"] += len(feed.entries)
        if found_by_feedparser(body) > kept:
            lost.append(path.name)
    assert lost == []
    assert counted["entries"] > (4000 if WHOLE else 500)
    assert counted["damaged"] < 10
