"""What is published besides feeds: pages and lists, whole, up to date, and nobody else's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aggregator.app import App, Engine
from aggregator.core.model import BuildReport
from tests.feed_server import Story, feed_server, rss, write_config

ONE = Story("1", "The first story of this small feed")
TWO = Story("2", "The second story is about something else", body="Quite other words here.")
SOURCES = "sources:\n  - {id: a, path: a.xml}\n  - {id: b, path: b.xml}\n"
BOTH = "  - {id: all, title: All of it}\n  - {id: other, title: The other}\n"
ALWAYS = {"404.html", "feed.css", "index.html", "robots.txt", "sources.opml", "style.css"}


@contextmanager
def opened(folder: Path, *, outputs: str = BOTH, top: str = "") -> Iterator[App]:
    for name, story in (("a", ONE), ("b", TWO)):
        file = folder / f"{name}.xml"
        if not file.exists():
            file.write_bytes(rss(story, title=f"Site {name.upper()}"))
    file = folder / "feeds.yaml"
    file.write_text(f"{top}{SOURCES}outputs:\n{outputs}", encoding="utf-8")
    with App.open(file, {}) as app:
        yield app


async def run_once(app: App) -> tuple[BuildReport, ...]:
    async with Engine(app) as engine:
        claim, _ = engine.claim_named(list(app.sources), force=True)
        await engine.dispatcher.run_until_idle(claim)
        return await engine.build()


def tree(app: App) -> dict[str, tuple[int, bytes]]:
    """Every file of the public tree: name -> (mtime, bytes)."""
    root = app.public_root
    files = (path for path in root.rglob("*") if path.is_file())
    return {
        path.relative_to(root).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in files
    }


def page(app: App, output: str = "all") -> Path:
    return app.public_root / "feeds" / output / "index.html"


async def test_the_tree_is_a_whole_site(tmp_path: Path) -> None:
    with opened(tmp_path) as app:
        await run_once(app)
        names = set(tree(app))
    assert names >= ALWAYS | {"feeds/all/index.html", "feeds/other/index.html", "feeds/all.atom"}
    plain = {name for name in names if not name.endswith((".gz", ".br", ".zst"))}
    assert {f"{name}.gz" for name in plain} <= names


# W55
async def test_nothing_is_touched_when_nothing_has_changed(tmp_path: Path) -> None:
    with opened(tmp_path) as app:
        await run_once(app)
        before = tree(app)
        await run_once(app)
        assert tree(app) == before


async def test_a_start_draws_only_what_would_look_otherwise(tmp_path: Path) -> None:
    """A mark in a page stays until the page is drawn again."""
    with opened(tmp_path) as app:
        await run_once(app)
        drawn = {app.public_root / name for name in ("index.html", "404.html")}
        for path in drawn:
            path.write_bytes(path.read_bytes() + b"<!-- kept -->")
        await run_once(app)
        assert all(b"kept" in path.read_bytes() for path in drawn)
        os.utime(app.public_root / "feeds" / "all.atom", (0, 0))  # as if it had changed then
        await run_once(app)
        assert b"kept" not in (app.public_root / "index.html").read_bytes()
    with opened(tmp_path, top="title: Another site\n") as app:
        await run_once(app)
        assert not any(b"kept" in path.read_bytes() for path in drawn)


# W11
async def test_a_tree_made_anew_has_the_same_pages(tmp_path: Path) -> None:
    with opened(tmp_path) as app:
        await run_once(app)
        before = page(app).read_bytes()
        page(app).unlink()
        await run_once(app)
        assert page(app).read_bytes() == before


async def test_a_new_story_is_on_its_page_and_changes_the_index(tmp_path: Path) -> None:
    with opened(tmp_path) as app:
        await run_once(app)
        index = (app.public_root / "index.html").stat().st_mtime_ns
        (tmp_path / "a.xml").write_bytes(rss(Story("3", "A third and new story"), title="Site A"))
        await run_once(app)
        assert b"A third and new story" in page(app).read_bytes()
        assert (app.public_root / "index.html").stat().st_mtime_ns > index


async def test_another_title_of_the_site_redraws_pages_and_leaves_feeds_alone(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as app:
        await run_once(app)
        feed = tree(app)["feeds/all.atom"]
    with opened(tmp_path, top="title: The reading room\n") as app:
        await run_once(app)
        assert b"The reading room" in page(app).read_bytes()
        assert b"The reading room" in (app.public_root / "index.html").read_bytes()
        assert tree(app)["feeds/all.atom"] == feed


# W59
async def test_the_page_of_a_removed_output_goes_and_foreign_files_stay(tmp_path: Path) -> None:
    with opened(tmp_path) as app:
        await run_once(app)
        foreign = app.public_root / "feeds" / "mine" / "index.html"
        foreign.parent.mkdir()
        foreign.write_text("<!doctype html><title>Mine</title>", encoding="utf-8")
    with opened(tmp_path, outputs="  - {id: all, title: All of it}\n") as app:
        await run_once(app)
        assert not page(app, "other").parent.exists()
        assert foreign.exists()
        assert page(app).exists()
        assert b"The other" not in (app.public_root / "index.html").read_bytes()


# W60
async def test_a_page_that_cannot_be_written_is_an_error_and_repaired_later(
    tmp_path: Path,
) -> None:
    with opened(tmp_path, outputs="  - {id: all}\n") as app:
        in_the_way = app.public_root / "feeds" / "all"
        in_the_way.parent.mkdir(parents=True)
        in_the_way.write_text("a file where the folder should be", encoding="utf-8")
        (refused,) = await run_once(app)
        assert "cannot write" in refused.error
        in_the_way.unlink()
        (built,) = await run_once(app)
        assert not built.error
        assert page(app).exists()


# W60
async def test_lists_that_cannot_be_written_cost_the_feeds_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as app:
        (app.public_root / "index.html").mkdir(parents=True)
        reports = await run_once(app)
        assert [report.error for report in reports] == ["", ""]
        assert page(app).exists()
    assert "cannot write pages" in caplog.text


# W51
async def test_the_list_of_sources_has_the_titles_that_publishers_gave(tmp_path: Path) -> None:
    with (
        feed_server({"a": rss(ONE, title="Site A")}) as server,
        App.open(write_config(tmp_path, server.config()), {}) as app,
    ):
        await run_once(app)
        opml = (app.public_root / "sources.opml").read_text(encoding="utf-8")
        assert 'text="Site A"' in opml
        assert server.url("a") in opml


async def test_private_outputs_leave_no_trace_in_the_public_tree(tmp_path: Path) -> None:
    outputs = (
        "  - {id: all, sources: a}\n  - {id: board, sources: b, token: correct-horse-staple}\n"
    )
    with opened(tmp_path, outputs=outputs) as app:
        await run_once(app)
        assert (app.private_root / "feeds" / "board" / "index.html").exists()
        for name, (_, body) in tree(app).items():
            assert "board" not in name
            assert TWO.title.encode() not in body, name
    with opened(tmp_path, outputs="  - {id: all, sources: a}\n") as app:
        await run_once(app)
        assert not (app.private_root / "feeds" / "board").exists()
