"""robots.txt on the way to a feed: asked for once, through the same guard, and obeyed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from aggregator.adapters.fetch import Fetcher
from aggregator.core.errors import FetchError
from aggregator.core.settings import Limits, Network, Secret, Source
from tests.adapters.fetching import FEED, LIMITS, LOOPBACK, failure, fetch, plainly, state_of
from tests.adapters.raw_server import Routes, answer, raw_server, redirect, stall

OBEYING = replace(LOOPBACK, robots=True)
NOTHING = answer(b"User-agent: *\nDisallow: /")
OUR_FEED = b"User-agent: test\nDisallow: /private/\nAllow: /private/feed\n"


# P62
async def test_robots_txt_is_not_asked_for_by_default() -> None:
    async with raw_server({"/feed": answer(FEED), "/robots.txt": NOTHING}) as server:
        assert (await fetch(Source(id="a", url=server.url()))).status == 200
        assert server.targets() == ["/feed"]


# P62
@pytest.mark.parametrize(
    ("path", "allowed"), [("/feed", True), ("/private/x", False), ("/private/feed", True)]
)
async def test_robots_txt_decides_when_it_is_obeyed(path: str, allowed: bool) -> None:
    async with raw_server({"*": answer(FEED), "/robots.txt": answer(OUR_FEED)}) as server:
        source = Source(id="a", url=server.url(path))
        if allowed:
            assert (await fetch(source, network=OBEYING)).status == 200
            assert server.targets() == ["/robots.txt", path]
        else:
            error = await failure(source, kind="robots", network=OBEYING)
            assert str(error) == (
                f"127.0.0.1:{server.port}: robots.txt does not let test ask for this URL"
            )
            assert server.targets() == ["/robots.txt"]


# P62
@pytest.mark.parametrize("status", ["404 Not Found", "401 Unauthorized", "403 Forbidden"])
async def test_a_site_that_has_none_to_show_allows_everything(status: str) -> None:
    routes = {"/feed": answer(FEED), "/robots.txt": answer(b"Disallow: /", status=status)}
    async with raw_server(routes) as server:
        assert (await fetch(Source(id="a", url=server.url()), network=OBEYING)).status == 200


async def test_an_empty_robots_txt_allows_everything() -> None:
    async with raw_server({"/feed": answer(FEED), "/robots.txt": answer(b"")}) as server:
        assert (await fetch(Source(id="a", url=server.url()), network=OBEYING)).status == 200


# P62
@pytest.mark.parametrize(
    "reply",
    [
        answer(b"", status="503 Busy", Retry_After="7200"),
        b"",
        b"rubbish",
        answer(b"x", length=50),
        answer(b"x", Content_Encoding="gzip, gzip"),
        redirect("file:///etc/robots.txt"),
    ],
)
async def test_a_site_that_cannot_tell_allows_nothing(reply: bytes) -> None:
    async with raw_server({"/feed": answer(FEED), "/robots.txt": reply}) as server:
        source = Source(id="a", url=server.url())
        error = await failure(source, kind="robots", network=OBEYING)
        assert str(error).startswith("robots.txt is out of reach, so nothing may be asked for: ")
        assert error.retry_after == (7200 if b"503" in reply else None)
        assert server.targets() == ["/robots.txt"]


async def test_the_deadline_covers_robots_txt_as_well() -> None:
    short = Limits(timeout=timedelta(seconds=0.2))
    async with raw_server({"/feed": answer(FEED), "/robots.txt": stall}) as server:
        source = Source(id="a", url=server.url())
        await failure(source, kind="timeout", limits=short, network=OBEYING)
        assert server.targets() == ["/robots.txt"]


async def test_a_robots_txt_that_never_ends_is_given_up() -> None:
    small = Limits(timeout=timedelta(seconds=20), max_body=10_000)
    reply = answer(b"#" * 20_000)
    async with raw_server({"/feed": answer(FEED), "/robots.txt": reply}) as server:
        source = Source(id="a", url=server.url())
        error = await failure(source, kind="robots", limits=small, network=OBEYING)
        assert "20000 bytes" in str(error)


async def test_a_robots_txt_of_very_many_rules_is_obeyed() -> None:
    text = b"User-agent: *\nDisallow: /feed\n" + b"".join(
        b"Disallow: /%d*\n" % number for number in range(6_000)
    )
    async with raw_server({"*": answer(FEED), "/robots.txt": answer(text)}) as server:
        await failure(Source(id="a", url=server.url()), kind="robots", network=OBEYING)
        assert (await fetch(Source(id="a", url=server.url("/x")), network=OBEYING)).status == 200


async def test_redirects_to_robots_txt_are_followed_five_times() -> None:
    hops = {f"/{n}": redirect(f"/{n + 1}") for n in range(9)}
    routes = {"/feed": answer(FEED), "/robots.txt": redirect("/4"), "/9": NOTHING}
    async with raw_server({**hops, **routes}) as server:
        assert (await fetch(Source(id="a", url=server.url()), network=OBEYING)).status == 200
        assert "/9" not in server.targets()
    async with raw_server({**hops, **routes, "/robots.txt": redirect("/5")}) as server:
        await failure(Source(id="a", url=server.url()), kind="robots", network=OBEYING)


# S8 S5
async def test_robots_txt_goes_through_the_address_guard() -> None:
    only_one = Network(allow=(ip_network("127.0.0.1/32"),), robots=True)
    async with raw_server({"*": answer(b"")}) as inner:
        elsewhere = redirect(inner.url(host="127.0.0.2"))
        async with raw_server({"/feed": answer(FEED), "/robots.txt": elsewhere}) as server:
            source = Source(id="a", url=server.url())
            error = await failure(source, kind="robots", network=only_one)
            assert "127.0.0.2 is not a public address" in str(error)
            assert server.targets() == ["/robots.txt"]
        assert inner.requests == []


# P45 S11
async def test_robots_txt_is_told_no_secret() -> None:
    async with raw_server({"/feed": answer(FEED), "/robots.txt": answer(b"")}) as server:
        secret = Secret(value="s3cret")
        source = Source(
            id="a", url=server.url(), username="me", password=secret, headers=(("X-Key", secret),)
        )
        await fetch(source, network=OBEYING)
        assert server.field_of("User-Agent", 0) == plainly(source)
        assert server.field_of("Authorization", 0) is None
        assert server.field_of("X-Key", 0) is None
        assert server.field_of("X-Key", 1) == "s3cret"


async def test_the_target_of_a_redirect_has_a_robots_txt_of_its_own() -> None:
    async with raw_server({"*": NOTHING}) as there:
        routes = {"/feed": redirect(there.url()), "/robots.txt": answer(b"")}
        async with raw_server(routes) as server:
            await failure(Source(id="a", url=server.url()), kind="robots", network=OBEYING)
        assert there.targets() == ["/robots.txt"]


async def test_polls_of_one_host_share_one_robots_txt() -> None:
    async with raw_server({"*": answer(FEED), "/robots.txt": answer(b"")}) as server:
        sources = [Source(id=str(n), url=server.url(f"/{n}")) for n in range(10)]
        async with Fetcher(limits=LIMITS, network=OBEYING, user_agent=plainly) as fetcher:
            await asyncio.gather(*(fetcher.fetch(one, state_of(one)) for one in sources))
        assert server.targets().count("/robots.txt") == 1
        assert len(server.requests) == 11


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


# P62
def test_robots_txt_is_kept_for_a_day_and_longer_while_it_is_out_of_reach() -> None:
    busy = answer(b"", status="503 Busy")
    routes: Routes = {"/feed": answer(FEED), "/robots.txt": [answer(b""), busy, NOTHING]}
    loop = JumpingLoop()

    async def story() -> None:
        async with raw_server(routes) as server:
            source = Source(id="a", url=server.url())
            async with Fetcher(limits=LIMITS, network=OBEYING, user_agent=plainly) as fetcher:
                for hours, asked in ((0, 1), (23, 1), (2, 2), (0.5, 2)):
                    loop.ahead += hours * 3600
                    await fetcher.fetch(source, state_of(source))
                    assert server.targets().count("/robots.txt") == asked, hours
                loop.ahead += 3600
                with pytest.raises(FetchError, match="does not let test ask"):
                    await fetcher.fetch(source, state_of(source))

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(story())
