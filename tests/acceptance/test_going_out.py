"""Whatever comes in, what goes out is whole, harmless, and tells nothing of this machine.

Real documents, cut, doubled and laced with attacks, are read and published in every form.
AGGREGATOR_MUTATIONS sets how many.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from aggregator.core.errors import ParseError
from aggregator.core.model import Document, Feed
from aggregator.core.parse import parse
from aggregator.core.render import render
from tests.acceptance.handed import handed
from tests.core.articles import NOON, OUTPUT
from tests.core.documents import load
from tests.core.test_clean_attacks import MUTATIONS, payloads
from tests.core.test_render_and_parse import as_articles

COUNT = int(os.environ.get("AGGREGATOR_MUTATIONS", "400"))
LARGEST = 30_000  # bytes: what is judged slowly must be small
SEED = 20261122
SNIPPETS = (
    *(b"\0", b"&#0;", b"&#xD800;", b"\xff\xfe", b"\xef\xbf\xbe", b"]]>", b"<![CDATA[", b"<!--"),
    *(b"file:///etc/passwd", b"javascript:alert(1)", b"data:text/html,x", b"\x0b", b"9e999"),
    *(b'"', b"'", b"<", b">", b"&", b"{", b"}", b"<item>", b"</entry>", b"<title type='html'>"),
)


def documents(corpus: Path) -> list[Path]:
    found = (path for path in corpus.rglob("*") if path.is_file())
    return sorted(path for path in found if 200 < path.stat().st_size < LARGEST)


def mutated(corpus: Path) -> Iterator[bytes]:
    """Real documents in which pieces are cut, doubled, moved or made attacks."""
    chance = random.Random(SEED)
    attacks = [*MUTATIONS, *payloads(corpus)]
    for path in chance.choices(documents(corpus), k=COUNT):
        body = path.read_bytes()
        for _ in range(chance.randint(1, 12)):
            start = chance.randrange(len(body) + 1)
            end = min(len(body), start + chance.choice((0, 0, 5, 80)))
            piece = _piece(chance, body[start:end], attacks)
            body = body[:start] + piece + body[end:]
        yield body


def _piece(chance: random.Random, old: bytes, attacks: list[str]) -> bytes:
    attack = chance.choice(attacks)
    escaped = attack.replace("&", "&amp;").replace("<", "&lt;")
    chosen: bytes = chance.choice(
        (b"", old * 2, chance.choice(SNIPPETS), attack.encode(), escaped.encode())
    )
    return chosen


def published(feed: Feed) -> Mapping[str, bytes]:
    return render(
        OUTPUT,
        as_articles(feed),
        base_url="https://feeds.example.net/",
        atom_id="urn:example:all",
        settings_changed_at=NOON,
    ).bodies


# W1 W15 S27 S28 S34
@pytest.mark.timeout(240)
def test_whatever_comes_in_what_goes_out_is_whole_and_harmless(corpus: Path, testkit: Path) -> None:
    oracle: ModuleType = load(testkit / "xss_oracle.py")
    went_out = 0
    for body in mutated(corpus):
        try:
            feed = parse(Document(url="https://h.example/feed", body=body), max_entries=60)
        except ParseError:
            continue
        bodies = published(feed)
        assert handed(bodies.values()).dangers(oracle) == {}
        went_out += 1
    assert went_out > COUNT / 3
