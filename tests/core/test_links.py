"""Two links, one page?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.links import canonical_link, guid_without_host, site_label, url_slug

PAGE = "https://example.com/world/story-one"


@pytest.mark.parametrize(
    "link",
    [
        PAGE,
        "http://example.com/world/story-one",
        "https://www.example.com/world/story-one/",
        "https://EXAMPLE.com:443/world/story-one",
        "https://m.example.com/world/story-one",
        "https://example.com/amp/world/story-one",
        "https://example.com/world/story-one/amp/",
        "https://example.com/world/story-one?utm_source=rss&utm_medium=feed",
        "https://example.com/world/story-one?fbclid=x1#comments",
        "https://www.google.com/url?rct=j&sa=t&url=https%3A%2F%2Fexample.com%2Fworld%2Fstory-one&ct=ga",
        "https://go.other.example/?id=1&u=https%3A%2F%2Fexample.com%2Fworld%2Fstory-one",
    ],
)
def test_forms_of_one_page_share_a_key(link: str) -> None:
    assert canonical_link(link) == "example.com/world/story-one"


@pytest.mark.parametrize(
    "other",
    [
        "https://example.com/World/story-one",
        "https://example.com/world/story-one?id=2",
        "https://example.com/world/story-one?a=1&b=2",
        "https://example.com/world/story-one#!page",
        "https://example.com:8080/world/story-one",
        "https://news.example.com/world/story-one",
    ],
)
def test_other_pages_have_other_keys(other: str) -> None:
    assert canonical_link(other) not in ("", canonical_link(PAGE))


def test_the_order_of_parameters_is_kept() -> None:
    assert canonical_link(PAGE + "?a=1&b=2") != canonical_link(PAGE + "?b=2&a=1")


@pytest.mark.parametrize(
    "link", ["https://example.com/", "https://example.com", "mailto:a@b", "", "http://[::1", "x"]
)
def test_what_names_no_page_has_no_key(link: str) -> None:
    assert canonical_link(link) == ""


@pytest.mark.parametrize(
    "link",
    [
        "https://a.example/2025/06/27/fed-holds-interest-rates/",
        "https://b.example/story/12345678/fed-holds-interest-rates",
        "https://c.example/fed-holds-interest-rates-68587ede5256b",
        "https://d.example/x/fed-holds-interest-rates-2025-06-27.html",
        "https://e.example/fed-holds-interest-rates-idUSKBN0123456",
    ],
)
def test_the_words_of_a_link_are_found_without_ids_and_dates(link: str) -> None:
    assert url_slug(link) in ("fed-holds-interest-rates", "fed-holds-interest-rates-iduskbn0123456")


def test_a_link_of_few_words_has_no_url_slug() -> None:
    assert url_slug("https://a.example/live") == ""


def test_a_guid_survives_a_move_of_its_site() -> None:
    assert guid_without_host("http://old.example/?p=7") == guid_without_host(
        "https://www.new.example/?p=7"
    )
    assert guid_without_host("tag:a,2025:1") == "tag:a,2025:1"


def test_a_host_signs_with_its_name() -> None:
    assert "apnews" in site_label("https://www.apnews.com/x")


@given(st.text(max_size=200))
def test_no_text_breaks_a_key(text: str) -> None:
    for link in (text, "https://example.com/" + text, "https://" + text):
        canonical_link(link)
        url_slug(link)
        guid_without_host(link)
        site_label(link)
