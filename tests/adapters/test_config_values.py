"""Single values of feeds.yaml."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.adapters.config.reading import read_quota
from aggregator.adapters.config.values import (
    Wrong,
    address,
    duration,
    expand,
    identifier,
    listen,
    plausible_cron,
    quoted,
    size,
    slug,
)
from aggregator.core.shares import Quota


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_durations_have_a_number_and_a_unit(text: str, amount: timedelta) -> None:
    assert duration(text) == amount


@pytest.mark.parametrize("text", ["", "2", "h", "2 h", "2H", "-2h", "1.5h", "2h30m", "٢h", 5, None])
def test_anything_else_is_no_duration(text: object) -> None:
    with pytest.raises(Wrong):
        duration(text)


def test_a_duration_beyond_a_century_is_refused() -> None:
    with pytest.raises(Wrong, match="century"):
        duration("999999999w")


@pytest.mark.parametrize(
    ("value", "quota"),
    [
        (30, Quota(30)),
        ("3/day", Quota(3, timedelta(days=1))),
        ("10000/week", Quota(10_000, timedelta(weeks=1))),
        ("1/hour", Quota(1, timedelta(hours=1))),
    ],
)
def test_a_quota_is_a_number_or_so_many_in_a_period(value: object, quota: Quota) -> None:
    assert read_quota(value) == quota


@pytest.mark.parametrize(
    "value", [0, -1, 10_001, True, None, "30", "3/", "3/month", "/day", "0/day", "3 / day", "٣/day"]
)
def test_anything_else_is_no_quota(value: object) -> None:
    with pytest.raises(Wrong):
        read_quota(value)


@pytest.mark.parametrize(
    ("text", "amount"), [("7B", 7), ("512KiB", 2**19), ("10MiB", 10 * 2**20), ("1GiB", 2**30)]
)
def test_sizes_have_a_number_and_a_unit(text: str, amount: int) -> None:
    assert size(text) == amount


@pytest.mark.parametrize("text", ["", "10", "10M", "10 MiB", "-1B", "1.5GiB", 10, True, None])
def test_anything_else_is_no_size(text: object) -> None:
    with pytest.raises(Wrong):
        size(text)


@given(text=st.text())
@example(text="https://u:p@[::1]:80/?#")
@example(text="https://[v1.x]/")
@example(text="https://℀.example/")
def test_an_address_is_checked_or_wrong_and_loses_its_user_info(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://{text}@x.example/{text}"):
        try:
            found = address(candidate)
        except Wrong:
            continue
        assert found.url.lower().startswith(("http://", "https://"))
        assert "#" not in found.url
        assert found.url.isprintable()
        assert address(found.url).url == found.url
        assert address(found.url).username == ""


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain", "plain"),
        ("a$b", "a$b"),
        ("${A}", "x"),
        ("<${A}${A}>", "<xx>"),
        ("${NOPE:-y}", "y"),
        ("${EMPTY:-y}", "y"),
        ("${NOPE:-}", ""),
        ("${A:-y}", "x"),
        ("$${A}", "${A}"),
        ("${LOOP}", "${A}"),
    ],
)
def test_variables_are_replaced_once(text: str, expanded: str) -> None:
    assert expand(text, {"A": "x", "EMPTY": "", "LOOP": "${A}"}) == expanded


@pytest.mark.parametrize("text", ["${NOPE}", "${EMPTY}", "${", "${A", "${}", "${a b}", "${A-x}"])
def test_a_variable_that_cannot_be_replaced_is_wrong(text: str) -> None:
    with pytest.raises(Wrong):
        expand(text, {"A": "x", "EMPTY": ""})


def test_a_value_in_a_message_is_printable_and_short() -> None:
    assert quoted("a\nb\x1b[31m") == '"a?b?[31m"'
    assert len(quoted("x" * 500)) < 100


@given(text=st.text())
def test_a_slug_is_an_id_or_nothing(text: str) -> None:
    made = slug(text)
    assert not made or identifier(made) == made


@pytest.mark.parametrize("text", ["127.0.0.1:8080", "localhost:1", "[::]:80", ":8080", "0.0.0.0:0"])
def test_a_place_to_listen_has_a_port(text: str) -> None:
    assert listen(text) == text


@pytest.mark.parametrize(
    "text", ["", "8080", "localhost", "x:y", "x:65536", "http://x:80", "::1:8"]
)
def test_anything_else_is_no_place_to_listen(text: str) -> None:
    with pytest.raises(Wrong):
        listen(text)


@pytest.mark.parametrize("text", ["0 6 * * *", "*/15 0-6 1,15 jan-mar mon#1"])
def test_five_fields_may_be_a_cron_expression(text: str) -> None:
    plausible_cron(text)


@pytest.mark.parametrize("text", ["", "* * * *", "* * * * * *", "0 6 * * $(x)"])
def test_anything_else_is_no_cron_expression(text: str) -> None:
    with pytest.raises(ValueError, match="cron"):
        plausible_cron(text)
