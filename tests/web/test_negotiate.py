"""Accept-Encoding and preconditions, header value by header value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.negotiate import accepts_gzip, is_not_modified, matches

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


# Of W31, gzip.
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0.001", True),
        ("*", True),
        ("*;q=0", False),
        ("gzip, *;q=0", True),
        ("*, gzip;q=0", False),
        ("identity", False),
        ("identity;q=1, gzip;q=0.5", False),
        ("identity;q=0.5, gzip;q=1", True),
        ("identity;q=0, gzip;q=0.1", True),
        ("gzip;q=2", False),
        ("gzip;q=nonsense", False),
        (" gzip ;  Q=0.5 ", True),
        ("notgzip", False),
        ("deflate, br", False),
    ],
)
def test_gzip_is_sent_only_to_who_wants_it(value: str | None, expected: bool) -> None:
    assert accepts_gzip(value) is expected


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
    accepts_gzip(value)
    matches([value], "abc")
