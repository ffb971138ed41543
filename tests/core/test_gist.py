"""What a headline says, without the accidents of syndication."""

from __future__ import annotations

import pytest

from aggregator.core.gist import Likeness, gist, is_distinctive, lead
from aggregator.core.gist import likeness as compared
from aggregator.core.slug import headline


def words(title: str) -> tuple[str, ...]:
    return gist(headline(title))


def likeness(one: str, other: str) -> Likeness:
    return compared(headline(one), headline(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Minister says bank cut rates", "Minister say bank cuts rates"),
        ("Lima approves €3.4bn rescue fund", "Lima approves €3.4 billion rescue fund"),
        ("Talks fail for second time", "Talks fail for 2nd time"),
        ("Kursk foothold inside Russia", "Kursk foothold in Russia"),
        ("Vote held after talks", "Vote held following talks"),
        ("Profit rises 5pct at ferry firm", "Profit rises 5 percent at ferry firm"),
        ("Ferry & rail strike halts trade", "Ferry and rail strike halts trade"),
    ],
)
def test_spellings_of_one_headline_have_one_gist(one: str, other: str) -> None:
    assert words(one) == words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bank will raise rates in June", "Bank will not raise rates in June"),
        ("Lima halts the ferry inquiry", "Lima backs the ferry inquiry"),
        ("Shares up as markets close", "Shares down as markets close"),
        ("At least 30 dead in bus crash", "At least 31 dead in bus crash"),
        ("他来了", "她来了"),
    ],
)
def test_headlines_that_say_different_things_have_different_gists(one: str, other: str) -> None:
    assert words(one) != words(other)


WHOLE = "Ukraine holds Kursk foothold inside Russia, commander says"


@pytest.mark.parametrize(
    "cut",
    [
        "Ukraine holds Kursk foothold …",
        "Ukraine holds Kursk foothold inside Russia, comman...",
        "UPDATE 1-Ukraine holds “Kursk” foothold... (Video)",
    ],
)
def test_a_headline_cut_short_is_the_start_of_the_whole(cut: str) -> None:
    assert likeness(cut, WHOLE) is Likeness.CUT
    assert likeness(WHOLE, cut) is Likeness.CUT
    assert lead(words(cut)) == lead(words(WHOLE))


def test_a_headline_that_goes_on_is_another_one() -> None:
    one = "Report: Americans ride public transit in record numbers"
    other = "As Americans ride public transit in record numbers, ridership down in Portland"
    assert likeness(one, other) is Likeness.ALIKE


def test_two_words_are_not_enough_to_be_the_start_of_a_headline() -> None:
    assert likeness("Ukraine holds …", WHOLE) is Likeness.OTHER


def test_a_changed_number_makes_another_headline() -> None:
    one = "At least 30 dead in Lima bus crash, police say"
    assert likeness(one, one.replace("30", "31")) is Likeness.OTHER


def test_a_changed_word_makes_a_like_headline() -> None:
    one = "Lima backs the coastal ferry inquiry, minister says"
    assert likeness(one, "Lima backs a coastal ferry inquiry, spokesman says") is Likeness.ALIKE


def test_empty_headlines_are_not_the_same() -> None:
    assert likeness("", "") is Likeness.OTHER


@pytest.mark.parametrize(
    "title",
    [
        "Morning briefing",
        "Weekly links",
        "Privacy Policy",
        "Letters to the editor",
        "Weather forecast",
        "Daily crossword",
        "Live: Lima election – latest updates",
        "Lima tax ruling: 7 things to know",
        "Brussels market report for June 27",
        "Photo of the day",
        "",
        "42",
    ],
)
def test_the_name_of_a_form_distinguishes_no_story(title: str) -> None:
    assert not is_distinctive(headline(title))


@pytest.mark.parametrize(
    "title",
    [
        "Ukraine holds Kursk foothold inside Russia, commander says",
        "Fund cuts growth forecast as trade war bites exporters",
        "At least 30 dead in Lima bus crash",
        "俄罗斯总统普京今日抵达北京访问",
    ],
)
def test_a_headline_of_enough_content_stands_for_its_story(title: str) -> None:
    assert is_distinctive(headline(title))
