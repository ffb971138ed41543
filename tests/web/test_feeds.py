"""Published feeds over HTTP: validators, codings, headers, refusals."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from aggregator.adapters.publish import write_published
from aggregator.core.codings import CODINGS, Coding
from aggregator.core.settings import Output
from aggregator.web import make_app
from tests.web.site import BODY, NOON, FakeView, visiting

FEED = "/feeds/all.atom"
GIVEN_ON_304 = (
    "ETag",
    "Last-Modified",
    "Cache-Control",
    "Vary",
    "Date",
    "Link",
    "Access-Control-Allow-Origin",
)


@pytest.fixture
def view(tmp_path: Path) -> FakeView:
    view = FakeView(tmp_path)
    view.publish()
    return view


# W23 W24 W32 W33 W36
async def test_a_feed_is_served_with_everything_a_cache_needs(view: FakeView) -> None:
    async with visiting(view) as visit:
        response, body = await visit(FEED)
    assert (response.status, body) == (200, BODY)
    headers = response.headers
    assert headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert headers["Content-Length"] == str(len(BODY))
    assert headers["ETag"].startswith('"')
    assert headers["Last-Modified"] == "Sun, 22 Nov 2026 11:00:00 GMT"
    assert "Accept-Encoding" in headers["Vary"]
    assert headers["Cache-Control"] == "public, max-age=900, stale-if-error=86400"
    assert headers["Link"].startswith('<https://feeds.example.net/sub/feeds/all.atom>; rel="self"')
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = "default-src 'none'; style-src 'self'; sandbox"
    assert headers["Content-Security-Policy"] == policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in headers
    assert headers["X-Robots-Tag"] == "noindex"
    assert "aiohttp" not in headers["Server"]


# W24 W31 W32
@pytest.mark.parametrize("coding", CODINGS, ids=lambda coding: coding.name)
async def test_each_coding_is_the_published_sibling_with_a_tag_of_its_own(
    view: FakeView, coding: Coding
) -> None:
    async with visiting(view) as visit:
        plain, _ = await visit(FEED)
        packed, body = await visit(FEED, Accept_Encoding=f"identity;q=0.1, {coding.name};q=0.7")
        other = [await visit(FEED, Accept_Encoding=one.name) for one in CODINGS]
    assert body == view.path.with_name("all.atom" + coding.suffix).read_bytes()
    assert coding.unpack(body, 10_000) == BODY
    assert packed.headers["Content-Encoding"] == coding.name
    assert packed.headers["Content-Length"] == str(len(body))
    tags = {response.headers["ETag"] for response, _ in other} | {plain.headers["ETag"]}
    assert len(tags) == 4
    assert packed.headers["ETag"] in tags
    assert packed.headers["Vary"] == plain.headers["Vary"]


@pytest.mark.parametrize("coding", CODINGS, ids=lambda coding: coding.name)
@pytest.mark.parametrize("damage", ["stale", "broken", "missing"])
async def test_a_coding_does_not_need_the_sibling(
    view: FakeView, coding: Coding, damage: str
) -> None:
    sibling = view.path.with_name("all.atom" + coding.suffix)
    sibling.unlink()
    if damage != "missing":
        sibling.write_bytes(coding.pack(b"old") if damage == "stale" else b"no coding")
    async with visiting(view) as visit:
        _, body = await visit(FEED, Accept_Encoding=coding.name)
    assert coding.unpack(body, 10_000) == BODY


# W31
@pytest.mark.parametrize("value", ["", "gzip;q=0", "*;q=0", "br;q=0, *;q=0", "compress"])
async def test_a_coding_that_is_refused_is_not_sent(view: FakeView, value: str) -> None:
    async with visiting(view) as visit:
        response, body = await visit(FEED, Accept_Encoding=value)
    assert "Content-Encoding" not in response.headers
    assert body == BODY


# W26 W28
@pytest.mark.parametrize("coding", ["identity", "gzip", "br", "zstd"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', "*"])
async def test_who_has_the_bytes_gets_304(view: FakeView, coding: str, form: str) -> None:
    async with visiting(view) as visit:
        whole, _ = await visit(FEED, Accept_Encoding=coding)
        tag = whole.headers["ETag"]
        response, body = await visit(FEED, Accept_Encoding=coding, If_None_Match=form.format(tag))
    assert (response.status, body) == (304, b"")
    assert {name: response.headers.get(name) for name in GIVEN_ON_304} == {
        name: whole.headers.get(name) for name in GIVEN_ON_304
    }
    assert "Content-Type" not in response.headers
    assert "Content-Encoding" not in response.headers


# W26
async def test_a_304_confirms_the_coding_the_client_holds(view: FakeView) -> None:
    async with visiting(view) as visit:
        plain, _ = await visit(FEED)
        tag = plain.headers["ETag"]
        response, _ = await visit(FEED, Accept_Encoding="br", If_None_Match=tag)
        suffixed, _ = await visit(FEED, If_None_Match=tag[:-1] + '-gzip"')
    assert (response.status, response.headers["ETag"]) == (304, tag)
    assert suffixed.status == 304


# W27
async def test_if_modified_since(view: FakeView) -> None:
    async def status(visit, **headers: str) -> int:  # type: ignore[no-untyped-def]
        response, _ = await visit(FEED, **headers)
        return int(response.status)

    same = format_datetime(NOON - timedelta(hours=1), usegmt=True)
    older = format_datetime(NOON - timedelta(hours=2), usegmt=True)
    future = format_datetime(NOON + timedelta(days=900), usegmt=True)
    async with visiting(view) as visit:
        assert await status(visit, If_Modified_Since=same) == 304
        assert await status(visit, If_Modified_Since=future) == 304
        assert await status(visit, If_Modified_Since=older) == 200
        assert await status(visit, If_Modified_Since="yesterday") == 200
        assert await status(visit, If_Modified_Since=same, If_None_Match='"old"') == 200


# W25
async def test_last_modified_is_never_in_the_future(view: FakeView) -> None:
    view.clock = NOON - timedelta(days=1)
    async with visiting(view) as visit:
        response, _ = await visit(FEED)
    assert response.headers["Last-Modified"] == "Sat, 21 Nov 2026 12:00:00 GMT"


# W29
@pytest.mark.parametrize("path", [FEED, "/feeds/none.atom", "/feeds/unbuilt.atom", "/", "/status"])
@pytest.mark.parametrize("condition", ["", "*"])
async def test_head_is_get_without_the_body(view: FakeView, path: str, condition: str) -> None:
    async with visiting(view) as visit:
        head, body = await visit(path, method="HEAD", If_None_Match=condition)
        get, _ = await visit(path, If_None_Match=condition)
    assert body == b""
    assert head.status == get.status
    ignored = {"Date"}
    assert {name: value for name, value in head.headers.items() if name not in ignored} == {
        name: value for name, value in get.headers.items() if name not in ignored
    }


# W40
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", ["", "*"])
async def test_the_hub_is_told_beside_the_address(
    view: FakeView, method: str, condition: str
) -> None:
    view.outputs = (Output(id="all", title="All", hub="https://hub.example/"),)
    async with visiting(view) as visit:
        response, _ = await visit(FEED, method=method, If_None_Match=condition)
    assert response.status == (304 if condition else 200)
    links = response.links
    assert {str(rel): str(link["url"]) for rel, link in links.items()} == {
        "self": "https://feeds.example.net/sub/feeds/all.atom",
        "hub": "https://hub.example/",
    }


# W30 S42
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(view: FakeView, method: str) -> None:
    async with visiting(view) as visit:
        response, _ = await visit(FEED, method=method)
    assert response.status == 405
    assert response.headers["Allow"] == "GET,HEAD,OPTIONS"
    assert response.headers["Cache-Control"] == "no-store"


# W30 W35
async def test_scripts_of_other_sites_may_read_feeds(view: FakeView) -> None:
    async with visiting(view) as visit:
        options, _ = await visit(FEED, method="OPTIONS")
        response, _ = await visit(FEED, Origin="https://reader.example")
    assert options.status == 204
    assert options.headers["Access-Control-Allow-Origin"] == "*"
    assert "GET" in options.headers["Access-Control-Allow-Methods"]
    assert "If-None-Match" in options.headers["Access-Control-Allow-Headers"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    exposed = "ETag, Link, Last-Modified, Retry-After"
    assert response.headers["Access-Control-Expose-Headers"] == exposed
    assert "Access-Control-Allow-Credentials" not in response.headers


# W34
async def test_a_range_gets_the_whole(view: FakeView) -> None:
    async with visiting(view) as visit:
        response, body = await visit(FEED, Range="bytes=0-9")
    assert (response.status, body) == (200, BODY)
    assert response.headers["Accept-Ranges"] == "none"


async def test_a_browser_gets_the_same_bytes_as_plain_xml(view: FakeView) -> None:
    async with visiting(view) as visit:
        response, body = await visit(FEED, Sec_Fetch_Dest="document")
    assert response.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert "Sec-Fetch-Dest" in response.headers["Vary"]
    assert body == BODY


# W23
@pytest.mark.parametrize(
    ("form", "media_type", "in_browsers"),
    [
        ("atom", "application/atom+xml", "application/xml"),
        ("rss", "application/rss+xml", "application/xml"),
        ("json", "application/feed+json", "application/json"),
    ],
)
async def test_every_form_has_its_type(
    view: FakeView, form: str, media_type: str, in_browsers: str
) -> None:
    view.publish(b"twin", form=form)
    async with visiting(view) as visit:
        response, body = await visit(f"/feeds/all.{form}")
        browsed, _ = await visit(f"/feeds/all.{form}", Sec_Fetch_Dest="document")
    assert body == b"twin"
    assert response.headers["Content-Type"] == f"{media_type}; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert str(response.links["self"]["url"]).endswith(f"/all.{form}")
    assert browsed.headers["Content-Type"] == f"{in_browsers}; charset=utf-8"


async def test_a_form_that_is_not_published_is_not_found(view: FakeView) -> None:
    async with visiting(view) as visit:
        response, _ = await visit("/feeds/all.rss")
        unbuilt, _ = await visit("/feeds/unbuilt.rss")
    assert (response.status, unbuilt.status) == (404, 503)


# Of W42, what is served.
async def test_an_archive_document_is_kept_for_ever(view: FakeView) -> None:
    write_published(view.path.parent / "all/archive/3.atom", BODY, modified=NOON)
    async with visiting(view) as visit:
        response, body = await visit("/feeds/all/archive/3.atom", Accept_Encoding="br")
        tag = response.headers["ETag"]
        known, _ = await visit("/feeds/all/archive/3.atom", If_None_Match=tag)
        others = [await visit(f"/feeds/all/archive/{name}.atom") for name in ("4", "03", "-3", "x")]
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert str(response.links["self"]["url"]).endswith("/sub/feeds/all/archive/3.atom")
    assert CODINGS[0].unpack(body, 10_000) == BODY
    assert known.status == 304
    assert known.headers["Cache-Control"] == response.headers["Cache-Control"]
    assert [answer.status for answer, _ in others] == [404] * 4


# W38 S42
async def test_what_is_not_built_yet_is_unavailable_and_not_empty(view: FakeView) -> None:
    async with visiting(view) as visit:
        response, _ = await visit("/feeds/unbuilt.atom")
    assert response.status == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Cache-Control"] == "no-store"


# W41 S42
@pytest.mark.parametrize(
    "target",
    [
        "/feeds/none.atom",
        "/feeds/../secret.atom",
        "/feeds/%2e%2e/secret.atom",
        "/feeds/..%2fsecret.atom",
        "/feeds/%2e%2e%2fsecret.atom",
        "/feeds/..%5csecret.atom",
        "/feeds/%252e%252e%252fsecret.atom",
        "/feeds/all%00.atom",
        "/feeds/all.atom.gz",
        "/feeds/" + "a" * 4000 + ".atom",
        "/feeds//all.atom",
        "//feeds/all.atom",
        "/feeds/all.atom/",
        "/feeds/ALL.atom",
        "/public/feeds/all.atom",
    ],
)
async def test_nothing_but_configured_feeds_can_be_had(view: FakeView, target: str) -> None:
    (view.public_root / "secret.atom").write_bytes(b"secret")
    answer = await raw(view, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"Cache-Control: no-store" in answer
    assert b"secret" not in answer.partition(b"\r\n\r\n")[2]


# S41
async def test_the_host_header_changes_nothing(view: FakeView) -> None:
    headers = {
        "Host": "evil.example",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Proto": "gopher",
        "Forwarded": "host=evil.example",
    }
    async with visiting(view) as visit:
        answers = [
            await visit(path, **headers) for path in (FEED, "/", "/feeds/all/", "/feeds/all")
        ]
    for response, body in answers:
        assert b"evil" not in body
        assert not [value for value in response.headers.values() if "evil" in value]


async def test_a_file_replaced_by_another_process_is_served_at_once(view: FakeView) -> None:
    async with visiting(view) as visit:
        before, _ = await visit(FEED)
        view.publish(BODY.upper())
        after, body = await visit(FEED)
    assert body == BODY.upper()
    assert after.headers["ETag"] != before.headers["ETag"]


async def test_a_file_removed_is_no_longer_served(view: FakeView) -> None:
    async with visiting(view) as visit:
        await visit(FEED)
        view.path.unlink()
        response, _ = await visit(FEED)
    assert response.status == 503


# Of W37, the 404.
async def test_an_output_that_is_no_more_is_not_found_although_its_file_is_there(
    view: FakeView,
) -> None:
    async with visiting(view) as visit:
        view.outputs = (Output(id="other", title="Other"),)
        response, _ = await visit(FEED)
    assert response.status == 404


# W24
async def test_two_servers_give_the_same_tags(view: FakeView) -> None:
    tags = []
    for _ in range(2):
        async with visiting(replace(view)) as visit:
            response, _ = await visit(FEED, Accept_Encoding="gzip")
            tags.append(response.headers["ETag"])
    assert tags[0] == tags[1]


async def test_many_at_once_get_the_same(view: FakeView) -> None:
    async with visiting(view) as visit:
        answers = await asyncio.gather(*(visit(FEED) for _ in range(50)))
    assert {body for _, body in answers} == {BODY}


async def raw(view: FakeView, request: str) -> bytes:
    """Send bytes that no client would: targets as they are."""
    async with TestServer(make_app(view)) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(request.encode())
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
    return answer
