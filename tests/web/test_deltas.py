"""Deltas over HTTP: `A-IM: feed` (RFC 3229 §10)."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.adapters.publish import write_published
from aggregator.core.codings import CODINGS
from aggregator.core.render import feed_path
from aggregator.core.settings import Access, Output, Secret
from aggregator.core.versions import History, recorded
from tests.web.site import NOON, FakeView, visiting

FEED = "/feeds/all.atom"
TOKEN = "correct-horse_battery-staple"


def body(*names: str) -> bytes:
    entries = "".join(f"<entry><id>urn:{name}</id></entry>" for name in names)
    return f"<feed><title>All</title>{entries}</feed>".encode()


OLD, NEW = body("a", "b"), body("c", "a", "b")


class Site(FakeView):
    """Records what it publishes, as a build does."""

    def publish_version(self, version: bytes, *, form: str = "atom") -> None:
        self.publish(version, form=form)
        name = f"all.{form}"
        self.histories[name] = recorded(self.histories.get(name, History()), version)


@pytest.fixture
def view(tmp_path: Path) -> Site:
    view = Site(tmp_path)
    view.publish_version(OLD)
    return view


# W32 W46
async def test_who_has_an_older_version_gets_what_is_new(view: Site) -> None:
    async with visiting(view) as visit:
        whole, _ = await visit(FEED, A_IM="feed")
        tag = whole.headers["ETag"]
        view.publish_version(NEW)
        news, delta = await visit(FEED, A_IM="feed", If_None_Match=tag)
        full, _ = await visit(FEED)
        known, _ = await visit(FEED, A_IM="feed", If_None_Match=news.headers["ETag"])
    assert whole.status == 200
    assert (news.status, delta) == (226, body("c"))
    assert news.headers["IM"] == "feed"
    assert news.headers["ETag"] == full.headers["ETag"]
    assert news.headers["Delta-Base"] == tag
    assert news.headers["Cache-Control"] == "no-store, im"
    assert news.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert {"A-IM", "Accept-Encoding"} <= set(news.headers["Vary"].split(", "))
    assert news.headers["Vary"] == full.headers["Vary"] == whole.headers["Vary"]
    assert known.status == 304
    assert "IM" not in known.headers


# W29
async def test_head_is_get_without_the_body(view: Site) -> None:
    async with visiting(view) as visit:
        tag = (await visit(FEED))[0].headers["ETag"]
        view.publish_version(NEW)
        get, _ = await visit(FEED, A_IM="feed", If_None_Match=tag)
        head, nothing = await visit(FEED, method="HEAD", A_IM="feed", If_None_Match=tag)
    assert (head.status, nothing) == (226, b"")
    assert {**head.headers, "Date": ""} == {**get.headers, "Date": ""}


# W46
async def test_whoever_did_not_ask_gets_the_whole(view: Site) -> None:
    async with visiting(view) as visit:
        tag = (await visit(FEED))[0].headers["ETag"]
        view.publish_version(NEW)
        for headers in (
            {"If_None_Match": tag},
            {"If_None_Match": tag, "A_IM": "feed;q=0"},
            {"If_None_Match": tag, "A_IM": "vcdiff"},
            {"A_IM": "feed"},
            {"A_IM": "feed", "If_None_Match": '"unknown"'},
            {"A_IM": "feed", "If_None_Match": f"W/{tag[:-2]}"},
        ):
            response, whole = await visit(FEED, **headers)
            assert (response.status, whole) == (200, NEW)
            assert response.headers["Cache-Control"].startswith("public, max-age=")
            assert "IM" not in response.headers


# W46
@pytest.mark.parametrize("form", ["W/{}", '"x", {}', '{}, W/"y"'])
async def test_the_version_is_found_among_several_tags(view: Site, form: str) -> None:
    async with visiting(view) as visit:
        tag = (await visit(FEED, Accept_Encoding="gzip"))[0].headers["ETag"]
        view.publish_version(NEW)
        response, delta = await visit(FEED, A_IM="feed", If_None_Match=form.format(tag))
    assert (response.status, delta) == (226, body("c"))


# W46
async def test_of_several_versions_the_newest_counts(view: Site) -> None:
    async with visiting(view) as visit:
        first = (await visit(FEED))[0].headers["ETag"]
        view.publish_version(NEW)
        second = (await visit(FEED))[0].headers["ETag"]
        view.publish_version(body("d", "c", "a", "b"))
        named = f"{first}, {second}"
        response, delta = await visit(FEED, A_IM="feed", If_None_Match=named)
    assert delta == body("d")
    assert response.headers["Delta-Base"] == second


@pytest.mark.parametrize("coding", CODINGS, ids=lambda coding: coding.name)
async def test_a_delta_comes_in_every_coding(view: Site, coding) -> None:  # type: ignore[no-untyped-def]
    async with visiting(view) as visit:
        tag = (await visit(FEED, Accept_Encoding=coding.name))[0].headers["ETag"]
        view.publish_version(NEW)
        response, delta = await visit(
            FEED, A_IM="feed", If_None_Match=tag, Accept_Encoding=coding.name
        )
    assert coding.unpack(delta, 1000) == body("c")
    assert response.headers["Content-Encoding"] == coding.name
    assert response.headers["ETag"] != tag


async def test_rss_has_deltas_and_json_has_none(view: Site) -> None:
    old, new = (
        b"<rss><item>1</item></rss>",
        b"<rss><item>2</item><item>1</item></rss>",
    )
    for form in ("rss", "json"):
        view.publish_version(old, form=form)
    async with visiting(view) as visit:
        for form, status in (("rss", 226), ("json", 200)):
            tag = (await visit(f"/feeds/all.{form}"))[0].headers["ETag"]
            view.publish_version(new, form=form)
            response, _ = await visit(f"/feeds/all.{form}", A_IM="feed", If_None_Match=tag)
            assert response.status == status
            assert ("A-IM" in response.headers["Vary"]) == (form == "rss")


# W46
async def test_the_delta_of_a_private_feed_is_nobody_elses(view: Site) -> None:
    view.outputs = (Output(id="all", title="All", access=Access(token=Secret(value=TOKEN))),)
    path = view.private_root / feed_path("all")
    write_published(path, OLD, modified=NOON)
    async with visiting(view) as visit:
        tag = (await visit(f"/private/{TOKEN}{FEED}"))[0].headers["ETag"]
        write_published(path, NEW, modified=NOON)
        response, delta = await visit(f"/private/{TOKEN}{FEED}", A_IM="feed", If_None_Match=tag)
    assert delta == body("c")
    assert response.headers["Cache-Control"] == "private, no-store, im"
