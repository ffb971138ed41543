"""Pages for people and answers for machines."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urljoin

import pytest
from lxml import html

from aggregator.core.model import FeedInfo, Sighting, SourceState
from aggregator.core.settings import Output, Source
from tests.core.articles import INFO, article
from tests.web.site import NOON, FakeView, visiting

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
PAGES = ("/", "/feeds/all/", "/status")


@pytest.fixture
def view(tmp_path: Path) -> FakeView:
    view = FakeView(tmp_path)
    view.publish()
    return view


async def page(view: FakeView, path: str) -> html.HtmlElement:
    async with visiting(view) as visit:
        response, body = await visit(path)
    assert response.status == 200
    return html.fromstring(body.decode())


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


# W53
async def test_the_index_lists_every_output_and_lets_readers_discover_it(view: FakeView) -> None:
    index = await page(view, "/")
    found = [
        (link.get("title"), link.get("href"))
        for link in index.xpath("//head/link[@rel='alternate'][@type='application/atom+xml']")
    ]
    assert found == [
        ("All of it", "./feeds/all.atom"),
        ("Not built", "./feeds/unbuilt.atom"),
    ]
    items = [text(item) for item in index.xpath("//ul[@class='outputs']/li")]
    assert items == [
        "All of it 2 articles 2 sources changed 1 h ago Atom feed",
        "Not built being prepared 0 sources",
    ]


async def test_an_index_without_outputs_says_what_to_do(view: FakeView) -> None:
    view.outputs = ()
    assert "outputs:" in text(await page(view, "/"))


async def test_a_page_shows_the_articles_of_each_day(view: FakeView) -> None:
    view.shown = [
        replace(
            article(1, title="First"),
            sort_at=NOON,
            sightings=(Sighting(source="b", title="The B", link="https://b.example/1"),),
        ),
        replace(article(2, title="Second"), sort_at=NOON - timedelta(days=1)),
        replace(article(3, title="", link=""), sort_at=NOON - timedelta(days=2)),
    ]
    found = await page(view, "/feeds/all/")
    assert [text(day) for day in found.xpath("//section/h2")] == [
        "Today",
        "Yesterday",
        "Friday, 20 November 2026",
    ]
    assert [text(one) for one in found.xpath("//article")] == [
        "First The Example12:00 In short. Also at The B",
        "Second The Example12:00 In short.",
        "In short. The Example12:00",
    ]
    assert found.xpath("//article/h3/a/@href") == ["https://example.org/1"] * 2
    assert view.asked == [("all", 100)]


async def test_a_page_without_articles_says_so(view: FakeView) -> None:
    assert "No articles yet" in text(await page(view, "/feeds/all/"))


# S37
async def test_a_page_names_our_source_whatever_the_entry_claims(view: FakeView) -> None:
    view.shown = [article(1, origin=FeedInfo(title="A bank", link="https://bank.example/"))]
    found = await page(view, "/feeds/all/")
    assert [text(name) for name in found.xpath("//span[@class='source']")] == [INFO.title]


# S33 S40
async def test_markup_from_outside_is_shown_as_text(view: FakeView) -> None:
    view.title = EVIL
    view.outputs = [Output(id="all", title=EVIL, subtitle=EVIL)]
    hostile = article(1, info=FeedInfo(title=EVIL), title=EVIL, summary="<p>&lt;script&gt;x</p>")
    view.shown = [
        replace(hostile, sightings=(Sighting(source="b", title=EVIL, link="https://b.example/"),))
    ]
    view.sources = [Source(id="one", url="https://example.org/feed", title=EVIL)]
    view.states = [
        SourceState(
            source="one",
            next_poll_at=NOON,
            next_reason=EVIL,
            last_error=EVIL,
            fail_count=3,
            failing_since=NOON,
        )
    ]
    for path in PAGES:
        found = await page(view, path)
        assert EVIL in found.text_content()
        assert not found.xpath("//script | //img | //@onerror")


# S28
@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//b.example/"])
async def test_pages_link_to_the_web_only(view: FakeView, address: str) -> None:
    elsewhere = Sighting(source="b", title="The B", link=address)
    view.shown = [replace(article(1, link=address), sightings=(elsewhere,))]
    view.sources = [Source(id="one", url="https://example.org/")]
    view.states = [SourceState(source="one", next_poll_at=NOON, info=FeedInfo(link=address))]
    for path in PAGES:
        found = await page(view, path)
        assert not [link for link in found.xpath("//@href") if link == address]


# W36 S40
@pytest.mark.parametrize("path", [*PAGES, "/nothing", "/opml"])
async def test_pages_allow_no_script_and_nothing_from_elsewhere(view: FakeView, path: str) -> None:
    async with visiting(view) as visit:
        response, _ = await visit(path, Accept="text/html")
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("path", [*PAGES, "/no/such/page", "/nothing"])
async def test_every_own_link_works_below_any_path(view: FakeView, path: str) -> None:
    view.shown = [article(1)]
    view.outputs = view.outputs[:1]
    async with visiting(view) as visit:
        _, body = await visit(path, Accept="text/html")
        links = html.fromstring(body.decode()).xpath("//@href")
        own = [link for link in links if not link.startswith("https://")]
        assert own
        assert not [link for link in own if link.startswith("/") or ":" in link]
        for link in own:
            response, _ = await visit(urljoin(path, link))
            assert response.status == 200, link


async def test_the_stylesheet_may_be_kept_for_ever_under_its_address(view: FakeView) -> None:
    async with visiting(view) as visit:
        response, _ = await visit("/style.css")
    assert response.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in response.headers["Cache-Control"]
    index = await page(view, "/")
    assert re.fullmatch(r"\./style\.css\?v=[0-9a-f]{12}", index.xpath("//link/@href")[0])


async def test_the_page_of_an_output_ends_with_a_slash(view: FakeView) -> None:
    async with visiting(view) as visit:
        response, _ = await visit("/feeds/all")
        unknown, _ = await visit("/feeds/none")
    assert (response.status, response.headers["Location"]) == (308, "all/")
    assert unknown.status == 404


def failing(source: str, **changes: object) -> SourceState:
    state = SourceState(source=source, next_poll_at=NOON + timedelta(minutes=12))
    return replace(state, **changes)  # type: ignore[arg-type]


@pytest.fixture
def troubled(view: FakeView) -> FakeView:
    """A source in every condition, one of them with a title."""
    names = ("a", "b", "c", "d", "e")
    view.sources = [Source(id=name, url=f"https://{name}.example/feed") for name in names]
    view.states = [
        failing("a", last_success_at=NOON - timedelta(hours=3), next_reason="max-age=900"),
        failing(
            "b",
            fail_count=4,
            failing_since=NOON - timedelta(days=2),
            last_error="http: 500",
            info=FeedInfo(title="The B", link="https://b.example/"),
        ),
        failing("c", gone=True, last_error="http: 410", fail_count=1),
        failing("d", parked_until=NOON + timedelta(hours=1), last_success_at=NOON),
    ]
    return view


async def test_the_status_page_puts_trouble_first(troubled: FakeView) -> None:
    status = await page(troubled, "/status")
    assert text(status.xpath("//p[contains(@class, 'lead')]")[0]) == (
        "5 sources: 1 failing 1 gone 1 parked 1 new 1 ok"
    )
    for details in status.xpath("//details"):
        details.drop_tree()
    assert [text(item) for item in status.xpath("//ul[@class='sources']/li")] == [
        (
            "The B failing b Last successnever Last changenever Next pollin 12 min http: 500 "
            "4 times in a row, since 2026-11-20 12:00 UTC"
        ),
        (
            "c gone Last successnever Last changenever Next pollnone http: 410 polls have stopped: "
            "the publisher says that it is gone (410); what was published stays. To resume: "
            "aggregator poll c --force, or another address. Change feeds.yaml: aggregator status "
            "c shows how"
        ),
        "d parked Last successnow Last changenever Next pollin 12 min",
        "e new Last successnever Last changenever Next pollnow new source",
        "a ok Last success3 h ago Last changenever Next pollin 12 min max-age=900",
    ]


async def test_the_status_page_of_many_sources_is_bounded(view: FakeView) -> None:
    view.sources = [Source(id=f"s{n}", url="https://example.org/") for n in range(501)]
    status = await page(view, "/status")
    assert len(status.xpath("//ul[@class='sources']/li")) == 500
    assert "The first 500 of 501 sources" in text(status)


async def test_status_for_programs_has_every_source(troubled: FakeView) -> None:
    async with visiting(troubled) as visit:
        response, body = await visit("/status.json")
    value = json.loads(body)
    assert response.headers["Content-Type"].startswith("application/json")
    assert value["now"] == "2026-11-22T12:00:00+00:00"
    assert [source["source"] for source in value["sources"]] == ["b", "c", "d", "e", "a"]
    assert value["sources"][0]["failing_since"] == "2026-11-20T12:00:00+00:00"
    assert value["sources"][0]["last_error"] == "http: 500"


# S11
async def test_addresses_of_sources_are_not_shown(troubled: FakeView) -> None:
    async with visiting(troubled) as visit:
        for path in ("/status", "/status.json"):
            _, body = await visit(path)
            assert b"/feed" not in body.replace(b"./feeds", b"")


# S42
async def test_a_database_that_refuses_is_unavailable_and_not_stored(view: FakeView) -> None:
    view.broken = True
    async with visiting(view) as visit:
        response, body = await visit("/status")
    assert response.status == 503
    assert response.headers["Cache-Control"] == "no-store"
    assert b"locked" not in body


# S42
async def test_a_mistake_of_ours_is_not_stored_and_tells_nothing(
    view: FakeView, caplog: pytest.LogCaptureFixture
) -> None:
    view.shown = [None]  # type: ignore[list-item]
    async with visiting(view) as visit:
        response, body = await visit("/feeds/all/", Accept="text/html")
    assert response.status == 500
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert b"Traceback" not in body
    assert "AttributeError" in caplog.text


async def test_an_error_is_a_page_for_browsers_and_a_line_for_programs(view: FakeView) -> None:
    async with visiting(view) as visit:
        for_people, page_body = await visit("/nothing", Accept="text/html,*/*;q=0.8")
        for_programs, line = await visit("/nothing")
    assert for_people.status == for_programs.status == 404
    assert b"<h1>Not here</h1>" in page_body
    assert line == b"404 Not here: There is nothing at this address.\n"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_a_status_and_a_reason(view: FakeView, path: str) -> None:
    async with visiting(view) as visit:
        well, body = await visit(path)
        view.problems = ["no tick for 300 s"]
        ill, reason = await visit(path)
    assert (well.status, json.loads(body)) == (200, {"status": "ok", "problems": []})
    assert ill.status == 503
    assert json.loads(reason) == {"status": "failing", "problems": ["no tick for 300 s"]}
    assert well.headers["Cache-Control"] == ill.headers["Cache-Control"] == "no-store"


# Of W22, what concerns robots.
async def test_robots_are_sent_away(view: FakeView) -> None:
    async with visiting(view) as visit:
        _, body = await visit("/robots.txt")
        answers = [await visit(path) for path in ("/", "/feeds/all.atom", "/nothing")]
    assert body == b"User-agent: *\nDisallow: /\n"
    assert {response.headers["X-Robots-Tag"] for response, _ in answers} == {"noindex"}


@pytest.mark.parametrize(
    ("path", "media_type", "expected"),
    [
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", b"aggregator_info 1.0\n"),
        ("/opml", "text/x-opml; charset=utf-8", b"<opml version='2.0'/>"),
    ],
)
async def test_metrics_and_opml_pass_through(
    view: FakeView, path: str, media_type: str, expected: bytes
) -> None:
    async with visiting(view) as visit:
        response, body = await visit(path)
    assert (response.headers["Content-Type"], body) == (media_type, expected)
