"""Bytes -> files of the public tree: whole or not at all, and untouched when unchanged.

Web servers build their ETag from mtime and size: both change here only when the bytes do.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path

from aggregator.core.codings import CODINGS, Coding
from aggregator.core.errors import PublishError

_MODE = 0o644
_PART = re.compile(r"\..+\.[0-9a-f]{16}\.aggregator-part")  # our temporary files: .NAME.RANDOM…
_SECOND = 1_000_000_000  # nanoseconds
_HEAD = 64 * 1024  # bytes that tell whose file it is


def write_published(path: Path, body: bytes, *, modified: datetime) -> bool:
    """Make `path` hold `body`, and siblings its compressed forms; False when it already did.

    Readers see the old file or the new one, never a part. New files get mode 0644 and the
    mtime `modified`, or a second more than the old file: the time only grows. The siblings
    (.br, .zst, .gz) are written first, so that a server which prefers them never has older
    ones; a missing or stale one is repaired. Raises PublishError; the old file stays.
    """
    try:
        return _write(path, body, mtime_ns=int(modified.timestamp()) * _SECOND)
    except OSError as error:
        raise PublishError(f"cannot write {path}: {error.strerror or error}") from error


def remove_published(
    folder: Path,
    *,
    keep: Collection[str],
    is_own: Callable[[bytes], bool],
    pattern: str = "*.atom",
) -> tuple[str, ...]:
    """Remove the files of outputs that are no more; returns the names removed, sorted.

    Looks at what `pattern` finds in `folder`; names are relative to it, and folders that become
    empty go as well. Not touched: names in `keep`, and whatever `is_own` (asked with the first
    64 KiB) does not recognise as written by us. Raises PublishError.
    """
    try:
        found = sorted(path.relative_to(folder).as_posix() for path in folder.glob(pattern))
        names = [name for name in found if name not in keep]
        removed = tuple(name for name in names if _is_own_file(folder / name, is_own))
        for name in removed:
            _remove(folder / name)
            _remove_if_empty((folder / name).parent, below=folder)
    except OSError as error:
        raise PublishError(f"cannot clean {folder}: {error.strerror or error}") from error
    return removed


def _is_own_file(path: Path, is_own: Callable[[bytes], bool]) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return is_own(file.read(_HEAD))


def _write(path: Path, body: bytes, *, mtime_ns: int) -> bool:
    old_mtime_ns = _mtime(path)
    if old_mtime_ns is not None and _holds(path, body):
        _repair_siblings(path, body, mtime_ns=old_mtime_ns)
        return False
    if old_mtime_ns is not None:
        mtime_ns = max(mtime_ns, old_mtime_ns + _SECOND)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    forms = {_sibling(path, coding): coding.pack for coding in CODINGS}
    _replace_all({**forms, path: _as_it_is}, body, mtime_ns=mtime_ns)
    _sync_folder(path.parent)
    return True


def _repair_siblings(path: Path, body: bytes, *, mtime_ns: int) -> None:
    wrong = (coding for coding in CODINGS if not _is_current(path, coding, body, mtime_ns=mtime_ns))
    forms = {_sibling(path, coding): coding.pack for coding in wrong}
    if forms:
        _replace_all(forms, body, mtime_ns=mtime_ns)


def _remove(path: Path) -> None:
    """Remove a file and its siblings, the plain one last: what it is known by goes last."""
    for coding in CODINGS:
        _sibling(path, coding).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _remove_if_empty(folder: Path, *, below: Path) -> None:
    if folder != below and not any(folder.iterdir()):
        folder.rmdir()


def _sibling(path: Path, coding: Coding) -> Path:
    return path.with_name(path.name + coding.suffix)


def _mtime(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _holds(path: Path, body: bytes) -> bool:
    return path.stat().st_size == len(body) and path.read_bytes() == body


def _is_current(path: Path, coding: Coding, body: bytes, *, mtime_ns: int) -> bool:
    """Is the sibling in this coding that of `body`, with the time of the plain file?"""
    sibling = _sibling(path, coding)
    try:
        if sibling.stat().st_mtime_ns != mtime_ns:
            return False
        return coding.holds(sibling.read_bytes(), body)
    except FileNotFoundError:
        return False


def _replace_all(
    forms: Mapping[Path, Callable[[bytes], bytes]], body: bytes, *, mtime_ns: int
) -> None:
    """Replace files by forms of `body`, in their order, once all of them are on the disk.

    They are packed and synced side by side: a file system commits several files about as quickly
    as one.
    """
    with ExitStack() as stack:
        parts = {path: stack.enter_context(_locked_part(path)) for path in forms}

        def fill(path: Path) -> None:
            _fill(parts[path][0], forms[path](body), mtime_ns=mtime_ns)

        filling = [_threads().submit(fill, path) for path in forms]
        wait(filling)  # all of them, whatever one says: their files are open
        for done in filling:
            done.result()
        for path, (_, part) in parts.items():
            part.replace(path)


@cache
def _threads() -> ThreadPoolExecutor:
    """Threads that stay: a document is written every other second on a busy day."""
    return ThreadPoolExecutor(1 + len(CODINGS), thread_name_prefix="publish")


def _as_it_is(body: bytes) -> bytes:
    return body


def _fill(descriptor: int, data: bytes, *, mtime_ns: int) -> None:
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(data)
    os.fchmod(descriptor, _MODE)
    os.utime(descriptor, ns=(mtime_ns, mtime_ns))
    os.fsync(descriptor)


@contextmanager
def _locked_part(path: Path) -> Iterator[tuple[int, Path]]:
    """A new file beside `path`, locked while its writer lives; gone unless it was renamed."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.aggregator-part")
    descriptor = _create_locked(part)
    try:
        yield descriptor, part
    finally:
        part.unlink(missing_ok=True)
        os.close(descriptor)


def _create_locked(part: Path) -> int:
    while True:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # swept by another process between the two calls


def _sweep(folder: Path) -> None:
    """Remove what killed writers left. A living writer holds the lock of its file."""
    for part in folder.iterdir():
        if _PART.fullmatch(part.name):
            _remove_unless_locked(part)


def _remove_unless_locked(part: Path) -> None:
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # its writer was quicker
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink(missing_ok=True)
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
