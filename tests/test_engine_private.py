"""Private outputs on real parts: found by their token, and in no public place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.feed_server import FeedServer
from tests.test_engine_serving import FEED, running, titles, two_sites

TOKEN = "correct-horse_battery-staple"
HIDDEN = f"  - {{id: all, sources: a}}\n  - {{id: board, sources: [a, b], token: {TOKEN}}}\n"


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with two_sites() as running:
        yield running


async def test_a_private_output_is_in_no_public_place(server: FeedServer, tmp_path: Path) -> None:
    async with running(tmp_path, server.config(outputs=HIDDEN)) as (view, visit, _):
        response, body = await visit(f"/private/{TOKEN}/feeds/board.atom")
        assert (response.status, len(titles(body))) == (200, 2)
        public = ["/", "/status", "/status.json", "/opml", "/sources.opml", "/metrics", FEED]
        told = {path: (await visit(path))[1] for path in public}
        assert all(body for body in told.values())
        for path, shown in told.items():
            assert b"board" not in shown.lower(), path
            assert TOKEN.encode() not in shown, path
            assert b"Site B" not in shown, path
            assert path == "/metrics" or server.url("b").encode() not in shown, path
        assert [source.id for source in view.sources] == ["a"]
    data = tmp_path / "data"
    for file in (data / "public").rglob("*"):
        assert "board" not in file.name
        assert file.is_dir() or b"Site B" not in file.read_bytes()
    assert (data / "private").stat().st_mode & 0o077 == 0


async def test_the_documents_of_a_private_output_name_each_other_by_the_token(
    server: FeedServer, tmp_path: Path
) -> None:
    async with running(tmp_path, server.config(outputs=HIDDEN)) as (view, visit, _):
        for form in ("atom", "rss", "json"):
            _, body = await visit(f"/private/{TOKEN}/feeds/board.{form}")
            own = f"{view.base_url}private/{TOKEN}/feeds/board.{form}"
            assert own.replace("/", "\\/").encode() in body or own.encode() in body
            assert f"{view.base_url}feeds/board".encode() not in body


async def test_an_output_that_becomes_private_leaves_the_public_tree(
    server: FeedServer, tmp_path: Path
) -> None:
    text = server.config()
    public = tmp_path / "data/public/feeds"
    async with running(tmp_path, text):
        assert (public / "all.atom").exists()
    hidden = text.replace("{id: all,", f"{{id: all, token: {TOKEN},")
    async with running(tmp_path, hidden) as (_, visit, _):
        assert not [path for path in public.rglob("all*") if path.is_file()]
        assert (await visit(FEED))[0].status == 404
        assert (await visit(f"/private/{TOKEN}{FEED}"))[0].status == 200
        other = hidden.replace(TOKEN, TOKEN[::-1])
    async with running(tmp_path, other) as (_, visit, _):
        assert (await visit(f"/private/{TOKEN}{FEED}"))[0].status == 404
        _, body = await visit(f"/private/{TOKEN[::-1]}{FEED}")
        assert TOKEN[::-1].encode() in body
        assert TOKEN.encode() not in body
