"""The whole story on real parts: loopback server, worker processes, SQLite, files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from aggregator.app import App, Engine
from aggregator.core.model import BuildReport, PollReport
from tests.feed_server import FeedServer, Story, feed_server, rss, write_config

ATOM = "{http://www.w3.org/2005/Atom}"
ONE = Story("1", "The first story of this small feed")
TWO = Story("2", "The second story is about something else", body="Quite other words here.")


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of polls and builds reported."""

    polls: tuple[PollReport, ...]
    builds: tuple[BuildReport, ...]

    @property
    def outcomes(self) -> dict[str, str]:
        return {report.source: report.outcome for report in self.polls}


async def run_once(app: App, *, force: bool = False) -> Ran:
    polls: list[PollReport] = []
    builds: list[BuildReport] = []
    async with Engine(app, report=polls.append, built=builds.append) as engine:
        if force:
            claim, _ = engine.claim_named(list(app.sources), force=True)
            await engine.dispatcher.run_until_idle(claim)
        else:
            await engine.dispatcher.run_until_idle(engine.claim_once())
        await engine.build(timed=True)
    return Ran(tuple(polls), tuple(builds))


def published(app: App, output: str = "all") -> ET.Element:
    return ET.fromstring((app.public_root / "feeds" / f"{output}.atom").read_bytes())


def titles(app: App, output: str = "all") -> list[str]:
    return [
        entry.findtext(f"{ATOM}title") or ""
        for entry in published(app, output).iter(f"{ATOM}entry")
    ]


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server({"a": rss(ONE, title="Site A"), "b": rss(TWO, title="Site B")}) as running:
        yield running


async def test_a_poll_ends_in_a_published_feed(server: FeedServer, tmp_path: Path) -> None:
    with App.open(write_config(tmp_path, server.config()), {}) as app:
        ran = await run_once(app, force=True)
        assert ran.outcomes == {"a": "changed", "b": "changed"}
        assert sorted(titles(app)) == sorted([ONE.title, TWO.title])


async def test_a_forced_second_poll_changes_nothing_but_poll_state(
    server: FeedServer, tmp_path: Path
) -> None:  # P18 W55
    with App.open(write_config(tmp_path, server.config()), {}) as app:
        await run_once(app, force=True)
        before = snapshot(app)
        ran = await run_once(app, force=True)
        assert set(ran.outcomes.values()) == {"not_modified"}
        assert snapshot(app) == before


async def test_nothing_is_fetched_just_because_the_process_started(
    server: FeedServer, tmp_path: Path
) -> None:  # P97
    file = write_config(tmp_path, server.config())
    with App.open(file, {}) as app:
        await run_once(app, force=True)
    asked = len(server.requests)
    for _ in range(3):
        with App.open(file, {}) as app:
            ran = await run_once(app)
            assert ran.polls == ()
    assert len(server.requests) == asked


async def test_one_source_that_fails_touches_no_other(server: FeedServer, tmp_path: Path) -> None:
    server.bodies |= {"broken": b"<html><title>gone</title></html>", "down": 500, "cut": b"<rss"}
    with App.open(write_config(tmp_path, server.config()), {}) as app:
        ran = await run_once(app, force=True)
        assert ran.outcomes == {
            "a": "changed",
            "b": "changed",
            "broken": "failed",
            "cut": "failed",
            "down": "failed",
        }
        assert all(report.error for report in ran.polls if report.outcome == "failed")
        assert len(titles(app)) == 2


async def test_a_new_entry_is_published_and_the_old_ones_keep_their_ids(
    server: FeedServer, tmp_path: Path
) -> None:
    with App.open(write_config(tmp_path, server.config()), {}) as app:
        await run_once(app, force=True)
        before = ids(app)
        server.bodies["a"] = rss(Story("3", "A third and entirely new story today"), ONE)
        await run_once(app, force=True)
        assert before < ids(app)
        assert len(ids(app)) == 3


async def test_an_output_without_any_answer_is_not_published_empty(tmp_path: Path) -> None:  # W38
    with (
        feed_server({"down": 503}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await run_once(app, force=True)
        assert not (app.public_root / "feeds" / "all.atom").exists()


async def test_a_feed_without_entries_is_published_empty(tmp_path: Path) -> None:  # P79
    with (
        feed_server({"empty": rss()}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        ran = await run_once(app, force=True)
        assert ran.outcomes == {"empty": "unchanged"}
        assert titles(app) == []


async def test_an_edited_rule_applies_to_what_is_stored(server: FeedServer, tmp_path: Path) -> None:
    file = write_config(tmp_path, server.config())
    with App.open(file, {}) as app:
        await run_once(app, force=True)
        asked = len(server.requests)
        outputs = "  - {id: all, title: All of it, drop: second}\n"
        file.write_text(server.config(outputs=outputs), encoding="utf-8")
        async with Engine(app) as engine:
            await engine.reload()
            await engine.build()
        assert titles(app) == [ONE.title]
        assert len(server.requests) == asked


async def test_an_output_taken_out_of_feeds_yaml_leaves_the_public_tree(
    server: FeedServer, tmp_path: Path
) -> None:  # W59
    both = "  - {id: all, title: All}\n  - {id: old, title: Old}\n"
    file = write_config(tmp_path, server.config(outputs=both))
    with App.open(file, {}) as app:
        await run_once(app, force=True)
        foreign = app.public_root / "feeds" / "theirs.atom"
        foreign.write_text("<feed/>", encoding="utf-8")
        file.write_text(server.config(), encoding="utf-8")
        async with Engine(app) as engine:
            await engine.reload()
            await engine.build()
        left = {path.name for path in (app.public_root / "feeds").glob("*.atom")}
        assert left == {"all.atom", "theirs.atom"}


async def test_a_lost_file_is_built_again(server: FeedServer, tmp_path: Path) -> None:
    with App.open(write_config(tmp_path, server.config()), {}) as app:
        await run_once(app, force=True)
        path = app.public_root / "feeds" / "all.atom"
        body = path.read_bytes()
        path.unlink()
        await run_once(app)
        assert path.read_bytes() == body


async def test_housekeeping_writes_a_backup_that_opens(server: FeedServer, tmp_path: Path) -> None:
    with App.open(write_config(tmp_path, server.config()), {}) as app:
        await run_once(app, force=True)
        async with Engine(app) as engine:
            await engine.housekeep()
        (copy,) = (app.settings.data_dir / "backups").glob("*.db")
    other = tmp_path / "other"
    (other / "data").mkdir(parents=True)
    copy.replace(other / "data" / "aggregator.db")
    with App.open(write_config(other, server.config()), {}) as app:
        assert len(list(app.store.entries())) == 2


def ids(app: App) -> set[str]:
    return {entry.findtext(f"{ATOM}id") or "" for entry in published(app).iter(f"{ATOM}entry")}


def snapshot(app: App) -> tuple[object, ...]:
    """Everything that subscribers or operators would notice."""
    files = sorted(path for path in app.public_root.rglob("*") if path.is_file())
    return (
        [(path.name, path.stat().st_mtime_ns, path.read_bytes()) for path in files],
        list(app.store.entries()),
        list(app.articles()),
        app.store.changes(),
        app.store.output_states(),
    )


async def test_an_output_that_a_reload_brings_is_built_before_it_was_prepared(
    server: FeedServer, tmp_path: Path
) -> None:
    file = write_config(tmp_path, server.config())
    with App.open(file, {}) as app:
        await run_once(app, force=True)
        async with Engine(app) as engine:
            new = "  - {id: all, title: All of it}\n  - {id: new, title: New}\n"
            file.write_text(server.config(outputs=new), encoding="utf-8")
            app.reload()
            await engine.build()
        assert len(titles(app, "new")) == 2


async def test_another_data_dir_counts_from_the_next_start(
    server: FeedServer, tmp_path: Path
) -> None:
    file = write_config(tmp_path, server.config())
    with App.open(file, {}) as app:
        before = app.public_root
        file.write_text(server.config() + "data_dir: elsewhere\n", encoding="utf-8")
        app.reload()
        assert app.public_root == before
