"""Another feed at the known address: what gives it away, and what is only a change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.core.cadence.loaded import for_url
from aggregator.core.cadence.strangers import is_replaced
from aggregator.core.model import FeedInfo
from tests.core.cadence_cases import FRESH, STEADY, a_reading

KNOWN = replace(
    STEADY, info=FeedInfo(title="The Times", id="urn:times", link="https://www.times.example/")
)
SPAM = FeedInfo(title="Casino", id="urn:casino", link="https://casino.example/")


# S39
def test_a_feed_of_which_nothing_is_as_it_was_is_another_one() -> None:
    assert is_replaced(KNOWN, reading=a_reading(info=SPAM), known=0)
    assert is_replaced(KNOWN, reading=a_reading(info=SPAM, entries=0), known=0)
    assert is_replaced(KNOWN, reading=a_reading(info=FeedInfo()), known=0)
    without_id = replace(KNOWN, info=replace(KNOWN.info, id=""))
    assert is_replaced(without_id, reading=a_reading(info=SPAM), known=0)


@pytest.mark.parametrize(
    "info",
    [
        replace(SPAM, title=" the  TIMES"),
        replace(SPAM, id="urn:times"),
        replace(SPAM, link="http://times.example/new"),
        replace(SPAM, link="https://blog.times.example/"),
    ],
)
def test_one_thing_that_stayed_is_enough(info: FeedInfo) -> None:
    assert not is_replaced(KNOWN, reading=a_reading(info=info), known=0)


def test_a_known_entry_is_enough() -> None:
    assert not is_replaced(KNOWN, reading=a_reading(info=SPAM), known=1)


def test_without_something_to_compare_nothing_is_suspected() -> None:
    reading = a_reading(info=SPAM)
    assert not is_replaced(KNOWN, reading=None, known=0)
    assert not is_replaced(replace(FRESH, info=KNOWN.info), reading=reading, known=0)
    for info in (FeedInfo(), replace(KNOWN.info, title=""), replace(KNOWN.info, link="http://[")):
        assert not is_replaced(replace(KNOWN, info=info), reading=reading, known=0)


def test_another_address_in_feeds_yaml_is_an_operators_word() -> None:
    edited = for_url(KNOWN, url="https://elsewhere.example/", mark=KNOWN.request_mark)
    assert not is_replaced(edited, reading=a_reading(info=SPAM), known=0)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("https://a.news.example/", "https://b.news.example/", True),
        ("https://one.co.uk/", "https://two.co.uk/", False),
        ("https://a.one.co.uk/", "https://b.one.co.uk/", True),
        ("https://localhost/", "https://other/", False),
        ("https://a.example/", "", False),
    ],
)
def test_hosts_of_one_name_are_one_site(before: str, after: str, same: bool) -> None:
    known = replace(KNOWN, info=replace(KNOWN.info, link=before))
    reading = a_reading(info=replace(SPAM, link=after))
    assert is_replaced(known, reading=reading, known=0) is not same
