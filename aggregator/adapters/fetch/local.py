"""`path:` sources: a file of this machine, read within the same bounds as a body."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

from aggregator.adapters.fetch.decode import Decoder
from aggregator.core.errors import FetchError
from aggregator.core.model import Document, Fetched, Validators

# Without O_NONBLOCK, opening a named pipe would wait for its writer.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


async def read_local(path: Path, known: Validators, *, max_body: int) -> Fetched:
    """Read a file; 304 when time and size are those of `known`; raises FetchError(file)."""
    return await asyncio.to_thread(_read, path, known, max_body)


def _read(path: Path, known: Validators, max_body: int) -> Fetched:
    try:
        with os.fdopen(os.open(path, _FLAGS), "rb") as file:
            status = os.fstat(file.fileno())
            _check(path, status, max_body)
            validators = Validators(etag=f'"{status.st_mtime_ns:x}-{status.st_size:x}"'.encode())
            if validators == known:
                return Fetched(status=304, document=None, validators=validators)
            body = file.read(max_body + 1)
    except OSError as error:
        raise FetchError(f"{path}: {error.strerror or error}", kind="file") from error
    # Without a URL, relative links have no base and are dropped: nobody could follow them.
    document = Document(url="", body=_decoded(path, body, max_body))
    return Fetched(status=200, document=document, validators=validators, received=len(body))


def _check(path: Path, status: os.stat_result, max_body: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise FetchError(f"{path}: not a regular file", kind="file")
    if status.st_size == 0:
        raise FetchError(f"{path}: an empty file", kind="file")
    if status.st_size > max_body:
        raise FetchError(
            f"{path}: {status.st_size} bytes, the limit is {max_body} (limits.max_body)",
            kind="file",
        )


def _decoded(path: Path, body: bytes, max_body: int) -> bytes:
    """The file without gzip or zstd, if its first bytes are those of one."""
    decoder = Decoder("identity", limit=max_body)
    try:
        decoder.feed(body)
        return decoder.finish()
    except FetchError as error:
        raise FetchError(f"{path}: {error}", kind="file") from error
