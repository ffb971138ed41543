"""Web servers with the sample configurations answer as the built-in one does, over one tree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict

from aggregator.adapters.publish import write_published
from aggregator.app.tree import Tree
from aggregator.core.render import ARCHIVE_FORMATS, FORMATS, archive_path, feed_path, render
from aggregator.core.settings import Output, Settings
from aggregator.web import make_app
from tests.core.articles import article
from tests.web.site import NOON, FakeView
from tests.web.static_servers import BROTLI, caddy, command, nginx

BASE = "https://feeds.example.org/"
OUTPUT = Output(id="all", title="All of it", sources=("one",))
FEEDS = [feed_path("all", form) for form in FORMATS]
ARCHIVE = [archive_path("all", 1, form) for form in ARCHIVE_FORMATS]
OTHERS = ["", "feeds/all/", "style.css", "feed.css"]
ACCEPTED = ["", "gzip", "gzip;q=0", "deflate"]
ALIKE = (
    "Content-Type",
    "Content-Encoding",
    "Last-Modified",
    "Link",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Content-Security-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Robots-Tag",
)


def publish(root: Path) -> FakeView:
    """A whole public tree of one output with an archive of one page; and who shows it."""
    articles = [article(number, title=f"Story {number}") for number in range(20)]
    for page, names in ((0, FEEDS), (1, ARCHIVE)):
        drawn = render(
            OUTPUT,
            articles,
            base_url=BASE,
            atom_id="urn:example:all",
            settings_changed_at=NOON,
            page=page,
        )
        for name in names:
            body = drawn.bodies[name.rpartition(".")[2]]
            write_published(root / name, body, modified=NOON)
    settings = Settings(file=root, data_dir=root, base_url=BASE, outputs=(OUTPUT,))
    tree = Tree(root, root, settings, sources=())
    tree.write_fixed(now=NOON)
    tree.write_index(now=NOON)
    tree.write_sources({}, now=NOON)
    tree.write_page(OUTPUT, articles, now=NOON)
    return FakeView(root, base_url=BASE, outputs=(OUTPUT,))


@dataclass(frozen=True, slots=True)
class Said:
    """One answer."""

    status: int
    headers: CIMultiDict[str]
    body: bytes

    @property
    def vary(self) -> set[str]:
        return {name.strip() for name in self.headers.get("Vary", "").split(",")} - {""}

    @property
    def alike(self) -> dict[str, str | None]:
        return {name: self.headers.get(name) for name in ALIKE}


class Both:
    """Asks the built-in server and the other one the same."""

    def __init__(self, session: ClientSession, own: str, other: str) -> None:
        self._session = session
        self.addresses = {"own": own, "other": other}

    async def one(self, who: str, path: str, *, method: str = "GET", **headers: str) -> Said:
        sent = {name.replace("_", "-"): value for name, value in headers.items() if value}
        async with self._session.request(
            method,
            f"{self.addresses[who]}/{path}",
            headers=sent,
            skip_auto_headers=["Accept-Encoding", "Accept", "User-Agent"],
            allow_redirects=False,
        ) as response:
            names = set(response.headers)
            told = CIMultiDict({name: ", ".join(response.headers.getall(name)) for name in names})
            return Said(response.status, told, await response.read())

    async def ask(self, path: str, *, method: str = "GET", **headers: str) -> tuple[Said, Said]:
        own = await self.one("own", path, method=method, **headers)
        return own, await self.one("other", path, method=method, **headers)


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FakeView, str]]:
    if command(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    view = publish(tmp_path_factory.mktemp("public"))
    start = nginx if request.param == "nginx" else caddy
    with start(view.public_root, tmp_path_factory.mktemp(request.param)) as (address, _):
        yield view, address


@asynccontextmanager
async def both(served: tuple[FakeView, str]) -> AsyncIterator[Both]:
    view, address = served
    async with (
        TestServer(make_app(view)) as server,
        ClientSession(auto_decompress=False) as session,
    ):
        yield Both(session, str(server.make_url("")).rstrip("/"), address)


# W58
@pytest.mark.parametrize("path", [*FEEDS, *ARCHIVE, *OTHERS])
async def test_the_same_bytes_and_headers_are_sent(served: tuple[FakeView, str], path: str) -> None:
    async with both(served) as servers:
        for accepted in ACCEPTED:
            own, other = await servers.ask(path, Accept_Encoding=accepted)
            assert own.status == other.status == 200
            assert other.body == own.body
            assert other.alike == own.alike
            assert other.headers["Cache-Control"] == own.headers["Cache-Control"]
            # Deltas are the program's own.
            assert other.vary >= own.vary - {"A-IM"}


# W58
@pytest.mark.parametrize("path", [*FEEDS, ARCHIVE[0], "", "feeds/all/"])
async def test_what_a_client_has_is_confirmed(served: tuple[FakeView, str], path: str) -> None:
    async with both(served) as servers:
        for accepted in ACCEPTED:
            for who in ("own", "other"):
                whole = await servers.one(who, path, Accept_Encoding=accepted)
                asked = {"Accept_Encoding": accepted}
                by_tag = await servers.one(
                    who, path, If_None_Match=f'"other", {whole.headers["ETag"]}', **asked
                )
                by_time = await servers.one(
                    who, path, If_Modified_Since=whole.headers["Last-Modified"], **asked
                )
                for known in (by_tag, by_time):
                    assert (known.status, known.body) == (304, b"")
                    for name in ("ETag", "Link", "Cache-Control", "Access-Control-Allow-Origin"):
                        assert known.headers.get(name) == whole.headers.get(name), name
                stale = await servers.one(who, path, If_None_Match='"other"', **asked)
                assert stale.status == 200


# W58, and of W22 what concerns robots
async def test_robots_are_sent_away(served: tuple[FakeView, str]) -> None:
    async with both(served) as servers:
        own, other = await servers.ask("robots.txt")
        assert other.body == own.body
        for name in ("Content-Type", "Cache-Control", "X-Robots-Tag"):
            assert other.headers[name] == own.headers[name]


# W58
async def test_each_coding_has_a_tag_of_its_own(served: tuple[FakeView, str]) -> None:
    async with both(served) as servers:
        plain = await servers.one("other", FEEDS[0])
        packed = await servers.one("other", FEEDS[0], Accept_Encoding="gzip")
        assert packed.headers["Content-Encoding"] == "gzip"
        assert plain.headers["ETag"] != packed.headers["ETag"]
        assert not packed.headers["ETag"].startswith("W/")


# W58
@pytest.mark.parametrize("path", FEEDS)
async def test_feeds_are_shown_to_browsers(served: tuple[FakeView, str], path: str) -> None:
    async with both(served) as servers:
        for accepted in ("", "gzip"):
            own, other = await servers.ask(
                path, Sec_Fetch_Dest="document", Accept_Encoding=accepted
            )
            assert (other.status, other.body) == (own.status, own.body)
            assert other.alike == own.alike
            assert other.headers["Cache-Control"] == own.headers["Cache-Control"]


# W58
async def test_other_methods_are_answered_alike(served: tuple[FakeView, str]) -> None:
    async with both(served) as servers:
        own, other = await servers.ask(FEEDS[0], method="HEAD", Accept_Encoding="gzip")
        assert other.alike == own.alike
        own, other = await servers.ask(FEEDS[0], method="OPTIONS")
        assert own.status == other.status == 204
        for name in ("Access-Control-Allow-Origin", "Access-Control-Allow-Methods"):
            assert other.headers[name] == own.headers[name]
        own, other = await servers.ask(FEEDS[0], method="POST")
        assert own.status == other.status == 405


# W58
@pytest.mark.parametrize(
    "path", ["nothing", "feeds/none.atom", "feeds/", "feeds/none/", "shown/feeds/all.atom"]
)
async def test_there_is_the_same_page_for_what_is_not_there(
    served: tuple[FakeView, str], path: str
) -> None:
    async with both(served) as servers:
        own, other = await servers.ask(path, Accept="text/html")
        assert own.status == other.status == 404
        assert b"<h1>Not here</h1>" in other.body
        assert other.headers["Content-Security-Policy"] == own.headers["Content-Security-Policy"]
        assert other.headers["X-Robots-Tag"] == "noindex"
        assert "max-age" not in other.headers.get("Cache-Control", "")


# W58
async def test_a_page_is_found_without_its_slash(
    served: tuple[FakeView, str],
) -> None:
    async with both(served) as servers:
        _, other = await servers.ask("feeds/all")
        assert other.status in {301, 308}
        assert other.headers["Location"] in {"/feeds/all/", "all/"}


# W58
@pytest.mark.skipif(not BROTLI.exists(), reason="nginx has no module for .br files")
async def test_nginx_sends_brotli_when_it_has_the_module(tmp_path: Path) -> None:
    view = publish(tmp_path / "public")
    with nginx(view.public_root, tmp_path / "nginx", brotli=True) as (address, _):
        async with both((view, address)) as servers:
            own, other = await servers.ask(FEEDS[0], Accept_Encoding="gzip, br")
            assert other.headers["Content-Encoding"] == "br"
            assert other.body == own.body
            assert other.alike == own.alike
