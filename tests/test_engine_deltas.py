"""Deltas (RFC 3229): a server that answers with the new entries alone."""

from __future__ import annotations

from pathlib import Path

from aggregator.app import App
from tests.feed_server import Answer, Story, feed_server, rss, write_config
from tests.test_engine import run_once, titles

ONE = Story("1", "The first story of this small feed")
TWO = Story("2", "The second story is about something else", body="Quite other words here.")
THREE = Story("3", "A third one that came later", body="And it says something new again.")


def delta(*stories: Story, etag: str) -> Answer:
    return Answer(rss(*stories), status=226, headers={"IM": "feed", "ETag": etag})


# P63 P86
async def test_entries_of_a_delta_join_those_it_leaves_out(tmp_path: Path) -> None:
    with (
        feed_server({"a": Answer(rss(TWO, ONE), headers={"ETag": '"1"'})}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await run_once(app, force=True)
        assert "A-IM" not in server.last("a")
        server.bodies["a"] = delta(THREE, etag='"2"')
        (report,) = (await run_once(app, force=True)).polls
        assert (server.last("a")["A-IM"], server.last("a")["If-None-Match"]) == ("feed", '"1"')
        assert (report.status, report.outcome, report.novelty.new) == (226, "changed", 1)
        assert sorted(titles(app)) == sorted(story.title for story in (ONE, TWO, THREE))
        state = app.store.state("a")
        assert state is not None
        assert (state.validators.etag, state.gaps) == (b'"2"', 0)


# P63
async def test_after_deltas_a_full_document_brings_nothing_twice(tmp_path: Path) -> None:
    with (
        feed_server({"a": Answer(rss(ONE), headers={"ETag": '"1"'})}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await run_once(app, force=True)
        for answer in (delta(TWO, etag='"2"'), delta(etag='"2"'), delta(THREE, etag='"3"')):
            server.bodies["a"] = answer
            (report,) = (await run_once(app, force=True)).polls
            assert not report.error
        server.bodies["a"] = rss(THREE, TWO, ONE)
        (report,) = (await run_once(app, force=True)).polls
        assert (report.status, report.novelty.new) == (200, 0)
        assert len(titles(app)) == 3
