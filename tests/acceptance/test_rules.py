"""One rule in two spellings is one rule, on every entry of the corpus."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.core.errors import ParseError
from aggregator.core.filter import Rule, View
from aggregator.core.filter.fold import fold, words_of
from aggregator.core.model import Article, Document, Entry, Feed, FeedInfo, Sighting
from aggregator.core.parse import parse
from tests.core.rule_pairs import rule_pairs

NOW = datetime(2026, 2, 20, tzinfo=UTC)


def feeds(corpus: Path) -> Iterator[tuple[str, Feed]]:
    """Each document that is a feed, with the repository it comes from."""
    with (corpus / "MANIFEST.tsv").open(newline="") as manifest:
        for row in csv.DictReader(manifest, delimiter="\t"):
            path = corpus / row["repository"].replace("/", "__") / row["path"]
            document = Document(url="https://h.example/feed.xml", body=path.read_bytes())
            try:
                yield row["repository"].partition("/")[0], parse(document, max_entries=2000)
            except ParseError:
                continue


def headlines(corpus: Path) -> Iterator[tuple[str, FeedInfo, Entry]]:
    """The headlines of March 2014."""
    (path,) = corpus.glob("*/uci-news-aggregator.csv")
    with path.open(newline="", encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            published = datetime.fromtimestamp(float(row["TIMESTAMP"]) / 1000, UTC)
            entry = Entry(guid=row["ID"], title=row["TITLE"], link=row["URL"], published=published)
            yield "uci", FeedInfo(title=row["PUBLISHER"]), entry


def articles(corpus: Path) -> list[Article]:
    """Every entry, as if nothing else told its story, but every seventh, which two others tell."""
    found = [(source, feed.info, each) for source, feed in feeds(corpus) for each in feed.entries]
    found += headlines(corpus)
    return [
        article(source, info, entry, others=2 * (number % 7 == 0))
        for number, (source, info, entry) in enumerate(found)
    ]


def article(source: str, info: FeedInfo, entry: Entry, *, others: int) -> Article:
    return Article(
        slug="slug",
        slug_hash=0,
        id="urn:example",
        source=source,
        info=info,
        entry=entry,
        first_seen=NOW,
        sort_at=entry.published or NOW - timedelta(hours=12),
        updated=NOW,
        sightings=tuple(Sighting(source=f"+{n}", title="", link="") for n in range(others)),
        words=len(words_of(fold(entry.content or entry.summary))),
    )


def verdicts(subject: Article, rules: list[Rule]) -> list[bool]:
    view = View(subject, now=NOW)
    return [rule.first_match(view) is not None for rule in rules]


@pytest.mark.timeout(240)
def test_forty_rules_in_both_spellings_judge_five_thousand_real_entries_alike(
    corpus: Path,
) -> None:
    pairs = rule_pairs()
    assert len(pairs) == 40
    lines, yamls = [line for line, _ in pairs], [yaml for _, yaml in pairs]
    subjects = articles(corpus)
    assert len(subjects) >= 5000
    hits = [0] * len(pairs)
    for subject in subjects:
        found = verdicts(subject, lines)
        assert verdicts(subject, yamls) == found, subject.entry.guid
        hits = [count + hit for count, hit in zip(hits, found, strict=True)]
    # Each tells some apart: a rule that takes all or nothing would prove nothing.
    assert [str(line) for line, count in zip(lines, hits, strict=True) if not count] == []
    assert max(hits) < len(subjects)
