"""dump, load: the whole database as a file of lines, and back."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import IO, Literal

import click

from aggregator.cli.session import Session
from aggregator.core.errors import StoreError

_STREAM = "-"


@click.command(short_help="Write all that is stored to a file.")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.pass_obj
def dump(session: Session, file: Path) -> None:
    """Write all that is stored to FILE (- for standard output), one JSON object a line.

    Articles with their ids, entries, the state of every source, what each output carried and
    what you decided. Safe beside a running daemon. A name that ends in .gz is compressed.
    """
    with session.app() as app, _written(file) as stream, _Bar("written") as bar:
        for line in app.store.dump(progress=bar.draw):
            stream.write(line)
    click.echo(f"wrote {bar.done} rows to {file}", err=True)


@click.command(short_help="Read what `dump` has written.")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--replace", is_flag=True, help="Throw away what the database holds now.")
@click.pass_obj
def load(session: Session, file: Path, replace: bool) -> None:
    """Fill the database from FILE (- for standard input), as `dump` has written it.

    All of it or, should FILE be damaged, nothing. A database with something in it is left
    alone unless --replace is given. Stop the daemon first.
    """
    with session.app() as app, _read(file) as stream, _Bar("read") as bar:
        count = app.store.load(stream, replace=replace, progress=bar.draw)
    click.echo(f"read {count} rows from {file}", err=True)


@contextmanager
def _written(file: Path) -> Iterator[IO[str]]:
    """A text stream into a file that takes its name only when all of it is written."""
    if str(file) == _STREAM:
        yield sys.stdout
        return
    part = file.with_name(f".{file.name}.part")
    try:
        with _opened(part, "wb", compressed=file.suffix == ".gz") as stream:
            yield stream
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _read(file: Path) -> Iterator[IO[str]]:
    if str(file) == _STREAM:
        yield sys.stdin
        return
    try:
        with _opened(file, "rb", compressed=file.suffix == ".gz") as stream:
            yield stream
    except (EOFError, UnicodeError, gzip.BadGzipFile) as error:
        raise StoreError(f"{file}: damaged ({error}); nothing was read") from error


@contextmanager
def _opened(file: Path, mode: Literal["rb", "wb"], *, compressed: bool) -> Iterator[IO[str]]:
    with file.open(mode) as raw:
        if not compressed:
            with TextIOWrapper(raw, encoding="utf-8", newline="\n") as stream:
                yield stream
            return
        # No name and no time inside: the same store gives the same bytes.
        with (
            gzip.GzipFile("", mode, 6, raw, 0) as packed,
            TextIOWrapper(packed, encoding="utf-8", newline="\n") as stream,
        ):
            yield stream


class _Bar:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._shown = sys.stderr.isatty()
        self.done = 0

    def __enter__(self) -> _Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)

    def draw(self, done: int, total: int) -> None:
        self.done = done
        if self._shown:
            filled = 30 * min(done, total) // (total or 1)
            bar = "#" * filled + "-" * (30 - filled)
            click.echo(f"\r[{bar}] {done} of {total} rows {self._verb}", nl=False, err=True)
