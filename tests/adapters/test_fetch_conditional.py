"""Conditional requests: what is sent back, and when."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.core.model import Validators
from aggregator.core.settings import Limits, Secret, Source
from aggregator.core.validators import request_mark
from tests.adapters.fetching import FEED, failure, fetch, fetch_from, state_of
from tests.adapters.raw_server import Script, answer, raw_server, redirect, stall, then_stall

KNOWN = Validators(etag=b'W/"a-b"', last_modified=b"Mon, 1 Jan 2024 7:00:00 GMT")
NOT_MODIFIED = answer(b"", status="304 Not Modified")


# P1 P2 P3
async def test_validators_of_a_200_come_back_byte_for_byte_in_the_next_request() -> None:
    first = answer(FEED, ETag='W/"a-b"', Last_Modified=" Mon, 1 Jan 2024 7:00:00 GMT ")
    async with raw_server({"/feed": [first, NOT_MODIFIED]}) as server:
        source = Source(id="a", url=server.url())
        fetched = await fetch(source)
        assert fetched.validators == KNOWN
        again = await fetch(source, state_of(source, fetched.validators))
        assert again.status == 304
        assert again.document is None
        assert server.field_of("If-None-Match", 0) is None
        assert server.field_of("If-Modified-Since", 0) is None
        assert server.field_of("If-None-Match") == 'W/"a-b"'
        assert server.field_of("If-Modified-Since") == "Mon, 1 Jan 2024 7:00:00 GMT"


# P3
async def test_a_lone_validator_is_sent_alone() -> None:
    async with raw_server({"/feed": NOT_MODIFIED}) as server:
        source = Source(id="a", url=server.url())
        await fetch(source, state_of(source, Validators(last_modified=b"then")))
        assert server.field_of("If-Modified-Since") == "then"
        assert server.field_of("If-None-Match") is None


# P8
async def test_a_200_brings_its_own_validators_and_none_of_the_stored_ones() -> None:
    routes = {"/new": answer(FEED, ETag='"2"', Last_Modified="then"), "/none": answer(FEED)}
    async with raw_server(routes) as server:
        for path, expected in (("/new", Validators(b'"2"', b"then")), ("/none", Validators())):
            source = Source(id="a", url=server.url(path))
            stored = Validators(etag=b'"1"', last_modified=b"then")
            fetched = await fetch(source, state_of(source, stored))
            assert fetched.validators == expected


# P6 P7
async def test_a_304_merges_its_validators_into_the_stored_ones() -> None:
    new = answer(b"", status="304 Not Modified", ETag='"new"')
    async with raw_server({"/new": new, "/none": NOT_MODIFIED}) as server:
        source = Source(id="a", url=server.url("/new"))
        fetched = await fetch(source, state_of(source, KNOWN))
        assert fetched.validators == replace(KNOWN, etag=b'"new"')
        source = Source(id="a", url=server.url("/none"))
        fetched = await fetch(source, state_of(source, KNOWN))
        assert fetched.validators == KNOWN


# P9
async def test_an_edited_url_is_asked_for_without_validators() -> None:
    async with raw_server({"/new": answer(FEED)}) as server:
        source = Source(id="a", url=server.url("/new"))
        state = replace(state_of(source, KNOWN), url=server.url("/old"))
        await fetch(source, state)
        assert server.field_of("If-None-Match") is None
        assert server.field_of("If-Modified-Since") is None


# P9
async def test_after_other_credentials_or_fields_one_request_is_unconditional() -> None:
    secret = Secret(value="pass")
    async with raw_server({"/feed": answer(FEED, ETag='"2"')}) as server:
        plain = Source(id="a", url=server.url())
        edited = replace(plain, username="user", password=secret)
        keyed = replace(edited, headers=(("X-Key", secret),))
        for before, now in ((plain, edited), (edited, keyed), (keyed, plain)):
            state = replace(state_of(plain, KNOWN), request_mark=request_mark(before))
            fetched = await fetch(now, state)
            assert server.field_of("If-None-Match") is None
            assert server.field_of("If-Modified-Since") is None
            after = replace(state_of(now, fetched.validators), request_mark=request_mark(now))
            await fetch(now, after)
            assert server.field_of("If-None-Match") == '"2"'


async def test_ignore_validators_asks_without_them() -> None:
    async with raw_server({"/feed": answer(FEED)}) as server:
        source = Source(id="a", url=server.url(), ignore_validators=True)
        await fetch(source, state_of(source, KNOWN))
        assert server.field_of("If-None-Match") is None


# P12
@pytest.mark.parametrize("body", [b"", b"x" * 500])
async def test_a_304_is_a_304_at_once_whatever_its_length_says(body: bytes) -> None:
    reply = answer(body, status="304 Not Modified", length=500)
    reply = reply.replace(b"Connection: close\r\n", b"")
    async with raw_server({"/feed": then_stall(reply)}) as server:
        source = Source(id="a", url=server.url())
        fetched = await fetch(
            source, state_of(source, KNOWN), limits=Limits(timeout=timedelta(seconds=5))
        )
        assert fetched.status == 304
        assert fetched.seconds < 2


def in_pieces(*pieces: bytes) -> Script:
    """Send each piece in a packet of its own, then wait."""

    async def send(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        await stall(writer)

    return send


# P12
@pytest.mark.parametrize(
    "pieces",
    [
        (b"HTTP/1.1 304 Not Mod", b"ified\r\nETag: x\r\n\r", b"\n<rss/>", b"<more/>"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 304 OK\r\nETag: x\r\n\r\n<rss/>",),
        (b"HTTP/1.1 103 Hints\r\n\r\n", b"HTTP/1.1 304 OK\r\nETag: x\r\n\r\n<rss/>"),
    ],
)
async def test_a_304_with_a_body_is_a_304_however_it_is_cut(pieces: tuple[bytes, ...]) -> None:
    async with raw_server({"/feed": in_pieces(*pieces)}) as server:
        source = Source(id="a", url=server.url())
        fetched = await fetch(source, state_of(source, KNOWN))
        assert (fetched.status, fetched.validators.etag) == (304, b"x")


async def test_an_interim_answer_is_passed_over() -> None:
    reply = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(FEED)
    async with raw_server({"/feed": reply}) as server:
        assert (await fetch_from(server)).status == 200


# P15
async def test_a_poll_is_one_get() -> None:
    async with raw_server({"/feed": answer(FEED)}) as server:
        await fetch_from(server)
        assert [head.split(b"\r\n")[0] for head in server.requests] == [b"GET /feed HTTP/1.1"]


# P15 S17
async def test_a_server_that_hangs_up_is_not_asked_a_second_time() -> None:
    async with raw_server({"/feed": b""}) as server:
        await failure(Source(id="a", url=server.url()), kind="connect")
        assert len(server.requests) == 1


# P16
async def test_an_etag_that_is_not_utf_8_is_stored_exactly_and_not_sent() -> None:
    reply = answer(FEED, ETag='"caf\xe9 \xff"', Last_Modified="then")
    async with raw_server({"/feed": reply}) as server:
        source = Source(id="a", url=server.url())
        fetched = await fetch(source)
        assert fetched.validators.etag == b'"caf\xe9 \xff"'
        await fetch(source, state_of(source, fetched.validators))
        assert server.field_of("If-None-Match") is None
        assert server.field_of("If-Modified-Since") == "then"


# P16
async def test_an_etag_in_utf_8_is_sent_back_exactly() -> None:
    etag = '"café"'.encode()
    async with raw_server({"/feed": NOT_MODIFIED}) as server:
        source = Source(id="a", url=server.url())
        await fetch(source, state_of(source, Validators(etag=etag)))
        assert b"If-None-Match: " + etag + b"\r\n" in server.requests[-1]


@pytest.mark.parametrize("status", ["412 Precondition Failed", "416 Range Not Satisfiable"])
async def test_a_refused_condition_is_an_error_that_tells_its_status(status: str) -> None:
    async with raw_server({"/feed": answer(b"", status=status)}) as server:
        source = Source(id="a", url=server.url())
        error = await failure(source, state_of(source, KNOWN), kind="http")
        assert error.status == int(status[:3])


async def test_a_304_to_an_unconditional_request_is_an_error() -> None:
    async with raw_server({"/feed": NOT_MODIFIED}) as server:
        error = await failure(Source(id="a", url=server.url()), kind="http")
        assert error.status == 304
        assert "unconditional" in str(error)


# P19 P20
async def test_a_200_and_a_304_bring_the_same_floor() -> None:
    full = answer(FEED, Cache_Control="max-age=7200", Age="600")
    not_modified = full.replace(b"200 OK", b"304 Not Modified")
    capped = answer(FEED, Cache_Control="max-age=999999")
    async with raw_server({"/feed": [full, not_modified, capped]}) as server:
        source = Source(id="a", url=server.url())
        first = await fetch(source)
        second = await fetch(source, state_of(source, KNOWN))
        third = await fetch(source)
        assert first.fresh_for == second.fresh_for == 6600
        assert first.fresh_reason == second.fresh_reason == "max-age=7200 minus Age 600"
        assert (third.fresh_for, "999999" in third.fresh_reason) == (86_400, True)


# S13
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Busy", "403 No", "404 Gone"])
async def test_an_error_brings_its_hints_and_its_body_is_not_read(status: str) -> None:
    reply = answer(
        b"<rss/>", status=status, length=10**12, Retry_After="3600", Cache_Control="max-age=172800"
    )
    async with raw_server({"/feed": reply}) as server:
        error = await failure(Source(id="a", url=server.url()), kind="http")
        assert error.status == int(status[:3])
        assert error.retry_after == 3600
        assert error.fresh_for == 172_800
        assert len(server.requests) == 1


async def test_a_challenge_of_cloudflare_is_named() -> None:
    reply = answer(b"<html>", status="403 Forbidden", cf_mitigated="challenge")
    async with raw_server({"/feed": reply}) as server:
        error = await failure(Source(id="a", url=server.url()), kind="http")
        assert str(error) == "HTTP 403 Forbidden (Cloudflare asks for a browser)"


async def test_a_status_without_a_name_is_an_error_like_any_other() -> None:
    async with raw_server({"/feed": answer(b"", status="599 Odd")}) as server:
        error = await failure(Source(id="a", url=server.url()), kind="http")
        assert str(error) == "HTTP 599"


async def test_a_redirected_poll_sends_its_validators_to_every_hop() -> None:
    routes = {"/feed": redirect("/there"), "/there": NOT_MODIFIED}
    async with raw_server(routes) as server:
        source = Source(id="a", url=server.url())
        fetched = await fetch(source, state_of(source, KNOWN))
        assert fetched.status == 304
        assert server.field_of("If-None-Match", 0) == server.field_of("If-None-Match", 1)


# --- deltas


# P63
async def test_a_delta_that_was_asked_for_is_a_document() -> None:
    reply = answer(FEED, status="226 IM Used", IM="feed", ETag='"2"')
    async with raw_server({"/feed": reply}) as server:
        source = Source(id="a", url=server.url())
        fetched = await fetch(source, state_of(source, Validators(etag=b'"1"')))
        assert server.field_of("A-IM") == "feed"
        assert server.field_of("If-None-Match") == '"1"'
        assert (fetched.status, fetched.validators) == (226, Validators(etag=b'"2"'))
        assert fetched.document is not None
        assert fetched.document.body == FEED


# P63
@pytest.mark.parametrize("known", [Validators(), Validators(last_modified=b"then")])
async def test_a_delta_is_not_asked_for_and_not_taken_without_an_etag(known: Validators) -> None:
    async with raw_server({"/feed": answer(FEED, status="226 IM Used", IM="feed")}) as server:
        source = Source(id="a", url=server.url())
        error = await failure(source, state_of(source, known), kind="http")
        assert server.field_of("A-IM") is None
        assert (error.status, "not asked for" in str(error)) == (226, True)


async def test_a_delta_of_another_kind_is_refused_unread() -> None:
    reply = answer(FEED, status="226 IM Used", length=10**12, IM="vcdiff, gzip")
    async with raw_server({"/feed": reply}) as server:
        source = Source(id="a", url=server.url())
        error = await failure(source, state_of(source, KNOWN), kind="http")
        assert error.status == 226
