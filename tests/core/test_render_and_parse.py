"""What is rendered reads back as what it was: articles, and whatever real documents hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from hypothesis import given
from lxml import etree

from aggregator.core.clean import HtmlCleaner, plain_text, text_of
from aggregator.core.errors import ParseError
from aggregator.core.model import Article, Document, Entry, Feed
from aggregator.core.parse import parse
from aggregator.core.render import render
from tests.core.articles import ENTRY, INFO, NOON, OUTPUT, article, nasty_text

STEP = 23  # every so many documents of the corpus: a second's worth
ADDRESS = "https://feeds.example.net/feeds/all.atom"


def published(articles: list[Article]) -> bytes:
    return render(
        OUTPUT,
        articles,
        base_url="https://feeds.example.net/",
        atom_id="urn:example:all",
        settings_changed_at=NOON,
    ).body


def read_back(articles: list[Article]) -> Feed:
    return parse(Document(url=ADDRESS, body=published(articles)), max_entries=1000)


def as_articles(feed: Feed) -> list[Article]:
    return [
        replace(
            article(number, info=feed.info),
            id=f"urn:example:{number}",
            entry=entry,
            updated=entry.updated or entry.published or NOON,
        )
        for number, entry in enumerate(feed.entries)
    ]


def facts(entry: Entry) -> tuple[object, ...]:
    """What a reader compares. An entry that leads nowhere shows what it has as its content."""
    shown = entry.content
    if not entry.content and not entry.link:
        shown = entry.summary or escape(entry.title)
    return (
        entry.title,
        entry.link,
        text_of(shown),
        text_of(entry.summary) if entry.link or entry.content else "",
        tuple(enclosure.href for enclosure in entry.enclosures),
        entry.categories,
        entry.image,
    )


def test_an_article_reads_back_as_it_was() -> None:
    feed = read_back([article(1), article(2, title="Zwei — <b> & 二")])
    assert feed.info.title == OUTPUT.title
    assert feed.info.id == "urn:example:all"
    assert feed.info.self_link == ADDRESS
    assert feed.skipped == ()
    first, second = feed.entries
    assert second.title == "Zwei — <b> & 二"
    assert (first.guid, first.published, first.updated) == (
        "urn:example:1",
        ENTRY.published,
        ENTRY.updated,
    )
    assert (first.summary, first.content) == (ENTRY.summary, ENTRY.content)
    assert first.enclosures == ENTRY.enclosures
    assert first.authors == ENTRY.authors
    assert first.origin is not None
    assert (first.origin.id, first.origin.title) == (INFO.id, INFO.title)
    assert (first.origin.link, first.origin.updated) == (INFO.link, INFO.updated)
    assert facts(first) == facts(ENTRY)


# S34
@given(title=nasty_text, markup=nasty_text)
def test_what_was_read_back_once_stays_as_it_is(title: str, markup: str) -> None:
    content = HtmlCleaner("https://example.org/").clean(markup)
    once = read_back([article(1, title=plain_text(title, 300), content=content)])
    again = read_back(as_articles(once))
    assert [facts(entry) for entry in again.entries] == [facts(entry) for entry in once.entries]


def documents(corpus: Path) -> Iterator[Path]:
    paths = [path for path in corpus.rglob("*") if path.is_file() and path.stat().st_size < 300_000]
    return iter(sorted(paths)[::STEP])


# W1
def test_whatever_a_real_document_holds_is_published_valid_and_reads_back(
    corpus: Path, testkit: Path
) -> None:
    schema = etree.RelaxNG(etree.parse(testkit / "atom-rfc4287.rng"))
    rendered = 0
    for path in documents(corpus):
        try:
            feed = parse(Document(url=ADDRESS, body=path.read_bytes()), max_entries=100)
        except ParseError:
            continue
        articles = as_articles(feed)
        schema.assertValid(etree.fromstring(published(articles)))
        found = [facts(entry) for entry in read_back(articles).entries]
        assert found == [facts(one.entry) for one in articles], path
        rendered += 1
    assert rendered > 50


@pytest.mark.parametrize("number", [0, 1, 50])
def test_every_entry_comes_back(number: int) -> None:
    articles = [article(count) for count in range(number)]
    found = [entry.guid for entry in read_back(articles).entries]
    assert found == [one.id for one in articles]
