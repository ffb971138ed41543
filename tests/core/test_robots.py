"""robots.txt: whose rules count, and what a pattern covers (RFC 9309)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.robots import MAX_SIZE, product_of, read_rules


def allowed(text: str, target: str, *, product: str = "aggregator") -> bool:
    return read_rules(text, product=product).allow(target)


def ruled(*rules: str) -> str:
    return "\n".join(("User-agent: *", *rules))


# --- whose rules count


OTHERS = "User-agent: other\nDisallow: /\n"
STAR = "User-agent: *\nDisallow: /star\n"
OURS = "User-Agent: Aggregator\nDisallow: /ours\n"


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("", "/x", True),
        (OTHERS, "/x", True),
        (OTHERS + STAR, "/star", False),
        (OTHERS + STAR + OURS, "/star", True),
        (OURS + STAR, "/ours/1", False),
        (OURS + "\n" + STAR + "\n" + OURS.replace("ours", "more"), "/more", False),
        ("User-agent: a\nUser-agent: aggregator\nUser-agent: b\nDisallow: /", "/x", False),
        ("User-agent: aggregator/2.0 (x)\nDisallow: /", "/x", False),
        ("User-agent: aggregatorbot\nDisallow: /", "/x", True),
        ("User-agent: aggregator\nDisallow:\n\nUser-agent: *\nDisallow: /", "/x", True),
        ("User-agent: aggregator\n\nUser-agent: *\nDisallow: /", "/x", False),
        ("Disallow: /", "/x", True),
    ],
)
def test_the_groups_that_name_us_count_else_those_for_all(
    text: str, target: str, expected: bool
) -> None:
    assert allowed(text, target) is expected


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_white_space_comments_and_unknown_lines_change_nothing(end: str) -> None:
    lines = (
        "\ufeff# about us",
        " user-AGENT :\t* # all",
        "",
        "Crawl-delay: 10",
        "Sitemap: https://a.example/sitemap.xml",
        "rubbish",
        "\tDISALLOW: /a#b",
    )
    assert not allowed(end.join(lines), "/abc")
    assert allowed(end.join(lines), "/b")


# --- what a pattern covers


@pytest.mark.parametrize(
    ("pattern", "target", "covered"),
    [
        ("/fish", "/fish.html?x=1", True),
        ("/fish", "/Fish", False),
        ("/fish", "/catfish", False),
        ("/fish/", "/fish", False),
        ("fish", "/fish", False),
        ("/*.php", "/a/b.php5?x", True),
        ("/*.php$", "/a/b.php", True),
        ("/*.php$", "/a/b.php?x", False),
        ("/*.php$", "/a.php/b.php", True),
        ("/a$", "/a", True),
        ("/a$", "/ab", False),
        ("/a*$", "/abc", True),
        ("*", "/anything", True),
        ("*/feed", "/blog/feed/", True),
        ("/*?feed=", "/?feed=rss", True),
        ("/a*b*c", "/axxbyyc", True),
        ("/a*b*c", "/acb", False),
        ("/a*a$", "/a", False),
        ("/a%3cd", "/a%3Cd", True),
        ("/%7ejoe/", "/~joe/x", True),
        ("/~joe/", "/%7Ejoe/x", True),
        ("/a%2fb", "/a/b", False),
        ("/日本", "/%E6%97%A5%e6%9c%ac/x", True),
        ("$", "/", False),
    ],
)
def test_a_pattern_covers_what_the_standard_says(pattern: str, target: str, covered: bool) -> None:
    assert allowed(ruled(f"Disallow: {pattern}"), target) is not covered


@pytest.mark.parametrize(
    ("rules", "target", "expected"),
    [
        (("Disallow: /", "Allow: /feed"), "/feed.xml", True),
        (("Allow: /feed", "Disallow: /"), "/feed.xml", True),
        (("Allow: /", "Disallow: /feed"), "/feed.xml", False),
        (("Disallow: /feed", "Allow: /feed"), "/feed.xml", True),
        (("Allow: /feed", "Disallow: /feed"), "/feed.xml", True),
        (("Disallow: /a", "Allow: /*.xml"), "/abc.xml", True),
        (("Disallow: /",), "/robots.txt", True),
    ],
)
def test_the_longest_pattern_decides_and_of_two_alike_the_one_that_allows(
    rules: tuple[str, ...], target: str, expected: bool
) -> None:
    assert allowed(ruled(*rules), target) is expected


def test_what_stands_beyond_half_a_megabyte_is_not_read() -> None:
    padding = "#" * MAX_SIZE
    assert allowed(f"User-agent: *\n{padding}\nDisallow: /", "/x")


@pytest.mark.parametrize(
    "text",
    [
        "User-agent: *\n" * (MAX_SIZE // 14),
        "User-agent: aggregator\n" * 10_000 + "Disallow: /x\n" * 20_000,
        ruled(*(f"Disallow: /{number}" for number in range(30_000))),
        ruled("Disallow: /" + "a*" * 200_000 + "b"),
    ],
)
def test_a_robots_txt_that_wants_to_be_slow_is_read_all_the_same(text: str) -> None:
    assert allowed(text, "/" + "a" * 7000)


@given(st.text(max_size=200), st.text(max_size=50))
def test_no_text_raises(text: str, target: str) -> None:
    for whole in (text, ruled(f"Disallow: {text}", f"Allow: {target}")):
        assert isinstance(allowed(whole, target), bool)


@pytest.mark.parametrize(
    ("user_agent", "product"),
    [("aggregator/1.0 (+x)", "aggregator"), ("My-Reader", "My-Reader"), ("", ""), ("7up/1", "")],
)
def test_our_name_is_the_start_of_the_user_agent(user_agent: str, product: str) -> None:
    assert product_of(user_agent) == product
