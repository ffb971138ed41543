"""core/parse: what a document says about polling itself."""

from __future__ import annotations

import pytest

from aggregator.core.model import Hints
from tests.core.documents import atom, read, rss


def hints(channel: str) -> Hints:
    return read(rss("", channel)).hints


# P31
@pytest.mark.parametrize(
    ("ttl", "seconds"),
    [("180", 10800), (" 5 ", 300), ("0", None), ("-5", None), ("soon", None), ("9" * 20, None)],
)
def test_ttl_is_minutes_and_nonsense_is_ignored(ttl: str, seconds: int | None) -> None:
    assert hints(f"<ttl>{ttl}</ttl>").ttl == seconds


# P32
def test_skipped_hours_count_24_as_midnight() -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in ("24", "3", " 4 ", "25", "-1", "x", "", "²"))
    assert hints(f"<skipHours>{hours}</skipHours>").skip_hours == (0, 3, 4)


def test_a_flood_of_hours_is_read_in_part() -> None:
    assert hints("<hour>3</hour>" * 64 + "<hour>4</hour>").skip_hours == (3,)
    assert read(rss("<item><title>t</title><hour>3</hour></item>")).hints.skip_hours == ()


# P32
def test_skipping_every_hour_or_every_day_is_ignored() -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(1, 25))
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    days = "".join(f"<day>{day}</day>" for day in names)
    assert hints(f"<skipHours>{hours}</skipHours><skipDays>{days}</skipDays>") == Hints()
    assert hints("<skipDays><day>sunday</day><day>Moonday</day></skipDays>").skip_days == (6,)


# P33
@pytest.mark.parametrize(
    ("period", "frequency", "seconds"),
    [
        ("hourly", "2", 1800),
        ("daily", "", 86400),
        ("Weekly", "7", 86400),
        ("hourly", "0", None),
        ("hourly", "-1", None),
        ("hourly", "9999999", 1),
        ("sometimes", "1", None),
        ("", "4", None),
    ],
)
def test_syndication_is_period_by_frequency(
    period: str, frequency: str, seconds: int | None
) -> None:
    channel = (
        f"<sy:updatePeriod>{period}</sy:updatePeriod>"
        f"<sy:updateFrequency>{frequency}</sy:updateFrequency>"
    )
    assert hints(channel).syndication == seconds


# P33
def test_a_feed_that_says_nothing_gives_no_hints() -> None:
    assert hints("<title>t</title>") == Hints()


@pytest.mark.parametrize(("value", "expired"), [("true", True), ("false", False), ('"yes"', False)])
def test_an_expired_json_feed_says_so(value: str, expired: bool) -> None:
    body = f'{{"version": "https://jsonfeed.org/version/1.1", "expired": {value}}}'
    assert read(body).hints.expired is expired


def test_a_new_address_is_a_hint_and_changes_no_address() -> None:
    moved = "<itunes:new-feed-url>https://new.example/feed</itunes:new-feed-url>"
    feed = read(rss("", moved))
    assert feed.hints.new_url == "https://new.example/feed"
    assert feed.info.self_link == "https://h.example/dir/feed.xml"
    other = read(atom('<link rel="self" href="https://new.example/feed"/>'))
    assert other.info.self_link == "https://new.example/feed"
    assert other.hints.new_url == ""


def test_a_hub_is_an_address_of_the_web() -> None:
    hubs = '<link rel="hub" href="javascript:x"/><link rel="hub" href="https://hub.example/"/>'
    assert read(atom(hubs)).hints.hub == "https://hub.example/"
