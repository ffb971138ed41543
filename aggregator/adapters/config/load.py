"""feeds.yaml and the environment -> Settings. The only reader of both."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aggregator.adapters.config.build import build
from aggregator.adapters.config.check import check, guessed_private_spans, private_spans
from aggregator.adapters.config.problems import Problems
from aggregator.adapters.config.reading import Surroundings
from aggregator.adapters.config.tree import Keys, compose
from aggregator.adapters.config.values import plausible_cron
from aggregator.core.settings import Settings

_LARGEST = 50 * 1024 * 1024  # bytes


def load(
    path: Path,
    *,
    environ: Mapping[str, str],
    check_cron: Callable[[str], None] = plausible_cron,
) -> Settings:
    """Read and check a whole feeds.yaml; raises ConfigError with every problem found.

    `check_cron` raises ValueError for a cron expression that the scheduler would refuse.
    """
    settings, _ = read_settings(path, environ=environ, check_cron=check_cron)
    return settings


def read_settings(
    path: Path, *, environ: Mapping[str, str], check_cron: Callable[[str], None]
) -> tuple[Settings, Problems]:
    """The same, and where more can be noted about the file."""
    text = read_text(path)
    problems = Problems(str(path), text)
    around = Surroundings(environ=environ, folder=path.parent, check_cron=check_cron)
    with _no_garbage():
        tree = parse(text, problems)
        return build(check(tree, problems, around), problems, around, path), problems


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Look for no unreachable cycles meanwhile: there are none in a tree that only grows.

    Going through it again and again takes a third of the time, and at a reload of 100,000 sources
    each time stops the event loop.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def parse(text: str, problems: Problems) -> Keys:
    """Read the tree; from here on excerpts hide what is private in it."""
    problems.hide(lambda: guessed_private_spans(text))
    tree = compose(text, problems)
    problems.hide(lambda: private_spans(tree))
    return tree


def read_text(path: Path) -> str:
    """The text of a file as it is: line ends untouched, a byte order mark left out."""
    nowhere = Problems(str(path), "")
    try:
        with path.open("rb") as opened:
            raw = opened.read(_LARGEST + 1)
    except FileNotFoundError:
        nowhere.fail(0, "", "there is no such file", "`aggregator init` writes one")
    except OSError as error:
        nowhere.fail(0, "", f"cannot be read: {error.strerror}")
    if len(raw) > _LARGEST:
        nowhere.fail(0, "", f"larger than {_LARGEST >> 20} MiB")
    return _decoded(raw, str(path))


def _decoded(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", "replace")
        hint = "save it as UTF-8"
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            hint = "this looks like UTF-16; save it as UTF-8"
        problems = Problems(file, before)
        problems.fail(len(before), "", f"byte 0x{raw[error.start]:02X} is not UTF-8", hint)
