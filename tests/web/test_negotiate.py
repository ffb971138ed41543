"""Accept-Encoding and preconditions, header value by header value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.negotiate import (
    chosen_coding,
    is_not_modified,
    matches,
    wants_news,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


OFFERED = ("br", "zstd", "gzip")


# W31
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("zstd, gzip", "zstd"),
        ("br;q=0.5, zstd;q=0.9, gzip;q=0.8", "zstd"),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0, zstd;q=0.0, gzip", "gzip"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.0", "identity"),
        ("gzip; q=0.000", "identity"),
        ("gzip;q=0.001", "gzip"),
        ("*", "gzip"),
        ("*;q=0", "identity"),
        ("gzip, *;q=0", "gzip"),
        ("*, gzip;q=0", "identity"),
        ("identity", "identity"),
        ("identity;q=1, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip;q=1", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("identity;q=0, *;q=0", "identity"),
        ("gzip;q=2", "identity"),
        ("gzip;q=nonsense", "identity"),
        (" gzip ;  Q=0.5 ", "gzip"),
        ("notgzip", "identity"),
        ("deflate, compress", "identity"),
    ],
)
def test_the_coding_is_the_one_the_client_likes_best(value: str | None, expected: str) -> None:
    assert chosen_coding(value, OFFERED) == expected


# Of W31
def test_what_is_not_offered_is_not_sent() -> None:
    assert chosen_coding("br, gzip;q=0.5", ("gzip",)) == "gzip"
    assert chosen_coding("br, gzip", ()) == "identity"


# Of W46
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, False),
        ("", False),
        ("feed", True),
        ("FEED", True),
        ("vcdiff, feed;q=0.5", True),
        ("feed;q=0", False),
        ("feeds", False),
        ("diffe, gzip", False),
    ],
)
def test_deltas_are_for_those_who_ask(value: str | None, expected: bool) -> None:
    assert wants_news(value) is expected


# W26
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (['"abc"'], True),
        (['W/"abc"'], True),
        (['"abc-gz"'], True),
        (['"abc-gzip"'], True),
        (['W/"abc-gzip"'], True),
        (['"abc--gzip"'], True),
        (['"abc;gzip"'], True),
        (['"abc-br"'], True),
        (['"abc-zst"'], True),
        (["*"], True),
        (["abc"], True),
        (['"x", "y" , W/"abc"'], True),
        (['"x,y","abc"'], True),
        (['"x"', '"abc"'], True),
        (['"abd"'], False),
        (['"abc-other"'], False),
        (['"*"'], False),
        (['"ab', 'c"'], False),
        ([""], False),
        ([], False),
    ],
)
def test_a_known_tag_is_found_in_any_form(values: list[str], expected: bool) -> None:
    assert matches(values, "abc") is expected


# W27
@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (NOON, True),
        (NOON + timedelta(days=4000), True),
        (NOON - timedelta(seconds=1), False),
        (None, False),
    ],
)
def test_if_modified_since_is_compared_with_the_second(
    since: datetime | None, expected: bool
) -> None:
    found = is_not_modified(
        if_none_match=(), if_modified_since=since, tag="abc", last_modified=NOON
    )
    assert found is expected


# W27
def test_if_modified_since_does_not_count_beside_a_tag() -> None:
    found = is_not_modified(
        if_none_match=['"old"'], if_modified_since=NOON, tag="abc", last_modified=NOON
    )
    assert not found


@given(st.text(max_size=60))
def test_no_header_value_is_too_odd(value: str) -> None:
    chosen_coding(value, OFFERED)
    wants_news(value)
    matches([value], "abc")
