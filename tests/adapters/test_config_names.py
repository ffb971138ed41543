"""Ids made from addresses, and what an output selects."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.config.names import Named, default_ids, select


@pytest.mark.parametrize(
    ("locator", "name"),
    [
        ("https://example.com/", "example-com"),
        ("https://www.example.com/feed.xml", "example-com"),
        ("https://example.com/rss/", "example-com"),
        ("https://example.com/world/rss", "example-com-world"),
        ("https://EXAMPLE.com:8443/Blog/index.php", "example-com-8443-blog"),
        ("http://127.0.0.1:8000/a/1.xml", "127-0-0-1-8000-a-1"),
        ("https://bücher.example/feed", "xn-bcher-kva-example"),
        ("samples/Field Notes.xml", "field-notes"),
    ],
)
def test_an_id_is_made_from_the_host_and_the_telling_words_of_the_path(
    locator: str, name: str
) -> None:
    assert default_ids([locator], ()) == (name,)


def test_sources_that_would_share_an_id_get_all_their_words() -> None:
    made = default_ids(["https://a.example/feed", "https://a.example/rss?n=1"], ())
    assert made == ("a-example-feed", "a-example-rss-n-1")


def test_an_id_that_somebody_chose_is_never_made() -> None:
    assert default_ids(["https://a.example/feed"], {"a-example"}) == ("a-example-feed",)


def test_addresses_that_differ_in_nothing_but_signs_get_a_hash() -> None:
    first, second = default_ids(["https://a.example/x?y", "https://a.example/x?Y"], ())
    assert re.fullmatch("a-example-x-y-[0-9a-f]{8}", first)
    assert first != second


def test_a_source_on_another_host_changes_no_id() -> None:
    before = default_ids(["https://a.example/feed"], ())
    assert default_ids(["https://b.example/feed", "https://a.example/feed"], ())[1:] == before


_letters = st.sampled_from(["a", "b", "feed", "rss", "www.", "ü", "://", "/", "?", ".", "1", ":"])
_locators = st.lists(
    st.one_of(
        st.lists(_letters, max_size=6).map(lambda parts: "https://" + "".join(parts)),
        st.text(max_size=20),
        st.sampled_from(["https://" + "x" * 100 + ".example/" + end for end in "abc"]),
    ),
    max_size=8,
    unique=True,
)


@given(locators=_locators, taken=st.sets(st.sampled_from(["a", "b", "a-feed", "feed"])))
def test_made_ids_are_valid_and_distinct_whatever_the_order(
    locators: list[str], taken: set[str]
) -> None:
    made = default_ids(locators, taken)
    assert len({*made, *taken}) == len(made) + len(taken)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name) for name in made)
    backwards = default_ids(locators[::-1], taken)
    assert backwards == made[::-1]


def test_the_same_address_gets_the_same_id() -> None:
    first, second = default_ids(["https://a.example/"] * 2, ())
    assert first == second


_ids = ["one", "two", "three"]
_named = st.lists(
    st.builds(
        Named,
        id=st.sampled_from(_ids),
        tags=st.lists(st.sampled_from(["x", "y"]), max_size=2).map(tuple),
    ),
    max_size=3,
    unique_by=lambda source: source.id,
)
_selectors = st.lists(
    st.tuples(
        st.sampled_from(["", "-"]),
        st.sampled_from(["all", "tag:x", "tag:y", "tag:z", *_ids, "id:one", "id:nine", "", "-"]),
    ).map("".join),
    min_size=1,
    max_size=4,
)


@given(sources=_named, selectors=_selectors)
def test_a_selection_is_a_sorted_part_of_the_sources_or_explained(
    sources: list[Named], selectors: list[str]
) -> None:
    chosen, mistakes = select(selectors, sources)
    positions = [[source.id for source in sources].index(name) for name in chosen]
    assert positions == sorted(set(positions))
    assert chosen or mistakes or not sources
    assert all(selector in selectors for selector, _, _ in mistakes)


@given(sources=_named, selectors=_selectors)
def test_a_selection_does_not_depend_on_the_order_of_its_words(
    sources: list[Named], selectors: list[str]
) -> None:
    assert select(selectors, sources)[0] == select(selectors[::-1], sources)[0]
