"""Published files in memory, read again whenever another process replaced them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from aggregator.core.codings import CODINGS, Coding
from aggregator.core.kept import Kept
from aggregator.core.versions import tag_of

IDENTITY: Final = "identity"
_MEMORY: Final = 128 * 1024 * 1024  # bytes of all files kept, in all codings
_SUFFIXES: Final = {coding.name: coding.suffix.replace(".", "-") for coding in CODINGS}

_Stamp = tuple[int, int, int]  # mtime in ns, size, inode


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """One version of a published file, in every coding."""

    body: bytes
    coded: Mapping[str, bytes] = field(default_factory=dict)  # by Content-Encoding
    tag: str  # opaque, without quotes: a hash of `body`
    modified: datetime  # whole seconds

    def etag(self, coding: str = IDENTITY) -> str:
        """A strong ETag over the exact bytes sent: one for each coding (RFC 9110 §8.8.3.3)."""
        return f'"{self.tag}{_SUFFIXES.get(coding, "")}"'

    def in_coding(self, coding: str) -> bytes:
        """The bytes to send."""
        return self.coded.get(coding, self.body)


class PublishedFiles:
    """Reads each version of a file once. A request for a known version costs one stat call."""

    def __init__(self) -> None:
        self._versions: Kept[Path, tuple[_Stamp, PublishedFile]] = Kept(_MEMORY)
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
                self._versions.drop(path)
                return None
            size = len(version[1].body) + sum(map(len, version[1].coded.values()))
            self._versions.put(path, version, size=size)
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
        coded={coding.name: _coded(path, coding, body) for coding in CODINGS},
        tag=tag_of(body),
        modified=datetime.fromtimestamp(status.st_mtime_ns // 1_000_000_000, UTC),
    )


def _coded(path: Path, coding: Coding, body: bytes) -> bytes:
    """The sibling when it is the same version, else compressed here, once a version."""
    try:
        sibling = path.with_name(path.name + coding.suffix).read_bytes()
    except OSError:
        return coding.pack(body)
    return sibling if coding.holds(sibling, body) else coding.pack(body)
