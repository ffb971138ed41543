"""What goes out when the whole program polls, and what it takes for a feed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aggregator import __version__
from aggregator.app import App
from tests.feed_server import FAST, Answer, FeedServer, Story, feed_server, rss, write_config
from tests.test_engine import run_once, titles

ONE = Story("1", "The first story of this small feed")
CONTACT = "contact: https://desk.example/about\n"


def paths(server: FeedServer) -> list[str]:
    return [path for path, _, _ in server.requests]


def beckoning(server: FeedServer) -> bytes:
    """An Atom feed that names everything a poller could be tempted to fetch as well."""
    return (
        "<feed xmlns='http://www.w3.org/2005/Atom'><id>urn:x:1</id><title>A site</title>"
        f"<updated>2025-06-27T09:00:00Z</updated><link href='{server.url('home')}'/>"
        f"<link rel='self' href='{server.url('self')}'/>"
        f"<link rel='hub' href='{server.url('hub')}'/>"
        f"<link rel='next' href='{server.url('page2')}'/><icon>{server.url('favicon.ico')}</icon>"
        f"<logo>{server.url('logo.png')}</logo><entry><id>urn:x:2</id><title>One of a kind</title>"
        f"<updated>2025-06-27T09:00:00Z</updated><link href='{server.url('story')}'/>"
        f"<link rel='enclosure' type='audio/mpeg' href='{server.url('sound.mp3')}'/>"
        f"<content type='html'>&lt;img src='{server.url('image.png')}'&gt;</content>"
        "</entry></feed>"
    ).encode()


# P60 P62 P15
async def test_a_poll_asks_for_nothing_but_the_feed(tmp_path: Path) -> None:
    with feed_server({"a": b""}) as server:
        server.bodies["a"] = beckoning(server)
        with App.open(write_config(tmp_path, server.config()), {}) as app:
            await run_once(app, force=True)
            await run_once(app, force=True)
            assert titles(app) == ["One of a kind"]
        assert paths(server) == ["/a", "/a"]


# P62
async def test_robots_txt_is_obeyed_when_the_operator_wants_it(tmp_path: Path) -> None:
    rules = b"User-agent: *\nDisallow: /secret\n\nUser-agent: aggregator\nDisallow: /closed\n"
    with feed_server({"open": rss(ONE), "closed": rss(ONE), "secret": rss(ONE)}) as server:
        file = write_config(tmp_path, server.config(extra=FAST + "  robots: true\n"))
        server.bodies["robots.txt"] = Answer(rules)
        with App.open(file, {}) as app:
            ran = await run_once(app, force=True)
        failed = {report.source: report.error_kind for report in ran.polls if report.error}
        assert failed == {"closed": "robots"}
        assert sorted(paths(server)) == ["/open", "/robots.txt", "/secret"]


# P53
async def test_the_user_agent_names_version_contact_subscribers_and_feed(tmp_path: Path) -> None:
    with feed_server({"bbc-world": rss(ONE), "other": rss(ONE)}) as server:
        outputs = "".join(f"  - {{id: {name}, title: {name}}}\n" for name in ("x", "y", "z"))
        config = CONTACT + server.config(outputs=outputs)
        with App.open(write_config(tmp_path, config), {}) as app:
            await run_once(app, force=True)
        for source in ("bbc-world", "other"):
            assert server.last(source)["User-Agent"] == (
                f"aggregator/{__version__} (+https://desk.example/about; 3 subscribers; "
                f"feed-id={source})"
            )


# P53
async def test_the_word_subscribers_stands_in_the_plural_for_those_who_count(
    tmp_path: Path,
) -> None:
    with feed_server({"a": rss(ONE)}) as server:
        with App.open(write_config(tmp_path, CONTACT + server.config()), {}) as app:
            await run_once(app, force=True)
        assert re.search(r"\b1 subscribers;", server.last("a")["User-Agent"])


# P53
async def test_a_configured_user_agent_goes_out_as_typed(tmp_path: Path) -> None:
    own = "my-reader/2 (+mailto:me@desk.example; {id} %s)"
    with feed_server({"a": rss(ONE)}) as server:
        config = f"user_agent: '{own}'\n{server.config()}"
        with App.open(write_config(tmp_path, config), {}) as app:
            await run_once(app, force=True)
        assert server.last("a")["User-Agent"] == own


# P74
@pytest.mark.parametrize(
    "content_type",
    ["text/html", "text/html; charset=utf-8", "text/plain", "application/octet-stream", None],
)
async def test_a_feed_is_read_whatever_type_it_is_served_as(
    content_type: str | None, tmp_path: Path
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    with (
        feed_server({"a": Answer(rss(ONE), headers=headers)}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        (report,) = (await run_once(app, force=True)).polls
        assert (report.error, report.novelty.new) == ("", 1)
        assert titles(app) == [ONE.title]
