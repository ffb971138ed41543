"""What libcurl calls back: headers in all their shapes, and the moment when it is enough."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.fetch.incoming import MAX_FIELD, MAX_FIELDS, NO_MORE, Head, Incoming
from aggregator.core.errors import FetchError


class Pieces:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def feed(self, data: bytes, /) -> None:
        self.taken.append(data)


def nobody(_: Head) -> None:
    """Wants no body."""


def read(incoming: Incoming, *lines: bytes) -> list[int | None]:
    return [incoming.line(line + b"\r\n") for line in (*lines, b"")]


def test_a_header_that_nobody_wants_the_body_of_is_enough() -> None:
    incoming = Incoming(nobody)
    assert read(incoming, b"HTTP/1.1 301 Moved", b"Location: /x") == [None, None, NO_MORE]
    assert incoming.is_enough
    assert incoming.head is not None
    assert incoming.head.status == 301
    assert incoming.head.headers.first(b"location") == b"/x"


def test_the_body_goes_to_who_wants_it() -> None:
    sink = Pieces()
    incoming = Incoming(lambda _: sink)
    assert read(incoming, b"HTTP/1.1 200 OK") == [None, None]
    assert incoming.piece(b"one") is None
    assert incoming.piece(b"two") is None
    assert sink.taken == [b"one", b"two"]
    assert not incoming.is_enough


def test_interim_answers_and_trailers_are_passed_over() -> None:
    incoming = Incoming(lambda _: Pieces())
    read(incoming, b"HTTP/1.1 103 Early Hints", b"ETag: early", b"Link: </x>")
    read(incoming, b"HTTP/1.1 200 OK", b"ETag: final")
    read(incoming, b"ETag: trailer")
    assert incoming.head is not None
    assert incoming.head.status == 200
    assert incoming.head.headers.every(b"etag") == (b"final",)


def test_a_folded_field_is_one_field() -> None:
    incoming = Incoming(nobody)
    read(incoming, b"HTTP/1.1 200 OK", b"X-Long: one", b"\ttwo", b"  three")
    assert incoming.head is not None
    assert incoming.head.headers.every(b"x-long") == (b"one two three",)


@pytest.mark.parametrize(
    "lines",
    [
        [b"X: " + b"y" * MAX_FIELD],
        [b"X: y"] * (MAX_FIELDS + 1),
        [b"X: y", *[b" " + b"y" * 1000] * 33],
    ],
)
def test_a_header_that_is_too_large_ends_the_transfer(lines: list[bytes]) -> None:
    incoming = Incoming(nobody)
    assert NO_MORE in read(incoming, b"HTTP/1.1 200 OK", *lines)
    assert isinstance(incoming.error, FetchError)
    assert incoming.error.kind == "too_large"


def test_what_a_sink_raises_ends_the_transfer_and_is_kept() -> None:
    class Full:
        def feed(self, data: bytes, /) -> None:
            raise FetchError("too much", kind="too_large")

    incoming = Incoming(lambda _: Full())
    read(incoming, b"HTTP/1.1 200 OK")
    assert incoming.piece(b"x") == NO_MORE
    assert str(incoming.error) == "too much"


@given(
    lines=st.lists(st.binary(max_size=50).map(lambda line: line.replace(b"\n", b"")), max_size=9)
)
def test_no_header_makes_it_raise(lines: list[bytes]) -> None:
    incoming = Incoming(nobody)
    ends = read(incoming, *lines)
    assert all(end in (None, NO_MORE) for end in ends)
    assert incoming.error is None or isinstance(incoming.error, FetchError)
