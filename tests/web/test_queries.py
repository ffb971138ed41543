"""Parts of outputs over HTTP: documents of their own, made once, within bounds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from aggregator.core.codings import CODINGS, Coding
from aggregator.core.narrow import Narrowed, Narrowing, Version
from aggregator.core.settings import Access, Output, Secret
from aggregator.web import make_app
from tests.web.site import BODY, NOON, FakeView, Visitor, visiting

FEED = "/feeds/all.atom"
KURSK = f"{FEED}?q=title:kursk"
TOKEN = "correct-horse_battery-staple"


@pytest.fixture
def view(tmp_path: Path) -> FakeView:
    view = FakeView(tmp_path)
    for form in ("atom", "rss", "json"):
        view.publish(form=form)
    return view


# W23 W24 W25 W32 W33 W35 W36
async def test_a_part_is_served_with_everything_that_the_whole_is(view: FakeView) -> None:
    async with visiting(view) as visit:
        whole, _ = await visit(FEED)
        part, body = await visit(KURSK)
    assert (part.status, body[:30]) == (200, b"q=title:kursk of all.atom at V")
    own = {"Date", "Etag", "Last-Modified", "Content-Length", "Link"}
    assert {name: value for name, value in part.headers.items() if name not in own} == {
        name: value for name, value in whole.headers.items() if name not in own
    }
    assert part.headers["ETag"] != whole.headers["ETag"]
    assert part.headers["Last-Modified"] == format_datetime(NOON, usegmt=True)
    assert part.headers["Link"] == (
        '<https://feeds.example.net/sub/feeds/all.atom?q=title:kursk>; rel="self"; '
        'type="application/atom+xml"'
    )


# W33
async def test_a_part_that_the_clock_changes_is_fresh_for_ten_minutes(view: FakeView) -> None:
    async with visiting(view) as visit:
        part, _ = await visit(f"{FEED}?q=age%3C7d")
    assert part.headers["Cache-Control"] == "public, max-age=600, stale-if-error=86400"


@pytest.mark.parametrize("form", ["atom", "rss", "json"])
async def test_every_form_has_its_parts(view: FakeView, form: str) -> None:
    async with visiting(view) as visit:
        whole, _ = await visit(f"/feeds/all.{form}")
        part, body = await visit(f"/feeds/all.{form}?limit=5")
    assert body.startswith(f"limit=5 of all.{form}".encode())
    assert part.headers["Content-Type"] == whole.headers["Content-Type"]
    assert f"/all.{form}?limit=5>" in part.headers["Link"]


# W26 W27 W28
async def test_who_has_the_part_gets_304(view: FakeView) -> None:
    async with visiting(view) as visit:
        part, _ = await visit(KURSK)
        tag, modified = part.headers["ETag"], part.headers["Last-Modified"]
        for condition in ({"If_None_Match": tag}, {"If_Modified_Since": modified}):
            known, body = await visit(KURSK, **condition)
            assert (known.status, body) == (304, b"")
            assert known.headers["Cache-Control"] == part.headers["Cache-Control"]
            assert known.headers["Link"] == part.headers["Link"]
        other, _ = await visit(f"{FEED}?q=title:sumy", If_None_Match=tag)
        whole, _ = await visit(FEED, If_None_Match=tag)
        news, _ = await visit(KURSK, A_IM="feed", If_None_Match='"x"')
    assert (other.status, whole.status, news.status) == (200, 200, 200)


# W29
async def test_head_is_get_without_the_body(view: FakeView) -> None:
    async with visiting(view) as visit:
        for path in (KURSK, f"{FEED}?q=titel:kursk"):
            head, body = await visit(path, method="HEAD")
            get, _ = await visit(path)
            assert (head.status, body) == (get.status, b"")
            assert {**head.headers, "Date": ""} == {**get.headers, "Date": ""}


# W24 W31
@pytest.mark.parametrize("coding", CODINGS, ids=lambda coding: coding.name)
async def test_each_coding_of_a_part_has_its_tag(view: FakeView, coding: Coding) -> None:
    async with visiting(view) as visit:
        plain, body = await visit(KURSK)
        packed, data = await visit(KURSK, Accept_Encoding=coding.name)
    assert coding.unpack(data, 100_000) == body
    assert packed.headers["Content-Encoding"] == coding.name
    assert packed.headers["ETag"] != plain.headers["ETag"]


# W5
async def test_rules_that_say_the_same_are_one_document(view: FakeView) -> None:
    spellings = ("?q=kursk%20-sumy", "?q=kursk+-sumy&limit=100", "?limit=999&q=+kursk+NOT+sumy+")
    async with visiting(view) as visit:
        answers = [await visit(FEED + spelling) for spelling in spellings]
    assert len({answer.headers["ETag"] for answer, _ in answers}) == 1
    assert {str(answer.links["self"]["url"]) for answer, _ in answers} == {
        "https://feeds.example.net/sub/feeds/all.atom?q=kursk%20-sumy"
    }
    assert len(view.made) == 1


@pytest.mark.parametrize(
    "query", ["", "?", "?q=", "?q=+&limit=", "?limit=100", "?x=1", "?_=17&utm_source=b", "?Q=a"]
)
async def test_what_asks_for_nothing_gets_the_published_document(
    view: FakeView, query: str
) -> None:
    async with visiting(view) as visit:
        response, body = await visit(FEED + query)
    assert (response.status, body) == (200, BODY)
    assert not view.made


async def test_other_parameters_make_no_other_document(view: FakeView) -> None:
    async with visiting(view) as visit:
        one, _ = await visit(KURSK)
        other, _ = await visit(KURSK + "&_=17&format=json")
    assert one.headers["ETag"] == other.headers["ETag"]
    assert one.headers["Link"] == other.headers["Link"]
    assert len(view.made) == 1


@pytest.mark.parametrize("accept", ["", "text/html"])
async def test_a_bad_query_is_shown_with_a_caret(view: FakeView, accept: str) -> None:
    async with visiting(view) as visit:
        response, body = await visit(f"{FEED}?q=kursk+titel:<b>sumy</b>", Accept=accept)
    assert response.status == 400
    assert body.decode() == (
        '400 Not understood: no field "titel" '
        '(did you mean "title"?; to search for the text, quote it)\n'
        "    kursk titel:<b>sumy</b>\n"
        "          ^\n"
    )
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert not view.made


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=ten", "limit=-1", "q=a&q=b", "limit=1&limit=2", "q=(", "q=%22", "q=@named",
     "q=" + "a" * 1001, "q=/(((((a+)+)+)+)+)+/", "q=/(x{990}){24}/"],
)  # fmt: skip
async def test_what_cannot_be_understood_is_refused(view: FakeView, query: str) -> None:
    async with visiting(view) as visit:
        response, body = await visit(f"{FEED}?{query}")
        last, _ = await visit(f"/feeds/unbuilt.atom?{query}")
        none, _ = await visit(f"/feeds/none.atom?{query}")
    assert response.status == 400
    assert body.startswith(b"400 Not understood: ")
    assert (last.status, none.status) == (503, 404)


# S42
@pytest.mark.parametrize(
    "target",
    [
        b"?q=%ff%fe", b"?q=\xff\xfe", b"?q=%00", b"?q=a%0d%0aX-Evil:%201", b"?q=%ed%a0%80",
        b"?q=%", b"?q=%zz", b"?q=" + b"%22a%22" * 140, b"?" + b"&" * 7000, b"?" + b"q&" * 3000,
        b"?limit=" + b"9" * 7000, b"?q=%F0%9F%9A%80", b"?q=a;limit=3", b"?q=a#b",
    ],
)  # fmt: skip
async def test_no_query_breaks_anything(view: FakeView, target: bytes) -> None:
    async with TestServer(make_app(view)) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET /feeds/all.atom" + target + b" HTTP/1.1\r\nHost: x\r\n")
        writer.write(b"Connection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
    head = answer.partition(b"\r\n\r\n")[0]
    assert answer[9:12] in (b"200", b"400"), answer[:200]
    assert b"\r\nX-Evil" not in head


async def test_without_a_built_output_there_is_no_part(view: FakeView) -> None:
    view.made_from = None
    async with visiting(view) as visit:
        response, _ = await visit(KURSK)
    assert response.status == 503
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("where", ["server", "output"])
async def test_parts_can_be_switched_off(view: FakeView, where: str) -> None:
    if where == "server":
        view.queries = False
    else:
        view.outputs = [replace(one, queries=False) for one in view.outputs]
    async with visiting(view) as visit:
        response, body = await visit(KURSK)
        bad, _ = await visit(f"{FEED}?q=(")
        whole, _ = await visit(f"{FEED}?x=1")
    assert (response.status, bad.status, whole.status) == (404, 404, 200)
    assert body == b"404 No filters: this feed can only be had as it is.\n"
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert not view.made


async def test_a_part_of_a_private_output_is_as_private(view: FakeView) -> None:
    token, password = Access(token=Secret(value=TOKEN)), Access(password=Secret(value="x"))
    view.outputs = [
        Output(id="all", title="All", access=token),
        Output(id="locked", title="Locked", access=password),
    ]
    for name in ("all", "locked"):
        path = view.private_root / "feeds" / f"{name}.atom"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(BODY)
    async with visiting(view) as visit:
        assert (await visit(KURSK))[0].status == 404
        assert (await visit(f"/private/wrong{KURSK}"))[0].status == 404
        assert (await visit("/feeds/locked.atom?q=a"))[0].status == 401
        assert (await visit("/feeds/locked.atom?q=("))[0].status == 401
        assert not view.made
        part, _ = await visit(f"/private/{TOKEN}{KURSK}")
    assert part.status == 200
    assert part.headers["Cache-Control"].startswith("private, ")
    assert str(part.links["self"]["url"]).endswith(f"/private/{TOKEN}{KURSK}")


# W37
async def test_a_moved_output_takes_what_is_asked_for_along(view: FakeView) -> None:
    view.outputs = (Output(id="all", title="All", aliases=("old",)),)
    async with visiting(view) as visit:
        moved, _ = await visit("/feeds/old.atom?limit=5&q=a+%3C%22&x=1")
        plain, _ = await visit("/feeds/old.atom?x=1")
        odd, _ = await visit("/feeds/old.atom?q=a&q=b")
    base = "https://feeds.example.net/sub/feeds/all.atom"
    assert moved.headers["Location"] == f"{base}?q=a%20%3C%22&limit=5"
    assert plain.headers["Location"] == odd.headers["Location"] == base


async def test_a_part_is_made_once_for_each_version(view: FakeView) -> None:
    async with visiting(view) as visit:
        first, _ = await visit(KURSK)
        again, _ = await visit(KURSK)
        assert len(view.made) == 1
        view.made_from, view.clock = Version(settings="a", change=2), NOON + timedelta(hours=1)
        later, _ = await visit(KURSK)
    assert len(view.made) == 2
    assert first.headers["ETag"] == again.headers["ETag"] != later.headers["ETag"]
    assert later.headers["Last-Modified"] == format_datetime(NOON + timedelta(hours=1), usegmt=True)


# W25
async def test_a_version_with_the_same_bytes_keeps_its_date(view: FakeView) -> None:
    class Same(FakeView):
        async def narrowed(
            self, output: Output, narrowing: Narrowing, form: str
        ) -> Narrowed | None:
            self.made.append((output.id, narrowing.query, form))
            return Narrowed(body=b"same")

    view = Same(view.public_root)
    async with visiting(view) as visit:
        first, _ = await visit(KURSK)
        view.made_from, view.clock = Version(settings="a", change=2), NOON + timedelta(hours=1)
        later, _ = await visit(KURSK)
    assert len(view.made) == 2
    assert first.headers["Last-Modified"] == later.headers["Last-Modified"]


async def test_many_who_ask_at_once_cause_the_work_of_one(view: FakeView) -> None:
    async with visiting(view) as visit:
        answers = await asyncio.gather(*(visit(KURSK) for _ in range(10)))
    assert {answer.status for answer, _ in answers} == {200}
    assert len(view.made) == 1


async def ask_until_refused(visit: Visitor, most: int = 100) -> int:
    """The number of distinct parts that were handed out."""
    for number in range(most):
        response, _ = await visit(f"{FEED}?q=word{number}")
        if response.status != 200:
            assert response.status == 429
            assert int(response.headers["Retry-After"]) > 0
            return number
    return most


async def test_a_client_causes_only_so_much_work(view: FakeView) -> None:
    view.effort = 2.0
    async with visiting(view) as visit:
        assert await ask_until_refused(visit) == 15
        known, _ = await visit(f"{FEED}?q=word3")
        whole, _ = await visit(FEED)
        assert (known.status, whole.status) == (200, 200)
        view.clock += timedelta(minutes=2)
        assert (await visit(f"{FEED}?q=more"))[0].status == 200


async def test_to_whom_no_work_is_allowed_an_earlier_version_is_given(view: FakeView) -> None:
    view.effort = 40.0
    async with visiting(view) as visit:
        first, _ = await visit(KURSK)
        view.made_from = Version(settings="a", change=2)
        stale, _ = await visit(KURSK)
        assert (stale.status, stale.headers["ETag"]) == (200, first.headers["ETag"])
        # What the settings do not show any more is shown to nobody.
        view.made_from = Version(settings="b", change=2)
        assert (await visit(KURSK))[0].status == 429
        view.clock += timedelta(minutes=5)
        assert (await visit(KURSK))[0].status == 200


async def test_so_many_wait_and_no_more(view: FakeView) -> None:
    class Slow(FakeView):
        go = asyncio.Event()

        async def narrowed(
            self, output: Output, narrowing: Narrowing, form: str
        ) -> Narrowed | None:
            await self.go.wait()
            return await super().narrowed(output, narrowing, form)

    slow = Slow(view.public_root)
    slow.go = asyncio.Event()
    async with visiting(slow) as visit:
        asking = [asyncio.create_task(visit(f"{FEED}?q=word{number}")) for number in range(30)]
        async with asyncio.timeout(10):
            while sum(task.done() for task in asking) < 14:
                await asyncio.wait(asking, timeout=0.05)
        assert (await visit(FEED))[0].status == 200  # nobody else waits
        slow.go.set()
        answers = [(await task)[0].status for task in asking]
    assert (answers.count(200), answers.count(503)) == (16, 14)


# W39
async def test_parts_count_as_feeds_of_their_own_for_over_eager_clients(view: FakeView) -> None:
    view.max_requests = 1
    async with visiting(view) as visit:
        statuses = [(await visit(KURSK))[0].status for _ in range(3)]
        assert (await visit(f"{FEED}?q=title:sumy"))[0].status == 200
        assert (await visit(FEED))[0].status == 200
    assert statuses == [200, 200, 429]
