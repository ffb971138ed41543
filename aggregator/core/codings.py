"""Published bytes <-> their content codings (RFC 9110 §8.4.1). Pure; same bytes, same result.

A document is compressed once for each version, in a thread, and served many times: about 25 ms
for a megabyte of feeds in all three codings.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

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

# Of each the level above which three percent of size cost a third more time. zstd is hardly ever
# sent, for who takes it mostly takes brotli as well.
_GZIP_LEVEL: Final = 5
_BROTLI_QUALITY: Final = 5
_ZSTD_LEVEL: Final = 3  # its window is 2 MiB
_ZSTD_WINDOW_LOG: Final = 23  # 8 MiB, what every client must take (RFC 9659 §3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """One way to compress. `unpack(data, limit)` gives at most `limit` bytes, None if broken."""

    name: str  # in Content-Encoding
    suffix: str  # of the sibling file, and of the ETag (with - for .)
    pack: Callable[[bytes], bytes]
    unpack: Callable[[bytes, int], bytes | None]

    def holds(self, data: bytes, body: bytes) -> bool:
        """Is `data` the whole of `body` in this coding, and nothing else?"""
        return self.unpack(data, len(body) + 1) == body


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)


def _gunzip(data: bytes, limit: int) -> bytes | None:
    decoder = zlib.decompressobj(wbits=31)
    try:
        body = decoder.decompress(data, limit)
    except zlib.error:
        return None
    return body if decoder.eof and not decoder.unused_data else None


def _brotli(body: bytes) -> bytes:
    packed: bytes = brotli.compress(body, quality=_BROTLI_QUALITY)
    return packed


def _unbrotli(data: bytes, limit: int) -> bytes | None:
    decoder = brotli.Decompressor()
    try:
        body: bytes = decoder.process(data, output_buffer_limit=limit)
    except brotli.error:
        return None
    return body if decoder.is_finished() else None


def _zstd(body: bytes) -> bytes:
    return zstd.compress(body, _ZSTD_LEVEL)


def _unzstd(data: bytes, limit: int) -> bytes | None:
    bound: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    decoder = zstd.ZstdDecompressor(options=bound)
    try:
        body = decoder.decompress(data, limit)
    except zstd.ZstdError:
        return None
    return body if decoder.eof and not decoder.unused_data else None


GZIP: Final = Coding(name="gzip", suffix=".gz", pack=_gzip, unpack=_gunzip)
# What saves most comes first: of codings that a client likes equally it is sent the first.
CODINGS: Final[tuple[Coding, ...]] = (
    *([Coding(name="br", suffix=".br", pack=_brotli, unpack=_unbrotli)] if brotli else []),
    *([Coding(name="zstd", suffix=".zst", pack=_zstd, unpack=_unzstd)] if zstd else []),
    GZIP,
)
