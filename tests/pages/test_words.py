"""Values as words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.model import Enclosure
from aggregator.pages.words import article_line, day_name, moment, shorten
from tests.core.articles import NOON, article, nasty_text


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 23), "Monday, 23 November 2026"),
        (date(2025, 1, 1), "Wednesday, 1 January 2025"),
    ],
)
def test_a_day_has_a_name(day: date, expected: str) -> None:
    assert day_name(day) == expected


def test_a_moment_says_its_zone() -> None:
    assert moment(NOON) == "22 November 2026, 12:00 UTC"


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


def test_what_can_be_heard_or_seen_is_linked() -> None:
    files = (
        Enclosure(href="https://example.org/1.mp3", type="audio/mpeg"),
        Enclosure(href="https://example.org/1.mp4", type="Video/mp4"),
        Enclosure(href="https://example.org/1.png", type="image/png"),
        Enclosure(href="javascript:alert(1)", type="audio/mpeg"),
    )
    assert article_line(article(1, enclosures=files)).files == (
        ("Audio", "https://example.org/1.mp3"),
        ("Video", "https://example.org/1.mp4"),
    )


def test_the_language_of_an_article_is_its_own_or_that_of_its_source() -> None:
    assert article_line(article(1, language="de-AT")).language == "de-AT"
    assert article_line(article(1, language="not a tag!")).language == "en"
