"""Entries that are kept as bytes: the documents are the same as if each had been written anew."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.model import Article
from aggregator.core.render import FORMATS, Pieces, Rendered, render
from aggregator.core.spans import spans_of
from tests.core.articles import NOON, OUTPUT, article, nasty_article

PLENTY = 1 << 20


def rendered(*articles: Article, known: Pieces | None = None, page: int = 0) -> Rendered:
    return render(
        OUTPUT,
        articles,
        base_url="https://feeds.example.net/",
        atom_id="urn:example:out",
        settings_changed_at=NOON,
        page=page,
        known=known,
    )


# W11
@given(
    articles=st.lists(nasty_article, max_size=6),
    before=st.lists(st.integers(0, 5), max_size=3),
    limit=st.sampled_from([0, 10_000, PLENTY]),
)
def test_documents_are_the_same_whatever_was_written_before(
    articles: list[Article], before: list[int], limit: int
) -> None:
    known = Pieces(limit)
    for start in before:
        rendered(*articles[start:], known=known, page=start)
    assert rendered(*articles, known=known) == rendered(*articles)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_entry_is_written_once(count: int) -> None:
    articles = [article(number) for number in range(count)]
    known = Pieces(PLENTY)
    rendered(*articles, known=known)
    first = [known.of(one) for one in articles]
    assert all(piece.keys() == FORMATS.keys() for piece in first)
    rendered(article(99), *articles, known=known)
    assert all(known.of(one) is piece for one, piece in zip(articles, first, strict=True))


def test_an_edited_entry_is_another_one() -> None:
    known = Pieces(PLENTY)
    before, after = article(1), article(1, title="Corrected")
    rendered(before, known=known)
    assert b"Corrected" in rendered(after, known=known).body
    assert b"Corrected" not in rendered(before, known=known).body
    joined = replace(after, info=replace(after.info, title="Renamed"))
    assert b"Renamed" in rendered(joined, known=known).body


def test_pieces_of_some_forms_are_completed() -> None:
    known = Pieces(PLENTY)
    one = article()
    for forms in (("atom",), ("rss", "atom"), tuple(FORMATS)):
        found = render(
            OUTPUT,
            [one],
            base_url="https://feeds.example.net/",
            atom_id="urn:example:out",
            settings_changed_at=NOON,
            forms=forms,
            known=known,
        )
        assert found.bodies == {form: rendered(one).bodies[form] for form in forms}


def test_no_more_is_kept_than_allowed() -> None:
    known = Pieces(100_000)
    articles = [article(number, content="word " * 2000) for number in range(20)]
    rendered(*articles, known=known)
    kept = [one for one in articles if known.of(one)]
    assert 0 < len(kept) <= 4
    assert kept == articles[-len(kept) :]


@pytest.mark.parametrize("limit", range(50_000, 160_000, 10_000))
def test_what_is_let_go_while_a_document_is_written_is_in_it_all_the_same(limit: int) -> None:
    known = Pieces(limit)
    articles = [article(number, content="word " * 1000) for number in range(5)]
    for forms in (("atom", "json"), tuple(FORMATS)):
        found = render(
            OUTPUT,
            articles,
            base_url="https://feeds.example.net/",
            atom_id="urn:example:out",
            settings_changed_at=NOON,
            forms=forms,
            known=known,
        )
        assert found.bodies == {form: rendered(*articles).bodies[form] for form in forms}


@pytest.mark.parametrize(
    "document",
    [
        b"<feed><title/></feed>",
        b"<feed><entry><id/></feed>",
        b"<feed><!-- --><entry></entry></feed>",
        b"<rss><items></items></rss>",
    ],
)
def test_a_document_without_whole_entries_has_no_spans(document: bytes) -> None:
    assert spans_of(document) == []


def test_spans_are_the_entries_with_the_white_space_behind_them() -> None:
    document = b'<feed>\n<entry a="b">1</entry>\n <entry>2</entry></feed>'
    found = [document[start:end] for start, end in spans_of(document)]
    assert found == [b'<entry a="b">1</entry>\n ', b"<entry>2</entry>"]
