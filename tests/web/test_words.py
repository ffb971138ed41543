"""Values as words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.words import article_line, day_name, shorten
from tests.core.articles import article, nasty_text


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 22), "Today"),
        (date(2026, 11, 21), "Yesterday"),
        (date(2026, 11, 23), "Monday, 23 November 2026"),
        (date(2025, 1, 1), "Wednesday, 1 January 2025"),
    ],
)
def test_a_day_has_a_name(day: date, expected: str) -> None:
    assert day_name(day, date(2026, 11, 22)) == expected


@given(text=nasty_text, limit=st.integers(1, 30))
def test_a_shortened_text_is_one_line_within_its_limit(text: str, limit: int) -> None:
    short = shorten(text, limit=limit)
    assert len(short) <= limit + 1
    assert short == " ".join(short.split())


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(20, "one two, three"), (12, "one two…"), (3, "one…"), (2, "on…")],
)
def test_a_text_is_cut_between_words(limit: int, expected: str) -> None:
    assert shorten("one  two,\nthree", limit=limit) == expected


def test_an_article_without_anything_is_untitled() -> None:
    line = article_line(article(1, title="", link="", summary="", content=""))
    assert (line.title, line.excerpt) == ("Untitled", "")


def test_an_excerpt_is_the_beginning_of_the_text() -> None:
    line = article_line(article(1, summary="", content="<p>word &amp; word</p>" * 2000))
    assert line.excerpt.startswith("word & word word & word")
    assert len(line.excerpt) <= 321
