"""Content codings undone within bounds: every limit counts decoded bytes.

A body of 809 bytes can decode to 512 MB, so each step asks the library for a bounded piece.
What the bytes are decides over what the header says (RFC 9110 §8.4 is often got wrong).
"""

from __future__ import annotations

import sys
import zlib
from typing import Protocol

from aggregator.core.errors import FetchError

try:
    import brotli  # type: ignore[import-untyped]
except ImportError:  # pragma: no cover
    brotli = None

try:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
except ImportError:  # pragma: no cover
    zstd = None  # type: ignore[assignment]

STEP = 256 * 1024  # bytes asked for at once
HEAD = 16  # bytes looked at to tell what the body is
MAX_MEMBERS = 1000  # gzip members or zstd frames in one body
RATIO = 200  # decoded bytes for each byte received
RATIO_FROM = 1024 * 1024  # decoded bytes; smaller bodies may be as repetitive as they like
ZSTD_WINDOW_LOG = 23  # 8 MiB, RFC 9659 §3

GZIP = b"\x1f\x8b\x08"  # RFC 1952 §2.3.1, with the only method there is
ZSTD = b"\x28\xb5\x2f\xfd"  # RFC 8878 §3.1.1
BOMS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")
NEXT_MEMBER = {"gzip": GZIP, "zstd": ZSTD}
SAME = {"x-gzip": "gzip", "none": "identity", "utf-8": "identity"}

CODINGS = tuple(
    name
    for name, library in (("gzip", zlib), ("deflate", zlib), ("br", brotli), ("zstd", zstd))
    if library is not None
)


def coding_of(header: str) -> str:
    """The one content coding a Content-Encoding value names; "identity" for none.

    Raises FetchError(bad_encoding) for several layers and for codings that were not asked for.
    """
    names = [SAME.get(name, name) for name in (part.strip() for part in header.lower().split(","))]
    layers = [name for name in names if name not in ("", "identity")]
    if not layers:
        return "identity"
    if len(layers) > 1:
        raise FetchError(f"{len(layers)} layers of content coding", kind="bad_encoding")
    if layers[0] not in CODINGS:
        raise FetchError(f"unknown content coding {layers[0][:40]!r}", kind="bad_encoding")
    return layers[0]


class Decoder:
    """Takes a body as it comes off the wire, gives it back without its content coding.

    `limit` bounds both the bytes received and the bytes decoded.
    """

    def __init__(self, coding: str, *, limit: int) -> None:
        self.received = 0
        self._declared = coding
        self._limit = limit
        self._head: bytes | None = b""  # None once it is known what the body is
        self._members: _Members | None = None
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        """Take the next bytes; raises FetchError (too_large, bad_encoding)."""
        self.received += len(data)
        if self.received > self._limit:
            raise self._too_large()
        if self._head is None:
            self._decode(data)
            return
        self._head += data
        if len(self._head) >= HEAD:
            self._begin(self._head)

    def finish(self) -> bytes:
        """The decoded body; raises FetchError (truncated) when its end is missing."""
        if self._head is not None:
            self._begin(self._head)
        if self._members is not None and not self._members.complete:
            raise FetchError("the compressed body breaks off", kind="truncated")
        return bytes(self._body)

    def _begin(self, head: bytes) -> None:
        self._head = None
        coding = _actual_coding(self._declared, head)
        if head and coding != "identity":
            self._members = _Members(coding)
        self._decode(head)

    def _decode(self, data: bytes) -> None:
        if self._members is None:
            self._keep(data)
            return
        try:
            self._members.feed(data, self._keep)
        except _decoding_errors() as error:
            raise FetchError(f"broken {self._members.coding} body", kind="bad_encoding") from error

    def _keep(self, piece: bytes) -> None:
        size = len(self._body) + len(piece)
        if size > self._limit:
            raise self._too_large()
        if size > RATIO_FROM and size > RATIO * self.received:
            raise FetchError(
                f"the body grows more than {RATIO}-fold when decoded", kind="too_large"
            )
        self._body += piece

    def _too_large(self) -> FetchError:
        return FetchError(f"the body is larger than {self._limit} bytes", kind="too_large")


class _Keep(Protocol):
    def __call__(self, piece: bytes, /) -> None: ...


class _Member(Protocol):
    """One compressed stream, decoded piece by piece."""

    eof: bool  # its end was seen
    hungry: bool  # more input is needed before more comes out
    unused: bytes  # what followed its end

    def decode(self, data: bytes) -> bytes: ...


class _Members:
    """The streams of one body, one after another; garbage after the last one is ignored."""

    def __init__(self, coding: str) -> None:
        self.coding = coding
        self._magic = NEXT_MEMBER.get(coding, b"")
        self._member = _member(coding)
        self._count = 1
        self._between = b""  # after the end of a member: the start of the next one, or garbage

    @property
    def complete(self) -> bool:
        return self._member.eof

    def feed(self, data: bytes, keep: _Keep) -> None:
        while data:
            if self._member.eof:
                data = self._next_member(data)
                continue
            self._drain(data, keep)
            data = self._member.unused if self._member.eof else b""

    def _drain(self, data: bytes, keep: _Keep) -> None:
        keep(self._member.decode(data))
        while not (self._member.eof or self._member.hungry):
            keep(self._member.decode(b""))

    def _next_member(self, data: bytes) -> bytes:
        """Start the next member; returns its bytes, or none where only garbage follows."""
        between = self._between + data
        if len(between) < len(self._magic):
            self._between = between
            return b""
        if not self._magic or not between.startswith(self._magic):
            self._magic = b""  # garbage, and all that follows it
            return b""
        if self._count == MAX_MEMBERS:
            raise FetchError(f"more than {MAX_MEMBERS} compressed parts", kind="bad_encoding")
        self._count += 1
        self._between = b""
        self._member = _member(self.coding)
        return between


class _ZlibMember:
    """gzip, zlib or raw deflate, told apart by `wbits`."""

    def __init__(self, wbits: int) -> None:
        self._stream = zlib.decompressobj(wbits)
        self.eof = False
        self.hungry = True
        self.unused = b""

    def decode(self, data: bytes) -> bytes:
        piece = self._stream.decompress(self._stream.unconsumed_tail + data, STEP)
        self.eof = self._stream.eof
        self.unused = self._stream.unused_data
        self.hungry = len(piece) < STEP and not self._stream.unconsumed_tail
        return piece


class _BrotliMember:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self.eof = False
        self.hungry = True
        self.unused = b""

    def decode(self, data: bytes) -> bytes:
        piece: bytes = self._stream.process(data, output_buffer_limit=STEP)
        self.eof = self._stream.is_finished()
        self.hungry = self._stream.can_accept_more_data()
        return piece


class _ZstdMember:
    def __init__(self) -> None:
        limit: dict[int, int] = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
        self._stream = zstd.ZstdDecompressor(options=limit)
        self.eof = False
        self.hungry = True
        self.unused = b""

    def decode(self, data: bytes) -> bytes:
        piece = self._stream.decompress(data, STEP)
        self.eof = self._stream.eof
        self.unused = self._stream.unused_data
        self.hungry = self._stream.needs_input
        return piece


def _member(coding: str) -> _Member:
    if coding == "br":
        return _BrotliMember()
    if coding == "zstd":
        return _ZstdMember()
    return _ZlibMember({"gzip": 31, "deflate": 15, "raw deflate": -15}[coding])


def _actual_coding(declared: str, head: bytes) -> str:
    """What the body is: its own magic number first, then the header if it can be true."""
    if head.startswith(GZIP):
        return "gzip"
    if head.startswith(ZSTD) and "zstd" in CODINGS:
        return "zstd"
    if declared in NEXT_MEMBER or _looks_like_text(head):
        return "identity"
    if declared == "deflate" and not _has_zlib_header(head):
        return "raw deflate"  # RFC 9110 §8.4.1.2: some send it without the zlib format
    return declared


def _looks_like_text(head: bytes) -> bool:
    if head.startswith(BOMS):
        return True
    return all(0x20 <= byte < 0x7F or byte in b"\t\n\r" for byte in head)


def _has_zlib_header(head: bytes) -> bool:
    """RFC 1950 §2.2: method 8, and both bytes together divisible by 31."""
    return len(head) >= 2 and head[0] & 0x0F == 8 and int.from_bytes(head[:2]) % 31 == 0


def _decoding_errors() -> tuple[type[Exception], ...]:
    errors: list[type[Exception]] = [zlib.error]
    if brotli is not None:
        errors.append(brotli.error)
    if zstd is not None:
        errors.append(zstd.ZstdError)
    return tuple(errors)
