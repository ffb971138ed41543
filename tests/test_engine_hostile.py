"""What a hostile publisher does to the others, to readers and to the operator, on the whole."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aggregator.app import App
from aggregator.app.metrics import Metrics
from aggregator.core.errors import StoreError
from tests.feed_server import FAST, Answer, Story, feed_server, rss, write_config
from tests.test_engine import ids, published, run_once, titles
from tests.test_engine_floods import archive, headlines, poll, story

SHARED = "  - {id: all, title: All of it, limit: 100, max_per_source: 30}\n"
ATOM = "{http://www.w3.org/2005/Atom}"
OWN = Story("1", "The first story of a small and honest site")
QUOTES = "'); DROP TABLE entries; --"


# --- S38: floods


async def test_a_flood_in_the_future_leaves_the_other_sources_their_places(
    tmp_path: Path,
) -> None:  # S38
    quiet = [story(1000 + number) for number in range(30)]
    with (
        feed_server({"flood": rss(story(900)), "quiet": rss(*quiet, title="Quiet")}) as server,
        App.open(write_config(tmp_path, server.config(outputs=SHARED)), {}) as app,
    ):
        await run_once(app, force=True)
        for turn in range(3):
            server.bodies["flood"] = rss(*future(turn * 200, 200))
            await run_once(app, force=True)
            shown = titles(app)
            assert set(headlines(quiet)) < set(shown)
            assert len(shown) == 60


def future(start: int, count: int) -> list[Story]:
    """Entries under one headline whose dates would pin them to the top of everything."""
    return [
        Story(f"new-{start + number}", "BUY NOW", date="Fri, 01 Jan 2099 00:00:00 GMT")
        for number in range(count)
    ]


async def test_dates_of_another_age_neither_pin_nor_show(tmp_path: Path) -> None:  # S38
    early = Story("old", "A story from before the web", date="Thu, 01 Jan 1970 00:00:00 GMT")
    with (
        feed_server({"a": rss(*future(0, 3), early, story(1))}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await poll(app)
        assert len(titles(app)) == 5
        tomorrow = app.now() + timedelta(days=1)
        for entry in published(app).iter(f"{ATOM}entry"):
            for name in ("published", "updated"):
                moment = entry.findtext(f"{ATOM}{name}")
                assert moment is None or datetime.fromisoformat(moment) < tomorrow


async def test_guids_that_churn_bring_no_article_twice(tmp_path: Path) -> None:  # S38
    def churned(turn: int) -> bytes:
        return rss(
            *(story(number, guid=f"{turn}-{number}") for number in range(20)),
        )

    with (
        feed_server({"a": churned(0)}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await poll(app)
        before = ids(app)
        for turn in range(1, 4):
            server.bodies["a"] = churned(turn)
            await poll(app)
        assert ids(app) == before
        assert titles(app) == headlines(archive(0, 20))


# --- S39: expired domains


def parked(port: int) -> bytes:
    """A valid feed at the old address that shares nothing with the old one."""
    spam = [Story(f"casino-{number}", f"Win big today, offer {number}") for number in range(5)]
    body = rss(*spam, title="Best Casino")
    return body.replace(b"https://site.example/", f"https://casino{port}.example/".encode())


async def test_a_parked_page_at_an_expired_domain_changes_nothing(tmp_path: Path) -> None:  # S39
    with (
        feed_server({"a": rss(OWN)}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await poll(app)
        before = titles(app)
        server.bodies["a"] = b"<!doctype html><title>This domain is for sale</title>"
        (report,) = (await run_once(app, force=True)).polls
        assert report.error_kind == "not_a_feed"
        assert titles(app) == before


async def test_a_spam_feed_at_an_expired_domain_waits_until_the_operator_agrees(
    tmp_path: Path,
) -> None:  # S39
    with feed_server({"a": rss(OWN)}) as server:
        file = write_config(tmp_path, server.config())
        with App.open(file, {}) as app:
            await poll(app)
            server.bodies["a"] = parked(1)
            for _ in range(2):
                (report,) = (await run_once(app, force=True)).polls
                assert (report.outcome, report.error_kind) == ("failed", "replaced")
                assert "accept_replacement: true" in report.error
                assert titles(app) == [OWN.title]
            server.bodies["a"] = rss(story(3), OWN)
            await poll(app)
            assert sorted(titles(app)) == sorted([story(3).title, OWN.title])
            server.bodies["a"] = parked(2)
            await run_once(app, force=True)
        file.write_text(server.config() + "defaults: {accept_replacement: true}\n", "utf-8")
        with App.open(file, {}) as app:
            await poll(app)
            assert len(titles(app)) == 7


# --- S43: metrics


async def test_metrics_are_labelled_with_ids_and_fixed_words_only(tmp_path: Path) -> None:  # S43
    metrics = Metrics()
    bodies: dict[str, bytes | int | Answer] = {
        "hostile": rss(title='x"} 1\nfake{url="'),
        "down": 500,
        "page": b"<html>secret</html>",
    }
    with (
        feed_server(bodies) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        for _ in range(2):
            ran = await run_once(app, force=True)
            for report in ran.polls:
                metrics.polled(report)
            for build in ran.builds:
                metrics.built(build)
        census, failures = app.store.census(), app.store.failures()
        text = metrics.text(census, failures, in_flight=0, lag=0.0).decode()
        values = set(re.findall(r'="((?:[^"\\]|\\.)*)"', text))
        assert {"down", "page"} <= values
        assert all(re.fullmatch(r"[a-z_0-9.+]+|\+Inf|[0-9.e+-]+", value) for value in values)
        assert "127.0.0.1" not in text
        assert "secret" not in text
        assert len(text.splitlines()) < 120


# --- S44: the database


async def test_sql_and_nul_in_texts_and_rules_are_only_text(tmp_path: Path) -> None:  # S44
    hostile = Story(f"g\0{QUOTES}", f"Title {QUOTES} \0 end", body=f"{QUOTES}\0")
    far = Story("far", "A date beyond every number", date="Fri, 01 Jan 9223372036854775808")
    rule = json.dumps(f'"{QUOTES} x"')
    outputs = f"  - {{id: all, title: All, drop: {{title: {rule}}}}}\n"
    with (
        feed_server({"a": rss(hostile, far, OWN, title=QUOTES)}) as server,
        App.open(write_config(tmp_path, server.config(outputs=outputs)), {}) as app,
    ):
        await poll(app)
        assert sorted(titles(app)) == sorted([f"Title {QUOTES} end", far.title, OWN.title])
        found = list(app.store.find(QUOTES)), list(app.store.find("Title '); DROP"))
        assert app.store.integrity() == "ok"
        assert any(found)
        for stored in app.store.entries():
            assert "\0" not in stored.guid + stored.title + stored.link


def test_a_damaged_database_is_told_before_anything_is_asked(tmp_path: Path) -> None:  # S44
    file = write_config(tmp_path, "sources: []\n" + FAST)
    with App.open(file, {}) as app:
        app.check_database()
        path = app.store.path
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'bodies'"
        (page,) = connection.execute(query).fetchone()
    whole = bytearray(path.read_bytes())
    whole[(page - 1) * 4096 : (page - 1) * 4096 + 200] = b"\x5a" * 200
    path.write_bytes(whole)
    with (
        pytest.raises(StoreError, match=r"is damaged: .*restore a backup"),
        App.open(file, {}) as app,
    ):
        app.check_database()


# --- what we tell of ourselves


async def test_nothing_that_goes_out_names_a_place_on_this_machine(tmp_path: Path) -> None:
    hidden = tmp_path / "private-folder"
    hidden.mkdir()
    linked = Story("l", "A story with a relative link", body='<a href="x">x</a><img src="y">')
    body = rss(linked, OWN).replace(b"https://site.example/</link>", b"/</link>")
    (hidden / "local.xml").write_bytes(body)
    text = f"sources:\n  - {{id: local, path: '{hidden}/local.xml'}}\n" + FAST
    with App.open(write_config(tmp_path, text), {}) as app:
        await poll(app)
        assert len(titles(app)) == 2
        for file in app.public_root.rglob("*"):
            if file.is_file() and file.suffix not in (".gz", ".br", ".zst"):
                assert b"private-folder" not in file.read_bytes()
                assert b"file:" not in file.read_bytes()
