"""core/parse/dates: what publishers write for a date."""

from __future__ import annotations

from datetime import UTC, datetime
from time import gmtime, struct_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.parse.dates import EARLIEST, LATEST, moment
from tests.core.documents import one, one_atom


def published(written: str) -> datetime | None:
    return one(f"<title>t</title><pubDate>{written}</pubDate>").published


# P92
@pytest.mark.parametrize(
    "written",
    [
        "Fri, 27 Jun 2025 10:00:00 GMT",
        "Fri, 27 Jun 2025 10:00:00",
        "Fri, 27 Jun 2025 06:00:00 EDT",
        "Fri, 27 Jun 2025 05:00:00 EST",
        "Fri, 27 Jun 2025 12:00:00 +0200",
        "27 Jun 25 10:00 UT",
        "2025-06-27T10:00:00Z",
        "2025-06-27T12:00:00.999+02:00",
        "2025-06-27 10:00:00",
        "20250627T100000Z",
        "1751018400",
        "1751018400000",
        "Vie, 27 jun 2025 10:00:00 GMT",
        "27 juin 2025 10:00",
        "viernes, 27 de junio de 2025, 12:00:00 +02:00",
        "27. März 2025 10:00",
        "27 марта 2025 10:00",
    ],
)
def test_dates_become_aware_and_utc(written: str) -> None:
    date = published(written)
    assert date is not None
    assert date.replace(month=6) == datetime(2025, 6, 27, 10, tzinfo=UTC)


# P91
@pytest.mark.parametrize(
    "written",
    [
        "",
        "now",
        "0000-00-00",
        "0000-00-00T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "1989-12-31T23:59:59Z",
        "Fri, 27 Jun 0002 10:00:00 GMT",
        "9999-12-31T23:59:59Z",
        "Thu, 31 Dec 9999 23:59:59 -1200",
        "Infinity",
        "27 nonsense 2025",
        "99 juin 2025",
        "27 juin 2025 10:00 +99:99",
        "1" * 50_000,
        "Fri," + " " * 50_000 + "27 Jun 2025",
    ],
)
def test_a_date_that_cannot_be_meant_is_no_date(written: str) -> None:
    assert published(written) is None


def test_a_date_in_the_future_is_kept_as_published() -> None:
    assert published("Sun, 27 Jun 2077 10:00:00 GMT") == datetime(2077, 6, 27, 10, tzinfo=UTC)


def test_published_and_updated_are_told_apart() -> None:
    only_published = one_atom("<title>t</title><published>2025-06-27T00:00:00Z</published>")
    only_updated = one_atom("<title>t</title><updated>2025-06-27T00:00:00Z</updated>")
    date = datetime(2025, 6, 27, tzinfo=UTC)
    assert (only_published.published, only_published.updated) == (date, None)
    assert (only_updated.published, only_updated.updated) == (None, date)


# P91
@pytest.mark.parametrize(
    "parsed", [(0, 0, 0, 0, 0, 0), (-1, 11, 30, 0, 0, 0), (2025, 13, 1, 0, 0, 0)]
)
def test_an_impossible_struct_is_no_date(parsed: tuple[int, ...]) -> None:
    assert moment("x", struct_time((*parsed, 0, 0, 0))) is None


def test_a_leap_second_is_the_second_before() -> None:
    parsed = struct_time((2016, 12, 31, 23, 59, 60, 5, 366, 0))
    assert moment("x", parsed) == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


@given(st.text(), st.none() | st.integers(-(2**40), 2**40).map(gmtime))
def test_whatever_is_written_a_date_is_in_range_or_none(
    written: str, parsed: struct_time | None
) -> None:
    date = moment(written, parsed)
    assert date is None or EARLIEST <= date < LATEST


def test_a_date_at_the_edge_of_time_is_no_date() -> None:
    assert moment("0001-01-01T00:00:00+14:00") is None
