"""What is rendered reads back as what it was: articles, and whatever real documents hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.core.clean import HtmlCleaner, plain_text, text_of
from aggregator.core.errors import ParseError
from aggregator.core.model import Article, Document, Entry, Feed
from aggregator.core.parse import parse
from aggregator.core.render import FORMATS, render
from tests.core.articles import ENTRY, INFO, NOON, OUTPUT, article, nasty_text
from tests.core.valid import assert_json_feed, assert_rss

STEP = 23  # every so many documents of the corpus: a second's worth
ADDRESS = "https://feeds.example.net/feeds/all."


def published(articles: list[Article], form: str = "atom") -> bytes:
    return render(
        OUTPUT,
        articles,
        base_url="https://feeds.example.net/",
        atom_id="urn:example:all",
        settings_changed_at=NOON,
    ).bodies[form]


def read_back(articles: list[Article], form: str = "atom") -> Feed:
    body = published(articles, form)
    document = Document(url=ADDRESS + form, body=body, content_type=FORMATS[form])
    return parse(document, max_entries=1000)


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


def facts(entry: Entry, form: str = "atom") -> tuple[object, ...]:
    """What a reader compares. An entry that leads nowhere shows what it has as its content.

    But for Atom, whatever text there is counts as the content when there is one only. An RSS
    title does not say whether it is text or HTML: it is written for readers that take it for
    HTML, and read as text.
    """
    texts = [entry.title, *entry.categories]
    if form == "rss":
        texts = [text.replace("&lt;", "<") for text in texts]
    shown, summary = entry.content, entry.summary
    if not shown and (form != "atom" or not entry.link):
        shown, summary = summary, ""
    if not shown and not entry.link:
        shown = escape(texts[0])
    return (
        tuple(texts),
        entry.link,
        text_of(shown),
        text_of(summary),
        tuple(enclosure.href for enclosure in entry.enclosures),
        entry.image,
    )


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_tells_the_same_dates_and_people(form: str) -> None:
    (entry,) = read_back([article(1)], form).entries
    assert (entry.published, entry.updated) == (ENTRY.published, ENTRY.updated)
    assert [author.name for author in entry.authors] == ["Ada"]
    assert (entry.language, entry.guid) == ("en", "urn:example:1")


def test_an_article_reads_back_as_it_was() -> None:
    feed = read_back([article(1), article(2, title="Zwei — <b> & 二")])
    assert feed.info.title == OUTPUT.title
    assert feed.info.id == "urn:example:all"
    assert feed.info.self_link == ADDRESS + "atom"
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
@given(title=nasty_text, markup=nasty_text, form=st.sampled_from(list(FORMATS)))
def test_what_was_read_back_once_stays_as_it_is(title: str, markup: str, form: str) -> None:
    content = HtmlCleaner("https://example.org/").clean(markup)
    once = read_back([article(1, title=plain_text(title, 300), content=content)])
    again = read_back(as_articles(once), form)
    assert [facts(entry, form) for entry in again.entries] == [
        facts(entry, form) for entry in once.entries
    ]


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
            feed = parse(Document(url=ADDRESS + "atom", body=path.read_bytes()), max_entries=100)
        except ParseError:
            continue
        articles = as_articles(feed)
        schema.assertValid(etree.fromstring(published(articles)))
        assert_rss(published(articles, "rss"))
        assert_json_feed(published(articles, "json"))
        for form in FORMATS:
            found = [facts(entry, form) for entry in read_back(articles, form).entries]
            assert found == [facts(one.entry, form) for one in articles], (path, form)
        rendered += 1
    assert rendered > 50


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("number", [0, 1, 50])
def test_every_entry_comes_back(number: int, form: str) -> None:
    articles = [article(count) for count in range(number)]
    found = [entry.guid for entry in read_back(articles, form).entries]
    assert found == [one.id for one in articles]
