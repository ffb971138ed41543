"""Too much at once, on the whole: first documents, floods, new guids for old entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from aggregator.app import App
from aggregator.app.metrics import Metrics
from aggregator.core.model import PollReport
from tests.feed_server import Story, feed_server, rss, write_config
from tests.test_engine import ids, run_once, titles

START = datetime(2025, 6, 1, tzinfo=UTC)
OUTPUT = "  - {id: all, title: All of it, limit: 1000}\n"
LIMITS = """
limits:
  per_host: 64
  host_interval: 0s
  timeout: 60s
  parse_deadline: 60s
  max_entries: 10000
network:
  allow: [127.0.0.0/8]
"""


def story(number: int, *, guid: str = "", link: str = "") -> Story:
    """One of a long archive; higher numbers are older."""
    return Story(
        guid or str(number),
        f"Headline {number} of a very long archive",
        body=f"What happened on day {number}.",
        date=format_datetime(START - number * timedelta(hours=1)),
        link=link or f"https://site.example/{number}",
    )


def archive(start: int, end: int) -> list[Story]:
    return [story(number) for number in range(start, end)]


def headlines(stories: list[Story]) -> list[str]:
    return [each.title for each in stories]


async def poll(app: App) -> PollReport:
    (report,) = (await run_once(app, force=True)).polls
    assert report.error == ""
    return report


def queued(app: App) -> int:
    (state,) = app.store.states()
    return state.queued


@pytest.mark.no_cover
async def test_of_the_10000_entries_of_a_new_feed_the_newest_50_are_published(
    tmp_path: Path,
) -> None:  # P84
    past = archive(10, 10_010)
    with (
        feed_server({"a": rss(*reversed(past))}) as server,
        App.open(write_config(tmp_path, server.config(outputs=OUTPUT, extra=LIMITS)), {}) as app,
    ):
        report = await poll(app)
        assert (report.novelty.new, report.novelty.held) == (10_000, 9_950)
        assert sum(1 for _ in app.store.entries()) == 10_000
        assert titles(app) == headlines(past[:50])
        server.bodies["a"] = rss(story(9), *past[:300])
        report = await poll(app)
        assert (report.novelty.new, report.novelty.unchanged) == (1, 300)
        assert titles(app) == headlines([story(9), *past[:50]])
        assert queued(app) == 0


async def test_a_later_flood_is_published_poll_by_poll_and_nothing_is_lost(
    tmp_path: Path,
) -> None:  # P85
    metrics = Metrics()
    flood = archive(20, 470)
    with (
        feed_server({"a": rss(story(900))}) as server,
        App.open(write_config(tmp_path, server.config(outputs=OUTPUT, extra=LIMITS)), {}) as app,
    ):
        await poll(app)
        server.bodies["a"] = rss(*flood)
        report = await poll(app)
        metrics.polled(report)
        assert (report.novelty.new, report.novelty.held) == (450, 250)
        assert (len(titles(app)), queued(app)) == (201, 250)
        assert titles(app)[:200] == headlines(flood[:200])
        report = await poll(app)
        assert (report.outcome, report.let_out) == ("not_modified", True)
        assert (len(titles(app)), queued(app)) == (401, 50)
        server.bodies["a"] = rss(*archive(0, 100))
        await poll(app)
        assert queued(app) == 0
        assert titles(app) == headlines([*archive(0, 470), story(900)])
        census, failures = app.store.census(), app.store.failures()
        text = metrics.text(census, failures, in_flight=0, lag=0.0).decode()
        assert 'aggregator_entries_total{change="held"} 250.0' in text


async def test_a_failing_server_does_not_keep_what_it_already_gave(tmp_path: Path) -> None:
    with (
        feed_server({"a": rss(story(900))}) as server,
        App.open(write_config(tmp_path, server.config(outputs=OUTPUT, extra=LIMITS)), {}) as app,
    ):
        await poll(app)
        server.bodies["a"] = rss(*archive(0, 450))
        await poll(app)
        server.bodies["a"] = 500
        (report,) = (await run_once(app, force=True)).polls
        assert (report.outcome, report.let_out) == ("failed", True)
        assert (len(titles(app)), queued(app)) == (401, 50)
        for _ in range(2):
            (report,) = (await run_once(app, force=True)).polls
        assert (queued(app), report.let_out) == (0, False)


async def test_a_flood_leaves_the_other_sources_what_they_had(tmp_path: Path) -> None:
    """As far as the limits reach: outputs longer than one poll's share keep the others."""
    quiet = [story(1000 + number) for number in range(30)]
    with (
        feed_server({"flood": rss(story(900)), "quiet": rss(*quiet, title="Quiet")}) as server,
        App.open(write_config(tmp_path, server.config(outputs=OUTPUT, extra=LIMITS)), {}) as app,
    ):
        await run_once(app, force=True)
        server.bodies["flood"] = rss(*archive(0, 2000))
        await run_once(app, force=True)
        shown = titles(app)
        assert len(shown) == 1 + 200 + 30
        assert set(headlines(quiet)) < set(shown)


async def test_an_entry_that_leaves_its_document_stays_published(tmp_path: Path) -> None:  # P86
    with (
        feed_server({"a": rss(story(1), story(2))}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await poll(app)
        before = ids(app)
        for document in (rss(story(2)), rss(), rss(story(0))):
            server.bodies["a"] = document
            await poll(app)
            assert before <= ids(app)
        assert titles(app) == headlines(archive(0, 3))


async def test_guids_invented_at_each_poll_flood_nobody_and_are_told(
    tmp_path: Path,
) -> None:  # P83
    def invented(turn: int) -> bytes:
        stories = (story(number, guid=f"session-{turn}-{number}") for number in range(1, 21))
        return rss(*stories, title=f"At turn {turn}")

    path = Path("feeds/all.atom")
    with (
        feed_server({"a": invented(0)}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await poll(app)
        before = ids(app)
        for turn in range(1, 11):
            server.bodies["a"] = invented(turn)
            report = await poll(app)
            assert (report.novelty.new_articles, report.novelty.churned) == (0, 20)
            assert ids(app) == before
        (state,) = app.store.states()
        assert state.unstable_guids
        assert sum(1 for _ in app.store.entries()) <= 20 * 8
        body = (app.public_root / path).read_bytes()
        server.bodies["a"] = rss(*archive(0, 21), title="At turn 10")
        await poll(app)
        assert titles(app) == headlines(archive(0, 21))
        assert body != (app.public_root / path).read_bytes()


async def test_new_guids_and_links_for_the_same_texts_flood_nobody(tmp_path: Path) -> None:  # P83
    def moved(turn: int) -> bytes:
        return rss(
            *(
                story(
                    number, guid=f"{turn}-{number}", link=f"https://site.example/?{turn}={number}"
                )
                for number in range(20)
            )
        )

    with (
        feed_server({"a": moved(0)}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await poll(app)
        before = ids(app)
        for turn in range(1, 4):
            server.bodies["a"] = moved(turn)
            assert (await poll(app)).novelty.churned == 20
        assert ids(app) == before
