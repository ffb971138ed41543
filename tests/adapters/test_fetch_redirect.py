"""Redirects: which are followed, what they are told, and where a feed has moved."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from aggregator.core.model import Validators
from aggregator.core.settings import Limits, Secret, Source
from tests.adapters.fetching import FEED, LIMITS, failure, fetch, fetch_from, state_of
from tests.adapters.raw_server import answer, raw_server, redirect

MOVED = "301 Moved Permanently"
FOR_GOOD = "308 Permanent Redirect"


# P36
@pytest.mark.parametrize("status", [MOVED, "302 Found", "303 See Other", "307 T", FOR_GOOD])
async def test_a_redirect_is_followed_with_a_get(status: str) -> None:
    routes = {"/feed": redirect("/there?x=1", status=status), "/there?x=1": answer(FEED)}
    async with raw_server(routes) as server:
        fetched = await fetch_from(server)
        assert fetched.document is not None
        assert fetched.document.url == server.url("/there?x=1")
        assert all(head.startswith(b"GET ") for head in server.requests)


def chain(length: int) -> dict[str, bytes]:
    hops = {f"/{n}": redirect(f"/{n + 1}") for n in range(length)}
    return {**hops, f"/{length}": answer(FEED)}


# P36
async def test_as_many_redirects_as_allowed_are_followed_and_not_one_more() -> None:
    limits = replace(LIMITS, max_redirects=3)
    async with raw_server(chain(3)) as server:
        assert (await fetch(Source(id="a", url=server.url("/0")), limits=limits)).status == 200
    async with raw_server(chain(4)) as server:
        error = await failure(Source(id="a", url=server.url("/0")), kind="redirect", limits=limits)
        assert str(error) == "more than 3 redirects"


# P37
async def test_a_loop_is_one_error_and_few_requests() -> None:
    routes = {"/feed": redirect("/other", status=MOVED), "/other": redirect("/feed")}
    async with raw_server(routes) as server:
        error = await failure(Source(id="a", url=server.url()), kind="redirect")
        assert "circle" in str(error)
        assert len(server.requests) == 2


# P37
async def test_endless_distinct_hops_are_one_error() -> None:
    async with raw_server(chain(100)) as server:
        await failure(Source(id="a", url=server.url("/0")), kind="redirect")
        assert len(server.requests) == Limits().max_redirects + 1


# P38
@pytest.mark.parametrize("status", ["302 Found", "303 See Other", "307 Temporary Redirect"])
async def test_a_temporary_redirect_moves_nothing(status: str) -> None:
    routes = {"/feed": redirect("/there", status=status), "/there": answer(FEED)}
    async with raw_server(routes) as server:
        source = Source(id="a", url=server.url())
        fetched = await fetch(source)
        assert fetched.moved_to is None
        await fetch(source, state_of(source, fetched.validators))
        assert server.targets() == ["/feed", "/there"] * 2


@pytest.mark.parametrize("status", [MOVED, FOR_GOOD])
async def test_a_permanent_redirect_tells_where_the_feed_has_moved(status: str) -> None:
    routes = {
        "/feed": redirect("/b", status=status),
        "/b": redirect("/c", status=FOR_GOOD),
        "/c": answer(FEED),
    }
    async with raw_server(routes) as server:
        assert (await fetch_from(server)).moved_to == server.url("/c")


# P40
async def test_a_move_ends_before_the_first_temporary_hop() -> None:
    routes = {
        "/feed": redirect("/b", status=MOVED),
        "/b": redirect("/c"),
        "/c": redirect("/d", status=MOVED),
        "/d": answer(FEED),
    }
    async with raw_server(routes) as server:
        assert (await fetch_from(server)).moved_to == server.url("/b")
        assert (await fetch_from(server, "/b")).moved_to is None
        assert (await fetch_from(server, "/d")).moved_to is None


async def test_a_moved_feed_is_asked_for_at_its_new_place_with_its_validators() -> None:
    async with raw_server({"*": answer(b"", status="304 Not Modified")}) as server:
        source = Source(id="a", url=server.url("/old"))
        moved = server.url("/new")
        state = state_of(source, Validators(etag=b'"1"'), effective_url=moved)
        fetched = await fetch(source, state)
        assert server.targets() == ["/new"]
        assert server.field_of("If-None-Match") == '"1"'
        assert fetched.moved_to is None


async def test_an_edited_url_forgets_where_the_old_one_has_moved() -> None:
    async with raw_server({"*": answer(FEED)}) as server:
        old = Source(id="a", url=server.url("/old"))
        state = state_of(old, effective_url=server.url("/moved"))
        await fetch(replace(old, url=server.url("/edited")), state)
        assert server.targets() == ["/edited"]


# P46
@pytest.mark.parametrize(
    "location",
    [
        "",
        " ",
        "http://[::1",
        "http://",
        "http:///x",
        "http:/x",
        "http://a:99999/",
        "http://a:b/",
        "http://a b/",
        "http://a%2e.example/",
        "http://\xff/",
        "//",
        "http://[v1.x]/",
    ],
)
async def test_an_unusable_location_is_an_error(location: str) -> None:
    async with raw_server({"/feed": redirect(location)}) as server:
        await failure(Source(id="a", url=server.url()), kind="redirect")
        assert len(server.requests) == 1


# P46
async def test_a_redirect_without_a_location_is_an_error() -> None:
    async with raw_server({"/feed": answer(b"", status="302 Found")}) as server:
        error = await failure(Source(id="a", url=server.url()), kind="redirect")
        assert str(error) == "a redirect without Location"


# P46 S6
@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "ftp://127.0.0.1/",
        "dict://127.0.0.1:11211/",
        "data:text/xml,<rss/>",
        "javascript:alert(1)",
        r"\\127.0.0.1\share",
        r"/\127.0.0.1/share",
    ],
)
async def test_a_redirect_leads_to_http_and_https_only(location: str) -> None:
    async with raw_server({"/feed": redirect(location)}) as server:
        await failure(Source(id="a", url=server.url()), kind="redirect")
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/\xc3\xa9 x", "/%C3%A9%20x"),  # UTF-8
        ("/\xe9", "/%E9"),  # not UTF-8: the bytes as they came
        ("/a%7Eb%2Fc+d?u=http%3A%2F%2Fx&a[]=1#part", "/a%7Eb%2Fc+d?u=http%3A%2F%2Fx&a[]=1"),
        ("sibling.xml", "/dir/sibling.xml"),
        ("../up.xml", "/up.xml"),
        ("?page=2", "/dir/feed?page=2"),
        ("  /spaces  ", "/spaces"),
    ],
)
async def test_a_location_is_followed_byte_for_byte(location: str, target: str) -> None:
    async with raw_server({"/dir/feed": redirect(location), "*": answer(FEED)}) as server:
        await fetch_from(server, "/dir/feed")
        assert server.targets()[-1] == target


async def test_a_location_without_a_scheme_keeps_the_scheme() -> None:
    async with raw_server({"/feed": answer(FEED)}) as target:
        location = target.url("/feed").removeprefix("http:")
        async with raw_server({"/feed": redirect(location)}) as server:
            fetched = await fetch_from(server)
            assert fetched.document is not None
            assert fetched.document.url == target.url("/feed")


GUARDED = Source(
    id="a",
    username="user",
    password=Secret(value="hunter2"),
    headers=(("X-Token", Secret(value="t0ken")), ("Cookie", Secret(value="a=b"))),
)


# P45 S11
async def test_secrets_stay_with_the_origin_they_are_for() -> None:
    async with raw_server({"*": answer(FEED)}) as stranger:
        routes = {"/feed": redirect("/same"), "/same": redirect(stranger.url("/feed"))}
        async with raw_server(routes) as server:
            await fetch_from(server, source=GUARDED)
            for request in (0, 1):
                assert server.field_of("Authorization", request) == "Basic dXNlcjpodW50ZXIy"
                assert server.field_of("X-Token", request) == "t0ken"
                assert server.field_of("Cookie", request) == "a=b"
            for name in ("Authorization", "X-Token", "Cookie"):
                assert stranger.field_of(name) is None


# P45
async def test_secrets_once_dropped_stay_dropped() -> None:
    async def send_back(writer: asyncio.StreamWriter) -> None:
        writer.write(redirect(server.url("/back")))

    async with raw_server({"/feed": send_back}) as stranger:
        routes = {"/feed": redirect(stranger.url()), "/back": answer(FEED)}
        async with raw_server(routes) as server:
            await fetch_from(server, source=GUARDED)
            assert server.field_of("Authorization", 0) is not None
            assert server.targets()[1] == "/back"
            assert server.field_of("Authorization", 1) is None


# P45
async def test_secrets_are_not_sent_to_another_origin_a_feed_has_moved_to() -> None:
    async with raw_server({"*": answer(FEED)}) as server:
        source = replace(GUARDED, url="http://127.0.0.1:1/feed")
        await fetch(source, state_of(source, effective_url=server.url()))
        assert server.field_of("Authorization") is None
        assert server.field_of("X-Token") is None


# P45 P52
async def test_user_info_in_a_location_is_not_sent() -> None:
    async with raw_server({"/there": answer(FEED)}) as target:
        location = target.url("/there").replace("http://", "http://user:pass@")
        async with raw_server({"/feed": redirect(location)}) as server:
            await fetch_from(server)
            assert target.field_of("Authorization") is None


# P56
async def test_a_cookie_set_by_a_redirect_is_not_sent_to_the_next_hop() -> None:
    hop = answer(b"", status="302 Found", Location="/there", Set_Cookie="a=b; Path=/")
    async with raw_server({"/feed": hop, "/there": answer(FEED)}) as server:
        await fetch_from(server)
        assert server.field_of("Cookie") is None
