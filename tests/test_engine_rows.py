"""Rows of the poller that only show on the whole: server, fetch, parse, judge, store, output."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.app import App
from aggregator.core.model import PollReport
from tests.feed_server import Answer, FeedServer, Story, feed_server, rss, write_config
from tests.test_engine import ids, run_once, titles

ONE = Story("1", "The first story of this small feed")
TWO = Story("2", "The second story is about something else", body="Quite other words here.")
HTML = b"<!doctype html><html><head><title>Log in</title></head><body>Who are you?</body></html>"


async def poll(app: App) -> dict[str, PollReport]:
    return {report.source: report for report in (await run_once(app, force=True)).polls}


async def test_the_same_etag_with_another_body_brings_its_new_entries(
    tmp_path: Path,
) -> None:  # P13
    always = {"ETag": '"constant"'}
    with (
        feed_server({"a": Answer(rss(ONE), headers=always)}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await poll(app)
        server.bodies["a"] = Answer(rss(TWO, ONE), headers=always)
        reports = await poll(app)
        assert server.last("a")["If-None-Match"] == '"constant"'
        assert reports["a"].novelty.new == 1
        assert len(titles(app)) == 2


async def test_validators_that_change_alone_are_stored(tmp_path: Path) -> None:  # P4 P5
    def touched(etag: str, modified: str) -> Answer:
        return Answer(rss(ONE), headers={"ETag": etag, "Last-Modified": modified})

    first, second = "Mon, 02 Jun 2025 07:00:00 GMT", "Tue, 03 Jun 2025 07:00:00 GMT"
    with (
        feed_server({"a": touched('"1"', first)}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await poll(app)
        for etag, modified in (('"2"', second), ('"3"', second)):
            server.bodies["a"] = touched(etag, modified)
            reports = await poll(app)
            assert reports["a"].outcome == "unchanged"
            await poll(app)
            asked = server.last("a")
            assert (asked["If-None-Match"], asked["If-Modified-Since"]) == (etag, modified)


@pytest.mark.parametrize(
    "page", [Answer(HTML, headers={"Content-Type": "text/html"}), Answer(HTML)]
)
async def test_a_login_page_keeps_entries_and_validators_and_backs_off(
    page: Answer, tmp_path: Path
) -> None:  # P73 P10
    with (
        feed_server({"a": rss(ONE)}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        before = (await poll(app))["a"]
        server.bodies["a"] = page
        failed = (await poll(app))["a"]
        assert failed.error_kind == "not_a_feed"
        assert "Log in" in failed.error
        assert failed.next_poll_at > before.next_poll_at or "backing off" in failed.next_reason
        assert titles(app) == [ONE.title]
        server.bodies["a"] = rss(ONE)
        assert (await poll(app))["a"].outcome == "not_modified"


async def test_a_moved_feed_brings_no_duplicates(tmp_path: Path) -> None:  # P43
    with feed_server({"a": rss(ONE, TWO)}) as server:
        file = write_config(tmp_path, server.config())
        with App.open(file, {}) as app:
            await poll(app)
            before = ids(app)
            server.bodies |= {
                "new": rss(ONE, TWO),
                "a": Answer(status=301, headers={"Location": "/new"}),
            }
            redirected = (await poll(app))["a"]
            assert redirected.novelty.new == 0
            assert ids(app) == before
        file.write_text(
            file.read_text(encoding="utf-8").replace(server.url("a"), server.url("new")),
            encoding="utf-8",
        )
        with App.open(file, {}) as app:
            edited = (await poll(app))["a"]
            assert edited.novelty.new == 0
            assert ids(app) == before


async def test_nothing_is_published_of_something_else_behind_a_redirect(
    tmp_path: Path,
) -> None:  # P44
    parked = rss(Story("x", "Buy this fine domain today"), title="Domain parking")
    with feed_server({"a": rss(ONE, title="Site A")}) as server:
        file = write_config(tmp_path, server.config())
        with App.open(file, {}) as app:
            await poll(app)
            before = ids(app)
            server.bodies["parking"] = parked
            server.bodies["a"] = Answer(status=301, headers={"Location": "/parking"})
            for _ in range(3):
                report = (await poll(app))["a"]
                assert report.error_kind == "moved"
                assert "/parking" in report.error
            assert ids(app) == before
            assert len(list(app.store.entries())) == 1
            state = app.store.state("a")
            assert state is not None
            assert state.effective_url == ""
            server.bodies["a"] = rss(TWO, ONE, title="Site A")
            assert (await poll(app))["a"].novelty.new == 1


async def test_one_story_in_two_sources_is_one_entry_with_both_recorded(
    tmp_path: Path,
) -> None:  # P94
    link = "https://site.example/story?utm_source="
    bodies = {
        "a": rss(Story("1", "A headline of the first desk", link=link + "a"), title="Desk A"),
        "b": rss(Story("9", "Quite another headline for it", link=link + "b"), title="Desk B"),
    }
    with (
        feed_server(bodies) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await poll(app)
        (article,) = app.articles()
        assert len(titles(app)) == 1
        carried = {article.source, *(sighting.source for sighting in article.sightings)}
        assert carried == {"a", "b"}


async def test_the_same_words_on_two_sites_stay_two_entries(tmp_path: Path) -> None:  # P94
    bodies = {
        "a": rss(Story("1", "Weekly links", link="https://a.example/1")),
        "b": rss(Story("9", "Weekly links", link="https://b.example/9")),
    }
    with (
        feed_server(bodies) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await poll(app)
        assert len(titles(app)) == 2


async def test_a_304_of_the_epoch_is_probed_only_after_eight_days(tmp_path: Path) -> None:  # P14
    epoch = {"Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT"}
    with (
        feed_server({"a": Answer(rss(ONE), headers=epoch)}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await poll(app)
        server.bodies["a"] = Answer(status=304)
        await poll(app)
        assert server.last("a")["If-Modified-Since"] == epoch["Last-Modified"]


async def test_an_entry_that_leaves_the_document_is_kept(tmp_path: Path) -> None:  # P86
    with (
        feed_server({"a": rss(TWO, ONE)}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await poll(app)
        server.bodies["a"] = rss(TWO)
        await poll(app)
        assert len(titles(app)) == 2


async def test_changed_credentials_cost_exactly_one_unconditional_request(
    tmp_path: Path,
) -> None:  # P9
    def config(server: FeedServer, password: str) -> str:
        credentials = f"username: me, password: {password}, id: a"
        return server.config().replace("id: a", credentials, 1)

    with feed_server({"a": rss(ONE)}) as server:
        for number, password in enumerate(("old", "old", "new", "new")):
            with App.open(write_config(tmp_path, config(server, password)), {}) as app:
                report = (await poll(app))["a"]
                unconditional = "If-None-Match" not in server.last("a")
                assert unconditional == (number in (0, 2)), number
                assert report.novelty.new == (number == 0)
