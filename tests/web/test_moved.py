"""Outputs that went, and outputs that have another id now."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from aggregator.adapters.publish import write_published
from aggregator.core.render import feed_path
from aggregator.core.settings import Access, Output, Secret
from tests.web.site import BODY, NOON, FakeView, visiting

TOKEN = "correct-horse_battery-staple"


@pytest.fixture
def view(tmp_path: Path) -> FakeView:
    view = FakeView(tmp_path / "public")
    view.outputs = (Output(id="all", title="All", aliases=("old", "older")),)
    view.publish()
    return view


# W37
async def test_a_feed_that_was_taken_out_is_gone_for_a_time(view: FakeView) -> None:
    view.removed = ("past",)
    async with visiting(view) as visit:
        for path in ("/feeds/past.atom", "/feeds/past.rss", "/feeds/past/", "/feeds/past"):
            gone, _ = await visit(path)
            head, _ = await visit(path, method="HEAD")
            assert (gone.status, head.status) == (410, 410)
            assert gone.headers["Cache-Control"] == "no-store"
        view.removed = ()
        later, _ = await visit("/feeds/past.atom")
    assert later.status == 404


# W37
async def test_a_feed_listed_again_is_not_gone(view: FakeView) -> None:
    view.removed = ("all", "old")
    async with visiting(view) as visit:
        listed, _ = await visit("/feeds/all.atom")
        former, _ = await visit("/feeds/old.atom")
    assert (listed.status, former.status) == (200, 308)


# W37
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "rest", [".atom", ".rss", ".json", "/", "/archive/3.atom", "/archive/3.json"]
)
async def test_former_addresses_lead_to_the_new_ones(
    view: FakeView, method: str, rest: str
) -> None:
    async with visiting(view) as visit:
        response, _ = await visit(f"/feeds/older{rest}", method=method)
    assert response.status == 308
    assert response.headers["Location"] == f"https://feeds.example.net/sub/feeds/all{rest}"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "public, max-age=3600"


async def test_nobody_is_told_where_a_private_feed_went(view: FakeView) -> None:
    access = Access(token=Secret(value=TOKEN), password=Secret(value="sesame"))
    view.outputs = (Output(id="new", title="New", aliases=("old",), access=access),)
    write_published(view.private_root / feed_path("new"), BODY, modified=NOON)
    named = "Basic " + base64.b64encode(b"x:sesame").decode()
    async with visiting(view) as visit:
        stranger, _ = await visit("/feeds/old.atom")
        wrong, _ = await visit(f"/private/{TOKEN}x/feeds/old.atom")
        knowing, _ = await visit("/feeds/old.atom", Authorization=named)
        token, _ = await visit(f"/private/{TOKEN}/feeds/old.atom")
    assert (stranger.status, wrong.status, knowing.status, token.status) == (401, 404, 308, 308)
    new = f"https://feeds.example.net/sub/private/{TOKEN}/feeds/new.atom"
    assert token.headers["Location"] == new
    assert knowing.headers["Location"] == "https://feeds.example.net/sub/feeds/new.atom"
    assert token.headers["Cache-Control"] == "private, max-age=3600"
