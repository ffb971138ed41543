"""Pages as they are drawn, without a server."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from lxml import html

from aggregator.core.model import Article, Enclosure, FeedInfo, Sighting
from aggregator.core.render import Pieces, page_path
from aggregator.core.settings import Output
from aggregator.pages import (
    OUTPUT_TO_ROOT,
    PAGE_ARTICLES,
    OutputLine,
    Site,
    draw_error,
    draw_index,
    draw_output,
    formats_of,
    is_current,
    is_page,
    stylesheets,
)
from tests.core.articles import INFO, NOON, article, nasty_article

SITE = Site(title="The desk")
INNER = Site(title="The desk", root=OUTPUT_TO_ROOT)
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def line(title: str = "All of it", **changes: object) -> OutputLine:
    value = OutputLine(
        title=title,
        page=page_path("all"),
        sources=2,
        updated=NOON,
        formats=formats_of(Output(id="all", title="All of it")),
    )
    return replace(value, **changes)  # type: ignore[arg-type]


def parsed(page: bytes) -> html.HtmlElement:
    return html.fromstring(page.decode())


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def alternates(page: html.HtmlElement) -> list[tuple[str, str, str]]:
    links = page.xpath("//head/link[@rel='alternate']")
    return [(link.get("title"), link.get("type"), link.get("href")) for link in links]


# W53
def test_readers_discover_every_output_in_every_form_on_the_index() -> None:
    other = formats_of(Output(id="other", title="Not built"))
    unbuilt = line("Not built", updated=None, formats=other)
    index = parsed(draw_index(SITE, [line("All of it"), unbuilt]))
    assert alternates(index) == [
        ("All of it", "application/atom+xml", "./feeds/all.atom"),
        ("All of it (RSS)", "application/rss+xml", "./feeds/all.rss"),
        ("All of it (JSON Feed)", "application/feed+json", "./feeds/all.json"),
        ("Not built", "application/atom+xml", "./feeds/other.atom"),
        ("Not built (RSS)", "application/rss+xml", "./feeds/other.rss"),
        ("Not built (JSON Feed)", "application/feed+json", "./feeds/other.json"),
    ]


def test_the_index_names_every_output_and_what_is_known_of_it() -> None:
    index = parsed(draw_index(SITE, [line(), line("Not built", sources=1, updated=None)]))
    assert [text(item) for item in index.xpath("//ul[@class='outputs']/li")] == [
        "All of it 2 sources changed 22 November 2026, 12:00 UTC Subscribe Atom RSS JSON Feed",
        "Not built 1 source being prepared: no source has answered yet",
    ]
    assert index.xpath("//h2/a/@href") == ["./feeds/all/"]


def test_an_index_without_outputs_says_what_to_do() -> None:
    assert "outputs:" in text(parsed(draw_index(SITE, [])))


def test_a_page_lets_readers_discover_its_feed() -> None:
    page = parsed(draw_output(INNER, line(), []))
    assert [address for _, _, address in alternates(page)] == [
        f"../../feeds/all.{form}" for form in ("atom", "rss", "json")
    ]


def test_a_page_shows_the_articles_of_each_day() -> None:
    shown = [
        replace(
            article(1, title="First"),
            sightings=(Sighting(source="b", title="The B", link="https://b.example/1"),),
        ),
        replace(article(2, title="Second", enclosures=()), sort_at=NOON - timedelta(days=1)),
        replace(article(3, title="", link="", enclosures=()), sort_at=NOON - timedelta(days=2)),
    ]
    page = parsed(draw_output(INNER, line(), shown))
    assert [text(day) for day in page.xpath("//section/h2")] == [
        "Sunday, 22 November 2026",
        "Saturday, 21 November 2026",
        "Friday, 20 November 2026",
    ]
    assert [text(one) for one in page.xpath("//article")] == [
        "First The Example12:00Audio In short. Also at The B",
        "Second The Example12:00 In short.",
        "In short. The Example12:00",
    ]
    assert page.xpath("//article/h3/a/@href") == ["https://example.org/1"] * 2


def test_a_page_without_articles_says_so() -> None:
    assert "No articles at the moment" in text(parsed(draw_output(INNER, line(), [])))


def test_a_long_page_ends_and_names_the_feed() -> None:
    shown = [article(number) for number in range(PAGE_ARTICLES + 1)]
    page = parsed(draw_output(INNER, line(), shown))
    assert len(page.xpath("//article")) == PAGE_ARTICLES
    assert "the feed has more" in text(page.xpath("//footer")[0])
    assert "has more" not in text(parsed(draw_output(INNER, line(), shown[:-1])))


# W11
def test_the_same_articles_give_the_same_page() -> None:
    shown = [article(number) for number in range(3)]
    assert draw_output(INNER, line(), shown) == draw_output(INNER, line(), list(shown))


@given(hostile=nasty_article)
def test_an_article_that_was_drawn_before_is_drawn_alike(hostile: Article) -> None:
    known = Pieces(1 << 20)
    for shown in ([hostile], [article(1), hostile], [hostile]):
        assert draw_output(INNER, line(), shown, known=known) == draw_output(INNER, line(), shown)


# S37
def test_a_page_names_our_source_whatever_the_entry_claims() -> None:
    claimed = article(1, origin=FeedInfo(title="A bank", link="https://bank.example/"))
    page = parsed(draw_output(INNER, line(), [claimed]))
    assert [text(name) for name in page.xpath("//span[@class='source']")] == [INFO.title]


# S33 S40
def test_markup_from_outside_is_shown_as_text() -> None:
    hostile = article(1, info=FeedInfo(title=EVIL), title=EVIL, summary="<p>&lt;script&gt;x</p>")
    seen = Sighting(source="b", title=EVIL, link="https://b.example/")
    evil = line(EVIL, subtitle=EVIL)
    pages = (
        draw_index(Site(title=EVIL), [evil]),
        draw_output(Site(title=EVIL), evil, [replace(hostile, sightings=(seen,))]),
        draw_error(Site(title=EVIL), EVIL, EVIL),
    )
    for page in map(parsed, pages):
        assert EVIL in page.text_content()
        assert not page.xpath("//script | //img | //@onerror")


# S28
@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//b.example/"])
def test_pages_link_to_the_web_only(address: str) -> None:
    elsewhere = Sighting(source="b", title="The B", link=address)
    file = Enclosure(href=address, type="audio/mpeg")
    shown = replace(article(1, link=address, enclosures=(file,)), sightings=(elsewhere,))
    page = parsed(draw_output(INNER, line(), [shown]))
    assert [link for link in page.xpath("//@href") if link == address] == []


# S40
@given(shown=nasty_article)
def test_whatever_an_article_holds_its_page_acts_on_nothing(shown: Article) -> None:
    page = parsed(draw_output(INNER, line(), [shown]))
    assert not page.xpath("//script | //img | //iframe | //object | //form | //style | //base")
    attributes = {str(name) for element in page.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on") or name == "style"]
    links = page.xpath("//a/@href")
    assert not [one for one in links if not one.startswith(("http://", "https://", "../../"))]


def test_languages_and_directions_are_marked() -> None:
    page = parsed(draw_output(INNER, line(language="ar"), [article(1, language="he")]))
    assert page.xpath("//h1/@lang") == ["ar"]
    assert page.xpath("//article/h3/@lang") == ["he"]
    assert page.xpath("//article/@dir") == ["auto"]


def test_pages_have_landmarks_and_headings_in_order() -> None:
    page = parsed(draw_output(INNER, line(), [article(1)]))
    assert [len(page.xpath(f"//{name}")) for name in ("header", "main", "footer")] == [1, 1, 1]
    levels = [element.tag for element in page.iter("h1", "h2", "h3")]
    assert levels == ["h1", "h2", "h3"]
    assert page.get("lang") == "en"


def test_a_page_is_known_by_its_head_and_outdated_with_its_site() -> None:
    head = draw_output(INNER, line(), [])[:1024]
    assert is_page(head)
    assert is_current(head, INNER)
    assert not is_current(head, Site(title="Another name"))
    assert not is_page(b"<!doctype html><meta name=generator content=other>")


def test_stylesheets_fetch_nothing() -> None:
    for name, body in stylesheets().items():
        assert b"url(" not in body, name
        assert b"@import" not in body, name


PAIRS = (
    ("ink", 7.0),
    ("quiet", 4.5),
    ("link", 4.5),
    ("well", 4.5),
    ("trouble", 4.5),
    ("waiting", 4.5),
)


@pytest.mark.parametrize("name", ["style.css", "feed.css"])
def test_texts_stand_out_from_the_paper_by_day_and_by_night(name: str) -> None:
    """WCAG 2.2 §1.4.3: 4.5 to 1 at least."""
    sheet = stylesheets()[name].decode()
    schemes = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): #([0-9a-f]{6});", scheme))
        found = [(ink, least) for ink, least in PAIRS if ink in colours]
        assert len(found) >= 3
        for ink, least in found:
            assert contrast(colours[ink], colours["paper"]) >= least, ink


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
