"""Published files in memory, read again whenever another process replaced them."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_Stamp = tuple[int, int, int]  # mtime in ns, size, inode


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """One version of a published file, in both codings."""

    body: bytes
    gzip_body: bytes
    tag: str  # opaque, without quotes: a hash of `body`
    modified: datetime  # whole seconds
    entries: int

    def etag(self, *, gzipped: bool) -> str:
        """A strong ETag over the exact bytes sent: one for each coding (RFC 9110 §8.8.3.3)."""
        return f'"{self.tag}-gz"' if gzipped else f'"{self.tag}"'


class PublishedFiles:
    """Reads each version of a file once. A request for a known version costs one stat call."""

    def __init__(self) -> None:
        self._versions: dict[Path, tuple[_Stamp, PublishedFile]] = {}
        self._reading = asyncio.Lock()

    async def get(self, path: Path) -> PublishedFile | None:
        """The file as it is now; None when there is none."""
        found = self._known(path)
        if found is not None:
            return found
        async with self._reading:
            found = self._known(path)
            if found is not None:
                return found
            version = await asyncio.to_thread(_read, path)
            if version is None:
                self._versions.pop(path, None)
                return None
            self._versions[path] = version
            return version[1]

    def _known(self, path: Path) -> PublishedFile | None:
        version = self._versions.get(path)
        if version is None:
            return None
        try:
            stamp = _stamp(path.stat())
        except OSError:
            return None
        return version[1] if stamp == version[0] else None


def _stamp(status: os.stat_result) -> _Stamp:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> tuple[_Stamp, PublishedFile] | None:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())  # of the version that is read, whatever follows it
            body = file.read()
    except OSError:
        return None
    return _stamp(status), PublishedFile(
        body=body,
        gzip_body=_gzip_body(path, body),
        tag=hashlib.blake2b(body, digest_size=12).hexdigest(),
        modified=datetime.fromtimestamp(status.st_mtime_ns // 1_000_000_000, UTC),
        entries=body.count(b"<entry"),
    )


def _gzip_body(path: Path, body: bytes) -> bytes:
    """The .gz sibling when it is the same version, else compressed here, once a version."""
    try:
        sibling = path.with_name(path.name + ".gz").read_bytes()
        decoder = zlib.decompressobj(wbits=31)
        if decoder.decompress(sibling, len(body) + 1) == body and decoder.eof:
            return sibling
    except (OSError, zlib.error):
        pass
    return gzip.compress(body, compresslevel=6, mtime=0)
