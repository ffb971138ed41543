"""Texts of RSS, of which nobody says whether they are HTML, mean the same both ways."""

from __future__ import annotations

from html import unescape
from xml.etree import ElementTree as ET

import pytest

from aggregator.core.model import FeedInfo, Person
from aggregator.core.render import render
from tests.core.articles import NOON, OUTPUT, article

PLACES = ("title", "category", "source", "{http://purl.org/dc/elements/1.1/}creator")


def texts(value: str) -> list[str]:
    one = article(
        title=value,
        categories=(value,),
        authors=(Person(value),),
        info=FeedInfo(title=value, link="https://h.example/"),
    )
    body = render(
        OUTPUT,
        [one],
        base_url="https://feeds.example.net/",
        atom_id="urn:example:all",
        settings_changed_at=NOON,
    ).bodies["rss"]
    item = ET.fromstring(body).find("channel/item")
    assert item is not None
    return [item.findtext(place) or "" for place in PLACES]


# W13 S33
@pytest.mark.parametrize(
    "value", ["a <script>alert(1)</script> b", "<img src=x onerror=alert(1)>", "</title><!--"]
)
def test_what_a_reader_could_take_for_a_tag_is_a_reference(value: str) -> None:
    for text in texts(value):
        assert "<" not in text
        assert unescape(text) == value


@pytest.mark.parametrize("value", ["AT&T", "a < b > c", "1 <2", "Q&amp;A", "x <- y"])
def test_all_other_texts_stay_as_they_are(value: str) -> None:
    assert texts(value) == [value] * len(PLACES)
