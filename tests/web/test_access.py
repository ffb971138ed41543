"""Private outputs: by token in the path, by password; for nobody else, and told to nobody."""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import pytest
from aiohttp import ClientSession

from aggregator.adapters.publish import write_published
from aggregator.core.render import feed_path
from aggregator.core.settings import Access, Output, Secret
from aggregator.web import make_app, serve
from tests.web.site import BODY, NOON, FakeView, visiting

TOKEN = "correct-horse_battery-staple"
BY_TOKEN = Output(id="board", title="The board", access=Access(token=Secret(value=TOKEN)))
BY_PASSWORD = Output(
    id="desk",
    title="The inner desk",
    access=Access(username="ali", password=Secret(value="open: sesame ü")),
)


@pytest.fixture
def view(tmp_path: Path) -> FakeView:
    view = FakeView(tmp_path / "public")
    view.outputs = (*view.outputs, BY_TOKEN, BY_PASSWORD)
    view.publish()
    for output in (BY_TOKEN, BY_PASSWORD):
        write_published(view.private_root / feed_path(output.id), BODY, modified=NOON)
    return view


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


async def test_the_token_opens_its_feed(view: FakeView) -> None:
    async with visiting(view) as visit:
        response, body = await visit(f"/private/{TOKEN}/feeds/board.atom")
        tag = response.headers["ETag"]
        known, _ = await visit(f"/private/{TOKEN}/feeds/board.atom", If_None_Match=tag)
    assert (response.status, body) == (200, BODY)
    for answer in (response, known):
        assert answer.headers["Cache-Control"].startswith("private, max-age=900")
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        address = f"https://feeds.example.net/sub/private/{TOKEN}/feeds/board.atom"
        assert answer.headers["Link"].startswith(f'<{address}>; rel="self"')
    assert known.status == 304


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/board.atom",
        "/feeds/board/",
        "/feeds/board",
        "/feeds/board/archive/1.atom",
        f"/private/{TOKEN[:-1]}/feeds/board.atom",
        f"/private/{TOKEN}x/feeds/board.atom",
        f"/private/{TOKEN.upper()}/feeds/board.atom",
        f"/private/{TOKEN}/feeds/all.atom",
        f"/private/{TOKEN}/feeds/desk.atom",
        f"/private/{TOKEN}/feeds/none.atom",
        "/private//feeds/board.atom",
        "/private/%00/feeds/board.atom",
        "/private/feeds/board.atom",
        f"/private/{TOKEN[:-1]}/",
    ],
)
async def test_nothing_else_opens_it(view: FakeView, path: str) -> None:
    async with visiting(view) as visit:
        response, body = await visit(path, Authorization=basic(f"{TOKEN}:{TOKEN}"))
        options, _ = await visit(path, method="OPTIONS")
    assert response.status == 404
    assert options.status in {404, 405}
    assert BODY not in body
    assert response.headers["Cache-Control"] == "no-store"


async def test_the_password_opens_its_feed(view: FakeView) -> None:
    async with visiting(view) as visit:
        response, body = await visit("/feeds/desk.atom", Authorization=basic("ali:open: sesame ü"))
    assert (response.status, body) == (200, BODY)
    assert response.headers["Cache-Control"].startswith("private, max-age=900")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !",
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        basic("ali:"),
        basic("ali"),
        basic(":open: sesame ü"),
        basic("bob:open: sesame ü"),
        basic("ali:open: sesame"),
        basic("ali:open: sesame üü"),
        basic("ali:open: sesame ü").replace("Basic", "Bearer"),
    ],
)
async def test_whoever_does_not_know_it_is_asked(view: FakeView, authorization: str) -> None:
    async with visiting(view) as visit:
        response, body = await visit("/feeds/desk.atom", Authorization=authorization)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == 'Basic realm="feeds", charset="UTF-8"'
    assert response.headers["Cache-Control"] == "no-store"
    assert BODY not in body


async def test_any_name_will_do_where_none_is_set(view: FakeView) -> None:
    view.outputs = (
        Output(id="desk", title="Desk", access=Access(password=Secret(value="sesame"))),
    )
    async with visiting(view) as visit:
        anybody, _ = await visit("/feeds/desk.atom", Authorization=basic("anybody:sesame"))
        nobody, _ = await visit("/feeds/desk.atom", Authorization=basic(":sesame"))
        wrong, _ = await visit("/feeds/desk.atom", Authorization=basic("anybody:other"))
    assert (anybody.status, nobody.status, wrong.status) == (200, 200, 401)


async def test_a_feed_may_have_both(view: FakeView) -> None:
    access = Access(token=Secret(value=TOKEN), password=Secret(value="sesame"))
    view.outputs = (Output(id="board", title="Board", access=access),)
    async with visiting(view) as visit:
        by_token, _ = await visit(f"/private/{TOKEN}/feeds/board.atom")
        by_password, _ = await visit("/feeds/board.atom", Authorization=basic("x:sesame"))
        neither, _ = await visit("/feeds/board.atom")
    assert (by_token.status, by_password.status, neither.status) == (200, 200, 401)


async def test_no_hub_is_told_of_a_private_feed(view: FakeView) -> None:
    view.outputs = (
        Output(id="board", title="Board", hub="https://hub.example/", access=BY_TOKEN.access),
    )
    async with visiting(view) as visit:
        response, _ = await visit(f"/private/{TOKEN}/feeds/board.atom")
    assert "hub" not in response.headers["Link"]


async def test_a_file_in_the_public_tree_does_not_make_it_public(view: FakeView) -> None:
    """One that was public before may lie there until it is swept."""
    write_published(view.public_root / feed_path("board"), b"leak", modified=NOON)
    async with visiting(view) as visit:
        for path in ("/feeds/board.atom", f"/private/{TOKEN}/feeds/board.atom"):
            _, body = await visit(path)
            assert b"leak" not in body


class FailingView(FakeView):
    """Has a mistake that shows while a private feed is answered."""

    def max_age(self, output: str) -> int:
        raise RuntimeError("a mistake of ours")


async def test_no_log_shows_token_or_password(
    view: FakeView, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even when the program itself fails: the request is not told with the traceback."""
    caplog.set_level(logging.DEBUG)
    failing = FailingView(view.public_root, outputs=view.outputs)
    authorization = {"Authorization": basic("ali:secret")}
    listening = await serve(make_app(failing), "127.0.0.1:0")
    async with ClientSession(base_url=listening.url) as client:
        failed = await client.get(f"/private/{TOKEN}/feeds/board.atom")
        wrong = await client.get("/feeds/desk.atom", headers=authorization)
        none = await client.get(f"/private/{TOKEN}/none", headers={"Accept": "text/html"})
        bodies = [await answer.text() for answer in (failed, wrong, none)]
    await listening.close()
    assert (failed.status, wrong.status, none.status) == (500, 401, 404)
    assert "a mistake of ours" in caplog.text
    for secret in (TOKEN, "sesame", basic("ali:secret")[6:]):
        assert secret not in caplog.text + "".join(bodies)
