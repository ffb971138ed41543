"""Content codings: there and back, bounded, the same bytes every time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.codings import CODINGS, Coding

every_coding = pytest.mark.parametrize("coding", CODINGS, ids=lambda coding: coding.name)
LARGE = b"".join(
    b"<entry><id>urn:%d</id><title>%x</title></entry>" % (n, n**5) for n in range(9000)
)


def test_there_are_three() -> None:
    assert [(coding.name, coding.suffix) for coding in CODINGS] == [
        ("br", ".br"),
        ("zstd", ".zst"),
        ("gzip", ".gz"),
    ]


# W57
@every_coding
@given(body=st.binary(max_size=2000))
def test_what_is_packed_is_unpacked_and_packed_alike(coding: Coding, body: bytes) -> None:
    packed = coding.pack(body)
    assert coding.holds(packed, body)
    assert coding.pack(body) == packed


@every_coding
@given(data=st.binary(max_size=200))
def test_any_bytes_unpack_or_do_not(coding: Coding, data: bytes) -> None:
    assert not coding.holds(data, b"<feed/>") or coding.unpack(data, 100) == b"<feed/>"


@every_coding
def test_no_more_is_unpacked_than_asked_for(coding: Coding) -> None:
    found = coding.unpack(coding.pack(bytes(10_000_000)), 1000)
    assert found is None or len(found) <= 1000


@every_coding
def test_half_and_more_than_all_is_not_the_whole(coding: Coding) -> None:
    packed = coding.pack(b"<feed/>")
    assert not coding.holds(packed[:-1], b"<feed/>")
    assert not coding.holds(packed + b"!", b"<feed/>")
    assert not coding.holds(packed, b"<feed")


# W31
def test_a_window_of_zstd_is_one_that_every_client_takes() -> None:
    """RFC 8878 §3.1.1.1: the window descriptor follows the frame header's first byte."""
    zstd = next(coding for coding in CODINGS if coding.name == "zstd")
    packed = zstd.pack(b"".join(b"%x" % (number**7) for number in range(600_000)))
    assert not packed[4] & 0b0010_0000  # not in one segment: the window is told
    assert (packed[5] >> 3) + 10 <= 23


def test_half_a_megabyte_in_all_codings_takes_well_under_a_tenth_of_a_second() -> None:
    """It does in half that; the bound leaves room for a slower machine."""
    assert len(LARGE) > 400_000
    started = time.thread_time()
    for coding in CODINGS:
        coding.pack(LARGE)
    assert time.thread_time() - started < 0.2
