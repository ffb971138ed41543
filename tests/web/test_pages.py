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

from aggregator.adapters.publish import write_published
from aggregator.app.tree import Tree
from aggregator.core.model import FeedInfo, SourceState
from aggregator.core.render import FORMATS, feed_path, page_path
from aggregator.core.settings import Access, Output, Secret, Settings, Source
from tests.core.articles import article
from tests.web.site import NOON, FakeView, visiting

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
PAGES = ("/", "/feeds/all/", "/status")


@pytest.fixture
def view(tmp_path: Path) -> FakeView:
    view = FakeView(tmp_path / "public")
    for form in FORMATS:
        view.publish(form=form)
    write_pages(view)
    return view


def write_pages(view: FakeView) -> None:
    """Write what is below the root besides feeds; the page of "all" has two articles."""
    settings = Settings(
        file=view.public_root / "feeds.yaml",
        data_dir=view.public_root,
        base_url=view.base_url,
        title=view.title,
        outputs=tuple(view.outputs),
    )
    tree = Tree(view.public_root, view.private_root, settings, sources=())
    tree.write_fixed(now=NOON)
    tree.write_index(now=NOON)
    for output in view.outputs:
        if output.id != "unbuilt":
            tree.write_page(output, [article(1), article(2)], now=NOON)


async def page(view: FakeView, path: str) -> html.HtmlElement:
    async with visiting(view) as visit:
        response, body = await visit(path)
    assert response.status == 200
    return html.fromstring(body.decode())


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


async def test_pages_are_served_as_they_were_written(view: FakeView) -> None:
    async with visiting(view) as visit:
        for path, name in (("/", "index.html"), ("/feeds/all/", "feeds/all/index.html")):
            response, body = await visit(path)
            assert body == (view.public_root / name).read_bytes()
            assert response.headers["Content-Type"] == "text/html; charset=utf-8"
            known, nothing = await visit(path, If_None_Match=response.headers["ETag"])
            assert (known.status, nothing) == (304, b"")


async def test_a_page_that_is_not_written_yet_is_unavailable(view: FakeView) -> None:
    async with visiting(view) as visit:
        response, _ = await visit("/feeds/unbuilt/", Accept="text/html")
    assert (response.status, response.headers["Retry-After"]) == (503, "30")


# S33 S40
async def test_markup_from_outside_is_shown_as_text(view: FakeView) -> None:
    view.title = EVIL
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
    found = await page(view, "/status")
    assert EVIL in found.text_content()
    assert not found.xpath("//script | //img | //@onerror")


# S28
@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//b.example/"])
async def test_the_status_page_links_to_the_web_only(view: FakeView, address: str) -> None:
    view.sources = [Source(id="one", url="https://example.org/")]
    view.states = [SourceState(source="one", next_poll_at=NOON, info=FeedInfo(link=address))]
    found = await page(view, "/status")
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
    view.outputs = view.outputs[:1]
    write_pages(view)
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


# W52
async def test_the_stylesheet_of_feeds_has_one_address_and_is_kept_for_a_day(
    view: FakeView,
) -> None:
    async with visiting(view) as visit:
        response, _ = await visit("/feed.css")
    assert response.headers["Content-Type"] == "text/css; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=86400"


async def test_the_page_of_an_output_ends_with_a_slash(view: FakeView) -> None:
    async with visiting(view) as visit:
        response, _ = await visit("/feeds/all")
        unknown, _ = await visit("/feeds/none")
    assert (response.status, response.headers["Location"]) == (308, "all/")
    assert unknown.status == 404


PRIVATE = Output(id="board", title="The board", access=Access(token=Secret(value="s3cret-token")))


async def test_a_token_opens_an_index_of_what_it_opens_and_its_links_work(view: FakeView) -> None:
    view.outputs = (*view.outputs, PRIVATE)
    for form in FORMATS:
        write_published(view.private_root / feed_path("board", form), b"-", modified=NOON)
    write_pages(view)
    async with visiting(view) as visit:
        for path in ("/private/s3cret-token/", "/private/s3cret-token/feeds/board/"):
            response, body = await visit(path)
            assert response.headers["Cache-Control"].startswith("private, ")
            found = html.fromstring(body.decode())
            assert "The board" in text(found)
            assert "All of it" not in text(found)
            own = [link for link in found.xpath("//@href") if not link.startswith("https://")]
            for link in own:
                answer, _ = await visit(urljoin(path, link))
                assert answer.status == 200, link
        _, public = await visit("/")
    assert b"board" not in public
    assert not (view.public_root / page_path("board")).exists()


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


async def test_status_for_programs_is_whole_however_many_sources_there_are(view: FakeView) -> None:
    view.sources = [Source(id=f"s{n:03}", url=f"https://example.org/{n}") for n in range(201)]
    async with visiting(view) as visit:
        response, body = await visit("/status.json")
        head, nothing = await visit("/status.json", method="HEAD")
    told = [source["source"] for source in json.loads(body)["sources"]]
    assert told == [source.id for source in view.sources]
    assert (head.status, nothing) == (response.status, b"")


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
    view.sources = [None]  # type: ignore[list-item]
    async with visiting(view) as visit:
        response, body = await visit("/status", Accept="text/html")
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
