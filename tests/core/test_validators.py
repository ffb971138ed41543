"""Header values become validators and floors; rubbish becomes nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.core.model import Validators
from aggregator.core.settings import Secret, Source
from aggregator.core.validators import (
    DAY,
    WEEK,
    Headers,
    conditional_headers,
    fresh_for,
    http_date,
    is_suspicious,
    merge,
    request_mark,
    retry_after,
    validators_of,
)

DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"
HOUR_LATER = b"Sun, 06 Nov 1994 09:49:37 GMT"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def headers(**fields: bytes | str) -> Headers:
    """Headers by keyword, `_` for `-`."""
    return Headers.of(
        (name.replace("_", "-").encode(), value.encode() if isinstance(value, str) else value)
        for name, value in fields.items()
    )


def sent(validators: Validators) -> dict[str, str]:
    """The conditional fields of a request, without the wish for a delta."""
    return {name: value for name, value in conditional_headers(validators) if name != "A-IM"}


# --- validators


# P1
@pytest.mark.parametrize("etag", [b'W/"a-b"', b'"aB"', b"unquoted", b'w/"x"', b'"a" "b"'])
def test_an_etag_is_kept_and_returned_byte_for_byte(etag: bytes) -> None:
    found = validators_of(headers(ETag=etag))
    assert found.etag == etag
    assert dict(conditional_headers(found))["If-None-Match"] == etag.decode()


# P2
@pytest.mark.parametrize(
    "text", ["Mon, 1 Jan 2024 7:00:00 GMT", "gestern", "Thu, 01 Jan 1800 00:00:00 GMT", "0"]
)
def test_last_modified_is_returned_as_it_came_whatever_it_is(text: str) -> None:
    found = validators_of(headers(Last_Modified=f"  {text} "))
    assert conditional_headers(found) == (("If-Modified-Since", text),)


# P3
def test_only_received_validators_are_sent() -> None:
    assert conditional_headers(Validators()) == ()
    assert sent(Validators(etag=b'"1"')) == {"If-None-Match": '"1"'}
    assert sent(Validators(last_modified=b"x")) == {"If-Modified-Since": "x"}
    both = Validators(etag=b'"1"', last_modified=b"x")
    assert sent(both) == {"If-None-Match": '"1"', "If-Modified-Since": "x"}


# P63
def test_a_delta_is_asked_for_only_together_with_an_etag() -> None:
    assert ("A-IM", "feed") in conditional_headers(Validators(etag=b'"1"', last_modified=b"x"))
    for without in (Validators(), Validators(last_modified=b"x"), Validators(etag=b'"\xff"')):
        assert "A-IM" not in dict(conditional_headers(without))


def test_empty_values_are_no_validators() -> None:
    assert validators_of(headers(ETag="", Last_Modified="  ")) == Validators()


# P6 P7
def test_a_304_replaces_what_it_carries_and_keeps_the_rest() -> None:
    stored = Validators(etag=b'"1"', last_modified=b"then")
    assert merge(stored, Validators(etag=b'"2"')) == Validators(b'"2"', b"then")
    assert merge(stored, Validators(last_modified=b"now")) == Validators(b'"1"', b"now")
    assert merge(stored, Validators()) == stored


# P8
def test_a_200_without_a_validator_drops_the_stored_one() -> None:
    assert validators_of(headers(Last_Modified="x")).etag is None


# P16 S10
@pytest.mark.parametrize("etag", [b'"caf\xe9 \xff"', b'"a\r\nX: y"', b'"\x00"', b'"\x7f"'])
def test_an_etag_that_cannot_be_sent_back_exactly_is_not_sent(etag: bytes) -> None:
    stored = Validators(etag=etag, last_modified=b"x")
    assert conditional_headers(stored) == (("If-Modified-Since", "x"),)


# P16
def test_an_etag_in_utf_8_is_sent_back_exactly() -> None:
    etag = '"café"'.encode()
    assert sent(Validators(etag=etag)) == {"If-None-Match": etag.decode()}


@pytest.mark.parametrize(
    ("text", "suspicious"),
    [
        (b"Thu, 01 Jan 1970 00:00:00 GMT", True),
        (b"Thu, 01 Jan 2041 00:00:00 GMT", True),
        (b"Mon, 01 Dec 2025 00:00:00 GMT", False),
        (b"gestern", False),
        (None, False),
    ],
)
def test_a_last_modified_from_before_feeds_or_from_the_future_is_suspicious(
    text: bytes | None, suspicious: bool
) -> None:
    assert is_suspicious(Validators(last_modified=text), now=NOW) is suspicious


# --- who asks


PLAIN = Source(id="a", url="http://a.example/")
PASSWORD = replace(PLAIN, username="u", password=Secret(value="p"))


def with_headers(*headers: tuple[str, str]) -> Source:
    return replace(PLAIN, headers=tuple((name, Secret(value=text)) for name, text in headers))


# P9
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PLAIN, PASSWORD),
        (PASSWORD, replace(PASSWORD, username="v")),
        (PASSWORD, replace(PASSWORD, password=Secret(value="q"))),
        (PASSWORD, replace(PASSWORD, password=None)),
        (PLAIN, with_headers(("X-Key", "1"))),
        (with_headers(("X-Key", "1")), with_headers(("X-Key", "2"))),
        (with_headers(("X-Key", "1")), with_headers(("X-Other", "1"))),
        (with_headers(("X-Key", "1")), with_headers(("X-Key", "1"), ("Cookie", "a"))),
    ],
)
def test_other_credentials_or_fields_make_another_mark(one: Source, other: Source) -> None:
    assert request_mark(one) != request_mark(other)


def test_what_changes_no_request_changes_no_mark() -> None:
    one = with_headers(("X-Key", "1"), ("Cookie", "a"))
    other = replace(with_headers(("cookie", "a"), ("x-key", "1")), title="B", priority=3)
    assert request_mark(one) == request_mark(other)


def test_a_mark_is_short_and_a_source_without_secrets_has_none() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}", request_mark(PASSWORD))
    assert request_mark(PLAIN) == ""


@example("\ud800")
@given(st.text(min_size=1))
def test_any_text_has_a_mark(text: str) -> None:
    assert len(request_mark(replace(with_headers((text, text)), username=text))) == 8


# --- freshness


# P19
def test_max_age_minus_age_is_the_floor() -> None:
    answer = headers(Cache_Control="public, max-age=7200", Age="600")
    assert fresh_for(answer) == (6600, "max-age=7200 minus Age 600")


def test_max_age_wins_over_expires() -> None:
    answer = headers(Cache_Control="max-age=60", Expires=HOUR_LATER, Date=DATE)
    assert fresh_for(answer) == (60, "max-age=60")


# P22
@pytest.mark.parametrize(
    "fields",
    [
        {"Cache_Control": "no-cache"},
        {"Cache_Control": "no-store, max-age=600"},
        {"Cache_Control": "no-cache, max-age=600"},
        {"Cache_Control": "max-age=0", "Expires": HOUR_LATER, "Date": DATE},
        {"Expires": "0", "Date": DATE},
        {"Expires": "-1", "Date": DATE},
        {"Expires": DATE, "Date": HOUR_LATER},
        {"Cache_Control": "max-age=600", "Age": "600"},
        {"Pragma": "no-cache"},
        {},
    ],
)
def test_an_answer_that_is_stale_at_once_says_nothing(fields: dict[str, bytes | str]) -> None:
    assert fresh_for(headers(**fields)) == (None, "")


# P23
def test_expires_counts_from_the_servers_own_date() -> None:
    answer = headers(Expires=HOUR_LATER, Date=DATE)
    assert fresh_for(answer) == (3600, "Expires - Date = 3600")
    assert fresh_for(headers(Expires=HOUR_LATER)) == (None, "")


# P24
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("max-age", None),
        ("max-age=", None),
        ("max-age=soon", None),
        ("max-age=-5", None),
        ("max-age=1.5", None),
        ("max-age=0x10", None),
        ("max-age=\xb2", None),
        ('max-age="60"', 60),
        ("MAX-AGE = 60", 60),
        ("max-age=60, max-age=7", 60),
        ("max-age=99999999999999999999", DAY),
        ("max-age=" + "9" * 6000, DAY),
        (',;=,"",max-age=60', 60),
        ('no-cache="Set-Cookie", max-age=60', 60),
        ('private="max-age=7", max-age=60', 60),
        ('ext="\\"max-age=7\\"", max-age=60', 60),
    ],
)
def test_a_malformed_max_age_is_ignored_or_capped(value: str, seconds: int | None) -> None:
    assert fresh_for(headers(Cache_Control=value.encode("latin-1")))[0] == seconds


# P24
def test_a_malformed_max_age_leaves_expires_its_say() -> None:
    answer = headers(Cache_Control="max-age=", Expires=HOUR_LATER, Date=DATE)
    assert fresh_for(answer)[0] == 3600


# P25
def test_a_hint_beyond_the_cap_becomes_the_cap_and_its_raw_value_is_told() -> None:
    answer = headers(Cache_Control="max-age=172800")
    assert fresh_for(answer) == (DAY, "max-age=172800, capped at 86400")
    assert fresh_for(answer, cap=WEEK) == (172_800, "max-age=172800")


# --- Retry-After


# P26
def test_retry_after_is_seconds_or_a_date_relative_to_date() -> None:
    assert retry_after(headers(Retry_After="3600")) == 3600
    assert retry_after(headers(Retry_After=HOUR_LATER, Date=DATE)) == 3600


# P29
@pytest.mark.parametrize("value", ["-5", "soon", "0", "", "1e3", "120 s"])
def test_an_unusable_retry_after_counts_as_absent(value: str) -> None:
    assert retry_after(headers(Retry_After=value, Date=DATE)) is None


# P29
def test_a_retry_after_in_the_past_counts_as_absent() -> None:
    assert retry_after(headers(Retry_After=DATE, Date=HOUR_LATER)) is None


# P29
@pytest.mark.parametrize(
    "value", ["315360000", "9" * 5000, "Sun, 06 Nov 2044 08:49:37 GMT", "604801"]
)
def test_a_retry_after_of_years_is_capped_at_a_week(value: str) -> None:
    assert retry_after(headers(Retry_After=value, Date=DATE)) == WEEK


# --- dates and rubbish


@pytest.mark.parametrize(
    "text",
    [
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sunday, 06-Nov-94 08:49:37 GMT",
        b"Sun Nov  6 08:49:37 1994",
        b"6 nov 1994 8:49:37",
        b" Sun, 06 Nov 1994 08:49:37 +0000 ",
    ],
)
def test_all_forms_of_an_http_date_are_read(text: bytes) -> None:
    assert http_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


def test_a_leap_second_is_read() -> None:
    found = http_date(b"Sat, 31 Dec 2016 23:59:60 GMT")
    assert found == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_two_digits_of_a_year_are_read_as_a_recent_year() -> None:
    found = http_date(b"Sunday, 06-Nov-26 08:49:37 GMT")
    assert found is not None
    assert found.year == 2026


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"0",
        b"Sun, 31 Feb 1994 08:49:37 GMT",
        b"Sun, 06 Xxx 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 25:49:37 GMT",
        b"Sun, 06 Nov 0000 08:49:37 GMT",
        b"Sun, 06 Nov 1994 08:49:37 EST",
        b"\xff\xfe",
    ],
)
def test_what_is_no_http_date_is_none(text: bytes) -> None:
    assert http_date(text) is None


RUBBISH = st.one_of(
    st.binary(max_size=60),
    st.text(alphabet='max-ge=0123456789,;" \t\\nocstr', max_size=60).map(str.encode),
    st.text(alphabet="SunMoJaFeb 0123456789,:-GMT+", max_size=40).map(str.encode),
    st.sampled_from([DATE, HOUR_LATER, b"max-age=60", b"9" * 5000, b"-1", b"\xb2"]),
)
NAMES = st.sampled_from(
    [b"Cache-Control", b"Age", b"Expires", b"Date", b"Retry-After", b"ETag", b"Last-Modified"]
)


# P24 P29
@given(st.lists(st.tuples(NAMES, RUBBISH), max_size=8))
@example([(b"Cache-Control", b'max-age="' + b"\\" * 1000)])
def test_no_header_ever_raises_or_escapes_its_bounds(fields: list[tuple[bytes, bytes]]) -> None:
    answer = Headers.of(fields)
    seconds, reason = fresh_for(answer)
    assert (seconds is None) == (reason == "")
    assert seconds is None or 0 < seconds <= DAY
    pause = retry_after(answer)
    assert pause is None or 0 < pause <= WEEK
    found = validators_of(answer)
    is_suspicious(found, now=NOW)
    for _, value in conditional_headers(found):
        assert value.isprintable() or not value.isascii()


@given(st.builds(Validators, etag=st.none() | RUBBISH, last_modified=st.none() | RUBBISH))
def test_what_is_sent_is_exactly_what_was_stored(stored: Validators) -> None:
    fields = sent(stored)
    if "If-None-Match" in fields:
        assert fields["If-None-Match"].encode() == stored.etag
    if "If-Modified-Since" in fields:
        assert fields["If-Modified-Since"].encode() == stored.last_modified
